"""A report as a chart: each figure's bars by class, with intervals and floors."""

import numpy as np

from pegan_jax.common import figures
from pegan_jax.metrics import table
from pegan_jax.metrics.table import FIGURES


def draw(report, path):
  """Writes a PNG with one panel per figure and one bar per class.

  Bars and their 95% intervals are the values of `table.to_text`. A short line across
  each is its floor, real against real, with its own interval shaded. A floor may have
  fewer images: a diamond is the value at its N, to be compared with it. Beside the bars
  against training images stand those against held-out images, where the report has them.

  Args:
    report: as `python -m pegan_jax.metrics --json` writes it.
    path: of the PNG file.

  Raises:
    OSError: the file cannot be written.
  """
  parts = [('training images' if 'held_out' in report else 'real images',
            report)]
  if 'held_out' in report:
    parts.append(('held-out images', report['held_out']))
  shown = [f for f in FIGURES if f.name in report['pooled']]
  rows = -(-len(shown) // 2)
  with figures.png(path, 14, 2.6 * rows + 1.2) as canvas:
    panels = canvas.subplots(rows, 2, squeeze=False).ravel()
    for panel, figure in zip(panels, shown):
      _panel(panel, figure, [part for part in parts if figure.name in part[1]['pooled']])
    for panel in panels[len(shown):]:
      panel.axis('off')
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc='outside lower center', ncols=4)
    p = report['protocol']
    canvas.suptitle(
        f'{p["generated"]} against {p["real"]}\n{p["network"]}, weights '
        f'{p["weights_sha256"][:16]}, resize {p["resize"]} to {p["input_size"]}',
        fontsize=10)


def _panel(panel, figure, parts):
  width = 0.8 / len(parts)
  labels = [c for c, values in parts[0][1]['classes'].items() if figure.name in values]
  names = [*labels, *(['mean'] if labels else []), 'pooled']
  for i, (title, part) in enumerate(parts):
    own = [c for c in labels  # The held-out part may lack one.
           if figure.name in part['classes'].get(c, ())]
    values = [part['classes'][c][figure.name] for c in own]
    if labels:
      values.append(part['mean'][figure.name])
    values.append(part['pooled'][figure.name])
    places = [labels.index(c) for c in own] + list(range(len(labels), len(names)))
    x = np.array(places) + (i - (len(parts) - 1) / 2) * width
    heights = np.array([v['value'] for v in values])
    error = np.abs([[v[side] for v in values] for side in ('low', 'high')] - heights)
    n = table.count(values[:len(own) or 1])
    panel.bar(x, heights, 0.9 * width, yerr=error, capsize=2,
              color=('#4878a8', '#e0a050')[i],
              label=f'against {title}, N = {n}' + ' per class' * bool(labels))
    smaller = [(at, v['value_at_floor_n']) for at, v in zip(x, values)
               if v['value_at_floor_n'] not in (None, v['value'])]
    if smaller:
      panel.plot(*zip(*smaller), 'D', color='black', markersize=4,
                 label="at the floor's N" if i == 0 else None)
    for at, v in zip(x, values):
      if v['floor'] is not None:
        ends = [at - width / 2, at + width / 2]
        panel.fill_between(ends, v['floor_low'], v['floor_high'],
                           color='black', alpha=0.25, linewidth=0)
        panel.plot(ends, [v['floor']] * 2, color='black',
                   label='real against real' if i == 0 and at == x[0] else None)
  better = {'lower': ' (lower is better)', 'higher': ' (higher is better)',
            'real': ' (as real is best)', '': ''}[figure.better]
  panel.set_title(figure.title + better, fontsize=10)
  panel.set_xticks(range(len(names)), names, fontsize=8, rotation=20)
  panel.margins(x=0.01)
