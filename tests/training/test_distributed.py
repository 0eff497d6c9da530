"""Two processes of several devices are one job, and one of them may die."""

import json
import operator
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
from PIL import Image
import pytest

from conftest import assert_same_metrics, logged, save_untrained, small_config
from metrics import test_features
from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import distributed
from pegan_jax.data import dataset, matches
from pegan_jax.generation.generate import generate
from pegan_jax.metrics import features
from pegan_jax.metrics.evaluate import evaluate
from pegan_jax.runs.checkpoints.store import Checkpoints
from pegan_jax.training.train import train

pytestmark = pytest.mark.usefixtures('traced_once')

_KEYS = ('data_dir', 'image_size', 'width', 'num_blocks', 'batch_size', 'n_critic',
         'num_steps', 'log_every', 'sample_every', 'checkpoint_every',
         'num_samples', 'eval_every', 'gen.learning_rate', 'disc.learning_rate')


def _start(command, devices):
  """Starts the two processes of a job: command(port, process's number)."""
  with socket.socket() as s:
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
  paths = os.pathsep.join(['.', 'tests'])
  return [subprocess.Popen(
      [sys.executable, *map(str, command(port, i))], stderr=subprocess.PIPE, text=True,
      env=os.environ | {'JAX_NUM_CPU_DEVICES': str(devices), 'PYTHONPATH': paths})
          for i in range(2)]


def _start_command(config, workdir, *args):
  """Starts two processes of the command line, of one device each."""
  settings = [f'--config.{k}={operator.attrgetter(k)(config)}' for k in _KEYS]
  return _start(lambda port, i: [
      '-m', 'pegan_jax.main', '--config', config.method, '--workdir', workdir, *args,
      *settings, '--distributed', f'--coordinator=127.0.0.1:{port}', '--process_count=2',
      f'--process_id={i}'], devices=1)


def _finish(processes, timeout=240):
  """Waits: [(status, standard error)]."""
  return [(p.wait(timeout), err) for p, (_, err) in [
      (p, p.communicate(timeout=timeout)) for p in processes]]


def _short(data_dir):
  """Short steps, so that rounding errors stay small."""
  config = small_config()
  config.data_dir, config.batch_size = str(data_dir), 8
  config.gen.learning_rate = config.disc.learning_rate = 1e-5
  return config


def _to_score(data_dir):
  config = _short(data_dir)
  config.num_steps, config.evaluate.repeats, config.evaluate.count = 1, 4, 4
  return config


@pytest.fixture(scope='module')
def job(two_classes_dir, enough_dir, tmp_path_factory):
  """A folder of what two processes of two devices did, and what each of them said.

  `run` is trained to step 2, resumed, and `generated` from; `scored` is evaluated;
  `data` is matched.
  """
  folder = tmp_path_factory.mktemp('job')
  shutil.copytree(two_classes_dir, folder / 'data')
  save_untrained(_to_score(enough_dir), folder / 'scored')

  def task(mode, workdir, config, **changes):
    return mode, config.method, str(folder / workdir), config.to_dict() | changes

  short, plus = _short(two_classes_dir), small_config('pegan_plus')
  plus.data_dir, plus.batch_size = str(folder / 'data'), 8
  tasks = [task('match', 'none', plus),
           task('train', 'run', short, num_steps=2),
           task('train', 'run', short, num_steps=3),
           task('generate', 'run', short,
                generate=short.generate.to_dict() | {'out': str(folder / 'generated')}),
           task('evaluate', 'scored', _to_score(enough_dir))]
  script = pathlib.Path(__file__).with_name('job.py')
  said = []
  for status, err in _finish(_start(
      lambda port, i: [script, port, i, json.dumps(tasks)], devices=2), timeout=600):
    assert status == 0, err
    said.append(err)
  return folder, *said


def test_two_processes_equal_one_resume_as_one_and_generate(
    job, two_classes_dir, tmp_path):
  folder, first, second = job
  for words in ('starting from step 0', 'resuming from step 2'):
    assert words in first and words not in second
  config = _short(two_classes_dir)
  train(config, tmp_path)
  shutil.copytree(folder / 'run', tmp_path / 'both')
  train(config, tmp_path / 'both')  # And this process alone, from step 3.
  assert_same_metrics(logged(tmp_path), logged(tmp_path / 'both'))

  config.num_steps = 3
  alone = generate(config, folder / 'run')
  files = sorted(x.relative_to(alone) for x in alone.rglob('*.png'))
  assert len(files) == 2 * 3
  both = folder / 'generated'
  for name in files:
    a, b = (np.asarray(Image.open(x / name), int) for x in (alone, both))
    assert np.abs(a - b).max() <= 1
  assert (alone / 'manifest.csv').read_text() == (both / 'manifest.csv').read_text()


@pytest.mark.usefixtures('blank_charts')
def test_two_processes_evaluate_as_one(job, enough_dir, monkeypatch):
  monkeypatch.setattr(features, 'load', test_features.tiny)
  config, workdir = _to_score(enough_dir), job[0] / 'scored'
  two = json.loads((workdir / 'evaluation' / '1' / 'report.json').read_text('utf-8'))
  shutil.rmtree(workdir / 'evaluation')
  one = json.loads((evaluate(config, workdir) / 'report.json').read_text('utf-8'))
  assert one['protocol'] == two['protocol'] and len(one['classes']) == 2
  for name, figures in one['classes'].items():
    for figure in ('fid', 'kid'):
      assert two['classes'][name][figure]['value'] == pytest.approx(
          figures[figure]['value'], rel=1e-3, abs=1e-4)


def test_two_processes_match_once_and_one_speaks(job):
  folder, first, second = job
  assert 'matching backgrounds with classes' in first
  assert 'matching' not in second
  assert matches.load(dataset.load_info(folder / 'data'), 'train').shape == (20, 2)


def test_a_mistake_ends_both_processes(two_classes_dir, tmp_path):
  (status, first), _ = _finish(_start_command(  # The other may lose the first and say so.
      _short(two_classes_dir), tmp_path, '--mode=generate'))
  assert status == 2 and 'train first' in first, first


def test_a_process_that_dies_ends_the_other_which_says_so(two_classes_dir, tmp_path):
  config = _short(two_classes_dir)
  config.num_steps, config.checkpoint_every = 100_000, 1
  config.sample_every = 100_000
  # With more devices a process, Gloo hangs instead of failing, until XLA's watch
  # over the processes ends the program after 30 s, in its own words.
  processes = _start_command(config, tmp_path)
  checkpoints = Checkpoints(tmp_path)
  deadline = time.time() + 200
  while not checkpoints.steps() and time.time() < deadline:
    time.sleep(0.2)
  assert checkpoints.steps()
  processes[1].send_signal(signal.SIGKILL)
  killed = time.time()
  (status, err), _ = _finish(processes, 60)
  assert time.time() - killed < 60
  assert status == 1, err
  assert 'another process of the job is gone' in err
  config.num_steps = checkpoints.steps()[-1] + 1
  config.sample_every = 1
  train(config, tmp_path)
  assert checkpoints.steps()[-1] == config.num_steps


@pytest.mark.parametrize('error,lost', [
    (ValueError('UNKNOWN: Gloo AllGather failed: Connection reset by peer'), True),
    (jax.errors.JaxRuntimeError('UNAVAILABLE: it is gone'), True),
    (ValueError('Error writing: the disk is full'), False),
    (OSError(28, 'No space left on device'), False)])
def test_a_failed_save_is_told_from_a_lost_process(error, lost, monkeypatch):
  monkeypatch.setattr(jax, 'process_count', lambda: 2)
  wrapped = UserError('cannot write checkpoint 2')
  wrapped.__cause__ = error
  assert distributed.lost_process(wrapped) is (error if lost else None)
  monkeypatch.setattr(jax, 'process_count', lambda: 1)
  assert distributed.lost_process(wrapped) is None


@pytest.mark.parametrize('args,words', [
    ((None, None, None), 'name them with --coordinator'),
    (('127.0.0.1:1', 2, 2), 'cannot join')])
def test_what_does_not_make_a_job(args, words):
  with pytest.raises(UserError, match=words):
    distributed.start(*args)
