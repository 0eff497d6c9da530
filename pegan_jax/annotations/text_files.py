"""Lists, reads and writes the text files of annotations."""

import os
import pathlib

from pegan_jax.common import files
from pegan_jax.common.errors import UserError, reason


def find(folder, suffix):
  """Lists the files with a suffix, at any depth of a folder or at a path itself.

  Args:
    folder: a path of a folder, or of one file.
    suffix: such as '.xml'; upper case is found as well.

  Returns:
    Sorted list of (path, posix path under the folder, or the file's name).

  Raises:
    UserError: a folder cannot be listed.
  """
  folder = pathlib.Path(folder)
  if not os.path.isdir(folder):  # Never an OSError.
    return ([(folder, folder.name)] if os.path.isfile(folder)
            and folder.suffix.lower() == suffix else [])
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


def read_json(path):
  """Returns the value in a JSON file; UserError where it has none."""
  try:
    return files.parse_json(read(path))
  except ValueError as error:
    raise UserError(f'{path} is not JSON: {reason(error)}.') from None


def keys_of_json(path):
  """Returns the keys of the object in a JSON file; none for another file or value."""
  if path.suffix.lower() != '.json':
    return set()
  try:
    said = read_json(path)
  except UserError:
    return set()
  return set(said) if isinstance(said, dict) else set()


def write(path, text):
  """Writes text as UTF-8, into a new folder if there is none."""
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(text, 'utf-8')


def beside(path, image, suffix):
  """Returns the path under `path` for the annotations of an `Annotated`."""
  return path / pathlib.PurePosixPath(image.file).with_suffix(suffix)
