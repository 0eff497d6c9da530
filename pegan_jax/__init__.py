"""PE-GAN in JAX: generates steel surface defects, and says whether they help."""

import os
import signal
import sys

__version__ = '0.1.0'  # The only place: setup.cfg reads it here.


def end(signum, frame):
  """Ends the process at once, as a signal's handler while nothing is begun."""
  del frame
  if signum == signal.SIGINT:
    os.write(2, b'error: interrupted; nothing was begun\n')
  os._exit(128 + signum)


# So `python -m` begins, and then loads a command for seconds, where Ctrl-C would be a
# traceback, or be lost in a library. `command_line.run` takes over from here.
if sys.argv[:1] == ['-m'] and signal.getsignal(
    signal.SIGINT) is signal.default_int_handler:
  signal.signal(signal.SIGINT, end)
