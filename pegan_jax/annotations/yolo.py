"""Reads and writes YOLO, one text file per image.

Each line is `class cx cy w h`, in fractions of the image. It holds boxes, to a few
digits; the names of the classes are in a file beside.
"""

import json
import os
import pathlib

import numpy as np

from pegan_jax.annotations import text_files
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError

PATH = 'yolo'
FILES = '.txt (YOLO)'

_NAME_FILES = ('classes.txt', 'obj.names')
_IMAGES = 'images'

# Ultralytics does not train without `val`.
_HEAD = '''# Generated images: validate on real ones, by their folder after `val:`.
train: images
val: images
names:
'''


def read(path):
  """Reads the .txt files of a folder.

  Args:
    path: the folder, see `annotations`; has the classes' names in classes.txt or
      obj.names. Without such a file, a class is called by its number.

  Returns:
    List of `Annotated` with a size of 1 x 1, and boxes in fractions, unclipped.

  Raises:
    UserError: a line is not a YOLO box or its class has no name, or the names have a
      gap or a duplicate.
  """
  found = [(file, name) for file, name in text_files.find(path, '.txt')
           if file.name not in _NAME_FILES]
  names = _read_names(path) if found else []
  return [Annotated(name, 1, 1, [
      _region(file, line.strip(), names)
      for line in text_files.read(file).splitlines() if line.strip()])
          for file, name in found]


def _region(path, line, names):
  try:
    index, cx, cy, w, h, *rest = line.split()
    if len(rest) > 1:  # A sixth word is a confidence.
      raise ValueError
    index, cx, cy, w, h = int(index), float(cx), float(cy), float(w), float(h)
  except ValueError:
    raise UserError(f'{path} is not a YOLO file: {line!r} is not '
                    "'class cx cy w h'.") from None
  if not (np.isfinite([cx, cy, w, h]).all() and max(cx, cy, w, h) <= 2):
    raise UserError(f'{path} is not a YOLO file: {line!r} is not in '
                    'fractions of the frame.')
  if min(w, h) <= 0:
    raise UserError(f'{path} is not a YOLO file: {line!r} has no width or no height.')
  if not 0 <= index < (len(names) or index + 1):
    raise UserError(f'{path} is not a YOLO file: {line!r} is of class {index}, and ' + (
        f'{len(names)} are named, from 0.' if names else 'classes count from 0.'))
  name = names[index] if names else str(index)
  return Region(name, Box(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))


def _read_names(folder):
  """Returns class names from the first of `_NAME_FILES`, or an empty list.

  Raises:
    UserError: the file is not text, has a name twice, or has an empty line between
      others, which boxes may count or not.
  """
  for name in _NAME_FILES:
    path = pathlib.Path(folder, name)
    if os.path.isfile(path):
      names = [line.strip() for line in text_files.read(path).rstrip().split('\n')]
      if '' in names[1:]:
        raise UserError(f'{path} has an empty line, and the numbers of classes count '
                        'lines: remove it, or name the class.')
      if twice := [x for x in names if names.count(x) > 1]:
        raise UserError(f'{path} has {twice[0]!r} twice: give each class its own name.')
      return [] if names == [''] else names
  return []


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
