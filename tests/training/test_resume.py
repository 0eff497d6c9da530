"""What a run may be gone on with, and what a kill left undone."""

import os
import shutil

import jax
import numpy as np
import pytest

from conftest import logged, small_config
from data_prep import build
from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.metrics import match
from pegan_jax.runs.checkpoints import reading
from pegan_jax.runs.checkpoints.store import Checkpoints
from pegan_jax.runs.run import Run
from pegan_jax.training import watch
from pegan_jax.training.train import train

pytestmark = pytest.mark.usefixtures('traced_once')


@pytest.fixture
def config(quick):
  return quick


@pytest.fixture
def quickest(two_classes_dir):
  """What compiles soonest, for a program that no other test has."""
  config = small_config('dcgan')
  config.data_dir = str(two_classes_dir)
  return config


# A state that is not finite.


def test_a_state_that_is_not_finite_is_not_saved_and_a_lower_rate_is_taken(
    quickest, tmp_path):
  config = quickest
  config.gen.learning_rate = 1e38
  config.checkpoint_every = 1
  with pytest.raises(UserError, match=(
      r'gen/\S+ has values beyond 1e\+18 at step 1: stopped; the last good checkpoint is '
      r'none in .*, try a lower learning rate')):
    train(config, tmp_path)
  assert Checkpoints(tmp_path).steps() == []
  config.gen.learning_rate = 1e-4
  train(config, tmp_path)
  assert Checkpoints(tmp_path).latest_step() == config.num_steps


def test_a_saved_state_that_is_not_finite_is_gone_back_past(
    config, tmp_path, monkeypatch, capsys):
  run = Run(config, tmp_path)
  state = run.init_state()
  checkpoints = Checkpoints(tmp_path)
  checkpoints.save(1, state, {'batch': 1}, run.saved_config)
  astray = state.replace(ema=jax.tree.map(lambda x: x * np.inf, state.ema))
  with pytest.raises(UserError, match='the last good checkpoint is 1 in'):
    checkpoints.save(2, astray, {'batch': 2}, run.saved_config)
  with monkeypatch.context() as m:  # As before it was looked at.
    m.setattr(reading, 'astray', lambda *_: None)
    checkpoints.save(2, astray, {'batch': 2}, run.saved_config)
    checkpoints.close()
  train(config, tmp_path)
  assert 'checkpoint 2 (ema/' in capsys.readouterr().err
  assert Checkpoints(tmp_path).latest_step() == 4
  assert (tmp_path / 'checkpoints' / 'damaged_2').is_dir()


def test_a_rate_may_change_on_the_way_but_not_once_it_is_done(quickest, tmp_path):
  config = quickest
  config.num_steps = 2
  train(config, tmp_path)
  config.disc.learning_rate /= 2
  with pytest.raises(UserError, match='disc.learning_rate is 0.0001, was 0.0002'):
    train(config, tmp_path)
  config.num_steps = 4
  train(config, tmp_path)
  assert [x['disc/learning_rate'] for x in logged(tmp_path)] == pytest.approx(
      [2e-4, 2e-4, 1e-4, 1e-4])


# Places and processes.


@pytest.mark.parametrize('name', ['a[1]b', 'a*', 'a?', 'a\\b', 'gs:'])
def test_a_path_that_checkpoints_cannot_be_read_back_from(config, tmp_path, name):
  workdir = tmp_path / name / 'run'
  with pytest.raises(UserError, match='cannot be read back: choose another workdir'):
    train(config, workdir)
  assert not (workdir / 'checkpoints').exists()


def test_a_symbolic_link_helps(tmp_path):
  (tmp_path / 'a[1]').mkdir()
  (tmp_path / 'link').symlink_to(tmp_path / 'a[1]')
  state = {'x': np.arange(3.0)}
  checkpoints = Checkpoints(tmp_path / 'link')
  checkpoints.save(1, state, {}, {})
  checkpoints.close()
  restored = Checkpoints(tmp_path / 'link').restore(state)
  np.testing.assert_array_equal(restored.state['x'], state['x'])


def test_one_workdir_has_one_training(config, tmp_path):
  with files.locked(tmp_path, 'training'):
    with pytest.raises(UserError, match=(
        f'another process is training in {tmp_path}: wait for it, or name another '
        '--workdir')):
      train(config, tmp_path)
  assert not list(tmp_path.iterdir())


# The data set.


@pytest.fixture
def own_data(config, two_classes_dir, tmp_path):
  """The session's data set in a folder of its own, which may be changed."""
  shutil.copytree(two_classes_dir, tmp_path / 'data')
  config.data_dir = str(tmp_path / 'data')
  config.num_steps = 2
  return tmp_path / 'data'


def test_a_data_set_is_known_by_its_content(
    config, own_data, two_classes_dir, raw_dir, tmp_path, monkeypatch):
  train(config, tmp_path / 'run')
  own_data.rename(tmp_path / 'moved')
  config.data_dir, config.num_steps = str(tmp_path / 'moved'), 3
  train(config, tmp_path / 'run')
  # The same classes, counts and rules, but other images.
  build.build(defects=two_classes_dir.parent / 'defects', clean=raw_dir / 'clean',
              out=own_data, image_size=32, per_class=6, backgrounds=20, shards=1, seed=1)
  config.data_dir, config.num_steps = str(own_data), 4
  # First of all, which was trained on and which is given; before it is matched.
  monkeypatch.setattr(match, 'ensure', pytest.fail)
  with pytest.raises(UserError, match=(
      rf'^the run in {tmp_path}/run was trained on the data set at {tmp_path}/moved, and '
      rf'the one at {own_data} is given: dataset.content is not what it was; give '
      rf'--config.data_dir={tmp_path}/moved, or start in another workdir$')):
    train(config, tmp_path / 'run')
  shutil.rmtree(tmp_path / 'moved')
  own_data.rename(tmp_path / 'moved')
  config.data_dir = str(tmp_path / 'moved')
  with pytest.raises(UserError, match=(
      rf'^the run in {tmp_path}/run was trained on the data set at {tmp_path}/moved before '
      r'that was changed: dataset.content is not what it was; put that back')):
    train(config, tmp_path / 'run')
  assert Checkpoints(tmp_path / 'run').latest_step() == 3


def test_a_checkpoint_of_before_its_images_were_noted_is_gone_on_with(
    config, tmp_path, capsys):
  run = Run(config, tmp_path)
  del run.saved_config['dataset']['content']
  checkpoints = Checkpoints(tmp_path)
  checkpoints.save(3, run.init_state(), {'batch': 3}, run.saved_config)
  checkpoints.close()
  train(config, tmp_path)
  assert 'does not say which images it was trained on' in capsys.readouterr().err
  assert Checkpoints(tmp_path).latest_step() == 4


@pytest.mark.parametrize('gone', ['sc', 'background'])
def test_a_class_without_training_images_is_said_before_the_first_step(
    config, tmp_path, monkeypatch, gone):
  find = dataset.Records.find
  monkeypatch.setattr(dataset.Records, 'find', lambda self, label: find(self, label)[
      :0 if (Run(config, tmp_path).info.classes + ['background'])[label] == gone
      else None])
  with pytest.raises(UserError, match=f'the train split of .* has no {gone} images'):
    train(config, tmp_path)
  assert not (tmp_path / 'metrics.jsonl').exists()


# What belongs to a step that the run was killed at.


def _stop_evaluation(monkeypatch, at, error):
  whole = watch.Watch.__call__

  def stopping(self, step, state, writer):
    if step == at:
      raise error
    whole(self, step, state, writer)
  monkeypatch.setattr(watch.Watch, '__call__', stopping)


@pytest.mark.usefixtures('pixel_features')
def test_the_checkpoint_comes_before_its_evaluation_which_is_made_up_for(
    config, tmp_path, monkeypatch, capsys):
  """Wherever evaluation ends the run; at 4, the run is done but for that."""
  config.eval_every, config.checkpoint_every = 2, 100
  train(config, tmp_path / 'straight')
  for at in (2, 4):
    with monkeypatch.context() as m:
      _stop_evaluation(m, at, UserError('of no light'))
      with pytest.raises(UserError, match='of no light'):
        train(config, tmp_path / 'stopped')
    assert Checkpoints(tmp_path / 'stopped').latest_step() == at
  train(config, tmp_path / 'stopped')
  capsys.readouterr()

  def timeless(workdir):
    return [{k: v for k, v in line.items() if not k.startswith('time/')}
            for line in logged(workdir)]
  assert timeless(tmp_path / 'stopped') == timeless(tmp_path / 'straight')
  for name in ('samples', 'best'):
    assert os.listdir(tmp_path / 'stopped' / name) == os.listdir(
        tmp_path / 'straight' / name)
  train(config, tmp_path / 'stopped')  # Nothing is left to do.
  assert capsys.readouterr().err == 'already trained to step 4\n'
