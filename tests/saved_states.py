"""States to save, files to damage, and programs that save: for tests of checkpoints.

The programs run as `python saved_states.py NAME ARGS`; `start` starts one.
"""

import os
import pathlib
import subprocess
import sys

from absl import logging
import jax
from jax.experimental import multihost_utils
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding, PartitionSpec
import numpy as np
import optax

from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints.store import Checkpoints
from pegan_jax.runs.state import GANState

CONFIG = {'batch_size': 16, 'num_steps': 20, 'generate': {'per_class': 600},
          'gen': {'width': 64, 'cut': [1, 2]}}


def make_state(step, side=40):
  """A state that differs in every leaf from one step to another."""
  gen = {'conv': {'kernel': jax.random.normal(jax.random.key(step),
                                              (side, side)),
                  'odd': jnp.float32([9e17, -0.0, 1e-45, step])},
         'half': jnp.full((3,), step, jnp.bfloat16), 'no_leaves': {},
         'nothing': None, 'no_elements': jnp.zeros((0, 3))}
  disc = (jnp.arange(5, dtype=jnp.int8) + step, jnp.bool_(step % 2))
  state = GANState(
      step=jnp.int32(step), gen=gen, disc=disc, ema=None,
      opt_gen=optax.adam(1e-3, mu_dtype=jnp.bfloat16).init(gen),
      opt_disc=optax.sgd(1e-3).init(disc),
      key={'one': jax.random.key(step, impl='rbg'),
           'four': jax.random.split(jax.random.key(step), 4)})
  mesh = jax.make_mesh((jax.device_count(),), ('data',),
                       axis_types=(AxisType.Auto,))
  # `device_put` takes neither NaN nor typed keys over several processes.
  return jax.jit(lambda x: x, out_shardings=NamedSharding(
      mesh, PartitionSpec()))(state)


def abstract(state):
  return jax.tree.map(lambda x: jax.ShapeDtypeStruct(
      x.shape, x.dtype, sharding=x.sharding), state)


def check_equal(got, want):
  assert jax.tree.structure(got) == jax.tree.structure(want)
  for x, y in zip(jax.tree.leaves(got), jax.tree.leaves(want)):
    assert x.dtype == y.dtype and x.shape == y.shape
    assert x.sharding == y.sharding
    if jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key):
      x, y = jax.random.key_data(x), jax.random.key_data(y)
    assert np.asarray(x).tobytes() == np.asarray(y).tobytes()


def save_steps(workdir, *steps, **kwargs):
  checkpoints = Checkpoints(workdir, **kwargs)
  for step in steps:
    checkpoints.save(step, make_state(step), {'next': step}, CONFIG)
  checkpoints.close()


def files(folder):
  return {p: p.read_bytes() for p in pathlib.Path(folder).rglob('*')
          if p.is_file()}


def array_file(workdir, step):
  """The file with the arrays' bytes: much the largest."""
  found = (workdir / 'checkpoints' / str(step) / 'state').rglob('*')
  return max(found, key=lambda p: p.stat().st_size)


def truncate(path):
  path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])


def zero(path):
  path.write_bytes(bytes(path.stat().st_size))


def flip(path):
  data = bytearray(path.read_bytes())
  data[len(data) // 2] ^= 1
  path.write_bytes(data)


def meta_file(workdir, step):
  return workdir / 'checkpoints' / str(step) / 'meta' / 'metadata'


def start(*args, devices=1):
  return subprocess.Popen(
      [sys.executable, __file__, *map(str, args)], text=True,
      env={**os.environ, 'JAX_NUM_CPU_DEVICES': str(devices),
           'JAX_PLATFORMS': 'cpu'},
      stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def save_once(workdir, step):
  try:
    save_steps(workdir, int(step))
  except UserError as error:
    print(error)


def save_for_ever(workdir):
  checkpoints = Checkpoints(workdir, max_to_keep=1)
  restored = checkpoints.restore(abstract(make_state(0, side=1000)), {})
  step = 0
  if restored is not None:
    step = restored.position['next']
    check_equal(restored.state, make_state(step, side=1000))
  print(step, flush=True)
  while True:
    step += 1
    checkpoints.save(step, make_state(step, side=1000), {'next': step}, {})


def save_in_pair(workdir, port, index):
  jax.distributed.initialize(f'localhost:{port}', 2, int(index))
  checkpoints = Checkpoints(workdir, max_to_keep=2)
  for step in (1, 2, 3):
    checkpoints.save(step, make_state(step), {'next': step}, CONFIG)
  checkpoints.wait()
  if index == '0':
    flip(array_file(pathlib.Path(workdir), 3))
  multihost_utils.sync_global_devices('damaged')
  restored = checkpoints.restore(abstract(make_state(0)), CONFIG)
  check_equal(restored.state, make_state(2))
  checkpoints.save(3, restored.state, {'next': 3}, CONFIG)
  checkpoints.close()
  print(restored.step, checkpoints.steps())


if __name__ == '__main__':
  logging.use_absl_handler()
  logging.set_verbosity(logging.INFO)
  {f.__name__: f for f in (save_once, save_for_ever, save_in_pair)}[
      sys.argv[1]](*sys.argv[2:])
