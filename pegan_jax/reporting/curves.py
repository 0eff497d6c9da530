"""The part about the training: curves as SVG, alarms, first and last sample grids."""

import math

from pegan_jax.reporting import inline
from pegan_jax.reporting.source import Missing
from pegan_jax.training import writers
from pegan_jax.training.collapse import ALARMS

TITLE = 'Training'

# Heading, what to make of it, scalars and their names.
_PANELS = (
    ('Distance to the training crops (KID)', 'Should fall. Real crops among themselves are '
     'near 0.', {'eval/kid': 'whole crops', 'eval/region_kid': 'defects alone'}),
    ('Losses', 'Two networks compete: these need not fall, but should not run away.',
     {'gen/loss': 'generator', 'disc/loss': 'discriminator'}),
    ('Gradient norms', 'Should stay within one order of magnitude.',
     {'gen/gradient_norm': 'generator', 'disc/gradient_norm': 'discriminator'}),
)
_MOST = 400  # Points of a curve.
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 360, 170, 44, 18


def collect(source):
  """Returns curves, alarms and sample grids of the run in the workdir: a dict."""
  lines = writers.read_lines(source.workdir)
  grids = _grids(source.workdir / 'samples')
  if not lines and not grids:
    raise Missing('no generator was trained.', source.train_command)
  last = max((line['step'] for line in lines), default=0)
  alarms = {}
  for line in sorted(lines, key=lambda x: x['step']):
    alarms |= {key.partition('/')[2]: value for key, value in line.items()
               if key.startswith('alarm/')}
  return {'title': TITLE if source.trains else 'Sample grids',
          'step': last, 'panels': [x for p in _PANELS if (x := _panel(lines, *p))],
          'alarms': [ALARMS[name] for name, value in alarms.items()
                     if value and name in ALARMS],
          'grids': grids}


def _panel(lines, title, meaning, names):
  """Returns a chart, its lines as points of SVG; None where there is nothing to draw."""
  series = {}
  for key, name in names.items():
    points = {line['step']: line[key] for line in lines if key in line}
    if len(points) > 1:
      points = sorted(points.items())
      series[name] = points[::-(-len(points) // _MOST)] + points[-1:]
  if not series:
    return None
  steps = [step for points in series.values() for step, _ in points]
  values = [value for points in series.values() for _, value in points]
  low, high = min(*values, 0), max(*values, 0)
  high = high if high > low else low + 1
  first, last = min(steps), max(steps)
  x = lambda step: _LEFT + (step - first) / (last - first) * (_WIDTH - _LEFT - 4)
  y = lambda value: 6 + (high - value) / (high - low) * (_HEIGHT - _BOTTOM - 6)
  return {
      'title': title, 'meaning': meaning, 'width': _WIDTH, 'height': _HEIGHT,
      'left': _LEFT, 'bottom': _HEIGHT - _BOTTOM,
      'lines': [{
          'name': name, 'last': f'{points[-1][1]:.3g}',
          'points': ' '.join(f'{x(s):.1f},{y(v):.1f}' for s, v in points)}
                for name, points in series.items()],
      'ticks': [{'y': round(y(v), 1), 'text': f'{v:g}'} for v in _ticks(low, high)],
      'first': first, 'last': last}


def _ticks(low, high):
  """Returns three to six round numbers in an interval."""
  step = 10 ** math.floor(math.log10(high - low))
  step *= next(f for f in (1, 0.5, 0.2) if (high - low) / (step * f) >= 3)
  return [round(i * step, 12)
          for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _grids(folder):
  """Returns the first and the last sample grid of each kind."""
  found = {}
  for path in sorted(folder.glob('*_*.png')):
    step, _, kind = path.stem.partition('_')
    if step.isdecimal():
      found.setdefault(kind, []).append((int(step), path))
  grids = []
  for kind, of_kind in sorted(found.items(), reverse=True):
    for step, path in of_kind[:1] + of_kind[1:][-1:]:
      src, width, height = inline.file(path)
      grids.append({'kind': kind, 'step': step, 'src': src, 'width': width,
                    'height': height})
  return grids
