"""Writes files and folders whole or not at all, with one writer at a time."""

import contextlib
import errno
import fcntl
import itertools
import json
import os
import pathlib
import shutil

from pegan_jax.common import json_text
from pegan_jax.common.errors import UserError

# Lock file in a folder while it is written.
_LOCK = '.lock'
# File beside finished work, with the moves that are left to do.
_WHOLE = 'whole.json'


def write(path, content):
  """Writes a whole file: a reader sees the old content or the new.

  Args:
    path: path of the file; its folder exists.
    content: text, written as UTF-8, an iterable of pieces of it, or bytes.

  Raises:
    OSError: it cannot be written; the old file is as it was.
  """
  path = pathlib.Path(path)
  part = path.with_name(f'{path.name}.part')
  try:
    if isinstance(content, bytes):
      part.write_bytes(content)
    else:
      with part.open('w', encoding='utf-8') as f:
        f.writelines([content] if isinstance(content, str) else content)
    os.replace(part, path)
  except BaseException as e:
    part.unlink(missing_ok=True)
    if isinstance(e, OSError) and e.filename is None:  # A full disk.
      e.filename = str(path)
    raise


def numbered(path):
  """Returns the first of <stem>_1<suffix>, <stem>_2<suffix>, ... that is not there."""
  return next(other for n in itertools.count(1)
              if not (other := path.with_stem(f'{path.stem}_{n}')).exists())


def write_json(path, value):
  """Writes a JSON-able value as `write` does."""
  write(path, json.dumps(value, indent=1) + '\n')


def read_json(path):
  """Returns the value in a JSON file.

  Raises:
    OSError: it cannot be read.
    ValueError: it is damaged.
  """
  return json_text.parse(pathlib.Path(path).read_bytes())


@contextlib.contextmanager
def locked(folder, action, advice='wait for it, or name another folder', name=_LOCK):
  """Holds a folder's lock, which ends with the process, however that ends.

  Args:
    folder: path of a folder; made where it is missing.
    action: what the holder of the lock does, for the error: 'training in runs/x'.
    advice: what to do then, for the error.
    name: name of the lock file; locks of other names are independent.

  Raises:
    UserError: another process holds the lock.
    OSError: the folder cannot be written.
  """
  path = pathlib.Path(folder) / name
  path.parent.mkdir(parents=True, exist_ok=True)
  with contextlib.ExitStack() as stack:
    while True:
      handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
      stack.callback(os.close, handle)
      try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except BlockingIOError:
        raise UserError(f'another process is {action}: {advice}') from None
      except OSError as e:  # A file system without locks.
        if e.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
          raise
      if _is_at(handle, path):  # Its last holder may just have removed it.
        break
    try:
      yield
    finally:
      with contextlib.suppress(OSError):
        path.unlink()


def _is_at(handle, path):
  try:
    return os.path.samestat(os.fstat(handle), os.stat(path))
  except FileNotFoundError:
    return False


@contextlib.contextmanager
def whole(*outs, replace=False, advice='move it away, or name another folder'):
  """Yields a folder to work in; the caller says at the end what becomes `outs`.

  The work is done in a hidden folder beside the first of `outs`, on the same disk,
  and each result is moved by a rename. What a killed process leaves is removed by
  the next one or, if everything was made, moved where it belongs: by `finish`, or here.

  Args:
    *outs: paths of folders, all with one parent, that appear together.
    replace: whether existing folders are replaced; if not, none may exist.
    advice: what to do about a folder that exists, for the error.

  Yields:
    (folder, keep): an empty `pathlib.Path`, and a function to call last, with the
    path under it that becomes each of `outs`, or None for one that was not made.

  Raises:
    UserError: one of `outs` exists, is being written, or cannot be.
  """
  outs = [named(out) for out in outs]
  work = _work_folder(outs[0])
  try:
    finish(outs[0])
    if not replace:
      refuse_existing(outs, advice)
    with _locked(work, outs[0]):
      try:
        _finish(work)
        if not replace:
          refuse_existing(outs, advice)
        for stale in work.iterdir():
          if stale.name != _LOCK:
            _remove(stale)
        folder = work / 'work'
        folder.mkdir()
        yield folder, lambda *done: _move(work, done, outs, replace)
      finally:
        if not (work / _WHOLE).exists():  # Else the next process does the moves.
          shutil.rmtree(work, ignore_errors=True)
  except OSError as e:
    if e.errno in (errno.ENOSPC, errno.EDQUOT):
      raise UserError(f'the disk is full: {outs[0]} was not written, and nothing is '
                      'left of it; free some space or name another folder') from None
    if not _concerns(e, [*outs, work, outs[0].parent]):
      raise  # Something else cannot be read or written.
    raise UserError(f'{outs[0]} cannot be written: {_reason(e)}') from None


def finish(out):
  """Moves what a killed process had finished, and removes what it had not.

  Args:
    out: the first of the `outs` that `whole` was given.

  Raises:
    UserError: another process writes it.
  """
  work = _work_folder(out)
  if work.exists():
    with _locked(work, out):
      _finish(work)
      shutil.rmtree(work, ignore_errors=True)


def left_of(outs):
  """Returns what an interrupted command leaves of new folders, as the end of a sentence.

  Args:
    outs: paths given to `whole`, of folders that were not there, or empty.
  """
  for out in outs:
    with contextlib.suppress(OSError, UserError):
      finish(out)  # All may have been made, and only the move be left.
  made = [str(out) for out in outs if any(pathlib.Path(out).glob('*'))]
  return f"{', '.join(made)} is whole" if made else 'nothing was written'


def _locked(work, out):
  return locked(work, f'writing {out}')


def named(out):
  """Returns a folder's path, one that ends with its name; UserError if it has none."""
  out = pathlib.Path(out)
  out = out if out.name not in ('', '..') else out.absolute()
  if out.name in ('', '..'):
    raise UserError(f'{out} cannot be the name of a new folder: give another')
  return out


def _work_folder(out):
  """Returns the hidden folder in which `out` is made; UserError for a file there."""
  out = named(out)
  work = out.with_name(f'.{out.name}.part')
  if os.path.lexists(work) and not os.path.isdir(work):
    raise UserError(f'{work} is not a folder, and {out} is made in a folder of that '
                    'name: move it away')
  return work


def refuse_existing(outs, advice):
  """Raises UserError where one of `outs` exists, with what to do about it."""
  for out in outs:
    if os.path.lexists(out):
      raise UserError(f'{out} exists already: {advice}')


def _move(work, done, outs, replace):
  # Relative paths, as the parent may itself be moved in the meantime.
  write_json(work / _WHOLE, {'replace': replace, 'moves': [
      [str(pathlib.Path(path).relative_to(work)), out.name]
      for path, out in zip(done, outs, strict=True) if path is not None]})
  _finish(work)


def _finish(work):
  """Does what is left of the moves that are noted in `work`, if any are."""
  try:
    noted = read_json(work / _WHOLE)
    moves, replace = list(map(tuple, noted['moves'])), noted['replace']
  except (FileNotFoundError, ValueError, KeyError, TypeError):  # None, or cut off.
    return
  for name, out in moves:
    path, out = work / name, work.parent / out
    if not os.path.lexists(path):  # Moved before the kill.
      continue
    if os.path.lexists(out) and replace:
      _remove(work / 'old')  # Two renames: a folder cannot take another's place.
      os.rename(out, work / 'old')
    refuse_existing([out], 'move it away')
    os.rename(path, out)
  (work / _WHOLE).unlink()


def _remove(path):
  if path.is_dir() and not path.is_symlink():
    shutil.rmtree(path)
  else:
    path.unlink(missing_ok=True)


def _concerns(error, paths):
  """Returns whether an OSError names one of `paths`, what is below, or nothing."""
  if error.filename is None:
    return True
  name = pathlib.Path(os.fsdecode(error.filename)).absolute()
  return any(name.is_relative_to(path.absolute()) for path in paths[:-1]) or (
      name == paths[-1].absolute())


def _reason(error):
  return (error.strerror or str(error)).lower()
