"""How fast images come in, and how long training waits for them at a GPU's pace.

  python -m benchmarks.input --data data/neu64 [--step_ms 24] [--steps 400]

Reads batches as training does, 5 x 32 images each by default, decoded images kept in
memory and streamed from the shards, and prints images/s of both beside what a step of
--step_ms needs (24 ms: 20,000 in 8 minutes). Then trains, with a step that does nothing
but take that time, and prints the share of it that the loop spent on input.
"""

import argparse
import json
import pathlib
import tempfile
import time
from unittest import mock

from clu.metrics import Average
import jax
import jax.numpy as jnp
import numpy as np

from configs import pegan
from pegan_jax import data, train


def rate(config, steps):
  """Images per second of the pipeline alone, after a first round of the images."""
  info = data.load_info(config.data_dir)
  per_step = data.reals_per_step(config, 'pairs', len(info.classes))
  first = -(-2 * len(data.Records(info, 'train').labels) // per_step)
  config.num_steps = first + steps
  for i, _ in enumerate(data.batches(config, info), 1):
    if i == first:
      began = time.perf_counter()
  return steps * per_step / (time.perf_counter() - began)


def sleeping_step(milliseconds):
  """Stands in for `make_step`: the state as it is, after so long a time."""
  def sleep(_):
    time.sleep(milliseconds / 1e3)
    return np.float32(0)

  def make_step(*_):
    def step(state, batch):
      slept = jax.pure_callback(
          sleep, jax.ShapeDtypeStruct((), jnp.float32), batch['image'])
      return state.replace(step=state.step + 1), {
          'slept': Average.from_model_output(values=slept[None])}
    return step
  return make_step


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--data', required=True)
  parser.add_argument('--step_ms', type=float, default=24)
  parser.add_argument('--steps', type=int, default=400)
  args = parser.parse_args()
  config = pegan.get_config()
  config.update({'data_dir': args.data, 'width': 1 / 32, 'num_samples': 1,
                 'eval_every': 0, 'log_every': 100, 'sample_every': 10**9,
                 'checkpoint_every': 10**9})
  need = data.reals_per_step(config, 'pairs', 0) / args.step_ms * 1e3
  print(f'{config.num_workers} threads; a step of {args.step_ms:g} ms needs '
        f'{need:.0f} images/s')
  for name, cache_mb in (('in memory', config.cache_mb), ('streamed', 0)):
    config.cache_mb = cache_mb
    found = rate(config, args.steps)
    config.num_steps = args.steps
    with tempfile.TemporaryDirectory() as workdir, mock.patch.object(
        train, 'make_step', sleeping_step(args.step_ms)):
      train.train(config, workdir)
      lines = [json.loads(line) for line in
               (pathlib.Path(workdir) / 'metrics.jsonl').read_text().splitlines()]
    lines = [x for x in lines if 'time/input_share' in x][1:]
    mean = lambda key, lines=lines: np.mean([x[key] for x in lines])
    print(f'{name}: {found:.0f} images/s alone, {found / need:.1f} times the need; '
          f'in training {1e3 * mean("time/seconds_per_step"):.1f} ms a step, '
          f'{mean("time/input_share"):.2%} of it on input')


if __name__ == '__main__':
  main()
