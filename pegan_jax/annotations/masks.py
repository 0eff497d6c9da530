"""Reads mask images, whose pixels say what is a defect, and of which class.

A mask's values are told apart exactly. Where there are more than a few and they reach the
upper half of 8 bits, it is soft: smoothed or compressed with loss, and cut at half.
"""

import pathlib
from typing import NamedTuple
import warnings

import numpy as np
from PIL import Image
from scipy import ndimage

from pegan_jax.annotations import text_files
from pegan_jax.annotations.regions import Box, Region
from pegan_jax.common.errors import UserError, reason

_SOFT = 8  # Most values but zero of a mask that is exact.
_HALF = 128
_BACKGROUND = ('background', '_background_', '__background__', 'bg', 'unlabeled')
_IGNORED = '__ignore__'  # First line of LabelMe's labels.txt, for the value -1.


class Mask(NamedTuple):
  """What a mask image says.

  Attributes:
    height, width: its size in pixels.
    regions: {value: list of `Region` without a name}, its connected pieces. A value is a
      number, or (red, green, blue).
    soft: whether it was cut at half.
  """
  height: int
  width: int
  regions: dict[int | tuple[int, int, int], list[Region]]
  soft: bool


class Names(NamedTuple):
  """Classes of a mask's values, '' for the background.

  Attributes:
    path: file that says so.
    by_number: {number: name}.
    by_colour: {(red, green, blue): name}; empty where a file gives numbers.
  """
  path: pathlib.Path
  by_number: dict[int, str]
  by_colour: dict[tuple[int, int, int], str]

  def __getitem__(self, value):
    """Returns the class of a value; KeyError if it has none."""
    return (self.by_colour if isinstance(value, tuple) else self.by_number)[value]


def read(path, coloured=False):
  """Reads a mask image.

  Args:
    path: an image of 1, 8 or 16 bits, with a palette, or of colours.
    coloured: whether a palette's colours are its values, and not their numbers.

  Returns:
    A `Mask`. Pixels that touch at a corner are one piece.

  Raises:
    UserError: it cannot be read, or has more values than a mask has.
  """
  try:
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')
      warnings.simplefilter('error', Image.DecompressionBombWarning)
      with Image.open(path) as image:
        lossy = image.format == 'JPEG'
        values = _values(image, coloured)
  except UserError:
    raise
  except Exception as error:  # Decoders raise nearly anything on bad bytes.
    raise UserError(f'{path} cannot be read as a mask: {reason(error)}.') from None
  if values is None:
    raise UserError(f'{path} is a mask with transparent pixels, which may be marked or '
                    'not: save it without transparency.')
  found = np.unique(values)
  found = found[found > 0].tolist()
  colours = values.dtype == np.int64
  soft = len(found) > _SOFT and found[-1] >= _HALF or lossy and len(found) > 1
  if soft and (colours or found[-1] < _HALF):
    raise UserError(f'{path} holds {len(found)} values, which are too many for a mask or '
                    'were changed by JPEG: save it as PNG with a value for each class.')
  if soft:
    values, found = np.where(values * 2 > max(255, found[-1]), 255, 0), [255]
  return Mask(*values.shape, {
      (v >> 16, v >> 8 & 255, v & 255) if colours else v: pieces(values == v)
      for v in found}, soft)


def _values(image, coloured):
  """Returns an image's values [h, w]; int64 for colours, None where some are clear."""
  if image.mode in ('LA', 'La', 'PA', 'RGBA', 'RGBa') or 'transparency' in image.info:
    image = image.convert('RGBA')
    if np.asarray(image)[..., 3].min() < 255:
      return None
    image = image.convert('RGB')
  if image.mode == 'P' and (coloured or any(image.getpalette()[:3])):
    image = image.convert('RGB')
  if image.mode in ('RGB', 'CMYK', 'YCbCr'):
    pixels = np.asarray(image.convert('RGB')).astype(np.int64)
    if coloured or (pixels != pixels[..., :1]).any():
      return pixels @ [1 << 16, 1 << 8, 1]
    return pixels[..., 0].astype(np.int32)
  return np.asarray(image).astype(np.int32)


def pieces(inside):
  """Returns the connected pieces of bool [h, w], as `Region`s without a name."""
  labels, _ = ndimage.label(inside, np.ones((3, 3)))
  return [Region('', Box(columns.start, rows.start, columns.stop, rows.stop),
                 labels[rows, columns] == i)
          for i, (rows, columns) in enumerate(ndimage.find_objects(labels), 1)]


def names_in(folder):
  """Returns the `Names` that a file in a folder gives; None if no file does.

  These are: CVAT's and Pascal VOC's labelmap.txt, 'name:red,green,blue::'; a line for
  each number from 0, the background, in classes.txt, class_names.txt or labels.txt; or
  classes.json or labels.json, {number: name}, {name: number} or {name: [red, green,
  blue]}.

  Raises:
    UserError: such a file is damaged.
  """
  for name, parse in _NAME_FILES.items():
    path = pathlib.Path(folder, name)
    if path.is_file():
      try:
        found = parse(path)
      except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f'{path} cannot be read as the classes of masks: {reason(error)}.'
                        ) from None
      if found:
        return Names(path, *({value: '' if name.lower() in _BACKGROUND else name
                              for value, name in part.items()} for part in found))
  return None


def _colours_of_lines(path):
  numbers, colours = {}, {}
  for line in text_files.read(path).splitlines():
    if line.strip() and not line.startswith('#'):
      name, colour, *_ = line.rsplit(':', 3)
      numbers[len(numbers)] = name.strip()
      colour = tuple(map(int, colour.split(',')))
      if len(colour) != 3 or colour in colours:
        raise ValueError(f'{line!r} has no colour of its own')
      colours[colour] = name.strip()
  return numbers, colours


def _lines(path):
  """Returns the names by number; None where the first is not the background's."""
  lines = [line.strip() for line in text_files.read(path).splitlines()]
  lines = lines[1:] if lines[:1] == [_IGNORED] else lines
  if not lines or lines[0].lower() not in _BACKGROUND:
    return None  # Of something else, or from 1: nothing says which.
  return dict(enumerate(lines)), {}


def _json(path):
  said, numbers, colours = text_files.read_json(path), {}, {}
  for key, value in said.items():
    if isinstance(value, str):
      numbers[int(key)] = value
    elif isinstance(value, list):
      colours[tuple(map(int, value))] = key
    else:
      numbers[int(value)] = key
  return numbers, colours


_NAME_FILES = {
    'labelmap.txt': _colours_of_lines, 'classes.txt': _lines, 'class_names.txt': _lines,
    'labels.txt': _lines, 'classes.json': _json, 'labels.json': _json}


def has_names(path):
  """Returns whether a file is, by its name, one that names the values of masks."""
  return path.name in _NAME_FILES
