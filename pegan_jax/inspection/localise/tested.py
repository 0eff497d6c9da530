"""Tells what the test crops say of one segmenter: figures, notes, a table, a picture."""

import numpy as np

from data_prep.crops.cutting import BACKGROUND
from data_prep.images import reading
from pegan_jax.common import files, image_grid
from pegan_jax.inspection import report_parts, verdict
from pegan_jax.inspection.localise import figures
from pegan_jax.metrics import found_boxes, score_histograms
from pegan_jax.metrics.table import align

_SHOWN = 3  # Test crops of a class in the picture.
_LEAST = 0.1  # Of the way from guessing to a pixel AP of 1: with less, nothing is learned.


def measure(scores, test, classes):
  """Measures scores of the test crops, of all classes and of each beside the clean crops.

  Args:
    scores: float [n, S, S] in [0, 1].
    test: `crops.Crops`.
    classes: {label: name}.

  Returns:
    A JSON-able dict: `figures`, `of_classes` {name: the same} and `clean`, the number of
    clean crops. Figures are those of `figures.TITLES`, None where one is not known;
    `interval`, at 95%, of pixel AP; `guessing`, the pixel AP of scores that know nothing;
    the numbers of `crops` with defects, and of `groups` of them.
  """
  clean = ~np.isin(test.labels, list(classes))
  return {'figures': _figures(scores, test, np.ones(len(test), bool), clean),
          'of_classes': {name: _figures(scores, test, clean | (test.labels == label), clean)
                         for label, name in classes.items()},
          'clean': int(clean.sum())}


def _figures(scores, test, chosen, clean):
  answers = figures.measure(scores[chosen], test.inside[chosen])
  defects = chosen & ~clean
  return {name: None if np.isnan(x) else float(x)
          for name, x in zip(figures.TITLES, answers.figures)} | {
              'interval': _interval(answers.counts, test.groups[chosen]),
              'guessing': float(test.inside[chosen].mean()),
              'crops': int(defects.sum()), 'groups': len(np.unique(test.groups[defects]))}


def _interval(counts, groups):
  """Returns [low, high] of pixel AP at 95%, by a bootstrap of the groups."""
  _, member = np.unique(groups, return_inverse=True)
  count = member.max() + 1
  weights = np.random.default_rng(0).multinomial(
      count, np.full(count, 1 / count), verdict.RESAMPLES)[:, member]
  return [float(x) for x in verdict.interval(
      score_histograms.average_precision(counts, weights.astype(np.float32)))]


def notes(report):
  """Lists why a segmenter's answers, or its figures, are worth little.

  Args:
    report: content of inspection.json.

  Returns:
    Sentences without a full stop.
  """
  said, few = list(report['notes']), []
  for name, row in [('', report['figures']), *report['of_classes'].items()]:
    if row['pixel_ap'] < row['guessing'] + _LEAST * (1 - row['guessing']):
      said.append(f'it hardly finds {name or "any defect"}: pixel AP '
                  f'{row["pixel_ap"]:.2f}, and guessing has {row["guessing"]:.2f}. Train '
                  'longer by --config.localise.steps, or try another '
                  '--config.localise.learning_rate')
    if name and row['groups'] < verdict.ENOUGH_GROUPS:
      few.append(f'{row["groups"]} of {name}')
  if few:
    said.append(f'few groups of test crops, {", ".join(few)}: figures of fewer than '
                f'{verdict.ENOUGH_GROUPS} say little')
  return said


def to_text(report, markdown=False):
  """Lays out a segmenter's test: its notes, and a row of figures per class."""
  p = report['protocol']
  lines = [f'{p["described"]}',
           f'{report["figures"]["crops"]} test crops with defects, {report["clean"]} clean '
           f'ones; {report["images_per_second"]:.0f} crops/s',
           *report_parts.checks(report)]
  for note in notes(report):
    lines += ['', f'Note: {note}.']
  rows = [['', 'crops', *figures.TITLES.values()]]
  for name, row in [('all', report['figures']), *report['of_classes'].items()]:
    low, high = row['interval']
    known = ['not known' if row[x] is None else f'{row[x]:.3f}' for x in figures.TITLES]
    rows.append([name, str(row['crops']), f'{known[0]} [{low:.3f}, {high:.3f}]',
                 *known[1:]])
  return '\n'.join([
      *lines, '', *align(rows, markdown), '',
      '[95% interval] of the test crops\' groups; a class is tested beside the clean ones.',
      f'Boxes are around pixels above {figures.THRESHOLD:g}; box recall is at '
      f'{found_boxes.FALSE_PER_IMAGE:g} wrong boxes per crop.']) + '\n'


def write(report, scores, test, classes, folder):
  """Writes inspection.json, inspection.md and inspection.png into a folder.

  The picture has some test crops of each class, and clean ones, each beside its truth and
  its scores.

  Raises:
    OSError: they cannot be written; each file is whole or absent.
  """
  files.write_json(folder / 'inspection.json', report)
  files.write(folder / 'inspection.md', to_text(report, True))
  picture = _picture(scores, test, classes)
  files.write(folder / 'inspection.png', reading.encode_png(picture))


def _picture(scores, test, classes):
  """Lays out examples: uint8 [height, width, 3]; arguments as `measure` takes them."""
  defects = np.isin(test.labels, list(classes))
  kinds = {name: test.labels == label for label, name in classes.items()}
  kinds[BACKGROUND] = ~defects
  channels = test.pixels.shape[-1]
  grey = lambda x: np.repeat(np.uint8(255 * x)[..., None], channels, -1)
  rows = {}
  for name, of in kinds.items():
    if of.any():
      shown = np.flatnonzero(of)[np.linspace(0, of.sum() - 1, _SHOWN).astype(int)]
      rows[name] = [x for i in shown for x in (
          test.pixels[i], grey(test.inside[i]), grey(scores[i]))]
  return image_grid.grid(
      np.array(list(rows.values())), ['crop', 'true', 'scores'] * _SHOWN, list(rows))
