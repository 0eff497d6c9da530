"""Reads and writes YOLO, one text file per image.

Each line is `class cx cy w h` for a box, `class cx cy w h confidence` for one that a
detector found, or `class x1 y1 x2 y2 ...` for a polygon, in fractions of the image. The
names of the classes are in a file beside or above.
"""

import contextlib
import json
import pathlib
import re

import numpy as np

from pegan_jax.annotations import key_points, text_files, yolo_names
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

PATH = 'yolo'
FILES = '.txt (YOLO)'

_NOTES = re.compile('readme|licen[cs]e|notes', re.IGNORECASE)  # May be empty.
_CLASSES, _IMAGES = 'classes.txt', 'images'

CONFIDENCES = ('YOLO labels with a number from 0 to 1 behind the box: taken for its '
               'confidence, and the box for true')

# Ultralytics does not train without `val`.
_HEAD = '''# Generated images: validate on real ones, by their folder after `val:`.
train: images
val: images
names:
'''


def recognises(path):
  """Returns whether a file may hold labels: each line begins with five numbers or more.

  Files that are there without an image are told apart by it: lists, readmes, notes. That
  of decimal commas is one that `read` refuses.
  """
  if path.suffix.lower() != '.txt' or yolo_names.has_names(path) or _NOTES.match(path.name):
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
  found = [(file, name) for file, name in listing.find(path, '.txt')
           if file.name not in yolo_names.FILES]
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
  said = text_files.short(line)
  try:
    index, *numbers = line.split()
    index, numbers = text_files.whole(index), [float(x) for x in numbers]
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
    raise ValueError(f'{said} is not in fractions of the image: divide pixels by its '
                     'width and height, or export it again')
  if not 0 <= index < (index + 1 if names is None else len(names)):
    raise ValueError(f'{said} is of class {index}, and ' + (
        'classes count from 0: correct the number' if names is None else
        f'{len(names)} are named, from 0: name it too, or correct the number'))
  if names and not names[index]:
    raise ValueError(f'{said} is of class {index}, which has no name: give it one')
  box = key_points.box_of(places)
  if polygon:
    if len(places) == 6 and not polygons and key_points.may_be_found(box):
      raise ValueError(f'{said} may be a triangle, or a box, its confidence and the number '
                       'of a track, or a box and a key point: give the triangle a fourth '
                       'point, or remove what follows the box')
    points = places.reshape(-1, 2)
    box = Box(*points.min(0).tolist(), *points.max(0).tolist())
  if box.width <= 0 or box.height <= 0:
    raise ValueError(f'{said} has no width or no height: draw it again, or remove it')
  return Region(str(index) if names is None else names[index], box,
                polygons=(points,) if polygon else None)


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
      have two corners for a box, or count classes from 1.
  """
  known, sets = {}, {}
  places = {folder: yolo_names.place_of(folder, known, root)
            for folder in sorted({path.parent for path in paths})}
  for path in paths:
    sets.setdefault(places[path.parent], []).append(path)
  for place, some in sets.items():
    key_points.refuse_corners(some[0], _lines(some))
    if not place or not yolo_names.in_yaml(place):
      key_points.refuse(some[0], _lines(some))
    if place:
      _refuse_from_one(some, *known[place])
  found = {tuple(known[place][0]): known[place] for place in places.values() if place}
  rest = next(iter(found.values())) if len(found) == 1 else (None, None)
  return {folder: known.get(place, rest) for folder, place in places.items()}


def _refuse_from_one(paths, names, file):
  """Raises UserError where classes of label files count from 1, and have a name less."""
  used = {words[0] for words in map(str.split, _lines(paths)) if words}
  if used == {*map(str, range(1, len(names) + 1))}:
    raise UserError(
        f'{paths[0]}, and what else is labelled here, seems to count classes from 1: none '
        f'is of class 0, and some are of {len(names)}, where {file} names {len(names)}, '
        "from 0: put a name for 0, as 'unused', before the others there, or "
        'subtract 1 from each class.')


def _lines(paths):
  """Yields the lines of label files but those that cannot be read, which `read` tells."""
  for path in paths:
    with contextlib.suppress(UserError):
      yield from text_files.read(path).splitlines()


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
  text_files.write(path / _CLASSES, '\n'.join(classes) + '\n')
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
  return [path / _CLASSES, path / 'data.yaml', *(
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
