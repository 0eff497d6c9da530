"""Joins the processes of one job, on one machine or many."""

import os
import re
import sys

import jax

from pegan_jax.common import terminal
from pegan_jax.common.errors import reason, UserError

# Time within which the other processes notice that one is gone.
_HEARTBEAT_SECONDS = 30
_CONNECTION = re.compile(r'\bGloo\b|\bNCCL\b')


def start(coordinator=None, process_count=None, process_id=None):
  """Joins the job's other processes; call it before JAX computes anything.

  Args:
    coordinator: host:port of process 0, or None where Slurm, Open MPI, Kubernetes
      or Cloud TPU tell JAX about the processes.
    process_count: number of processes, or None as above.
    process_id: number of this process, from 0, or None as above.

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

  A save fails as well when a process that takes part in it is gone. JAX raises what
  fails on a device as JaxRuntimeError, and what fails in dispatching as ValueError,
  with the message of the library that connects the processes.
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

  An orderly exit would wait for that process.
  """
  print('error: another process of the job is gone, or cannot be reached '
        f'({reason(error)}); run the same command on all of them '
        'to resume from the last checkpoint', file=sys.stderr, flush=True)
  os._exit(1)
