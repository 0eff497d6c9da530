"""What every command shares: its streams, its encoding, its errors."""

import errno
import os
import pathlib
import re
import signal
import subprocess
import sys

import jax
import pytest

import pegan_jax
from pegan_jax.common import command_line
from pegan_jax.common.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOORS = ['pegan_jax.main', 'pegan_jax.metrics', 'data_prep.build', 'data_prep.synthetic']

# A command that says something, writes a file and says something again.
_SCRIPT = r'''
import os, sys
from pegan_jax.common import command_line
def action():
  print('first', file=sys.stderr, flush=True)
  print('\xb1 first', flush=True)
  with open('out', 'wb', buffering=0) as f:
    assert f.fileno() > 2
    os.write(2, b'from C++')
    f.write(b'whole')
  print('last \xb1')
sys.exit(command_line.run(action, 'nothing was written', 'the size'))
'''


def _shell(redirect, folder, env=()):
  """Runs the script under a shell: (its status, output and error together)."""
  done = subprocess.run(
      # It starts when who would read is gone, also on a busy machine.
      ['bash', '-c', f'{{ sleep 0.5; "$0" -c "$1"; }} {redirect}; '
                     'exit ${PIPESTATUS[0]}',
       sys.executable, _SCRIPT], cwd=folder, capture_output=True,
      env={**os.environ, 'PYTHONPATH': str(ROOT), **dict(env)})
  return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize('redirect,status,said', [
    ('2>&-', 0, '± first\nlast ±\n'),
    ('>&-', 0, 'first\nfrom C++'),
    ('<&- >&- 2>&-', 0, ''),
    ('| true', 141, 'first\nfrom C++'),
    ('2>&1 | true', 141, '')])
def test_streams_that_nobody_reads(redirect, status, said, tmp_path):
  """The work is done, the file is only the file's, and nothing else is said."""
  code, out = _shell(redirect, tmp_path)
  assert code == status
  assert (tmp_path / 'out').read_bytes() == b'whole'
  assert out.decode() == said


@pytest.mark.parametrize('module', DOORS)
def test_every_door_is_this_one(module):
  """Nobody reads its help, then nothing can be said, then names would be lost."""
  def shell(text, **env):
    return subprocess.run(['bash', '-c', text, sys.executable, module], cwd=ROOT,
                          capture_output=True, env=os.environ | env)
  done = shell('"$0" -m $1 --help | true; exit ${PIPESTATUS[0]}')
  assert (done.returncode, done.stderr) == (141, b'')
  assert shell('"$0" -m $1 --nonsense >&- 2>&-').returncode == 2
  done = shell('"$0" -m $1 --nonsense 2>&1 | true; exit ${PIPESTATUS[0]}')
  assert done.returncode == 2  # That it failed says more than that nobody listens.
  done = shell('"$0" -m $1 --nonsense', LC_ALL='C', PYTHONUTF8='0',
               PYTHONCOERCECLOCALE='0')
  assert done.returncode == 2 and done.stderr.count(b'\n') == 1
  assert b'PYTHONUTF8=1' in done.stderr


@pytest.mark.parametrize('module', DOORS)
def test_the_version_of_every_door_loads_nothing_slow(module):
  done = subprocess.run([sys.executable, '-X', 'importtime', '-m', module, '--version'],
                        cwd=ROOT, capture_output=True, text=True, check=True)
  assert done.stdout == f'pegan_jax {pegan_jax.__version__}\n'
  loaded = set(re.findall(r'\| +([a-z_]+)$', done.stderr, re.MULTILINE))
  assert 'pegan_jax' in loaded
  assert not loaded & {'jax', 'flax', 'matplotlib', 'tensorflow_datasets'}


@pytest.mark.parametrize('module', DOORS)
def test_interrupted_while_it_is_loaded(module, tmp_path):
  """Also in a library that ignores it."""
  (tmp_path / 'argparse.py').write_text(
      "import time; print('loading', flush=True)\n"
      "try:\n  for _ in range(6000): time.sleep(.01)\n"
      "except BaseException: print('lost')")
  child = subprocess.Popen(
      [sys.executable, '-m', module, '--help'], stdout=subprocess.PIPE,
      stderr=subprocess.PIPE, text=True, env=os.environ | {
          'PYTHONPATH': os.pathsep.join([str(ROOT), str(tmp_path)])}, cwd=ROOT)
  assert child.stdout.readline() == 'loading\n'
  child.send_signal(signal.SIGINT)
  assert child.communicate(timeout=30) == ('', 'error: interrupted; nothing was begun\n')
  assert child.returncode == 130


_LOADING = '''
import signal, sys, time
from pegan_jax.common import command_line
def action():
  before = signal.getsignal(signal.SIGTERM)
  with command_line.loading():
    pass
  assert signal.getsignal(signal.SIGTERM) == before
  with command_line.loading():
    try:
      print('loading', flush=True)
      for _ in range(6000):
        time.sleep(0.01)
    except BaseException:
      print('crash')
sys.exit(command_line.run(action, 'all is kept', 'the size'))
'''


@pytest.mark.parametrize('sent, said', [
    (signal.SIGINT, 'error: interrupted; nothing was begun\n'), (signal.SIGTERM, '')])
def test_nothing_is_raised_in_libraries_that_are_loaded(sent, said):
  child = subprocess.Popen(
      [sys.executable, '-c', _LOADING], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
      text=True, env=os.environ | {'PYTHONPATH': str(ROOT)})
  assert child.stdout.readline() == 'loading\n'
  child.send_signal(sent)
  assert child.communicate(timeout=30) == ('', said)
  assert child.returncode == 128 + sent


# As JAX has one: what is raised in there is told as ignored. A thread's start lasts, as
# on a busy machine; work waits for little at a time, as a signal that comes just before
# a system call does not wake it.
_CALLBACK = '''
import gc, os, sys, threading, time
from pegan_jax.common import command_line
start = threading.Thread.start
threading.Thread.start = lambda thread: (start(thread), time.sleep(0.2))
def work():
  for _ in range(6000):
    time.sleep(0.01)
def callback(phase, info):
  gc.callbacks.clear()
  os.kill(os.getpid(), int(sys.argv[1]))
  work()
def action():
  gc.callbacks.append(callback)
  gc.collect()
  work()
sys.exit(command_line.run(action, 'all is kept', 'the size'))
'''


@pytest.mark.parametrize('sent, said', [
    (signal.SIGINT, 'error: interrupted; all is kept\n'), (signal.SIGTERM, '')])
def test_no_signal_is_lost_in_a_callback(sent, said):
  done = subprocess.run(
      [sys.executable, '-c', _CALLBACK, str(int(sent))], capture_output=True, text=True,
      timeout=30, check=False, env=os.environ | {'PYTHONPATH': str(ROOT)})
  assert (done.returncode, done.stderr) == (128 + sent, said)


def test_a_flag_given_twice_is_refused():
  parser = command_line.Parser(prog='x')
  parser.add_argument('--images', '--frames')
  parser.add_argument('--kinds', nargs='+')
  assert parser.parse_args(['--images', 'a', '--kinds', 'b', 'c']).kinds == ['b', 'c']
  for arguments, said in (
      (['--images', 'a', '--images=b'], '--images is given twice; see'),
      (['--kinds', 'b', '--images', 'a', '--kinds=c d', 'e'],
       "--kinds is given twice: write --kinds b 'c d' e; see"),
      (['--frames', 'a', '--images', 'b'], '--frames and --images are one flag')):
    with pytest.raises(UserError, match=said):
      parser.parse_args(arguments)


def test_the_folder_of_what_a_pattern_gives_is_named(tmp_path, monkeypatch):
  (tmp_path / 'a set').mkdir()
  for name in ('1.png', '2.png'):
    (tmp_path / 'a set' / name).touch()
  monkeypatch.chdir(tmp_path)
  parser = command_line.Parser(prog='x')
  parser.add_argument('--images')
  parser.add_argument('--seed')
  for files, folder in (
      (['a set/1.png', 'a set/2.png'], "'a set'"), (['a set', './a set'], '.')):
    with pytest.raises(UserError) as error:
      parser.parse_args(['--seed', '1', '--images', *files])
    assert str(error.value).startswith(
        f'--images takes one folder, and 2 paths follow it, as a shell makes of *: write '
        f'--images {folder}; see')
  (tmp_path / 'b').mkdir()
  for files in (['a set/1.png', 'b'], ['a set', 'a set']):
    with pytest.raises(UserError, match='put them below one folder, and name that; see'):
      parser.parse_args(['--images', *files])
  with pytest.raises(UserError, match='unrecognized arguments: other; see'):
    parser.parse_args(['--images', 'a set/1.png', 'other'])


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full')
def test_a_full_disk_under_the_output(tmp_path):
  code, out = _shell('> /dev/full', tmp_path)
  assert code == 2 and (tmp_path / 'out').read_bytes() == b'whole'
  assert out.decode().endswith(
      'error: cannot write to standard output: No space left on device\n')


def test_signs_that_a_terminal_lacks_are_spelt(tmp_path):
  code, out = _shell('', tmp_path, {'PYTHONIOENCODING': 'ascii'}.items())
  assert code == 0
  assert out == b'\\xb1 first\nlast \\xb1\nfirst\nfrom C++'


def test_names_beyond_ascii_are_not_lost_in_silence(tmp_path):
  locale = {'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'}
  code, out = _shell('', tmp_path, locale.items())
  assert code == 2 and not (tmp_path / 'out').exists()
  assert out.startswith(b'error: ') and out.count(b'\n') == 1
  assert b'set PYTHONUTF8=1' in out
  code, _ = _shell('', tmp_path, (locale | {'PYTHONUTF8': '1'}).items())
  assert code == 0


def _chained(error, cause):
  error.__cause__ = cause
  return error


@pytest.mark.parametrize('error,said', [
    (UserError('too\nlarge'), 'too large'),
    (FileNotFoundError(2, 'No such file or directory', '/a/b'),
     '/a/b: No such file or directory'),
    (OSError(errno.ENOSPC, 'No space left on device'),
     'cannot write: No space left on device'),
    (OSError(errno.ENOSPC, 'No space left on device', '/a'),
     'cannot write /a: No space left on device'),
    (OSError('something odd'), 'something odd'),
    (OSError(), 'it cannot be read or written'),
    (MemoryError(), 'there is not enough memory: lower the size'),
    (OSError(errno.ENOMEM, 'Cannot allocate memory'),
     'there is not enough memory: lower the size'),
    (jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: Out of memory allocating 9'),
     'there is not enough memory: lower the size'),
    (_chained(UserError('the data set cannot be opened'), MemoryError()),
     'there is not enough memory: lower the size'),
    (_chained(UserError('cannot write x: the disk is full'),
              jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: No space left')),
     'cannot write x: the disk is full'),
    (_chained(UserError('x.pth does not fit in memory'), MemoryError()),
     'x.pth does not fit in memory'),
    (UnicodeEncodeError('utf-8', 'a/\udcf6l', 2, 3, 'surrogates not allowed'),
     r"the name 'a/\udcf6l' is not UTF-8: rename the file or folder")])
def test_errors_are_one_sentence(error, said, capsys):
  def action():
    raise error
  assert command_line.run(action, 'all is kept', 'the size') == 2
  assert capsys.readouterr().err == f'error: {said}\n'


def test_a_fault_of_ours_is_not_hidden():
  with pytest.raises(ZeroDivisionError):
    command_line.run(lambda: 1 / 0, '', '')


def test_statuses(capsys):
  def interrupted():
    raise KeyboardInterrupt
  def terminated():
    os.kill(os.getpid(), signal.SIGTERM)
  old = signal.getsignal(signal.SIGTERM)
  try:
    assert command_line.run(lambda: None, 'all is kept', '') == 0
    assert command_line.run(lambda: 5, 'all is kept', '') == 5
    assert command_line.run(terminated, 'all is kept', '') == 143
    assert capsys.readouterr().err == ''
    assert command_line.run(interrupted, 'all is kept', '') == 130
  finally:
    signal.signal(signal.SIGTERM, old)
  assert capsys.readouterr().err == 'error: interrupted; all is kept\n'
