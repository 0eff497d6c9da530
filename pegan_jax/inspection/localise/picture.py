"""A study of segmenters as a chart: pixel AP, differences, classes and the curve."""

import numpy as np

from pegan_jax.common import figures
from pegan_jax.inspection.picture import draw_curve
from pegan_jax.inspection.verdict import HELPS, HURTS

_COLOURS = {HELPS: '#3a8a4d', HURTS: '#b8433a'}
_NEUTRAL = '#4878a8'


def draw(report, path):
  """Writes a PNG of a report from `study.study`.

  Left: each arm's pixel AP, with a small dot per seed. Middle: its difference from real
  masks alone, green where it helps and red where it hurts, with 95% intervals. Right:
  pixel AP by class. Below, where the study has several fractions, over the number of real
  frames.

  Raises:
    OSError: the file cannot be written.
  """
  arms = report['fractions'][max(report['fractions'], key=float)]['arms']
  height = 1.8 + 0.5 * len(arms)
  curve = len(report['fractions']) > 1
  with figures.png(path, 15, height + 4.5 * curve) as canvas:
    grid = canvas.add_gridspec(1 + curve, 3, height_ratios=[height, 4.5][:1 + curve])
    left, middle, right = (canvas.add_subplot(grid[0, i]) for i in range(3))
    _values(left, arms)
    _differences(middle, arms)
    _of_classes(right, arms, report['classes'])
    if curve:
      _curve(canvas.add_subplot(grid[1, :]), report)
    p = report['protocol']
    canvas.suptitle(f'where are defects? {p["described"]}; {p["seeds"]} seeds; '
                    f'{p["test_images"]} test crops; 95% intervals', fontsize=10)


def _point(panel, at, entry, colour, form):
  value, low, high = (entry[x] for x in ('value', 'low', 'high'))
  panel.errorbar(value, at, xerr=[[max(0, value - low)], [max(0, high - value)]], fmt='o',
                 color=colour, capsize=3)
  panel.annotate(format(value, form), (value, at), (0, 5), fontsize=8,
                 textcoords='offset points', ha='center')


def _rows(panel, titles, title):
  panel.set_yticks(range(len(titles)), titles, fontsize=8)
  panel.set_ylim(len(titles) - 0.5, -0.5)
  panel.set_title(title, fontsize=10)
  panel.margins(x=0.15)


def _values(panel, arms):
  for at, arm in enumerate(arms.values()):
    _point(panel, at, arm['pixel_ap'], _NEUTRAL, '.3f')
    panel.plot(arm['by_seed'], [at + 0.2] * len(arm['by_seed']), '.', color='#999999',
               markersize=3)
  _rows(panel, [figures.label(arm['title']) for arm in arms.values()], 'pixel AP')


def _differences(panel, arms):
  panel.axvline(0, color='black', linewidth=0.8)
  for at, arm in enumerate(arms.values()):
    if 'against' in arm:
      _point(panel, at, arm['against'],
             _COLOURS.get(arm['against']['verdict'], '#888888'), '+.3f')
  _rows(panel, [''] * len(arms), 'pixel AP over real')


def _of_classes(panel, arms, classes):
  table = np.array([[arm['classes'][c] for c in classes] for arm in arms.values()])
  panel.imshow(table, vmin=0, vmax=1, cmap='Blues', aspect='auto')
  for at, row in enumerate(table):
    for i, value in enumerate(row):
      panel.text(i, at, f'{value:.2f}', ha='center', va='center', fontsize=8,
                 color='white' if value > 0.6 else 'black')
  panel.set_xticks(range(len(classes)), map(figures.label, classes), fontsize=8,
                   rotation=20)
  panel.set_yticks([])
  panel.set_title('pixel AP by class', fontsize=10)


def _curve(panel, report):
  parts = [report['fractions'][f] for f in sorted(report['fractions'], key=float)]
  counts = [np.mean(list(part['frames_per_class'].values())) for part in parts]
  draw_curve(panel, counts, {  # Those without real masks are the same everywhere.
      arm['title']: [part['arms'][name]['pixel_ap'] for part in parts]
      for name, arm in parts[-1]['arms'].items() if arm['real']})
  panel.set_xlabel('real frames per class')
  panel.set_ylabel('pixel AP')
