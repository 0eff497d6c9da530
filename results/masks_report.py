"""The report of results/masks: what was measured, as text."""

import itertools

import numpy as np
from scipy import stats

KINDS = ('real', 'pasted', 'generated', 'real + pasted', 'real + generated', 'own',
         'real + own')


def interval(values):
  """Returns 'mean +- half width' of the 95% interval of Student's t."""
  values = np.array(values)
  if len(values) < 2:
    return f'{values.mean():.3f}'
  half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
  return f'{values.mean():.3f} ± {half:.3f}'


def to_markdown(draws, agreement, names, args):
  """Returns the report as text; `draws` is {draw: {kind: {class or 'all': AP}}}."""
  columns = ['all', *names]
  lines = [f'Pixel AP on held-out crops, mean and 95% interval over draws of {args.frames} '
           f'real frames per class; {args.count} pasted or generated crops per class.', '',
           f'| trained on | draws | {" | ".join(columns)} |',
           '|---' * (len(columns) + 2) + '|']
  for kind in KINDS:
    if some := [draw[kind] for draw in draws.values() if kind in draw]:
      cells = [interval([each[c] for each in some]) for c in columns]
      lines.append(f'| {kind} | {len(some)} | {" | ".join(cells)} |')
  lines.append('| all real masks | 1 | ' + ' | '.join(
      f'{agreement["all real masks"][c]:.3f}' for c in columns) + ' |')
  differences = []
  for a, b in itertools.permutations(KINDS, 2):
    if b in ('real', 'pasted', 'real + pasted') and KINDS.index(b) < KINDS.index(a):
      if some := [draw[a]['all'] - draw[b]['all'] for draw in draws.values()
                  if a in draw and b in draw]:
        differences.append(f'{a} less {b} {interval(some)}')
  lines += ['', f'Differences within a draw: {"; ".join(differences)}.', '',
            'By the segmenter of all real masks: nothing found on '
            f'{agreement["nothing found on clean crops"]:.0%} of the clean crops.', '',
            f'| | {" | ".join(names)} |', '|---' * (len(names) + 1) + '|']
  for figure in agreement[names[0]]:
    lines.append(f'| {figure} | ' + ' | '.join(
        f'{agreement[name][figure]:.2f}' for name in names) + ' |')
  return '\n'.join(lines) + '\n'
