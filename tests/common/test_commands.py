"""What an installation puts beside `python`, as its scripts call it, from any folder."""

import configparser
import os
import pathlib
import signal
import subprocess
import sys

import pytest

import pegan_jax
from pegan_jax.common import commands

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / 'setup.cfg')
SCRIPTS = dict(line.split(' = ') for line in SETUP['options.entry_points'][
    'console_scripts'].strip().splitlines())


def _script(name, folder):
  """Writes the script that pip makes of a command, beside a `configs` of the user's own."""
  module, function = SCRIPTS[name].split(':')
  (folder / 'configs').mkdir(exist_ok=True)
  (folder / 'configs' / '__init__.py').write_text('raise SystemExit(7)')
  script = folder / 'bin' / name
  script.parent.mkdir(exist_ok=True)
  script.write_text(
      f'import sys\nfrom {module} import {function}\nsys.exit({function}())\n')
  return [sys.executable, script]


def _call(name, folder, *arguments):
  return subprocess.run(
      [*_script(name, folder), *arguments], cwd=folder, capture_output=True, text=True,
      env=os.environ | {'PYTHONPATH': str(ROOT)}, check=False)


def test_each_has_its_module():
  assert commands.MODULES.keys() == SCRIPTS.keys()


@pytest.mark.parametrize('name,usage', [
    ('pegan', 'usage: pegan --mode MODE '), ('pegan-build', 'usage: pegan-build [-h]')])
def test_help_is_the_modules_with_its_own_name(name, usage, tmp_path):
  done = _call(name, tmp_path, '--help')
  assert (done.returncode, done.stderr) == (0, '')
  assert done.stdout.startswith(usage)
  of_module = subprocess.run(
      [sys.executable, '-m', commands.MODULES[name], '--help'],
      cwd=ROOT, capture_output=True, text=True, check=True).stdout
  assert done.stdout.split('options:')[1] == of_module.split('options:')[1]


@pytest.mark.parametrize('name', SCRIPTS)
def test_version(name, tmp_path):
  done = _call(name, tmp_path, '--version')
  assert (done.returncode, done.stdout, done.stderr) == (
      0, f'pegan_jax {pegan_jax.__version__}\n', '')


@pytest.mark.parametrize('name,arguments,said', [
    ('pegan', ['--mode=predict', '--nonsense', '--workdir=w'], "'nonsense'"),
    ('pegan', ['--config', 'dcgan:papre', '--workdir=w'],  # Ours, by its name.
     "no scale 'papre': choose paper"),
    ('pegan', ['--mode=train', '--mode=match'], '--mode is given twice; see pegan --help'),
    ('pegan-build', ['--out', 'x', '--nonsense'],
     'unrecognized arguments: --nonsense; see pegan-build --help')])
def test_a_mistake_is_one_sentence(name, arguments, said, tmp_path):
  done = _call(name, tmp_path, *arguments)
  assert (done.returncode, done.stdout) == (2, '')
  assert said in done.stderr and done.stderr.startswith('error: ')
  assert done.stderr.count('\n') == 1


@pytest.mark.parametrize('name', SCRIPTS)
def test_interrupted_while_it_is_loaded(name, tmp_path):
  (tmp_path / 'argparse.py').write_text(
      "import time; print('loading', flush=True)\n"
      "for _ in range(6000): time.sleep(.01)")
  child = subprocess.Popen(
      _script(name, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
      env=os.environ | {'PYTHONPATH': os.pathsep.join([str(tmp_path), str(ROOT)])})
  assert child.stdout.readline() == 'loading\n'
  child.send_signal(signal.SIGINT)
  assert child.communicate(timeout=30) == ('', 'error: interrupted; nothing was begun\n')
  assert child.returncode == 130
