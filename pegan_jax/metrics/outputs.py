"""Checks files that a user wants written, before the work and not after it."""

import os
import pathlib

from pegan_jax.common.errors import UserError


def check(path, suffix, is_ours, inputs=()):
  """Checks that a file can be written, and that nobody loses anything by it.

  Args:
    path: the file; '' or None is none.
    suffix: that its name must have, such as '.json'.
    is_ours: returns whether a file that is there, by its path, is an earlier output of
      the kind, which may be replaced; may raise OSError or what damaged files do.
    inputs: folders that are read, which nothing is to be added to.

  Raises:
    UserError: another suffix, no folder or one that cannot be written, a file in one
      of `inputs`, or in the place of something else.
  """
  if not path:
    return
  place = pathlib.Path(path)
  if place.suffix.lower() != suffix:
    raise UserError(f'{path} is to be a {suffix} file: give it a name that ends so')
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
  except Exception:  # Whatever readers raise of what they cannot read.
    return False
