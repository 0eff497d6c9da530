"""Lists the files under a folder, and tells what it leaves out."""

import os
import pathlib

from pegan_jax.common.errors import UserError

# Why `walk` leaves out what people did not put there.
HIDDEN = 'hidden: the name begins with a dot'
SYSTEM = 'made by an operating system or a program'
_SYSTEM = ('__macosx', '@eadir', 'thumbs.db', 'ehthumbs.db', 'desktop.ini', '#recycle',
           '$recycle.bin', 'system volume information', 'lost+found', '__pycache__')


def walk(folder, left_out=None):
  """Yields the paths of the regular files under a folder, except hidden ones.

  Links to folders are followed, after the folders themselves, so that each real
  folder is listed once. A link to a folder above it is not followed.

  Args:
    folder: path of an existing folder.
    left_out: a dict that gets {reason: [paths]} of what is neither yielded nor entered:
      hidden and system files and folders, links that lead up or nowhere, and pipes,
      sockets and devices; opening one of the latter could wait without end.

  Raises:
    UserError: a folder cannot be listed.
  """
  left_out = {} if left_out is None else left_out
  folders, links, seen = [pathlib.Path(folder)], [], set()
  while folders or links:
    place = folders.pop() if folders else links.pop(0)
    real = pathlib.Path(os.path.realpath(place))
    if real in seen:
      continue
    seen.add(real)
    for path, is_link in _list(place):
      # os.path's functions, unlike a `DirEntry`, never raise.
      if path.name.startswith('.'):
        why = HIDDEN
      elif path.name.lower() in _SYSTEM:
        why = SYSTEM
      elif os.path.isfile(path):
        yield path
        continue
      elif not os.path.isdir(path):
        why = 'a link that leads nowhere' if is_link else 'a pipe, socket or device'
      elif is_link and real.is_relative_to(os.path.realpath(path)):
        why = 'a link to a folder above it'
      else:
        (links if is_link else folders).append(path)
        continue
      left_out.setdefault(why, []).append(path)


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
  paths = sorted(p for p in walk(folder) if p.suffix.lower() == suffix)
  return [(path, path.relative_to(folder).as_posix()) for path in paths]


def _list(folder):
  """Returns sorted [(path, whether it is a link)] of what is in a folder."""
  try:
    with os.scandir(folder) as entries:
      return sorted((pathlib.Path(folder, entry.name), entry.is_symlink())
                    for entry in entries)
  except OSError as e:
    raise UserError(f'{e.filename} cannot be listed: {e.strerror}.') from None
