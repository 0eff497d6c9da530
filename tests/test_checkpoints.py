"""Checkpoints come back bit for bit, or say in one sentence why not."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

from absl import logging
import jax
from jax.experimental import multihost_utils
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding, PartitionSpec
import numpy as np
import optax
import pytest

from pegan_jax.checkpoints import Checkpoints
from pegan_jax.errors import UserError
from pegan_jax.state import GANState

# What Orbax leaves pending when it fails must not print tracebacks.
pytestmark = pytest.mark.filterwarnings(
    'error::pytest.PytestUnraisableExceptionWarning')

CONFIG = {'batch_size': 16, 'num_steps': 20, 'generate': {'per_class': 600},
          'gen': {'width': 64, 'cut': [1, 2]}}


def make_state(step, side=40):
  """A state that differs in every leaf from one step to another."""
  gen = {'conv': {'kernel': jax.random.normal(jax.random.key(step),
                                              (side, side)),
                  'odd': jnp.float32([jnp.nan, -0.0, 1e-45, step])},
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


def test_restored_equals_saved_bit_for_bit(tmp_path):
  save_steps(tmp_path, 7)
  before = files(tmp_path)
  for template in (make_state(0), abstract(make_state(0))):
    restored = Checkpoints(tmp_path).restore(template, CONFIG)
    check_equal(restored.state, make_state(7))
    assert restored.step == 7
    assert restored.position == {'next': 7} and restored.config == CONFIG
  assert files(tmp_path) == before


def test_sharded_template(tmp_path):
  """The sharding is the template's, not that of the arrays saved."""
  save_steps(tmp_path, 7)
  mesh = jax.make_mesh((1,), ('model',), axis_types=(AxisType.Auto,))
  sharding = NamedSharding(mesh, PartitionSpec('model'))
  template = abstract(make_state(0))
  template.gen['conv']['kernel'] = jax.ShapeDtypeStruct(
      (40, 40), jnp.float32, sharding=sharding)
  kernel = Checkpoints(tmp_path).restore(template).state.gen['conv']['kernel']
  assert kernel.sharding == sharding
  np.testing.assert_array_equal(kernel, make_state(7).gen['conv']['kernel'])


def test_state_may_be_donated_right_after_save(tmp_path):
  overwrite = jax.jit(lambda x: x * 0 - 1, donate_argnums=0)
  checkpoints = Checkpoints(tmp_path)
  for step in range(1, 4):
    x = jnp.arange(1e6) + step
    checkpoints.save(step, {'x': x}, {}, {})
    overwrite(x).block_until_ready()
    restored = checkpoints.restore({'x': np.zeros(10 ** 6, np.float32)})
    np.testing.assert_array_equal(restored.state['x'], np.arange(1e6) + step)


def test_newest_are_kept_and_a_whole_step_is_left_alone(tmp_path):
  save_steps(tmp_path, 1, 2, 3, 4, max_to_keep=2)
  checkpoints = Checkpoints(tmp_path, max_to_keep=2)
  assert checkpoints.steps() == [3, 4] and checkpoints.latest_step() == 4
  before = files(tmp_path)
  checkpoints.save(4, make_state(99), {}, {})
  checkpoints.close()
  assert files(tmp_path) == before
  assert checkpoints.restore(make_state(0), step=3).position == {'next': 3}
  with pytest.raises(UserError, match='no checkpoint 2 in .*, only 3, 4'):
    checkpoints.restore(make_state(0), step=2)


def test_no_checkpoint(tmp_path):
  checkpoints = Checkpoints(tmp_path / 'none')
  assert checkpoints.restore(make_state(0)) is None
  assert checkpoints.latest_step() is None and checkpoints.steps() == []
  checkpoints.close()
  assert not (tmp_path / 'none').exists()


def test_what_json_cannot_hold_is_a_programming_error(tmp_path):
  with pytest.raises(TypeError):
    Checkpoints(tmp_path).save(1, make_state(1), {'next': object()}, {})


# Damage.


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


@pytest.mark.parametrize('find', [array_file, meta_file])
@pytest.mark.parametrize('damage', [truncate, zero, flip, pathlib.Path.unlink])
def test_damaged_newest_falls_back(tmp_path, capfd, find, damage):
  save_steps(tmp_path, 10, 20)
  damage(find(tmp_path, 20))
  said = []
  checkpoints = Checkpoints(tmp_path, say=said.append)
  restored = checkpoints.restore(make_state(0), CONFIG)
  check_equal(restored.state, make_state(10))
  assert restored.step == 10 and restored.position == {'next': 10}
  assert len(said) == 1 and 'checkpoint 20 (' in said[0]
  assert said[0].endswith('back to checkpoint 10')
  assert checkpoints.steps() == [10]
  time.sleep(.05)  # Late callbacks of the failed read would print here.
  assert ''.join(capfd.readouterr()) == ''


@pytest.mark.parametrize('pattern, other', [
    ('"next": 20', '"next": 21'), ('"step": 20', '"step": 10'), ('{.*}', '[]'),
    ('"crc32": [0-9]*}$', '"crc32": null}')])
def test_valid_json_that_was_not_written_is_damage(tmp_path, pattern, other):
  save_steps(tmp_path, 10, 20)
  meta = meta_file(tmp_path, 20)
  changed = re.sub(pattern, other, meta.read_text())
  assert changed != meta.read_text()
  meta.write_text(changed)
  assert Checkpoints(tmp_path, say=str).restore(make_state(0)).step == 10


def test_damaged_step_can_be_saved_again_and_is_kept(tmp_path):
  for again in range(2):
    save_steps(tmp_path, 10, 20)
    flip(array_file(tmp_path, 20))
    damaged = array_file(tmp_path, 20).read_bytes()
    checkpoints = Checkpoints(tmp_path, say=str)
    assert checkpoints.restore(make_state(0)).step == 10
    checkpoints.save(20, make_state(20), {'next': 20}, CONFIG)
    check_equal(checkpoints.restore(make_state(0)).state, make_state(20))
    checkpoints.close()
    folder = tmp_path / 'checkpoints' / f'damaged_20{"_1" * again}'
    assert damaged in files(folder).values()


def test_all_damaged_is_an_error_and_nothing_is_removed(tmp_path):
  save_steps(tmp_path, 10, 20)
  flip(array_file(tmp_path, 20))
  meta_file(tmp_path, 10).unlink()
  before = files(tmp_path)
  with pytest.raises(UserError, match=r'no readable checkpoint in .*checkpoint '
                     r'20 \(.*checkpoint 10 \(.*move the folder away'):
    Checkpoints(tmp_path).restore(make_state(0), CONFIG)
  assert files(tmp_path) == before


# What does not fit.


def test_config_that_does_not_fit_names_keys_and_both_values(tmp_path):
  save_steps(tmp_path, 10, 20)
  config = {'batch_size': 32, 'gen': {'width': 64, 'cut': (1, 3)}, 'new': None}
  with pytest.raises(UserError) as error:
    Checkpoints(tmp_path, say=pytest.fail).restore({'other': 1}, config)
  message = str(error.value)
  assert 'batch_size is 32, was 16' in message
  assert 'gen.cut is [1, 3], was [1, 2]' in message
  assert 'new is null, was not set' in message
  assert 'width' not in message and 'num_steps' not in message
  assert '\n' not in message


def test_free_keys_may_change(tmp_path):
  save_steps(tmp_path, 20)
  config = CONFIG | {'num_steps': 40, 'generate': {'seed': 1}, 'data_dir': 'x'}
  assert Checkpoints(tmp_path).restore(make_state(0), config).step == 20


@pytest.mark.parametrize('key, value, message', [
    ('half', np.ones((4,), jnp.bfloat16),
     r'gen/half is bfloat16\[4\], was bfloat16\[3\]'),
    ('half', np.ones((3,), np.float32),
     r'gen/half is float32\[3\], was bfloat16\[3\]'),
    ('half', None, r'gen/half is not set, was bfloat16\[3\]'),
    ('more', np.int32(0), r'gen/more is int32\[\], was not set')])
def test_model_that_does_not_fit(tmp_path, key, value, message):
  save_steps(tmp_path, 10, 20)
  template = make_state(0)
  template.gen[key] = value
  with pytest.raises(UserError, match=message):
    Checkpoints(tmp_path, say=pytest.fail).restore(template, CONFIG)


# Disks that refuse.


@pytest.fixture(name='small_disk')
def fixture_small_disk(tmp_path):
  mount = ['mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', tmp_path]
  if not sys.platform.startswith('linux') or os.geteuid() or subprocess.run(
      mount, capture_output=True, check=False).returncode:
    pytest.skip('mounting a small tmpfs needs root and the right to mount')
  yield tmp_path
  subprocess.run(['umount', '--lazy', tmp_path], check=True)


def test_full_disk(small_disk, capfd):
  """The save fails in its thread; with one to keep, the old one still stays."""
  save_steps(small_disk, 1)
  checkpoints = Checkpoints(small_disk, max_to_keep=1)
  for _ in range(2):  # The second time over what the first has left.
    with pytest.raises(UserError) as error:
      checkpoints.save(2, make_state(2, side=1500), {}, CONFIG)
      checkpoints.wait()
    assert str(error.value) == (
        f'cannot write checkpoint 2 to {small_disk}/checkpoints: the disk is '
        'full; checkpoint 1 is whole')
  checkpoints.wait()  # Said once.
  assert os.listdir(small_disk / 'checkpoints') == ['1']
  check_equal(checkpoints.restore(make_state(0)).state, make_state(1))
  checkpoints.save(3, make_state(3), {}, CONFIG)
  checkpoints.close()
  assert checkpoints.steps() == [3]
  time.sleep(.05)
  assert ''.join(capfd.readouterr()) == ''


def test_read_only_disk(small_disk):
  """Seen from outside: a thread left waiting would hold up the exit."""
  save_steps(small_disk, 1)
  subprocess.run(['mount', '-o', 'remount,ro', small_disk], check=True)
  out, err = start('save_once', small_disk, 2).communicate(timeout=30)
  assert out == (f'cannot write checkpoint 2 to {small_disk}/checkpoints: '
                 'read-only file system; checkpoint 1 is whole\n')
  assert err == ''


def test_a_file_in_the_folders_place(tmp_path):
  (tmp_path / 'checkpoints').write_text('')
  with pytest.raises(UserError, match='cannot list .*: not a directory'):
    Checkpoints(tmp_path).save(2, make_state(2), {}, CONFIG)


# Whole programs: this file run as `python test_checkpoints.py NAME ARGS`.


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


def test_sigkill_at_any_moment_loses_no_whole_checkpoint(tmp_path):
  """Also: one to keep, other device counts, and no word from Orbax."""
  folder = tmp_path / 'checkpoints'
  killed_at, midway = 0, 0
  for devices, delay in ((1, 0), (4, .01), (2, .03)):
    process = start('save_for_ever', tmp_path, devices=devices)
    assert int(process.stdout.readline()) == killed_at, process.stderr.read()
    while not any(int(p.name.split('.')[0]) >= killed_at + 3
                  for p in folder.glob('*tmp*')):
      assert process.poll() is None
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    assert process.communicate()[1] == ''
    midway += any(folder.glob('*tmp*'))
    assert Checkpoints(tmp_path).latest_step() >= killed_at + 2
    killed_at = Checkpoints(tmp_path).latest_step()
  assert midway
  checkpoints = Checkpoints(tmp_path, max_to_keep=1)
  check_equal(checkpoints.restore(make_state(0, side=1000)).state,
              make_state(killed_at, side=1000))
  checkpoints.save(killed_at + 1, make_state(1), {}, {})
  checkpoints.close()
  assert os.listdir(folder) == [str(killed_at + 1)]


def save_in_pair(workdir, port, index):
  jax.distributed.initialize(f'localhost:{port}', 2, int(index))
  said = []
  checkpoints = Checkpoints(workdir, max_to_keep=2, say=said.append)
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
  print(len(said), restored.step, checkpoints.steps())


def test_two_processes(tmp_path):
  with socket.socket() as free:
    free.bind(('localhost', 0))
    port = free.getsockname()[1]
  pair = [start('save_in_pair', tmp_path, port, i, devices=2) for i in (0, 1)]
  for process in pair:
    out, err = process.communicate(timeout=60)
    assert out.splitlines()[-1:] == ['1 2 [2, 3]'], err  # After Gloo's lines.
  assert (tmp_path / 'checkpoints' / 'damaged_3').is_dir()
  restored = Checkpoints(tmp_path).restore(make_state(0))
  check_equal(restored.state, make_state(2))
  assert restored.step == 3


if __name__ == '__main__':
  logging.use_absl_handler()
  logging.set_verbosity(logging.INFO)
  {f.__name__: f for f in (save_once, save_for_ever, save_in_pair)}[
      sys.argv[1]](*sys.argv[2:])
