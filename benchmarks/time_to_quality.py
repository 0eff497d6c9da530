"""Measures the minutes until a run's images are as good as asked for.

  python -m benchmarks.time_to_quality --config pegan_plus --marks kid=0.06 \\
      held_out.kid=0.08 label_fidelity=0.9 --every 100 --seeds 0 1 2

Trains as a user does, in a new process for each seed, with a checkpoint in every --every
updates and no light evaluation. A checkpoint's minutes are counted from the command's
start until it is on disk. After the training, which evaluation thus does not slow down,
`--mode evaluate` scores the checkpoints in turn until every mark is reached. A mark is a
figure of its report, `held_out.` against the test split, as the mean over classes; where
more is better, a mark is the least, elsewhere the most. Prints the minutes of each mark
per seed, and their mean and range. Flags after -- go to training and evaluation, such as
-- --config.data_dir=data/neu64 --config.num_steps=1000. With --empty_cache nothing
compiled is there before. Matching, once per data set, counts where the first training does
it. Runs and reports stay in --workdir; a run that is there is refused. Use idle cores.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from pegan_jax.metrics import METRICS
from pegan_jax.metrics.scores import LABEL_FIDELITY

BETTER = {figure.name: figure.better for metric in METRICS for figure in metric.figures}
BETTER |= {LABEL_FIDELITY.name: LABEL_FIDELITY.better, 'region_kid': 'lower'}


def parse_mark(text):
  """Turns 'held_out.kid=0.06' into ('held_out.kid', 0.06).

  Raises:
    ValueError: no figure is called so, or neither more nor less of it is better.
  """
  name, value = text.split('=')
  if BETTER.get(name.removeprefix('held_out.')) not in ('lower', 'higher'):
    raise ValueError(f'{name} cannot be a mark')
  return name, float(value)


def reached(report, name, mark):
  """Returns whether a report's figure, the mean over classes, is as good as a mark."""
  part = report
  if name.startswith('held_out.'):
    part, name = report['held_out'], name.removeprefix('held_out.')
  value = part['mean'][name]['value']
  return value >= mark if BETTER[name] == 'higher' else value <= mark


def first_minutes(scored, marks):
  """Finds when each mark was first reached.

  Args:
    scored: (minutes, report) of each checkpoint, in order; read only as far as needed.
    marks: {name: value}.

  Returns:
    {name: minutes, or None where no checkpoint reaches the mark}.
  """
  found = dict.fromkeys(marks)
  for minutes, report in scored:
    for name, mark in marks.items():
      if found[name] is None and reached(report, name, mark):
        found[name] = minutes
    if None not in found.values():
      break
  return found


def summary(minutes, within):
  """Returns a line on one mark's minutes, one value per seed, None where not reached."""
  said = [f'{m:.1f}' if m is not None else f'not within {within:.1f}' for m in minutes]
  line = ', '.join(said) + ' min'
  if None not in minutes and len(minutes) > 1:
    line += (f'; mean {sum(minutes) / len(minutes):.1f}, '
             f'{min(minutes):.1f} to {max(minutes):.1f}')
  return line


def _call(arguments, env):
  done = subprocess.run([sys.executable, '-m', 'pegan_jax.main', *arguments], env=env,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                        check=False)
  if done.returncode:
    raise SystemExit(f'{" ".join(arguments)} failed: {done.stdout[-1000:]}')


def _train(args, folder, seed, env):
  """Trains anew; returns [(step, minutes until its checkpoint was whole)]."""
  if folder.exists():
    raise SystemExit(f'{folder} is there: name another --workdir')
  began = time.time()
  _call(['--config', args.config, '--workdir', str(folder), *args.flags,
         f'--config.seed={seed}', '--config.eval_every=0', '--config.max_to_keep=10000',
         f'--config.checkpoint_every={args.every}'], env)
  steps = sorted(int(p.name) for p in (folder / 'checkpoints').iterdir()
                 if p.name.isdigit())
  return [(step, ((folder / 'checkpoints' / str(step)).stat().st_mtime - began) / 60)
          for step in steps]


def _scored(args, folder, checkpoints, env):
  """Yields (minutes, report) of each checkpoint."""
  for step, minutes in checkpoints:
    _call(['--mode', 'evaluate', '--workdir', str(folder), *args.flags,
           f'--config.evaluate.checkpoint={step}'], env)
    report = json.loads((folder / 'evaluation' / str(step) / 'report.json').read_text())
    print(f'  step {step}, {minutes:.1f} min: ' + ', '.join(
        f'{name} {report["mean"][name]["value"]:.3f}' for name in
        ('kid', 'region_kid', 'label_fidelity') if name in report['mean']), flush=True)
    yield minutes, report


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--config', required=True)
  parser.add_argument('--marks', nargs='+', required=True, type=parse_mark)
  parser.add_argument('--every', type=int, default=100, help='updates')
  parser.add_argument('--seeds', nargs='+', type=int, default=[0])
  parser.add_argument('--workdir', help='a temporary one if unset')
  parser.add_argument('--empty_cache', action='store_true')
  parser.add_argument('flags', nargs='*', help='flags of pegan_jax.main')
  args = parser.parse_args()
  found, within = [], 0
  with tempfile.TemporaryDirectory() as temporary:
    for seed in args.seeds:
      env, folder = dict(os.environ), pathlib.Path(args.workdir or temporary, f'seed{seed}')
      if args.empty_cache:
        env['JAX_COMPILATION_CACHE_DIR'] = f'{temporary}/cache{seed}'
      print(f'seed {seed}', flush=True)
      checkpoints = _train(args, folder, seed, env)
      within = max(within, checkpoints[-1][1])
      found.append(first_minutes(
          _scored(args, folder, checkpoints, env), dict(args.marks)))
  for name, mark in args.marks:
    print(f'{name} {mark:g}: {summary([f[name] for f in found], within)}')


if __name__ == '__main__':
  main()
