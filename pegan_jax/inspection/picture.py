"""A study as a chart: figures, differences, recalls and the curve."""

import numpy as np

from pegan_jax.common import figures
from pegan_jax.inspection.arms import AUGMENTED, REAL, STRONG
from pegan_jax.inspection.settings import Settings
from pegan_jax.inspection.verdict import HELPS, HURTS

_COLOURS = {HELPS: '#3a8a4d', HURTS: '#b8433a'}
_NEUTRAL = '#4878a8'


def draw(report, path):
  """Writes a PNG of a report from `study.study`.

  Left: each arm's accuracy. Middle: its paired differences from the three arms without
  generated images, green where it helps and red where it hurts, with 95%
  intervals. Right: recalls by class. Below, where the study has several
  fractions, accuracy over the number of real images.

  Raises:
    OSError: the file cannot be written.
  """
  fraction = max(report['fractions'], key=float)
  arms = report['fractions'][fraction]['arms']
  height = 1.6 + 0.42 * len(arms)
  curve = len(report['fractions']) > 1
  with figures.png(path, 19, height + 4.5 * curve) as canvas:
    grid = canvas.add_gridspec(
        1 + curve, 5, height_ratios=[height, 4.5][:1 + curve],
        width_ratios=[1, 1, 1, 1, 1.5])
    panels = [canvas.add_subplot(grid[0, i]) for i in range(5)]
    _accuracy(panels[0], arms)
    _difference(panels[1], arms, REAL)
    _difference(panels[2], arms, AUGMENTED)
    _difference(panels[3], arms, STRONG)
    _recall(panels[4], arms, report['classes'])
    if curve:
      _curve(canvas.add_subplot(grid[1, :]), report)
    p = report['protocol']
    canvas.suptitle(
        f'{Settings.of(p).described(p["steps"])}; {p["seeds"]} seeds; '
        f'{p["test_images"]} test images; 95% intervals', fontsize=10)


def _rows(panel, arms, labels):
  panel.set_yticks(range(len(arms)), [a['title'] for a in arms.values()]
                   if labels else [''] * len(arms), fontsize=8)
  panel.set_ylim(len(arms) - 0.5, -0.5)


def _bars(panel, at, entry, colour):
  value, low, high = (100 * entry[x] for x in ('value', 'low', 'high'))
  panel.errorbar(
      value, at, xerr=[[max(0, value - low)], [max(0, high - value)]], fmt='o',
      color=colour, capsize=3)
  return value


def _accuracy(panel, arms):
  for at, arm in enumerate(arms.values()):
    value = _bars(panel, at, arm['accuracy'], _NEUTRAL)
    panel.annotate(f'{value:.1f}', (value, at), (0, 5), fontsize=8,
                   textcoords='offset points', ha='center')
  _rows(panel, arms, True)
  panel.set_title('balanced ' * ('detected' in arm) + 'accuracy, %', fontsize=10)
  panel.margins(x=0.15)


def _difference(panel, arms, reference):
  panel.axvline(0, color='black', linewidth=0.8)
  for at, (name, arm) in enumerate(arms.items()):
    if reference not in arm['against']:
      if name == reference:
        panel.plot(0, at, 'k|')
      continue
    found = arm['against'][reference]
    value = _bars(panel, at, found['accuracy'],
                  _COLOURS.get(found['verdict'], '#888888'))
    panel.annotate(f'{value:+.1f}', (value, at), (0, 5), fontsize=8,
                   textcoords='offset points', ha='center')
  _rows(panel, arms, False)
  panel.set_title(f'points over {arms[reference]["title"]}', fontsize=10)
  panel.margins(x=0.15)


def _recall(panel, arms, classes):
  table = np.array([[100 * a['recall'][c]['value'] for c in classes]
                    for a in arms.values()])
  panel.imshow(table, vmin=0, vmax=100, cmap='Blues', aspect='auto')
  for at, row in enumerate(table):
    for i, value in enumerate(row):
      panel.text(i, at, f'{value:.0f}', ha='center', va='center', fontsize=8,
                 color='white' if value > 60 else 'black')
  panel.set_xticks(range(len(classes)), classes, fontsize=8, rotation=20)
  panel.set_yticks([])
  panel.set_title('recall, %', fontsize=10)


def _curve(panel, report):
  order = sorted(report['fractions'], key=float)
  parts = [report['fractions'][f] for f in order]
  counts = [np.mean(list(p['real_per_class'].values())) for p in parts]
  # An arm without real images is the same everywhere.
  draw_curve(panel, counts, {
      arm['title']: [p['arms'][name]['accuracy'] for p in parts]
      for name, arm in parts[-1]['arms'].items() if arm['generated'] != name}, 100)
  panel.set_xlabel('real images per class')
  panel.set_ylabel('accuracy, %')


def draw_curve(panel, counts, arms, scale=1):
  """Draws figures with intervals over a number of real images, a line per arm.

  Args:
    panel: matplotlib's axes.
    counts: the numbers.
    arms: {title: dicts with `value`, `low` and `high`, one per number}.
    scale: factor on these.
  """
  for title, entries in arms.items():
    value, low, high = (scale * np.array([e[x] for e in entries])
                        for x in ('value', 'low', 'high'))
    panel.errorbar(counts, value, yerr=np.maximum(0, [value - low, high - value]),
                   fmt='o-', capsize=3, label=figures.label(title))
  panel.set_xscale('log')
  panel.set_xticks(counts, [f'{n:.0f}' for n in counts])
  panel.set_xticks([], minor=True)
  panel.legend(fontsize=8)
