"""Prints two iterations' metrics of each method on one and on eight devices.

  JAX_NUM_CPU_DEVICES=8 python tests/methods/eight_devices.py DATA_DIR METHOD ...
"""

import json
import sys

import jax
from jax.extend.core import jaxpr_as_fun
from jax.sharding import AxisType
import numpy as np
import optax

from pegan_jax.common.runtime import sharding
from pegan_jax.data import batches
from pegan_jax.methods import stargan
from pegan_jax.pretrained import perception
from pegan_jax.runs import optimizers
from pegan_jax.runs.run import Run
from pegan_jax.runs.step import make_step
from test_methods import tiny_config


def mesh_of(devices):
  return jax.make_mesh((devices,), (sharding.AXIS,),
                       axis_types=(AxisType.Auto,),
                       devices=jax.devices()[:devices])


def metrics(run, step, state, devices):
  mesh, config = mesh_of(devices), run.config
  state = jax.device_put(state, sharding.replicated(mesh))
  step = jax.jit(step)
  frozen = sharding.replicate(mesh, run.nets.frozen)
  found = []
  for batch in batches.iterate(config, run.info, run.method.layout):
    state, result = step(state, sharding.to_global(mesh, batch), frozen)
    found.append({name: float(m.compute()) for name, m in result.items()
                  if np.asarray(m.count).all()})
  return found


def traced(run, state):
  """The step as JAX has traced it: compiled for each mesh, and traced once."""
  batch = next(batches.iterate(run.config, run.info, run.method.layout))
  closed, shapes = jax.make_jaxpr(
      make_step(run.method, run.nets, run.config), return_shape=True)(
          state, batch, run.nets.frozen)
  flat = jaxpr_as_fun(closed)
  return lambda *args: jax.tree.unflatten(
      jax.tree.structure(shapes), flat(*jax.tree.leaves(args)))


def check_permuted_targets():
  """StarGAN's targets are labels of the whole batch, not of a device's part of it."""
  label = np.arange(16, dtype=np.int32)[None]
  drawn = [np.asarray(jax.jit(lambda x: stargan.choose_targets(jax.random.key(0), x[0], 16))(
      sharding.to_global(mesh_of(n), label))) for n in (1, 8)]
  np.testing.assert_array_equal(*drawn)
  assert (drawn[0] // 2 != label[0] // 2).any()


def main(data_dir, *names):
  assert jax.device_count() == 8
  found = {}
  # Adam's first steps have full size in each number, rounding errors included.
  optimizers.adam = lambda *_: optax.sgd(1e-5)
  # What PE-GAN+'s network sees of an image is of that image alone: one map is enough.
  perception._STAGES, perception._SIZES = (1,), (10.,)
  for name in names:
    config = tiny_config(name, data_dir)
    config.batch_size = 8
    config.num_steps = 2
    if 'num_blocks' in config:
      config.num_blocks = 0
    if name == 'pegan_region':  # A pretrained network is seen through in PE-GAN+.
      config.pretrained = False
    run = Run(config, 'nowhere')
    state = jax.device_get(run.init_state())
    step = traced(run, state)
    found[name] = [metrics(run, step, state, n) for n in (1, 8)]
  check_permuted_targets()
  print(json.dumps(found))


if __name__ == '__main__':
  main(*sys.argv[1:])
