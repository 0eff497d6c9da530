"""What ends a command: a sentence for its user, or a signal."""

import signal


class UserError(Exception):
  """Something that the user can mend: bad input, a bad flag, a full disk.

  The message is one sentence: what is wrong, where, and what to do. The
  command-line programs print it to standard error and exit with a status of 2.
  """


def check_seed(name, seed):
  """Raises UserError for what JAX and NumPy do not both take as a seed."""
  if not isinstance(seed, int) or not 0 <= seed < 2**31:
    raise UserError(f'{name} is {seed}: it must be a whole number from 0 to 2^31 - 1')


class Interrupted(Exception):
  """A signal ended the run; everything is saved.

  Attributes:
    signum: the signal's number.
  """

  def __init__(self, signum):
    super().__init__(signal.Signals(signum).name)
    self.signum = signum


def reason(error):
  """What a library's error says, on one line and without Python's words."""
  text = getattr(error, 'strerror', None) or str(error)
  return text.strip().splitlines()[0][:200] if text.strip() else 'no reason is given'
