"""Notes what a result was made of, and checks whether it would be the same now.

Beside every result that a later command may use lies what it depends on: data and
weights by their content, wherever they lie, and settings by name. A result that does
not fit is made again or refused with the names of what differs; nothing is mixed.
"""

import hashlib
import json
import os
import pathlib
import re

from pegan_jax.common import files, listing
from pegan_jax.common.errors import listed, UserError

FILE = 'provenance.json'
_DIGEST = re.compile(r'"[0-9a-f]{16}"')


def digest(value):
  """Returns 16 hexadecimal digits that stand for a JSON-able value."""
  text = json.dumps(value, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_files(folder, paths):
  """Returns the `digest` of files: of their places in a folder, and their bytes.

  Args:
    folder: folder that holds them, at any depth.
    paths: paths of the files.

  Raises:
    UserError: one cannot be read.
  """
  return digest([[pathlib.Path(path).relative_to(folder).as_posix(), sha256(path)]
                 for path in sorted(paths)])


def sha256(path):
  """Returns the SHA-256 of a file in hex; raises UserError if it cannot be read."""
  try:
    with open(path, 'rb') as f:
      return hashlib.file_digest(f, 'sha256').hexdigest()
  except OSError as e:
    raise UserError(f'{path} cannot be read: {e.strerror}') from e


def of_folder(folder):
  """Returns `of_files` of the files that `listing.walk` finds in a folder, or of a file."""
  if os.path.isfile(folder):
    return of_files(os.path.dirname(folder), [folder])
  # As text, which sorts otherwise than paths, and as kept digests were sorted.
  return of_files(folder, map(str, listing.walk(folder)))


def write(folder, made_of):
  """Notes in a folder what it was made of: a JSON-able dict of dicts and values."""
  files.write_json(pathlib.Path(folder) / FILE, made_of)


def read(path):
  """Returns what was noted in a JSON file or a folder, or None where nothing was.

  Args:
    path: a folder that `write` wrote to, or a JSON file with the note under
      'provenance'.
  """
  path = pathlib.Path(path)
  try:
    found = (files.read_json(path / FILE) if path.is_dir() else
             files.read_json(path)['provenance'])
  except (OSError, ValueError, KeyError, TypeError):  # Missing, cut off, or older.
    return None
  return found if isinstance(found, dict) else None


def differences(now, kept):
  """Lists what differs between two dicts, by dotted keys.

  Args:
    now: what the result would be made of now; JSON-able.
    kept: what was noted.

  Returns:
    Texts: 'generate.per_class is 8, was 6'.
  """
  return flat_differences(flat(now), flat(kept))


def flat_differences(now, kept):
  """Lists what differs between two dicts from `flat`; see `differences`."""
  return [_difference(key, now.get(key, 'not set'), kept.get(key, 'not set'))
          for key in sorted(now.keys() | kept.keys()) if now.get(key) != kept.get(key)]


def _difference(key, now, kept):
  now, kept = (_DIGEST.sub('files', said) for said in (now, kept))  # It tells nothing.
  return f'{key} is not what it was' if now == kept else f'{key} is {now}, was {kept}'


def flat(value, prefix=''):
  """Returns {dotted key: JSON} of nested dicts; an empty dict is a value."""
  found = {}
  for key, item in value.items():
    if isinstance(item, dict) and item:
      found |= flat(item, f'{prefix}{key}.')
    else:
      found[prefix + key] = json.dumps(item)
  return found


def check(path, now, advice):
  """Checks that a kept result would be the same if it were made now.

  Args:
    path: as for `read`.
    now: what the result would be made of now.
    advice: what to do about a difference, for the error.

  Raises:
    UserError: something differs; the message names it.
  """
  kept = read(path)
  if kept is None:
    raise UserError(f'{path} does not say what it was made of: {advice}')
  if differing := differences(now, kept):
    raise UserError(f'{path} was made of something else: {listed(differing)}; {advice}')
