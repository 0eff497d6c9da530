"""Writes a folder whole or not at all."""

import contextlib
import errno
import fcntl
import os
import pathlib
import shutil

from pegan_jax.errors import UserError


@contextlib.contextmanager
def whole_or_nothing(out):
  """Yields a folder to work in; the caller names what becomes `out` at the end.

  The work happens in a hidden folder beside `out`, on the same disk, and is moved
  by one rename. It is removed whatever happens; what a killed build leaves is
  cleared away by the next one, which can tell it from one in use by a lock that
  ends with the process.

  Args:
    out: path that must not exist.

  Yields:
    (folder, keep): an empty `pathlib.Path`, and a function to call last, with
    the path under it that becomes `out`.

  Raises:
    UserError: `out` exists, is being written, or cannot be.
  """
  out = pathlib.Path(out)
  work = out.parent / f'.{out.name}.building'
  try:
    if os.path.lexists(out):
      raise UserError(f'--out {out} exists already: remove it or choose another '
                      'name.')
    out.parent.mkdir(parents=True, exist_ok=True)
    work.mkdir(exist_ok=True)
    with _locked(work, out):
      try:
        for stale in work.iterdir():
          shutil.rmtree(stale)
        folder = work / 'work'
        folder.mkdir()
        yield folder, lambda done: os.rename(done, out)
      finally:
        shutil.rmtree(work, ignore_errors=True)
  except OSError as error:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
      raise UserError(f'The disk is full: {out} was not written, and nothing is '
                      'left of it; free some space or choose another --out.'
                      ) from None
    raise UserError(f'{out} cannot be written: {error}.') from None


@contextlib.contextmanager
def _locked(folder, out):
  """Holds the kernel's lock on a folder."""
  handle = os.open(folder, os.O_RDONLY)
  try:
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    yield
  except BlockingIOError:
    raise UserError(f'Another build is writing {out}: wait for it, or choose '
                    'another --out.') from None
  finally:
    os.close(handle)
