"""Prints two iterations' metrics of each method on eight devices.

  JAX_NUM_CPU_DEVICES=8 python tests/methods/eight_devices.py DATA_DIR METHOD ...
"""

import json
import sys

import jax
from jax.sharding import AxisType
import numpy as np

from pegan_jax.common.runtime import sharding
from pegan_jax.data import batches
from pegan_jax.methods import stargan
from pegan_jax.pretrained import perception
from pegan_jax.runs.run import Run
from pegan_jax.runs.step import make_step
from test_methods import tiny_config


def metrics(run):
  state, frozen, found = run.init_state(), run.frozen(), []
  step = jax.jit(make_step(run.method, run.nets, run.config))
  for batch in batches.iterate(run.config, run.info, run.method.layout):
    state, result = step(state, sharding.to_global(run.mesh, batch), frozen)
    found.append({name: float(m.compute()) for name, m in result.items()
                  if np.asarray(m.count).all()})
  return found


def check_permuted_targets():
  """StarGAN's targets are labels of the whole batch, not of a device's part of it."""
  label = np.arange(16, dtype=np.int32)[None]
  drawn = []
  for n in 1, 8:
    mesh = jax.make_mesh((n,), (sharding.AXIS,), axis_types=(AxisType.Auto,),
                         devices=jax.devices()[:n])
    drawn.append(np.asarray(jax.jit(
        lambda x: stargan.choose_targets(jax.random.key(0), x[0], 16))(
            sharding.to_global(mesh, label))))
  np.testing.assert_array_equal(*drawn)
  assert (drawn[0] // 2 != label[0] // 2).any()


def main(data_dir, *names):
  assert jax.device_count() == 8
  # What PE-GAN+'s network sees of an image is of that image alone: one map is enough.
  perception._STAGES, perception._SIZES = (1,), (10.,)
  check_permuted_targets()
  print(json.dumps({name: metrics(Run(tiny_config(name, data_dir), 'nowhere'))
                    for name in names}))


if __name__ == '__main__':
  main(*sys.argv[1:])
