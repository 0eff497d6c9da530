"""Tells files that stand in for others, which are still to be fetched."""

import os
import shlex

_LARGEST = 1000  # Bytes of a pointer.
_LFS, _ANNEX = b'version https://git-lfs.github.com/spec/', b'/annex/objects/'
_PAGES = (b'<!doctype html', b'<html')


def of(path):
  """Returns what a file is in place of what its name says, and what to do; '' for nothing.

  Args:
    path: `pathlib.Path` of a file.
  """
  try:
    size = os.path.getsize(path)
    with open(path, 'rb') as file:
      head = file.read(_LARGEST)
  except OSError:  # Who reads it says why.
    return ''
  if not size:
    return 'it is empty: copy or download it again, or remove it'
  if size <= _LARGEST and (head.startswith(_LFS) or _ANNEX in head[:50]):
    name, fetch = ('Git LFS', 'lfs pull') if head.startswith(_LFS) else (
        'git-annex', 'annex get .')
    return (f'it is a pointer of {name} to a file that is not here: run '
            f'git -C {shlex.quote(str(path.parent))} {fetch}')
  if head.lstrip(b'\xef\xbb\xbf \t\r\n').lower().startswith(_PAGES):
    return 'it is a web page, as a download gives that failed: download it again'
  return ''
