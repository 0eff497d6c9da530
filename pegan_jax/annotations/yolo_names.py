"""Finds the names of the classes of YOLO's labels, in files beside or above these."""

import os
import pathlib
import re

import yaml

from pegan_jax.annotations import name_lines, text_files
from pegan_jax.common.errors import UserError, reason

# Files of names: a line for each class. Darknet's, CVAT's and Roboflow's.
_NAME_FILES = ('classes.txt', 'obj.names', '_darknet.labels')
# LabelImg's and makesense's, where no other file names classes.
_MAY_NAME = ('labels.txt', 'predefined_classes.txt')
FILES = (*_NAME_FILES, *_MAY_NAME)
_MAY_HOLD = ('.txt', '.names', '.lst')
_WORDS = 3  # Of a class's name, and perhaps its number.
_ABOVE = 3  # Folders above the labels that may have the names.
_AT_ODDS = '{} and {} name the classes differently: remove the one that is wrong.'
_YAML = ('.yaml', '.yml')
_NAMES = re.compile(r'^["\']?names["\']?\s*:', re.MULTILINE)


def has_names(path):
  """Returns whether a file names classes: by its own name and what it has."""
  if path.suffix.lower() not in _YAML:
    return path.name in FILES and not text_files.is_of_images(path)
  try:
    return bool(_NAMES.search(text_files.read(path)))
  except UserError:
    return False


def in_yaml(folder):
  """Returns whether a .yaml file in a folder names classes; UserError where damaged."""
  return any(map(of_yaml, _list(folder)))


def place_of(folder, known, root):
  """Returns the folder that has the names of the classes of a folder's labels, or None.

  Args:
    folder: path of the folder.
    known: {path of a folder: names in it, and their file}; gets what is read here.
    root: a folder above, as of `yolo.names_of`.

  Raises:
    UserError: two folders up to that one have other names than each other.
  """
  folder, root = (pathlib.Path(os.path.abspath(path)) for path in (folder, root))
  found = None
  for k, place in enumerate([folder, *folder.parents]):
    if not place.is_relative_to(root) and (k > _ABOVE or found):
      break
    if place not in known:
      known[place] = _names_in(place)
    if known[place] is None:
      continue
    if found is None:
      found = place
    elif known[place][0] != known[found][0] and known[place][1].name not in _MAY_NAME:
      raise UserError(_AT_ODDS.format(known[place][1], known[found][1]))
  return found


def may_name(folder, root, count, labels):
  """Returns a file that looks like the names of classes and is not called so, or None.

  Args:
    folder: path of the labels' folder.
    root: path of a folder that it is below, up to which is sought.
    count: of the classes.
    labels: set of paths that are labels.
  """
  for place in [folder, *folder.parents]:
    if not place.is_relative_to(root):
      break
    for path in _list(place):
      if path.suffix.lower() in _MAY_HOLD and path not in labels and path.is_file() and (
          _are_names(path, count)):
        return path
  return None


def _are_names(path, count):
  """Returns whether a file has a line of one to three words for each class, and no more."""
  if text_files.is_of_images(path):
    return False
  try:
    lines = text_files.read(path).strip().split('\n')
  except UserError:
    return False
  return len({*lines}) == len(lines) == count and all(
      1 <= len(line.split()) <= _WORDS and re.search(r'[^\W\d_]', line) for line in lines)


def _names_in(folder):
  """Returns the class names that files in a folder give, and the first file, or None.

  Raises:
    UserError: a file is damaged, has a name twice or a gap, or is at odds with another.
  """
  found, paths = [], _list(folder)
  paths.sort(key=lambda path: path.name in _MAY_NAME)
  for path in paths:
    if path.name in _MAY_NAME and found:
      continue
    names = of_yaml(path)
    if names is None and path.name in FILES and has_names(path):
      names = _names_of_lines(path)
    if names is None:
      continue
    if twice := [x for x in names if x and names.count(x) > 1]:
      raise UserError(f'{path} has {twice[0]!r} twice: give each class its own name.')
    found.append((path, names))
  for path, names in found[1:]:
    if names != found[0][1]:
      raise UserError(_AT_ODDS.format(path, found[0][0]))
  return found[0][::-1] if found else None


def _list(folder):
  try:
    return sorted(folder.iterdir())
  except OSError:  # A folder above the labels may be closed to us.
    return []


def _names_of_lines(path):
  names = [line.strip() for line in text_files.read(path).rstrip().split('\n')]
  if '' in names[1:]:
    raise UserError(f'{path} has an empty line, and the numbers of classes count '
                    'lines: remove it, or name the class.')
  names = name_lines.bare(names)
  if name_lines.are_numbered(names):
    raise UserError(f'{path} numbers its lines, and not from 0 without a gap, as classes '
                    "are: correct the numbers or, where they are of the names, put these "
                    "into a data.yaml, as names: ['10 mm', '20 mm'].")
  if comment := next((name for name in names if name.startswith('#')), ''):
    raise UserError(f'{path} has the line {text_files.short(comment)}, and the numbers of '
                    'classes count lines: remove it or, where it is a name, put the names '
                    "into a data.yaml, as names: ['#1', '#2'].")
  return None if names == [''] else names


class _Loader(yaml.BaseLoader):
  """Reads all words as text, and refuses a key that is there twice."""

  def construct_mapping(self, node, deep=False):
    found = super().construct_mapping(node, deep)
    keys = [key.value for key, _ in node.value]
    if len(found) < len(keys):
      twice = next(key for key in keys if keys.count(key) > 1)
      raise ValueError(f'{twice!r} is there twice')
    return found


def of_yaml(path):
  """Returns the `names` of a data.yaml, a list or {number: name}; None without any."""
  if path.suffix.lower() not in _YAML:
    return None
  text = text_files.read(path)
  if not _NAMES.search(text):
    return None  # Of another program, and perhaps not quite YAML.
  try:
    said = yaml.load(text, _Loader)
    if not isinstance(said, dict):
      raise ValueError("it is no list of 'key: value'")
    if 'kpt_shape' in said:
      raise ValueError('its labels are key points, which mark no defect')
    names = said.get('names')
    if names in ('', '~', 'null', 'Null', 'NULL'):
      return None
    if isinstance(names, dict):
      numbers = {text_files.whole(k): name for k, name in names.items()}
      if len(numbers) < len(names):
        raise ValueError('the numbers of its classes are not all different')
      if min(numbers, default=0) < 0 or max(numbers, default=0) > 9999:
        raise ValueError('the numbers of its classes are not from 0 to 9999')
      names = [numbers.get(k, '') for k in range(max(numbers, default=-1) + 1)]
    if not isinstance(names, list) or not all(isinstance(x, str) for x in names):
      raise ValueError("its 'names' are neither a list nor numbers with names")
    if 'nc' in said and text_files.whole(said['nc']) != len(names):
      raise ValueError(f"it says 'nc: {said['nc']}' and has {len(names)} names: correct "
                       'the number, or add the names that lack')
    return [name.strip() for name in names]
  except RecursionError:
    raise UserError(f'{path} cannot be read as the names of classes: it is nested too '
                    'deeply.') from None
  except (ValueError, yaml.YAMLError) as error:
    raise UserError(f'{path} cannot be read as the names of classes: {reason(error)}.'
                    ) from None
