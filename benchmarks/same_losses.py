"""Compares what two runs logged: the largest difference at each step, by kind.

  python -m benchmarks.same_losses RUN RUN
"""

import json
import pathlib
import sys


def _losses(workdir):
  """Returns {step: {name: value}} of a run's losses and norms of gradients."""
  lines = (pathlib.Path(workdir) / 'metrics.jsonl').read_text().splitlines()
  return {line['step']: {k: v for k, v in line.items() if k.startswith(('gen/', 'disc/'))}
          for line in map(json.loads, lines)}


def main():
  one, other = map(_losses, sys.argv[1:3])
  steps = sorted(one.keys() & other.keys())
  if not steps:
    raise SystemExit('the runs have no step in common')
  print(f'{sys.argv[1]} against {sys.argv[2]}:')
  for step in steps:
    a, b = one[step], other[step]
    worst = sorted(((abs(a[k] - b[k]) / max(abs(a[k]), abs(b[k]), 1e-3), k)
                    for k in a.keys() & b.keys()), reverse=True)[:3]
    print(f'  step {step}: disc/loss {a["disc/loss"]:.6g} and {b["disc/loss"]:.6g}; '
          'largest differences ' + ', '.join(f'{k} {x:.1e}' for x, k in worst))


if __name__ == '__main__':
  main()
