"""Signals that end a run, noted until it is saved."""

import contextlib
import os
import signal

import jax
from jax.experimental import multihost_utils
import numpy as np


class Signals:
  """Ends training by SIGTERM, SIGHUP (a closed terminal) or Ctrl-C, in order.

  Nothing is ever raised: where an exception leaves a compilation or a step behind, XLA's
  threads go on with it, and the process crashes on exit. While there is nothing to save
  a signal ends the process at once; after `defer` it is noted.

  Args:
    close: called before the process ends at once.
  """

  def __init__(self, close):
    self._close = close
    self._deferred = False
    self._received = []

  def __enter__(self):
    noted = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # Else by nohup: it stays so.
      noted.append(signal.SIGHUP)
    self._old = {s: signal.signal(s, self._note) for s in noted}
    return self

  def __exit__(self, *_):
    for signum, handler in self._old.items():
      signal.signal(signum, handler)

  def _note(self, signum, frame):
    del frame
    again = signum == signal.SIGINT and signum in self._received
    if not self._deferred or again:  # A second Ctrl-C means: now.
      with contextlib.suppress(Exception):
        self._close()
        os.write(2, f'\nstopped by {signal.Signals(signum).name}: run the same command to '
                    'go on\n'.encode())
      os._exit(128 + signum)
    self._received.append(signum)

  def defer(self):
    """Makes signals wait from here on, for whoever asks what is `agreed`."""
    self._deferred = True

  def agreed(self):
    """Returns the signal that ends the run, or None: the same on every process."""
    first = self._received[0] if self._received else 0
    if jax.process_count() > 1:
      first = int(np.max(multihost_utils.process_allgather(np.int32(first))))
    return first or None
