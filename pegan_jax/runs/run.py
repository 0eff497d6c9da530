"""A config and a data set, checked and turned into what every mode works with."""

import functools
import pathlib
import shlex

import jax
import numpy as np

from pegan_jax import methods
from pegan_jax.common import files
from pegan_jax.common.errors import check_at_least, check_value, UserError
from pegan_jax.common.runtime import sharding
from pegan_jax.data import dataset, matches
from pegan_jax.runs import ranges
from pegan_jax.runs.step import init_state


class Run:
  """A run in a workdir: its config and data set, and what follows from them.

  Args:
    config: the run's configuration.
    workdir: the run's folder.

  Raises:
    UserError: the config, the data set and the devices do not fit together.
  """

  def __init__(self, config, workdir):
    self.config = config
    self.workdir = pathlib.Path(workdir)
    self.mesh = sharding.make_mesh()
    self.info = _load_info(config.data_dir, self.workdir)
    _check(config, self.mesh)
    self.method = methods.get(config.method)
    _check_steps(config, self.method)
    self.nets = self.method.networks(
        config, len(self.info.classes), self.info.channels)
    if self.method.of_data:
      self.nets = self.method.of_data(self.nets, config, self.info)
    # Whether a background gets only classes that go with it.
    self.matched = self.method.matched(config)
    # With the config in a checkpoint, and compared with it on resume.
    self.saved_config = config.to_dict() | {'dataset': {
        'classes': self.info.classes, 'channels': self.info.channels,
        'image_size': self.info.image_size,
        'metadata': self.info.metadata, 'content': self.info.content}}
    if config.data_dir:  # Whoever reads it may stand in another folder.
      self.saved_config['data_dir'] = str(self.info.folder.absolute())
    if self.matched:
      self.saved_config['dataset']['matches'] = matches.digest(self.info)

  @functools.cached_property
  def _init(self):  # One function, which JAX traces once for the state and its shapes.
    return jax.jit(lambda: init_state(self.method, self.nets, self.config))

  def init_state(self):
    """Returns a fresh state on all devices."""
    # On the CPU, whose bits of 'rbg' are the same everywhere. For a GPU XLA also takes
    # 21 s to compile them.
    with jax.default_device(_cpu()):
      state = self._init()
    key = jax.random.key_data(state.key)
    state = sharding.replicate(
        self.mesh, jax.tree.map(np.asarray, state.replace(key=key)))
    return state.replace(key=jax.random.wrap_key_data(state.key))

  def frozen(self):
    """Returns `nets.frozen` on all devices."""
    return sharding.replicate(self.mesh, self.nets.frozen)

  def state_template(self):
    """Returns the state's shapes, dtypes and shardings, with nothing computed."""
    placed = sharding.replicated(self.mesh)
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=placed),
        jax.eval_shape(self._init))


def _cpu():
  try:
    return jax.local_devices(backend='cpu')[0]
  except RuntimeError:  # JAX_PLATFORMS leaves it out.
    return None


def _load_info(data_dir, workdir):
  """Loads the data set that a config names, or else that in the workdir."""
  folder = pathlib.Path(data_dir or workdir / 'dataset').expanduser()
  if not folder.exists():
    try:
      trained_on = files.read_json(workdir / 'config.json')['data_dir']
    except (OSError, ValueError, KeyError, TypeError):  # Not trained yet.
      return dataset.load_info(folder)
    said = f'no data set at {str(folder)!r}: give the one that this run was trained on, '
    if trained_on and pathlib.Path(trained_on).expanduser().exists():
      raise UserError(f'{said}--config.data_dir={shlex.quote(str(trained_on))}')
    was = f', where it is now: it was {trained_on}' if trained_on else ', where it is'
    raise UserError(f'{said}by --config.data_dir{was}')
  return dataset.load_info(folder)


def _check_steps(config, method):
  if method.trained:
    check_at_least('num_steps', config.num_steps, 1)
  else:
    check_value('num_steps', config.num_steps, config.num_steps == 0,
                f'0, as {config.method} is not trained')


def _check(config, mesh):
  ranges.check(config)
  if config.dtype not in ('float32', 'bfloat16'):
    raise UserError(
        f'dtype is {config.dtype!r}: choose float32 or bfloat16')
  if round(32 * config.width) < 1:
    raise UserError(f'width is {config.width}: it leaves no filters')
  sharding.check_batch(mesh, config.batch_size)
