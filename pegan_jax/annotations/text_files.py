"""Lists, reads and writes the text files of annotations."""

import os
import pathlib

from pegan_jax.common import files
from pegan_jax.common.errors import UserError


def find(folder, suffix):
  """Lists a folder's files with a suffix, at any depth; none for a path to a file.

  Args:
    folder: a path.
    suffix: such as '.xml'; upper case is found as well.

  Returns:
    Sorted list of (path, posix path under the folder).

  Raises:
    UserError: a folder cannot be listed.
  """
  if not os.path.isdir(folder):  # Never an OSError.
    return []
  paths = sorted(p for p in files.walk(folder) if p.suffix.lower() == suffix)
  return [(path, path.relative_to(folder).as_posix()) for path in paths]


def read(path):
  """Returns a file's text; UserError where it is not UTF-8 or cannot be read."""
  try:
    return path.read_text(encoding='utf-8-sig')
  except UnicodeDecodeError:
    raise UserError(f'{path} is not UTF-8 text: save it as such.') from None
  except OSError as error:
    raise UserError(f'{path} cannot be read: {error.strerror}.') from None


def write(path, text):
  """Writes text as UTF-8, into a new folder if there is none."""
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(text, 'utf-8')


def beside(path, image, suffix):
  """Returns the path under `path` for the annotations of an `Annotated`."""
  return path / pathlib.PurePosixPath(image.file).with_suffix(suffix)
