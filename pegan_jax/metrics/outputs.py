"""Checks the output files that a user names, before the work."""

import os
import pathlib

from pegan_jax.common.errors import UserError


def check(path, suffix, is_ours, inputs=()):
  """Checks that a file can be written, and that nothing is lost by it.

  Args:
    path: the file; '' or None means none.
    suffix: the required ending of its name, such as '.json'.
    is_ours: takes the path of an existing file, returns whether that is an earlier
      output of the same command, which may be replaced; may raise anything.
    inputs: folders that are read, and get no files.

  Raises:
    UserError: another suffix, no such folder or one that cannot be written, a place in
      one of `inputs`, or an existing file of another kind.
  """
  if not path:
    return
  place = pathlib.Path(path)
  if place.suffix.lower() != suffix:
    raise UserError(f'{path} must be a {suffix} file: give it a name that ends so')
  if not place.absolute().parent.is_dir():
    raise UserError(f'{path}: there is no such folder')
  if not os.access(place.absolute().parent, os.W_OK | os.X_OK):
    raise UserError(f'{path}: its folder cannot be written, name another')
  for folder in inputs:
    if place.resolve().is_relative_to(pathlib.Path(folder).resolve()):
      raise UserError(f'{path} lies in {folder}, which is read: name another place')
  if os.path.lexists(place) and not _is_ours(place, is_ours):
    raise UserError(f'{path} exists, and is not an earlier output of this command: move '
                    'it away, or give another name')


def _is_ours(path, is_ours):
  try:
    return path.is_file() and bool(is_ours(path))
  except Exception:  # All kinds of errors that readers raise.
    return False
