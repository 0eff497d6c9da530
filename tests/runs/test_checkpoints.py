"""Checkpoints come back bit for bit, or say in one sentence why not."""

import os
import pathlib
import re
import shutil
import time

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, NamedSharding, PartitionSpec
import numpy as np
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints import fit, reading
from pegan_jax.runs.checkpoints.store import Checkpoints
from saved_states import abstract, array_file, check_equal, CONFIG, files, flip
from saved_states import make_state, meta_file, save_steps, truncate, zero

# What Orbax leaves pending when it fails must not print tracebacks.
pytestmark = pytest.mark.filterwarnings(
    'error::pytest.PytestUnraisableExceptionWarning')


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


@pytest.mark.parametrize('find', [array_file, meta_file])
@pytest.mark.parametrize('damage', [truncate, zero, flip, pathlib.Path.unlink])
def test_damaged_newest_falls_back(tmp_path, capfd, find, damage):
  save_steps(tmp_path, 10, 20)
  damage(find(tmp_path, 20))
  checkpoints = Checkpoints(tmp_path)
  restored = checkpoints.restore(make_state(0), CONFIG)
  check_equal(restored.state, make_state(10))
  assert restored.step == 10 and restored.position == {'next': 10}
  assert checkpoints.steps() == [10]
  time.sleep(.05)  # Late callbacks of the failed read would print here.
  out, said = capfd.readouterr()
  assert out == '' and said.count('\n') == 1 and 'checkpoint 20 (' in said
  assert said.endswith('back to checkpoint 10\n')


@pytest.mark.parametrize('pattern, other', [
    ('"next": 20', '"next": 21'), ('"step": 20', '"step": 10'), ('{.*}', '[]'),
    ('"crc32": [0-9]*}$', '"crc32": null}')])
def test_valid_json_that_was_not_written_is_damage(tmp_path, pattern, other):
  save_steps(tmp_path, 10, 20)
  meta = meta_file(tmp_path, 20)
  changed = re.sub(pattern, other, meta.read_text())
  assert changed != meta.read_text()
  meta.write_text(changed)
  assert Checkpoints(tmp_path).restore(make_state(0)).step == 10


def test_damaged_step_can_be_saved_again_and_is_kept(tmp_path):
  for again in range(2):
    save_steps(tmp_path, 10, 20)
    flip(array_file(tmp_path, 20))
    damaged = array_file(tmp_path, 20).read_bytes()
    checkpoints = Checkpoints(tmp_path)
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
  with pytest.raises(UserError, match=r'no usable checkpoint in .*checkpoint '
                     r'20 \(.*checkpoint 10 \(.*move the folder away'):
    Checkpoints(tmp_path).restore(make_state(0), CONFIG)
  assert files(tmp_path) == before


# What does not fit.


def test_config_that_does_not_fit_names_keys_and_both_values(tmp_path, capsys):
  save_steps(tmp_path, 10, 20)
  config = {'batch_size': 32, 'gen': {'width': 64, 'cut': (1, 3)}, 'new': None}
  with pytest.raises(UserError) as error:
    Checkpoints(tmp_path).restore({'other': 1}, config)
  message = str(error.value)
  assert 'batch_size is 32, was 16' in message
  assert 'gen.cut is [1, 3], was [1, 2]' in message
  assert 'new is null, was not set' in message
  assert 'width' not in message and 'num_steps' not in message
  assert message.endswith('; give --config.batch_size=16 --config.gen.cut=1,2, put the '
                          'rest back, or start in another workdir')
  assert '\n' not in message
  assert capsys.readouterr().err == ''  # It is not damaged.


def test_the_flags_that_a_checkpoint_needs_are_there_to_paste():
  """All of them, and in a shell's words."""
  saved = {'rate': 1e-4, 'width': 0.5, 'flip': False, 'words': 'a b', 'none': None,
           'sizes': [1.5, 2], 'lost': 1, 'more': {'x': 1, 'y': 2}, 'same': 3,
           'dataset': {'content': 'a'}}
  now = {'rate': 1e-3, 'width': 1.0, 'flip': True, 'words': '', 'none': 1,
         'sizes': (1.5, 3), 'more': {'x': 2, 'y': 2}, 'same': 3}
  def refused(**changes):
    with pytest.raises(UserError) as error:
      fit.check_config('F', now | changes, saved)
    return str(error.value).split('; ')[1]
  flags = ("give --config.flip=false --config.more.x=1 --config.rate=0.0001 "
           "--config.sizes=1.5,2 --config.width=0.5 --config.words='a b', ")
  assert refused() == f'{flags}put the rest back, or start in another workdir'
  rest = {'none': None, 'lost': 1, 'dataset': {'content': 'a'}}
  assert refused(**rest) == f'{flags}or start in another workdir'
  assert refused(**saved | {'none': 1}) == 'put that back, or start in another workdir'


def test_the_flags_to_go_on_with_hold_what_may_change_as_well():
  saved = {'width': 0.25, 'num_steps': 120, 'gen': {'learning_rate': 4e-4}, 'log_every': 9}
  now = {'width': 1.0, 'num_steps': 20_000, 'gen': {'learning_rate': 1e-4}, 'log_every': 1}
  with pytest.raises(UserError, match='give --config.width=0.25 --config.gen.learning_rate='
                     '0.0004 --config.num_steps=120, or start'):
    fit.check_config('F', now, saved, fit.FREE_KEYS | fit.RATES)
  fit.check_config('F', now | {'width': 0.25}, saved, fit.FREE_KEYS | fit.RATES)


def test_of_another_data_set_the_areas_of_its_classes_are_not_listed():
  def config(name):
    return {'data_dir': f'/{name}', 'dataset': {
        'content': name, 'metadata': {'areas': {name: [0, 1]}, 'window': 64}}}
  with pytest.raises(UserError) as error:
    fit.check_config('/run/checkpoints/3', config('a'), config('b'))
  assert str(error.value) == (
      'the run in /run was trained on the data set at /b, and the one at /a is given: '
      'dataset.content is "a", was "b"; give --config.data_dir=/b, or start in another '
      'workdir')


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
def test_model_that_does_not_fit(tmp_path, capsys, key, value, message):
  save_steps(tmp_path, 10, 20)
  template = make_state(0)
  template.gen[key] = value
  with pytest.raises(UserError, match=message):
    Checkpoints(tmp_path).restore(template, CONFIG)
  assert capsys.readouterr().err == ''  # It is not damaged.


def test_what_may_not_be_read_is_not_damaged(tmp_path, monkeypatch):
  """Orbax says of a folder that is closed to it that it is not there."""
  save_steps(tmp_path, 1, 2)
  state = tmp_path / 'checkpoints' / '2' / 'state'
  (state / 'd').rename(tmp_path / 'kept')
  access = os.access
  monkeypatch.setattr(os, 'access', lambda path, mode: (
      str(path) != str(state) and access(path, mode)))
  with pytest.raises(UserError, match='2/state: permission denied'):
    Checkpoints(tmp_path).restore(make_state(0))
  assert sorted(os.listdir(tmp_path / 'checkpoints')) == ['1', '2']


@pytest.mark.parametrize('name', ['010', '04', '٩'])
def test_a_folder_that_is_no_steps_own_name_is_passed_over(tmp_path, name):
  save_steps(tmp_path, 1)
  (tmp_path / 'checkpoints' / name).mkdir()
  save_steps(tmp_path, 2)
  assert Checkpoints(tmp_path).steps() == [1, 2]
  check_equal(Checkpoints(tmp_path).restore(make_state(0)).state, make_state(2))


def test_a_reader_follows_a_run_that_goes_on(tmp_path, monkeypatch):
  """The one step there is is deleted while it is read, and a newer one is whole."""
  save_steps(tmp_path, 1)
  reader, said = Checkpoints(tmp_path), []
  reader._say = said.append
  read = reading.read

  def meanwhile(folder, *args):
    if folder.name == '1':
      save_steps(tmp_path, 2)
      shutil.rmtree(folder)
    return read(folder, *args)
  monkeypatch.setattr(reading, 'read', meanwhile)
  assert reader.restore(make_state(0)).step == 2 and not said
