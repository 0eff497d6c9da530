"""Kills every stage at random moments and checks that it resumes as if not killed.

  python -m benchmarks.kills [--kills 100] [--seed 0] [--stages train,all]
  python -m benchmarks.kills --stages all --at 'rmdir all/.generated.part #1'

Each stage runs at the tests' small size. It runs once, and again, which must change
nothing on disk. Then it is killed at random moments and run again; some runs are killed
twice in a row. A moment is just before a change in the working folder, or a time after
the start. --at names one; give it several times for several kills in a row. Prints a
table, and each difference on disk from the run that was not killed. Ends with status 1 if
there is any difference.
"""

import argparse
import itertools
import os
import pathlib
import sys
import tempfile
import time


def _table(rows):
  widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
  return '\n'.join('  '.join(str(x).ljust(w) for x, w in zip(row, widths))
                   for row in rows)


def _moments(found):
  return ', then '.join(found['moments']) or 'not killed'


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--kills', type=int, default=100, help='of all stages together')
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--stages', help='all by default')
  parser.add_argument('--at', action='append', help='when to kill; one stage')
  args = parser.parse_args()
  sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'tests'))
  with tempfile.TemporaryDirectory() as folder:
    os.environ.setdefault('JAX_COMPILATION_CACHE_DIR', f'{folder}/compiled')
    import kill_stages  # pylint: disable=g-import-not-at-top
    import kills  # pylint: disable=g-import-not-at-top
    stages = args.stages.split(',') if args.stages else list(kill_stages.STAGES)
    if unknown := set(stages) - set(kill_stages.STAGES):
      parser.error(f'no stage {sorted(unknown)[0]}: choose from '
                   + ','.join(kill_stages.STAGES))
    began, killer = time.monotonic(), kills.Killer(f'{folder}/killer')
    found = {stage: [killer.series(stage, [])] for stage in stages}
    if args.at:
      found[stages[0]].append(killer.series(stages[0], args.at))
    else:
      count = 0
      for number, stage in ((n, s) for n in itertools.count() for s in stages):
        if count >= args.kills:
          break
        # Every third series also kills the run that resumes after the first kill.
        one = killer.series(stage, 1 + (number % 3 == 2), args.seed, number)
        found[stage].append(one)
        count += one['killed']
        if one['differences']:
          print(f'{stage}: {_moments(one)}', flush=True)
  rows, bad = [('stage', 'kills', 'series', 'survived')], 0
  for stage, runs in found.items():
    different = [run for run in runs if run['differences']]
    rows.append((stage, sum(run['killed'] for run in runs), len(runs),
                 len(runs) - len(different)))
    bad += len(different)
  print(_table(rows))
  for run in itertools.chain(*found.values()):
    if run['differences']:
      print(f'\n{run["stage"]}: {_moments(run)}')
      print('\n'.join(f'  {line}' for line in run['differences']))
  print(f'\n{time.monotonic() - began:.0f} s')
  return int(bad > 0)


if __name__ == '__main__':
  sys.exit(main())
