"""What a signal does while a run trains."""

import os
import signal
import subprocess
import sys

import pytest

from pegan_jax.training.signals import Signals


@pytest.mark.parametrize('first, then', [
    (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT),
    (signal.SIGTERM, signal.SIGTERM), (signal.SIGHUP, signal.SIGTERM)])
def test_the_first_one_counts_and_another_changes_nothing(first, then):
  before = signal.getsignal(first)
  with Signals(lambda: None) as signals:
    signals.defer()
    assert signals.agreed() is None
    os.kill(os.getpid(), first)
    os.kill(os.getpid(), then)
    assert signals.agreed() == first
  assert signal.getsignal(first) == before


def test_what_nohup_ignores_stays_ignored():
  before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
  try:
    with Signals(lambda: None) as signals:
      os.kill(os.getpid(), signal.SIGHUP)
      assert signals.agreed() is None
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
  finally:
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize('deferred, sent, status', [
    (False, 'SIGTERM', 143), (False, 'SIGHUP', 129), (True, 'SIGINT', 130)])
def test_without_anything_to_save_or_by_a_second_ctrl_c_the_end_is_at_once(
    deferred, sent, status):
  done = subprocess.run([sys.executable, '-c', (
      'import os, signal\n'
      'from pegan_jax.training.signals import Signals\n'
      'with Signals(lambda: print("closed", flush=True)) as signals:\n'
      f'  {deferred} and signals.defer()\n'
      f'  os.kill(os.getpid(), signal.{sent})\n'
      f'  print("{deferred}", flush=True)\n'
      f'  os.kill(os.getpid(), signal.{sent})\n'
      '  print("still here", flush=True)\n')],
                        capture_output=True, text=True, check=False)
  assert done.returncode == status
  assert done.stdout == ('True\n' if deferred else '') + 'closed\n'
  assert done.stderr == f'\nstopped by {sent}: run the same command to go on\n'
