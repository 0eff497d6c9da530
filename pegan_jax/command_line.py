"""What the commands with flags of their own share: a mistake is one sentence."""

import argparse
import signal
import sys

from pegan_jax.errors import UserError


class Parser(argparse.ArgumentParser):
  """Says what is wrong with a flag in one sentence."""

  def error(self, message):
    raise UserError(f'{message}; see {self.prog} --help')


def run(action, interrupted):
  """Runs `action`; returns the exit status.

  Args:
    action: of no arguments.
    interrupted: what Ctrl-C leaves behind, to end a sentence.
  """
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
  try:
    action()
  except UserError as e:
    print(f'error: {" ".join(str(e).split())}', file=sys.stderr)
    return 2
  except OSError as e:
    print(f'error: {e.filename or ""}: {e.strerror or e}', file=sys.stderr)
    return 2
  except KeyboardInterrupt:
    print(f'error: interrupted; {interrupted}', file=sys.stderr)
    return 130
  return 0
