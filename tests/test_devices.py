"""One device and eight give the same numbers; the batch must divide."""

import json
import operator
import os
import subprocess
import sys

import jax
import pytest

from pegan_jax import sharding
from pegan_jax.errors import UserError
from pegan_jax.train import train


def _losses(workdir):
  with (workdir / 'metrics.jsonl').open() as f:
    return [json.loads(line) for line in f]


def _train_on(devices, config, workdir):
  """In a process of its own: their number is fixed when JAX starts."""
  args = [f'--config.{k}={operator.attrgetter(k)(config)}' for k in (
      'data_dir', 'image_size', 'width', 'num_blocks', 'batch_size', 'n_critic',
      'num_steps', 'log_every', 'num_samples', 'eval_every',
      'gen.learning_rate', 'disc.learning_rate')]
  process = subprocess.run(
      [sys.executable, '-m', 'pegan_jax.main', '--config', 'configs/pegan.py',
       '--workdir', str(workdir), *args], capture_output=True, text=True,
      env=os.environ | {'JAX_NUM_CPU_DEVICES': str(devices)}, timeout=300)
  assert process.returncode == 0, process.stderr


def test_eight_devices_equal_one(config, tmp_path):
  config.batch_size = 8
  config.n_critic = 1
  config.num_steps = 3
  # Adam turns gradients that are rounding errors into steps of full size: short
  # ones, so that the two runs stay together.
  config.gen.learning_rate = config.disc.learning_rate = 1e-5
  assert jax.device_count() == 1
  train(config, tmp_path / 'one')
  _train_on(8, config, tmp_path / 'eight')
  for a, b in zip(_losses(tmp_path / 'one'), _losses(tmp_path / 'eight'),
                  strict=True):
    for name in a:
      if name.startswith('time/'):
        continue
      # The first critic's figures come from equal parameters.
      first = a['step'] == 1 and name.startswith('disc/')
      assert a[name] == pytest.approx(
          b[name], rel=1e-5 if first else 2e-3, abs=1e-6 if first else 1e-4
      ), (a['step'], name)


def test_a_batch_that_does_not_divide_is_an_error():
  mesh = jax.sharding.Mesh(jax.devices()[:1] * 1, ('data',))
  sharding.check_batch(mesh, 5)

  class Mesh:
    size = 8

  with pytest.raises(UserError, match='batch_size 12.*multiple of 8'):
    sharding.check_batch(Mesh, 12)
