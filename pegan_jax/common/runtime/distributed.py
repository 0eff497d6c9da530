"""The processes of one job, on one machine or many, as one program."""

import os
import re
import sys

import jax

from pegan_jax.common import terminal
from pegan_jax.common.errors import reason, UserError

# The others notice within this time that a process is gone.
_HEARTBEAT_SECONDS = 30
_CONNECTION = re.compile(r'\bGloo\b|\bNCCL\b')


def start(coordinator=None, process_count=None, process_id=None):
  """Joins the job's other processes; to be called before JAX computes anything.

  Args:
    coordinator: host:port of process 0, or None where Slurm, Open MPI, Kubernetes
      or Cloud TPU tell JAX who takes part.
    process_count: how many processes there are, or None likewise.
    process_id: which of them this is, from 0, or None likewise.

  Raises:
    UserError: none is given and nothing is detected, or the others cannot be reached.
  """
  try:
    jax.distributed.initialize(
        coordinator, process_count, process_id,
        heartbeat_timeout_seconds=_HEARTBEAT_SECONDS)
  except (ValueError, TypeError, RuntimeError) as e:
    where = f'at {coordinator} ' if coordinator else ''
    raise UserError(
        f'cannot join the other processes {where}({reason(e)})' + (
            '' if coordinator else ': name them with --coordinator=HOST:PORT '
            '--process_count=N --process_id=I')) from e
  if jax.process_index():
    terminal.mute()  # One process speaks for all.


def lost_process(error):
  """Returns the error in `error`'s chain that says another process is gone, or None.

  A save fails as well when a process that takes part in it is gone. What a device
  meets in a computation JAX raises as JaxRuntimeError, what the dispatch of one
  meets as ValueError, in the words of the library that connects the processes.
  """
  if jax.process_count() == 1:
    return None
  while error is not None:
    if isinstance(error, jax.errors.JaxRuntimeError) or (
        isinstance(error, ValueError) and _CONNECTION.search(str(error))):
      return error
    error = error.__cause__ or error.__context__
  return None


def leave(error):
  """Ends this process after another one is gone; does not return.

  JAX's own end of the program would wait for that one.
  """
  print('error: another process of the job is gone, or cannot be reached '
        f'({reason(error)}); run the same command on all of them '
        'to go on from the last checkpoint', file=sys.stderr, flush=True)
  os._exit(1)
