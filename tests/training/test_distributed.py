"""Two processes of several devices are one job, and one of them may die."""

import json
import operator
import os
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

from conftest import save_untrained
from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import distributed
from pegan_jax.data import dataset, matches
from pegan_jax.generation.generate import generate
from pegan_jax.metrics.evaluate import evaluate
from pegan_jax.runs.checkpoints.store import Checkpoints
from pegan_jax.training.train import train

pytestmark = pytest.mark.usefixtures('traced_once')

_KEYS = ('data_dir', 'image_size', 'width', 'num_blocks', 'batch_size', 'n_critic',
         'num_steps', 'log_every', 'sample_every', 'checkpoint_every',
         'num_samples', 'eval_every', 'gen.learning_rate', 'disc.learning_rate')


def _start(config, workdir, *args, devices=4, name='pegan'):
  """Starts the two processes of a job, with so many devices each."""
  with socket.socket() as s:
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
  args = [*args, *(f'--config.{k}={operator.attrgetter(k)(config)}'
                   for k in _KEYS)]
  return [subprocess.Popen(
      [sys.executable, '-m', 'pegan_jax.main', '--config', name, '--workdir',
       str(workdir), *args, '--distributed', f'--coordinator=127.0.0.1:{port}',
       '--process_count=2', f'--process_id={i}'], stderr=subprocess.PIPE, text=True,
      env=os.environ | {'JAX_NUM_CPU_DEVICES': str(devices)})
          for i in range(2)]


def _finish(processes, timeout=240):
  """Waits: [(status, standard error)]."""
  return [(p.wait(timeout), err) for p, (_, err) in [
      (p, p.communicate(timeout=timeout)) for p in processes]]


def _lines(workdir):
  return [json.loads(x) for x in (workdir / 'metrics.jsonl').read_text().splitlines()]


def _same(a, b):
  for x, y in zip(a, b, strict=True):
    for name in x:
      if not name.startswith('time/'):
        first = x['step'] == 1 and name.startswith('disc/')
        # Adam's first steps are of full size where a gradient is a rounding error.
        rel = 1e-2 if name.endswith('gradient_norm') else 2e-3
        assert x[name] == pytest.approx(
            y[name], rel=1e-5 if first else rel, abs=1e-6 if first else 1e-4
        ), (x['step'], name)


@pytest.fixture
def short(quick):
  """Short steps, so that rounding errors stay small."""
  quick.batch_size = 8
  quick.num_steps = 4
  quick.gen.learning_rate = quick.disc.learning_rate = 1e-5
  return quick


def test_two_processes_equal_one_resume_as_one_and_generate(short, tmp_path):
  config = short
  train(config, tmp_path / 'one')
  config.num_steps = 2
  for (status, err), speaks in zip(
      _finish(_start(config, tmp_path / 'two')), (True, False)):
    assert status == 0, err
    assert ('starting from step 0' in err) == speaks
  config.num_steps = 3
  for status, err in _finish(_start(config, tmp_path / 'two')):
    assert status == 0, err
  config.num_steps = 4
  train(config, tmp_path / 'two')  # And this process alone.
  _same(_lines(tmp_path / 'one'), _lines(tmp_path / 'two'))

  both = tmp_path / 'both'
  for status, err in _finish(_start(
      config, tmp_path / 'two', '--mode=generate', f'--config.generate.out={both}',
      '--config.generate.per_class=3')):
    assert status == 0, err
  alone = generate(config, tmp_path / 'two')
  files = sorted(x.relative_to(alone) for x in alone.rglob('*.png'))
  assert len(files) == 2 * 3
  for name in files:
    a, b = (np.asarray(Image.open(folder / name), int) for folder in (alone, both))
    assert np.abs(a - b).max() <= 1
  assert (alone / 'manifest.csv').read_text() == (both / 'manifest.csv').read_text()


@pytest.mark.usefixtures('blank_charts')
def test_two_processes_evaluate_as_one(short, enough_dir, tmp_path):
  config = short
  config.data_dir = str(enough_dir)
  config.num_steps, config.evaluate.repeats, config.evaluate.count = 1, 4, 4
  save_untrained(config, tmp_path)
  out, reports = evaluate(config, tmp_path), []
  for both in (False, True):
    if both:
      shutil.rmtree(out)
      for (status, err), speaks in zip(_finish(_start(
          config, tmp_path, '--mode=evaluate', '--config.evaluate.repeats=4',
          '--config.evaluate.count=4', devices=1)),
                                       (True, False)):
        assert status == 0, err
    reports.append(json.loads((out / 'report.json').read_text('utf-8')))
  one, two = reports
  assert one['protocol'] == two['protocol'] and len(one['classes']) == 2
  for name, figures in one['classes'].items():
    for figure in ('fid', 'kid'):
      assert two['classes'][name][figure]['value'] == pytest.approx(
          figures[figure]['value'], rel=1e-3, abs=1e-4)


def test_two_processes_match_as_one(short, two_classes_dir, tmp_path):
  """Before anything else, here that there is nothing to generate from."""
  folder = shutil.copytree(two_classes_dir, tmp_path / 'data')
  short.data_dir = str(folder)
  (status, first), (_, second) = _finish(_start(
      short, tmp_path / 'run', '--mode=generate', devices=1, name='pegan_plus'))
  assert status == 2 and 'train first' in first, first
  assert 'matching backgrounds with classes' in first
  assert 'matching' not in second  # Which may have lost the first by then.
  assert matches.load(dataset.load_info(folder), 'train').shape == (20, 2)


def test_a_process_that_dies_ends_the_other_which_says_so(short, tmp_path):
  config = short
  config.num_steps, config.checkpoint_every = 100_000, 1
  config.sample_every = 100_000
  # With more devices a process, Gloo hangs instead of failing, until XLA's watch
  # over the processes ends the program after 30 s, in its own words.
  processes = _start(config, tmp_path, devices=1)
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
