"""Measures how fast images are read, and how long training at a GPU's pace waits.

  python -m benchmarks.input --data data/neu64 [--step_ms 24] [--steps 250] [--rounds 3]

Reads batches as training does, by default 5 x 32 images each, with decoded images kept in
memory and then streamed from the shards. Prints images/s of both, and what a step of
--step_ms needs (24 ms: 20,000 steps in 8 minutes). Then trains with a step that only keeps
one core busy for that time, on the same batch every time and on new batches. Prints what
input adds to a step, and the share of a step that the loop spent on input while the
device worked.
"""

import argparse
import itertools
import json
import pathlib
import statistics
import tempfile
import time
from unittest import mock

from clu.metrics import Average
import jax
import jax.numpy as jnp

from configs import pegan
from pegan_jax.data import batches, dataset, layouts
from pegan_jax.training import train


def rate(config, steps):
  """Returns images per second of the pipeline alone, after a first pass of the images."""
  info = dataset.load_info(config.data_dir)
  per_step = layouts.reals_per_step(config, layouts.PAIRS, len(info.classes))
  first = -(-2 * len(dataset.Records(info, 'train').labels) // per_step)
  config.num_steps = first + steps
  for i, _ in enumerate(batches.iterate(config, info), 1):
    if i == first:
      began = time.perf_counter()
  return steps * per_step / (time.perf_counter() - began)


def _burn(count, x):
  return jax.lax.fori_loop(0, count, lambda _, x: jnp.sin(x) + 1, x)


def busy_step(milliseconds):
  """Replaces `make_step`: keeps the device busy for a time, and leaves the state."""
  burn, trial = jax.jit(_burn), 200_000
  burn(trial, 0.).block_until_ready()
  began = time.perf_counter()
  burn(trial, 0.).block_until_ready()
  count = round(trial * milliseconds / 1e3 / (time.perf_counter() - began))

  def make_step(*_):
    def step(state, batch, frozen):
      del frozen
      # Depends on the batch: XLA would compute a constant once for all steps.
      done = _burn(count, batch['image'].ravel()[0].astype(jnp.float32))
      return state.replace(step=state.step + 1), {
          'done': Average.from_model_output(values=done[None])}
    return step
  return make_step


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--data', required=True)
  parser.add_argument('--step_ms', type=float, default=24)
  parser.add_argument('--steps', type=int, default=250)
  parser.add_argument('--rounds', type=int, default=3)
  args = parser.parse_args()
  config = pegan.get_config()
  config.update({'data_dir': args.data, 'width': 1 / 32, 'num_samples': 1,
                 'eval_every': 0, 'log_every': 25, 'sample_every': 10**9,
                 'checkpoint_every': 10**9})
  need = layouts.reals_per_step(config, layouts.PAIRS, 0) / args.step_ms * 1e3
  print(f'{config.num_workers} threads; a step of {args.step_ms:g} ms needs '
        f'{need:.0f} images/s')
  step, kept, read = busy_step(args.step_ms), config.cache_mb, batches.iterate
  ways = {'no input': kept, 'in memory': kept, 'streamed': 0}
  alone, seconds, shares = {}, {n: [] for n in ways}, {n: [] for n in ways}

  def same_batch(*args, **kwargs):
    return itertools.repeat(next(read(*args, **kwargs)))

  for _ in range(args.rounds):
    for name, config.cache_mb in ways.items():
      if name != 'no input' and name not in alone:
        alone[name] = rate(config, args.steps)
      config.num_steps = args.steps
      with tempfile.TemporaryDirectory() as workdir, mock.patch.object(
          train, 'make_step', step), mock.patch.object(
              batches, 'iterate', same_batch if name == 'no input' else read):
        train.train(config, workdir)
        lines = (pathlib.Path(workdir) / 'metrics.jsonl').read_text().splitlines()
      for line in [x for x in map(json.loads, lines) if 'time/input_share' in x][1:]:
        seconds[name].append(line['time/seconds_per_step'])
        shares[name].append(line['time/input_share'])
  base = statistics.median(seconds['no input'])
  for name in ways:
    median = statistics.median(seconds[name])
    print(f'{name}: ' + (f'{alone[name]:.0f} images/s alone, {alone[name] / need:.1f} '
                         'times the need; ' if name in alone else '')
          + f'in training {1e3 * median:.2f} ms a step, {median / base - 1:+.2%}; '
          f'the loop spent {statistics.median(shares[name]):.2%} on input')


if __name__ == '__main__':
  main()
