"""A save that fails, is killed, or is made by two processes loses no checkpoint."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints.store import Checkpoints
from saved_states import check_equal, CONFIG, make_state, save_steps, start

# What Orbax leaves pending when it fails must not print tracebacks.
pytestmark = pytest.mark.filterwarnings(
    'error::pytest.PytestUnraisableExceptionWarning')


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


# Whole programs.


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


def test_two_processes(tmp_path):
  with socket.socket() as free:
    free.bind(('localhost', 0))
    port = free.getsockname()[1]
  pair = [start('save_in_pair', tmp_path, port, i, devices=2) for i in (0, 1)]
  for process in pair:
    out, err = process.communicate(timeout=60)
    assert out.splitlines()[-1:] == ['2 [2, 3]'], err  # After Gloo's lines.
    assert err.count('going back to checkpoint 2') == 1
  assert (tmp_path / 'checkpoints' / 'damaged_3').is_dir()
  restored = Checkpoints(tmp_path).restore(make_state(0))
  check_equal(restored.state, make_state(2))
  assert restored.step == 3
