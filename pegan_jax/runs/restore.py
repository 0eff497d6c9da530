"""Reads a run's checkpoints by name."""

from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints.fit import FREE_KEYS, RATES
from pegan_jax.runs.checkpoints.store import BEST, Checkpoints


def restore(run, which, free=frozenset()):
  """Reads a checkpoint of the run by name.

  Args:
    run: a `Run`.
    which: 'newest', 'best' (by KID; see `watch`) or a step's number.
    free: keys that may differ from the run that wrote it, besides those of training.

  Returns:
    A `checkpoints.Restored`.

  Raises:
    UserError: the name is another, or there is no such checkpoint that can be read.
  """
  which = str(which)
  if which not in ('newest', 'best') and not which.isdecimal():
    raise UserError(f'checkpoint is {which!r}: choose newest, best or a step')
  checkpoints = Checkpoints(
      run.workdir, name=BEST if which == 'best' else 'checkpoints')
  restored = checkpoints.restore(run.state_template(), run.saved_config,
                                 int(which) if which.isdecimal() else None,
                                 FREE_KEYS | RATES | {'dataset.matches'} | free)
  checkpoints.close()
  if restored is None:
    raise UserError(
        f'no checkpoint in {str(checkpoints.folder)!r}: train first' + (
            ', with eval_every' if which == 'best' else ''))
  return restored
