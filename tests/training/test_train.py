"""The whole loop: files, resume bit for bit, signals, and what goes wrong."""

import collections
import json
import os
import signal
import subprocess
import sys
import time
from unittest import mock

import jax
import numpy as np
from PIL import Image
import pytest

from conftest import logged, small_config
from pegan_jax.common.errors import Interrupted, UserError
from pegan_jax.runs.checkpoints.store import Checkpoints
from pegan_jax.runs.run import Run
from pegan_jax.training import train as train_lib
from pegan_jax.training.train import _Training, train

pytestmark = pytest.mark.usefixtures('traced_once')


def _final(config, workdir):
  run = Run(config, workdir)
  checkpoints = Checkpoints(workdir)
  restored = checkpoints.restore(run.state_template())
  checkpoints.close()
  return restored


def _same(a, b):
  for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
    if jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key):
      x, y = jax.random.key_data(x), jax.random.key_data(y)
    np.testing.assert_array_equal(x, y)


@pytest.fixture
def config(quick):
  return quick


@pytest.fixture(scope='module')
def straight(tmp_path_factory, two_classes_dir):
  """A run of six steps without a stop: its config and its workdir."""
  config = small_config()
  config.data_dir = str(two_classes_dir)
  config.num_steps = 6
  workdir = tmp_path_factory.mktemp('straight')
  train(config, workdir)
  return config, workdir


def test_a_run_writes_what_it_promises(straight):
  config, workdir = straight
  lines = logged(workdir)
  assert [line['step'] for line in lines] == [1, 2, 3, 4, 5, 6]
  for name in ('disc/adv', 'disc/wasserstein', 'disc/gradient_penalty',
               'disc/cls_real', 'disc/gradient_norm', 'gen/adv',
               'gen/cls_fake_production', 'gen/rec_elimination',
               'gen/gradient_norm', 'gen/learning_rate', 'disc/learning_rate',
               'time/images_per_second', 'time/seconds_per_step',
               'time/input_share'):
    assert np.isfinite(lines[-1][name]), name
  assert lines[0]['disc/wasserstein'] == -lines[0]['disc/adv']
  assert json.loads((workdir / 'config.json').read_text())['batch_size'] == 4
  assert Checkpoints(workdir).steps() == [2, 4, 6]
  steps = 1, 2, 4, 6  # One soon, with the first metrics.
  assert sorted({int(p.name.partition('_')[0]) for p in (workdir / 'samples').iterdir()}
                ) == list(steps)
  for step in steps:
    for kind, columns in (('production', 3), ('elimination', 3)):
      with Image.open(
          workdir / 'samples' / f'{step:07d}_{kind}.png') as sheet:
        assert sheet.width >= columns * 64
  assert list((workdir / 'tensorboard').glob('events.out.tfevents.*'))


def test_the_reported_rates_fall_with_the_steps(config):
  """The discriminator's over its own updates, two to a step."""
  config.num_steps, config.n_critic = 4, 2
  config.gen.decay_fraction = config.disc.decay_fraction = 1.0
  config.gen.learning_rate = config.disc.learning_rate = 1.0
  told, window = mock.Mock(), mock.Mock()
  window.summary.side_effect = lambda _: collections.defaultdict(float)
  training = _Training(mock.Mock(config=config), None, None, told, mock.Mock(), None, None)
  for done in (1, 3):
    training._report(done, 1, window)  # pylint: disable=protected-access
  assert [(c.args[1]['gen/learning_rate'], c.args[1]['disc/learning_rate'])
          for c in told.write_scalars.call_args_list] == [(1, 1), (0.5, 0.5)]


def test_tensorboard_has_the_scalars_the_images_and_the_config(straight):
  from tensorboardX.proto import event_pb2
  _, workdir = straight
  path, = (workdir / 'tensorboard').glob('events.out.tfevents.*')
  raw, events = path.read_bytes(), []
  while raw:  # A record is its length, a checksum, the event, a checksum.
    length = int.from_bytes(raw[:8], 'little')
    events.append(event_pb2.Event.FromString(raw[12:12 + length]))
    raw = raw[16 + length:]
  tags = {v.tag for e in events for v in e.summary.value}
  assert {'gen/adv', 'production', 'elimination'} <= tags
  assert any('config' in tag for tag in tags)
  losses = {e.step: v.simple_value for e in events for v in e.summary.value
            if v.tag == 'disc/loss'}
  for line in logged(workdir):
    assert losses[line['step']] == pytest.approx(line['disc/loss'], rel=1e-6)


def test_resumed_equals_uninterrupted_bit_for_bit(
    config, straight, tmp_path, traced_once):
  config.checkpoint_every = config.sample_every = 100
  config.num_steps = 3
  train(config, tmp_path)
  # The last step always saves.
  assert Checkpoints(tmp_path).steps() == [3]
  config.num_steps = 6
  traced_once.clear()  # As in another process.
  train(config, tmp_path)
  a, b = _final(config, straight[1]), _final(config, tmp_path)
  assert (a.step, a.position) == (b.step, b.position) == (6, {'batch': 6})
  _same(a.state, b.state)
  timeless = lambda line: {
      k: v for k, v in line.items() if not k.startswith('time/')}
  for x, y in zip(logged(straight[1]), logged(tmp_path), strict=True):
    assert timeless(x) == timeless(y)


def test_a_finished_run_is_left_alone(straight):
  config, workdir = straight
  before = (workdir / 'metrics.jsonl').read_text()
  train(config, workdir)
  assert (workdir / 'metrics.jsonl').read_text() == before


def test_another_config_is_refused_by_key(straight):
  config, workdir = straight
  config = config.copy_and_resolve_references()
  config.num_steps = 8
  config.lambda_rec = 1.0
  with pytest.raises(UserError, match='lambda_rec is 1.0, was 10.0'):
    train(config, workdir)


def test_the_silence_of_a_compilation_is_told_before_it(
    config, tmp_path, monkeypatch, capsys):
  config.num_steps = 1
  jit, said = jax.jit, []

  def watched(function, **kwargs):
    if kwargs == {'donate_argnums': 0}:  # The step's.
      class Step:
        def lower(self, *args):
          said.append(capsys.readouterr().err)
          return jit(function, **kwargs).lower(*args)
      return Step()
    return jit(function, **kwargs)

  monkeypatch.setattr(train_lib.jax, 'jit', watched)
  train(config, tmp_path)
  assert len(said) == 1 and said[0].splitlines()[-1].startswith('compiling the step')
  assert 'compiling' not in (err := capsys.readouterr().err) and 'first step after' in err
  train(config, tmp_path)  # Done: nothing to compile, nothing to tell.
  assert 'compiling' not in capsys.readouterr().err


def test_damaged_newest_checkpoint_falls_back(straight, tmp_path, capsys):
  import shutil
  config, workdir = straight
  shutil.copytree(workdir, tmp_path / 'w')
  folder = tmp_path / 'w' / 'checkpoints' / '6'
  for path in folder.rglob('d/*'):  # the arrays
    path.write_bytes(path.read_bytes()[:-100])
  train(config, tmp_path / 'w')
  err = capsys.readouterr().err
  assert 'checkpoint 6' in err and 'checkpoint 4' in err
  _same(_final(config, workdir).state, _final(config, tmp_path / 'w').state)
  assert (tmp_path / 'w' / 'checkpoints' / 'damaged_6').is_dir()


def test_a_loss_that_is_not_finite_stops_the_run(straight, tmp_path):
  config, _ = straight
  config = config.copy_and_resolve_references()
  config.disc.learning_rate = 1e30
  config.checkpoint_every = 1
  with pytest.raises(UserError, match=r'(disc|gen)/\w+ is .* at step [12]: '
                                      r'stopped.*checkpoint is') as e:
    train(config, tmp_path)
  for step in Checkpoints(tmp_path).steps():
    assert f'checkpoint is {step}' in str(e.value)


@pytest.mark.parametrize('key,value,words', [
    ('image_size', 48, 'multiple of 32'),
    ('batch_size', 0, 'at least 1'),
    ('dtype', 'float16', 'float32 or bfloat16'),
    ('ema_decay', 1.0, r'\[0, 1\)'),
    ('width', 0.001, 'no filters'),
    ('width', float('nan'), 'width is nan: it must be above 0'),
    ('gen.beta1', 1.5, r'^gen.beta1 is 1.5: it must be in \[0, 1\)'),
    ('seed', -1, '^seed is -1: it must be a whole number'),
    ('seed', 2**31, 'seed is 2147483648'),
    ('evaluate.seed', -1, 'evaluate.seed is -1'),
    ('generate.seed', 2**40, 'generate.seed is 1099511627776'),
    ('gen.learning_rate', -1.0, 'gen.learning_rate is -1.0'),
    ('disc.decay_fraction', 2.0, 'disc.decay_fraction is 2.0'),
    ('num_blocks', -1, 'num_blocks is -1'),
    ('method', 'pix2pix', 'no method'),
    ('data_dir', '/nowhere', 'data_prep.build'),
    ('writer', 'wandb', 'tensorboardx or clu'),
])
def test_bad_config_is_one_sentence(config, tmp_path, key, value, words):
  config.update_from_flattened_dict({key: value})
  with pytest.raises(UserError, match=words) as e:
    train(config, tmp_path)
  assert '\n' not in str(e.value)


def _start(config, workdir, steps):
  """The same run as a program, in its own process."""
  command = [
      sys.executable, '-m', 'pegan_jax.main', '--config', 'configs/pegan.py',
      '--workdir', str(workdir), f'--config.num_steps={steps}']
  command += [f'--config.{k}={config[k]}' for k in (
      'data_dir', 'image_size', 'width', 'num_blocks', 'batch_size', 'n_critic',
      'log_every', 'sample_every', 'checkpoint_every', 'num_samples',
      'eval_every')]
  return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _wait_for_lines(workdir, count, process):
  path = workdir / 'metrics.jsonl'
  for _ in range(1200):
    if path.exists() and path.read_text().count('\n') >= count:
      return
    assert process.poll() is None, process.stderr.read()
    time.sleep(0.1)
  raise AssertionError('the run did not start')


def test_a_signal_saves_and_exits(config, tmp_path):
  config.checkpoint_every = 100_000
  config.sample_every = 100_000
  process = _start(config, tmp_path, 50_000)
  _wait_for_lines(tmp_path, 3, process)
  process.send_signal(signal.SIGTERM)
  _, err = process.communicate(timeout=60)
  assert process.returncode == 128 + signal.SIGTERM
  step, = Checkpoints(tmp_path).steps()
  assert f'saved step {step}' in err and 'Traceback' not in err
  assert logged(tmp_path)[-1]['step'] == step
  assert not (tmp_path / '.lock').exists()


@pytest.mark.parametrize('signum', [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_every_signal_saves_where_it_comes(config, tmp_path, monkeypatch, capsys, signum):
  config.checkpoint_every = config.sample_every = config.num_steps = 100
  report, before = _Training._report, signal.getsignal(signum)
  monkeypatch.setattr(_Training, '_report', lambda self, done, *args: (
      report(self, done, *args), done == 3 and os.kill(os.getpid(), signum)))
  with pytest.raises(Interrupted) as error:
    train(config, tmp_path)
  step, = Checkpoints(tmp_path).steps()
  assert error.value.signum == signum and 3 <= step <= 5
  assert f'stopped by {signum.name}: saved step {step}' in capsys.readouterr().err
  assert logged(tmp_path)[-1]['step'] == step
  assert not (tmp_path / '.lock').exists() and signal.getsignal(signum) == before


def test_a_signal_before_the_first_step_ends_at_once_and_without_a_crash(
    config, tmp_path):
  process = _start(config, tmp_path, 50_000)
  while not (tmp_path / 'tensorboard').exists():  # It compiles soon.
    assert process.poll() is None, process.stderr.read()
    time.sleep(0.05)
  process.send_signal(signal.SIGTERM)
  _, err = process.communicate(timeout=60)
  assert process.returncode == 128 + signal.SIGTERM
  assert 'stopped by SIGTERM' in err and 'Fatal' not in err
  assert not (tmp_path / '.lock').exists()


def test_killed_at_once_resumes_from_the_last_whole_checkpoint(
    config, tmp_path, straight):
  config.checkpoint_every = 1
  process = _start(config, tmp_path, 50_000)
  _wait_for_lines(tmp_path, 5, process)
  os.kill(process.pid, signal.SIGKILL)
  process.communicate()
  step = Checkpoints(tmp_path).latest_step()
  assert step and step >= 3
  with (tmp_path / 'metrics.jsonl').open('a') as f:
    f.write('{"step": 1000000, "cut sh')
  config.num_steps = step + 1
  train(config, tmp_path)
  assert _final(config, tmp_path).step == step + 1
  assert [line['step'] for line in logged(tmp_path)] == list(
      range(1, step + 2))
  if step < 6:
    return
  straight_lines = logged(straight[1])
  assert logged(tmp_path)[0]['disc/loss'] == straight_lines[0]['disc/loss']


def test_a_full_disk_while_saving_is_one_sentence(
    config, tmp_path, monkeypatch):
  import errno
  from pegan_jax.runs.checkpoints import store

  def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

  monkeypatch.setattr(store.ocp.CheckpointManager, 'save', full)
  before = signal.getsignal(signal.SIGTERM)
  with pytest.raises(UserError, match='disk is full') as e:
    train(config, tmp_path)
  assert '\n' not in str(e.value)
  assert signal.getsignal(signal.SIGTERM) == before
