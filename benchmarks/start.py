"""Measures the time until a training's first step: in the first run and in later ones.

  python -m benchmarks.start --data data/neu64 [--config configs/pegan.py] [--rounds 2]

Trains one step in a new process and a new folder, --rounds times, with one compilation
cache that starts empty. Prints the seconds from the command to its line "first step
after". A user waits that long: for Python, imports, data, initial state, the first sample
grid and compilation. Flags after -- go to the training.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time


def _seconds_to_first_step(arguments, cache):
  """Runs the training; returns the seconds until its first step."""
  began, found = time.perf_counter(), None
  with subprocess.Popen(
      [sys.executable, '-m', 'pegan_jax.main', *arguments], text=True,
      stderr=subprocess.PIPE,
      env=os.environ | {'JAX_COMPILATION_CACHE_DIR': str(cache)}) as training:
    said = []
    for line in training.stderr:
      said.append(line)
      if 'first step after' in line:
        found = time.perf_counter() - began
  if training.returncode or found is None:
    raise SystemExit(f'the training failed: {"".join(said[-3:])}')
  return found


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--data', required=True)
  parser.add_argument('--config', default='configs/pegan.py')
  parser.add_argument('--rounds', type=int, default=2)
  parser.add_argument('training', nargs='*', help='flags of pegan_jax.main')
  args = parser.parse_args()
  times = []
  with tempfile.TemporaryDirectory() as folder:
    for i in range(args.rounds):
      times.append(_seconds_to_first_step(
          ['--config', args.config, '--workdir', f'{folder}/run{i}',
           f'--config.data_dir={args.data}', '--config.num_steps=1',
           '--config.eval_every=0', *args.training],
          pathlib.Path(folder) / 'cache'))
      print(f'{"empty cache" if not i else "filled cache":12s} '
            f'{times[-1]:6.1f} s to the first step', flush=True)
  if len(times) > 1:
    print(f'filled: {times[-1] / times[0]:.2f} times that')


if __name__ == '__main__':
  main()
