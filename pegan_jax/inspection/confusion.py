"""The confusion matrix with recalls, as a table, JSON and PNG."""

import numpy as np

from pegan_jax.common import figures, files
from pegan_jax.metrics.table import align

ENOUGH = 10  # Test images of a class with which its recall says something.
_SAME = 0.9  # Share of answers that makes them all the same.
_ADVICE = ('Train longer by --config.epochs, or try another --config.learning_rate or '
           '--config.width')


def matrix(labels, predicted, num_classes):
  """Counts answers: [C][C] lists, rows the true class, columns the answer."""
  counts = np.zeros((num_classes, num_classes), int)
  np.add.at(counts, (labels, predicted), 1)
  return counts.tolist()


def recalls(counts):
  """Computes the share of each class's images that are answered rightly: [C]."""
  counts = np.asarray(counts)
  return np.diag(counts) / counts.sum(1)


def to_text(report, markdown=False):
  """Lays out an inspector's test.

  Args:
    report: {'classes', 'confusion', 'images_per_second', ...}.
    markdown: whether to return a Markdown table instead of a plain one.

  Returns:
    Several lines: accuracy and speed, `notes`, the confusion matrix with recalls.
  """
  counts, classes = np.array(report['confusion']), report['classes']
  rows = [['true \\ answer', *classes, 'recall']]
  for name, row, recall in zip(classes, counts, recalls(counts)):
    rows.append([name, *map(str, row), f'{100 * recall:.1f}%'])
  lines = [f'accuracy {100 * np.trace(counts) / counts.sum():.1f}% of {counts.sum()} '
           f'test images; {report["images_per_second"]:.0f} images/s']
  for note in notes(report):
    lines += ['', f'Note: {note}.']
  return '\n'.join([*lines, '', *align(rows, markdown)]) + '\n'


def notes(report):
  """Lists why an inspector's answers, or the figures of its test, are worth little.

  Args:
    report: as for `to_text`; 'too_few_steps' is absent in those of earlier versions.

  Returns:
    Sentences without a full stop.
  """
  counts, classes = np.array(report['confusion']), report['classes']
  totals, found = counts.sum(1), recalls(counts)
  said = [text] if (text := report.get('too_few_steps')) else []
  likeliest, error = counts.sum(0).argmax(), np.sqrt(np.sum(found * (1 - found) / totals))
  # Where most images are of one class, nearly all answers may be right.
  if (counts[:, likeliest].sum() >= _SAME * totals.sum()
      and np.delete(found, likeliest).mean() <= 1 - _SAME):
    said.append(f'it answers {classes[likeliest]} for {counts[:, likeliest].sum()} of '
                f'{totals.sum()} images, whatever they show: it has learned next to '
                f'nothing. {_ADVICE}')
  elif found.sum() - 1.96 * error <= 1:  # 1 is what any guessing comes to.
    said.append(f'its answers to {totals.sum()} test images cannot be told from '
                f'guessing. {_ADVICE}')
  elif none := [f'{name} (of {n} test images)' for name, n, recall in zip(
      classes, totals, found) if not recall]:
    said.append(f'it never recognises {", ".join(none)}')
  if few := [f'{n} of {name}' for name, n in zip(classes, totals) if n < ENOUGH]:
    said.append(f'few test images, {", ".join(few)}: a recall of fewer than {ENOUGH} '
                'says little')
  return said


def write(report, folder):
  """Writes inspection.json, inspection.md and inspection.png into a folder.

  Raises:
    OSError: they cannot be written; each file is whole or absent.
  """
  files.write_json(folder / 'inspection.json', report)
  files.write(folder / 'inspection.md', to_text(report, True))
  _draw(report, folder / 'inspection.png')


def _draw(report, path):
  counts, classes = np.array(report['confusion']), report['classes']
  share = counts / counts.sum(1, keepdims=True)
  side = 2.5 + 0.5 * len(classes)
  with figures.png(path, side + 1, side) as canvas:
    panel = canvas.subplots()
    panel.imshow(share, vmin=0, vmax=1, cmap='Blues')
    for i, row in enumerate(counts):
      for j, count in enumerate(row):
        panel.text(j, i, str(count), ha='center', va='center', fontsize=9,
                   color='white' if share[i, j] > 0.6 else 'black')
    panel.set_xticks(range(len(classes)), classes, rotation=20)
    panel.set_yticks(range(len(classes)), [
        f'{c} ({100 * r:.0f}%)' for c, r in zip(classes, recalls(counts))])
    panel.set_xlabel('answer')
    panel.set_ylabel('true class (recall)')
    panel.set_title(
        f'{100 * np.trace(counts) / counts.sum():.1f}% of {counts.sum()} test '
        'images', fontsize=10)
