"""Several methods' reports, with several seeds each, as one table."""

import itertools

import numpy as np
import scipy

from pegan_jax.common import figures
from pegan_jax.metrics.table import align, FIGURES, number, with_interval

# Columns of the table of means, left to right; a dash where a method has no such figure.
_SHOWN = ('fid', 'kid', 'region_kid', 'label_fidelity', 'copies', 'precision', 'recall',
          'diversity', 'change')
_DISTANCES = ('fid', 'kid', 'region_kid')
_TITLES = {f.name: f.title for f in FIGURES}


def build(results, protocol):
  """Averages over seeds and says which differences exceed the noise between them.

  Args:
    results: {method: {seed: {'report': from `evaluate`, 'seconds': of training,
      'images_per_second', 'reals', 'updates', 'parameters'}}}, the same seeds
      for each.
    protocol: what holds for all.

  Returns:
    The content of table.json: 'protocol'; 'methods' {method: {'mean', 'classes',
    'held_out'}}, each figure with the mean over seeds 'value', each seed's value
    in 'seeds', the mean ends of the interval 'low' and 'high', 'floor' and
    'n_real'; 'differences' of each pair of methods.
  """
  first = next(iter(next(iter(results.values())).values()))['report']
  protocol = protocol | {k: first['protocol'][k] for k in (
      'network', 'weights_sha256', 'resize', 'input_size', 'dim')}
  table = {'protocol': protocol, 'methods': {}}
  for method, by_seed in results.items():
    runs = list(by_seed.values())
    reports = [r['report'] for r in runs]
    entry = {name: float(np.mean([r[name] for r in runs]))
             for name in ('seconds', 'images_per_second')}
    entry |= {name: runs[0][name] for name in ('reals', 'updates', 'parameters')}
    entry['mean'] = _average([r['mean'] for r in reports])
    if all('held_out' in r for r in reports):
      entry['held_out'] = _average([r['held_out']['mean'] for r in reports])
    entry['classes'] = {c: _average([r['classes'][c] for r in reports])
                        for c in reports[0]['classes']}
    table['methods'][method] = entry
  table['differences'] = {name: differences({
      method: entry['mean'][name]['seeds'] for method, entry in table['methods'].items()
      if name in entry['mean']}) for name in _distances(table)}
  return table


def _distances(table):
  """Returns those of `_DISTANCES` that a method has: not all data have regions."""
  return [name for name in _DISTANCES
          if any(name in m['mean'] for m in table['methods'].values())]


def _average(parts):
  """Averages the figures that all of several seeds have, {name: {...}} each."""
  result = {}
  for name in parts[0]:
    if not all(name in part for part in parts):
      continue
    figures = [part[name] for part in parts]
    result[name] = {'seeds': [f['value'] for f in figures]} | {
        key: (None if figures[0][key] is None
              else float(np.mean([f[key] for f in figures])))
        for key in ('value', 'low', 'high', 'floor')} | {
            key: figures[0][key] for key in ('n_real', 'n_generated')}
  return result


def differences(values):
  """Tells which methods differ by more than their seeds do.

  The noise is the standard deviation between seeds, pooled over methods; two
  means differ by more than it where a two-sided t-test at 5% says so.

  Args:
    values: {method: [S] values, one per seed}.

  Returns:
    [{'methods': [a, b], 'difference': mean of a - mean of b, 'noise': the
    difference that chance reaches in one of twenty cases, 'larger': bool}];
    'noise' and 'larger' are None with one seed, which has no spread.
  """
  seeds = len(next(iter(values.values())))
  degrees = len(values) * (seeds - 1)
  noise = None
  if degrees:
    variance = np.mean([np.var(v, ddof=1) for v in values.values()])
    noise = float(scipy.stats.t.ppf(0.975, degrees) * np.sqrt(2 * variance / seeds))
  pairs = []
  for a, b in itertools.combinations(values, 2):
    difference = float(np.mean(values[a]) - np.mean(values[b]))
    pairs.append({'methods': [a, b], 'difference': difference, 'noise': noise,
                  'larger': None if noise is None else abs(difference) > noise})
  return pairs


def to_markdown(table):
  """Returns the table in Markdown, for people."""
  p, methods = table['protocol'], table['methods']
  seeds, first = len(p['seeds']), next(iter(methods.values()))
  n = first['mean']['fid']['n_real']
  lines = [
      f'{p["network"]}, weights {p["weights_sha256"][:16]}, resize '
      f'{p["resize"]} to {p["input_size"]}. Data {p["data"]}, {p["image_size"]} '
      f'pixels, width {p["width"]}. Budget of a run: {p["budget"]}, '
      f'over all classes. {seeds} seed{"s" * (seeds > 1)}; training on '
      f'{p["device"]}.', '',
      f'Means over classes, against training crops with N = {n} per side, and over '
      'seeds; [95% interval over images], ± standard deviation between seeds. The '
      'floor is real against real.', '']
  shown = [f for f in _SHOWN if any(f in m['mean'] for m in methods.values())]
  rows = [['method', *(_TITLES[f] for f in shown), 'updates', 'seconds',
           'images/s', 'parameters G + D']]
  rows.append(['floor', *(number(_floor([m['mean'].get(f) for m in methods.values()]))
                          for f in shown), '', '', '', ''])
  for method, m in methods.items():
    rows.append([method, *(_cell(m['mean'].get(f), full=True) for f in shown),
                 f'{m["updates"]:,}', f'{m["seconds"]:.0f}',
                 f'{m["images_per_second"]:.0f}',
                 ' + '.join(f'{m["parameters"][k]:,}' for k in ('gen', 'disc'))])
  lines += align(rows, markdown=True)
  for figure in _distances(table):
    lines += ['', f'{_TITLES[figure]} by class [95% interval]', '']
    rows = [['class', *methods, 'floor']]
    for c in first['classes']:
      cells = [m['classes'][c].get(figure) for m in methods.values()]
      rows.append([c, *map(_cell, cells), number(_floor(cells))])
    held_out = [m.get('held_out', {}).get(figure) for m in methods.values()]
    if any(held_out):
      n = min(x['n_real'] for x in held_out if x)
      rows.append([f'mean, held-out crops (N = {n})',
                   *map(_cell, held_out), number(_floor(held_out))])
    lines += align(rows, markdown=True)
  return '\n'.join([*lines, '', *_say_differences(table)]) + '\n'


def _floor(cells):
  """Returns the floor of the first method that has the figure; None where none has."""
  return next((cell['floor'] for cell in cells if cell), None)


def _cell(figure, full=False):
  if figure is None:
    return '-'
  text = with_interval(figure)
  if full and len(figure['seeds']) > 1:
    text += f' ± {number(float(np.std(figure["seeds"], ddof=1)))}'
  return text


def _say_differences(table):
  if len(table['protocol']['seeds']) < 2:
    return ['With one seed the noise between seeds is not known: no difference '
            'can be told from it.']
  lines = []
  for figure, pairs in table['differences'].items():
    larger = [p for p in pairs if p['larger']]
    if not pairs:
      continue
    lines.append(
        f'Mean {_TITLES[figure]}: two methods differ by more than seeds do (t-test'
        f' at 5%, pooled standard deviation) from {number(pairs[0]["noise"])} on: '
        + (', '.join(_order(p) for p in larger) if larger else 'none do') + '.')
    rest = [' and '.join(p['methods']) for p in pairs if not p['larger']]
    if larger and rest:
      lines.append(f'Not told apart: {", ".join(rest)}.')
  return lines


def _order(pair):
  a, b = pair['methods']
  if pair['difference'] > 0:
    a, b = b, a
  return f'{a} < {b} (by {number(abs(pair["difference"]))})'


def draw(table, path):
  """Writes a PNG: FID and both KIDs by class and method, intervals, seeds and floors."""
  methods = table['methods']
  first = next(iter(methods.values()))
  shown = _distances(table)
  with figures.png(path, 14, 4 * len(shown)) as canvas:
    for panel, figure in zip(canvas.subplots(len(shown), 1), shown):
      def values_of(m, figure=figure):
        return [m['classes'][c].get(figure) for c in first['classes']
                ] + [m['mean'].get(figure)]
      width = 0.8 / len(methods)
      for i, (method, m) in enumerate(methods.items()):
        own = values_of(m)
        x = np.flatnonzero([v is not None for v in own]
                           ) + (i - (len(methods) - 1) / 2) * width
        values = [v for v in own if v is not None]
        if not values:
          continue
        panel.bar(x, [v['value'] for v in values], 0.9 * width,
                  label=figures.label(method), capsize=1, yerr=np.abs(
                      [[v['value'] - v['low'], v['high'] - v['value']]
                       for v in values]).T)
        for at, v in zip(x, values):
          panel.plot([at] * len(v['seeds']), v['seeds'], '.', color='black',
                     markersize=3)
      floors = list(map(_floor, zip(*map(values_of, methods.values()))))
      x = np.arange(len(floors))
      panel.hlines([np.nan if f is None else f for f in floors], x - 0.45, x + 0.45,
                   color='black', label='real against real')
      panel.set_xticks(x, [*first['classes'], 'mean'])
      panel.set_title(f'{_TITLES[figure]}, lower is better; dots are seeds')
      panel.margins(x=0.01)
    canvas.axes[0].legend(ncols=len(methods) + 1)
    p = table['protocol']
    canvas.suptitle(f'{p["network"]}, {p["budget"]}, '
                    f'{p["image_size"]} pixels, width {p["width"]}')
