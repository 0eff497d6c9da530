"""Reads and writes YOLO, one text file per image.

Each line is `class cx cy w h` for a box, `class cx cy w h confidence` for one that a
detector found, or `class x1 y1 x2 y2 ...` for a polygon, in fractions of the image. The
names of the classes are in a file beside or above.
"""

import contextlib
import json
import os
import pathlib
import re

import numpy as np
import yaml

from pegan_jax.annotations import key_points, name_lines, text_files
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError, reason

PATH = 'yolo'
FILES = '.txt (YOLO)'

# Files of names: a line for each class. Darknet's, CVAT's and Roboflow's.
_NAME_FILES = ('classes.txt', 'obj.names', '_darknet.labels')
# LabelImg's and makesense's, where no other file names classes.
_MAY_NAME = ('labels.txt', 'predefined_classes.txt')
_NOTES = re.compile('readme|licen[cs]e|notes', re.IGNORECASE)  # May be empty.
_ABOVE = 3  # Folders above the labels that may have the names.
_AT_ODDS = '{} and {} name the classes differently: remove the one that is wrong.'
_IMAGES = 'images'
_YAML = ('.yaml', '.yml')
_NAMES = re.compile(r'^["\']?names["\']?\s*:', re.MULTILINE)

CONFIDENCES = ('YOLO labels with a number from 0 to 1 behind the box: taken for its '
               'confidence, and the box for true')

# Ultralytics does not train without `val`.
_HEAD = '''# Generated images: validate on real ones, by their folder after `val:`.
train: images
val: images
names:
'''


def has_names(path):
  """Returns whether a file names classes: by its own name and what it has."""
  if path.suffix.lower() not in _YAML:
    return path.name in (*_NAME_FILES, *_MAY_NAME) and not text_files.is_of_images(path)
  try:
    return bool(_NAMES.search(text_files.read(path)))
  except UserError:
    return False


def recognises(path):
  """Returns whether a file may hold labels: each line begins with five numbers or more.

  Files that are there without an image are told apart by it: lists, readmes, notes. That
  of decimal commas is one that `read` refuses.
  """
  if path.suffix.lower() != '.txt' or has_names(path) or _NOTES.match(path.name):
    return False
  lines = [line.split() for line in text_files.read(path).splitlines() if line.strip()]
  return all(len(line) >= 5 and all(
      key_points.is_number(word.replace(',', '.')) for word in line) for line in lines)


def read(path):
  """Reads the .txt files of a folder.

  Args:
    path: the folder, or one file, see `annotations`. The classes' names are in
      classes.txt, obj.names, _darknet.labels or a .yaml file with `names`, beside the
      labels, up to three folders above, or in `path`; or in labels.txt or
      predefined_classes.txt. Without such a file, a class is called by its number.

  Returns:
    List of `Annotated` with a size of 1 x 1, and boxes in fractions, unclipped.

  Raises:
    UserError: lines are neither a YOLO box nor a polygon, or may be both, or a polygon or
      a box with key points, or their class has no name, or the names have a gap or a
      duplicate.
  """
  found = [(file, name) for file, name in text_files.find(path, '.txt')
           if file.name not in (*_NAME_FILES, *_MAY_NAME)]
  names = names_of([file for file, _ in found], pathlib.Path(path))
  return [read_file(file, name, names[file.parent][0]) for file, name in found]


def read_file(path, name, names):
  """Reads one file, with the names of its classes from `names_of`; see `read`."""
  lines = [line.strip() for line in text_files.read(path).splitlines() if line.strip()]
  counts = {len(line.split()) - 1 for line in lines}
  polygons = any(count >= 8 and count % 2 == 0 for count in counts)
  try:
    regions = text_files.each(lambda line: _region(line, names, polygons), lines)
  except ValueError as error:
    raise UserError(f'{path} cannot be read as YOLO: {error}.') from None
  return Annotated(name, 1, 1, regions, (CONFIDENCES,) if 5 in counts else ())


def _region(line, names, polygons):
  """Returns the `Region` of a line; ValueError for one that has none for certain.

  Args:
    line: the text.
    names: of the classes, or None.
    polygons: whether other lines are polygons.
  """
  said = _short(line)
  try:
    index, *numbers = line.split()
    index, numbers = _whole(index), [float(x) for x in numbers]
    polygon = len(numbers) >= 6 and len(numbers) % 2 == 0
    if not polygon and len(numbers) not in (4, 5):
      raise ValueError
    if len(numbers) == 5 and not 0 <= numbers[4] <= 1:
      raise ValueError  # It is no confidence, but perhaps an angle.
  except ValueError:
    raise ValueError(f"{said} is neither 'class cx cy w h' nor 'class x1 y1 x2 y2 x3 y3 "
                     "...'" + '; numbers need a point, and no comma' * (',' in said)
                     ) from None
  places = np.array(numbers if polygon else numbers[:4])
  # Beyond an image, but not by all of its side: 2 is how a key point is said to be seen.
  if not (np.isfinite(places).all() and np.abs(places).max() < 2):
    raise ValueError(f'{said} is not in fractions of the image')
  if not 0 <= index < (index + 1 if names is None else len(names)):
    raise ValueError(f'{said} is of class {index}, and ' + (
        'classes count from 0' if names is None else f'{len(names)} are named, from 0'))
  if names and not names[index]:
    raise ValueError(f'{said} is of class {index}, which has no name')
  box = key_points.box_of(places)
  if polygon:
    if len(places) == 6 and not polygons and key_points.may_be_found(box):
      raise ValueError(f'{said} may be a triangle, or a box, its confidence and the number '
                       'of a track, or a box and a key point: give the triangle a fourth '
                       'point, or remove what follows the box')
    points = places.reshape(-1, 2)
    box = Box(*points.min(0).tolist(), *points.max(0).tolist())
  if box.width <= 0 or box.height <= 0:
    raise ValueError(f'{said} has no width or no height')
  return Region(str(index) if names is None else names[index], box,
                polygons=(points,) if polygon else None)


def _whole(word):
  """Returns a class's number, which some tools write with a point."""
  return text_files.whole(word)


def names_of(paths, root):
  """Finds what names the classes of label files.

  Where no file beside or above some of them does, and all others have the same names, as
  those of labels/train, these are the names of labels/val as well.

  Args:
    paths: of the label files.
    root: a folder above, up to which names are looked for.

  Returns:
    {folder of label files: (names, the file that has them)}, (None, None) without any.

  Raises:
    UserError: the names are damaged, or labels of one set may be polygons or key points,
      or have two corners for a box.
  """
  known, sets = {}, {}
  places = {folder: _place_of_names(folder, known, root)
            for folder in sorted({path.parent for path in paths})}
  for path in paths:
    sets.setdefault(places[path.parent], []).append(path)
  for place, some in sets.items():
    key_points.refuse_corners(some[0], _lines(some))
    if not place or not any(map(_names_of_yaml, _list(place))):
      key_points.refuse(some[0], _lines(some))
  found = {tuple(known[place][0]): known[place] for place in places.values() if place}
  rest = next(iter(found.values())) if len(found) == 1 else (None, None)
  return {folder: known.get(place, rest) for folder, place in places.items()}


def _lines(paths):
  """Yields the lines of label files but those that cannot be read, which `read` tells."""
  for path in paths:
    with contextlib.suppress(UserError):
      yield from text_files.read(path).splitlines()


def _short(line):
  return repr(line if len(line) <= 60 else line[:57] + '...')


def _place_of_names(folder, known, root):
  """Returns the folder that has the names of the classes of a folder's labels, or None.

  Args:
    folder: path of the folder.
    known: {path of a folder: names in it, and their file}; gets what is read here.
    root: a folder above, as of `names_of`.

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
    names = _names_of_yaml(path)
    if names is None and path.name in (*_NAME_FILES, *_MAY_NAME) and has_names(path):
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
    raise UserError(f'{path} has the line {_short(comment)}, and the numbers of classes '
                    'count lines: remove it or, where it is a name, put the names into a '
                    "data.yaml, as names: ['#1', '#2'].")
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


def _names_of_yaml(path):
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


def write(path, images, classes, pictures=None):
  """Writes labels/<image>.txt for each `Annotated`, data.yaml and classes.txt.

  Labels are boxes, whatever is known of the pixels: a line may hold a polygon in their
  place, but not every reader takes that, and polygons have no holes.

  Args:
    path: the folder.
    images: list of `Annotated`.
    classes: names in label order.
    pictures: their `Pictures`, which are put into images/; None to write no images.
  """
  text_files.write(path / _NAME_FILES[0], '\n'.join(classes) + '\n')
  # JSON's strings are YAML's. Without a `path`, the images are sought beside the file.
  text_files.write(path / 'data.yaml', _HEAD + ''.join(
      f'  {i}: {json.dumps(name, ensure_ascii=False)}\n'
      for i, name in enumerate(classes)))
  for image in images:
    text_files.write(text_files.beside(path / 'labels', image, '.txt'), ''.join(
        _to_line(region, image, classes) for region in image.regions))
    if pictures:
      pictures.link(image.file, path / _IMAGES / image.file)


def written(path, names):
  """Returns the paths that `write` makes for images called `names`."""
  return [path / _NAME_FILES[0], path / 'data.yaml', *(
      path / kind for name in names for kind in (f'{_IMAGES}/{name}', (
          'labels' / pathlib.PurePosixPath(name)).with_suffix('.txt')))]


def check(images):
  """Raises UserError for an image whose labels readers would seek in another folder."""
  for image in images:
    if _IMAGES in pathlib.PurePosixPath(image).parts[:-1]:
      raise UserError(f"{image} lies in a folder called '{_IMAGES}', which readers of "
                      "YOLO replace by 'labels': rename it, or leave yolo out of "
                      '--config.generate.formats')


def _to_line(region, image, classes):
  left, top, right, bottom = region.box
  numbers = ((left + right) / 2 / image.width, (top + bottom) / 2 / image.height,
             region.box.width / image.width, region.box.height / image.height)
  # 8 digits: an error of 1e-8 of the side, far below the tolerance of `Box.clip`.
  return (f'{classes.index(region.name)} '
          + ' '.join(f'{x:.8g}' for x in numbers) + '\n')
