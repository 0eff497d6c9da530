"""A report as text, for a terminal or in Markdown."""

from pegan_jax.metrics import kid, METRICS, scores

# Columns, left to right; a report lacks those that do not apply, and so may a class.
FIGURES = tuple(f for m in METRICS for f in (
    *m.figures, *(kid.AT_REGIONS.figures if m is kid.METRIC else ()))) + scores.FIGURES


def to_text(report, markdown=False):
  """Lays out a report.

  Args:
    report: as `python -m pegan_jax.metrics --json` writes it.
    markdown: whether to return Markdown tables instead of plain ones.

  Returns:
    Several lines: the protocol; each figure's mean over classes and pooled value
    with 95% interval and floor; each class's figures with floors.
  """
  p = report['protocol']
  lines = [f'real      {p["real"]}', f'generated {p["generated"]}',
           f'network   {p["network"]}, weights {p["weights_sha256"][:16]}, '
           f'{p["dim"]} features, resize {p["resize"]} to {p["input_size"]}',
           f'[95% interval], (floor: real against real) from {p["repeats"]} '
           'random halves']
  if markdown:
    lines = ['```', *lines, '```']
  parts = [('against real images', report)]
  if 'held_out' in report:
    parts = [('against training images', report),
             ('against held-out images', report['held_out'])]
  for title, part in parts:
    lines += ['', f'{"### " * markdown}{title[0].upper()}{title[1:]}', '']
    lines += _summary(part, markdown)
    if part['classes']:
      lines += ['', *_classes(part, markdown)]
    lines += ['', *(f'{"- " * markdown}Note: {w}' for w in part['warnings'])]
  if report.get('copies'):
    first = report['copies'][0]
    lines += [
        '', f'{len(report["copies"])} generated images lie nearer to a training '
        'image than 95% of its class do to each other; the nearest is '
        f'{first["generated"]}, to {first["real"]}.']
  return '\n'.join(lines) + '\n'


def number(x):
  """Returns a number with three or four significant digits, '-' for None."""
  if x is None:
    return '-'
  return f'{x:.0f}' if abs(x) >= 100 else f'{x:.1f}' if abs(x) >= 10 else (
      f'{x:.3f}' if abs(x) >= 0.01 or not x else f'{x:.4f}')


def with_interval(f):
  """Returns a figure's value and its interval: '0.052 [0.041, 0.063]'."""
  return f'{number(f["value"])} [{number(f["low"])}, {number(f["high"])}]'


def _summary(part, markdown):
  names = [name for name in ('mean', 'pooled') if part[name]]
  titles = {'mean': 'mean of classes', 'pooled': 'pooled'}
  rows = [['']]
  for name in names:
    rows[0] += [f'{titles[name]}, N = {count(_behind(part, name, "fid"))}', '(floor, N)']
  for figure in FIGURES:
    if figure.name not in part['pooled']:
      continue
    row = [figure.title]
    for name in names:
      f = part[name][figure.name]
      row += [with_interval(f), _floor(f, _behind(part, name, figure.name))]
    rows.append(row)
  return align(rows, markdown)


def _behind(part, name, figure):
  """Returns the figures of which one is the mean, or it alone where it is none."""
  return ([values[figure] for values in part['classes'].values() if figure in values]
          if name == 'mean' else [part[name][figure]])


def count(behind):
  """Returns the N of some figures: '60', '60 to 140', or '60 real, 8 to 9 generated'."""
  # Some figures are of generated images alone.
  real, generated = ([f[side] for f in behind if f[side]]
                     for side in ('n_real', 'n_generated'))
  if not real or real == generated:
    return span(generated)
  return f'{span(real)} real, {span(generated)} generated'


def span(numbers):
  """Returns the range of some numbers: '60', or '60 to 140'."""
  least, most = min(numbers), max(numbers)
  return f'{least}' if least == most else f'{least} to {most}'


def _floor(f, behind):
  if f['floor'] is None:
    return ''
  behind = [x for x in behind if x['floor_n']]
  text = f'({number(f["floor"])}, {span([x["floor_n"] for x in behind])}'
  if any(x['n_real'] != x['floor_n'] for x in behind):
    text += f'; there {number(f["value_at_floor_n"])}'
  return text + ')'


def _classes(part, markdown):
  figures = [f for f in FIGURES if f.name in part['pooled']]
  rows = [['', 'N', *(f.title for f in figures)]]
  for name, values in part['classes'].items():
    row = [name, count([values['fid']])]
    for figure in figures:
      f = values.get(figure.name, {'value': None, 'floor': None})
      floor = '' if f['floor'] is None else f' ({number(f["floor"])})'
      row.append(number(f['value']) + floor)
    rows.append(row)
  return align(rows, markdown)


def align(rows, markdown):
  """Lays out rows of cells, the first of them the head, in columns: lines of text."""
  if markdown:  # Escapes, so that a bar in a name ends no cell.
    rows = [[cell.replace('|', r'\|') for cell in row] for row in rows]
    lines = [f'| {" | ".join(row)} |' for row in rows]
    return [lines[0], '|---' * len(rows[0]) + '|', *lines[1:]]
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  return ['  '.join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip()
          for row in rows]
