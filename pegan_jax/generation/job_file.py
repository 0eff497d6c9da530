"""Reads `generate.jobs`: which defects the user wants, on which images, and where.

A CSV file with a header, or a JSON object per line, with these columns; only the first two
are needed:

  image: path, from the file's folder on
  class: name of the defect's class
  region: 'left top right bottom', a polygon 'x y x y x y ...', both in pixels of the image,
      or the path of a mask image; empty: drawn like those of the class
  seed: of the noise; empty: `generate.seed`
  strength: 0 to 1; empty: `generate.strength`
  count: number of pictures, 1 if empty
  picture: any word; rows of one image with other words are painted on other pictures

All rows of one image, and of one word, are painted on the same pictures. The first picture
has the first draw of each row. The second has the second draw of each row whose count is 2
or more, and so on.
"""

import csv
import io
import json
import math
import os
import pathlib
import re
from typing import NamedTuple

import numpy as np

from data_prep.images import reading
from pegan_jax.annotations import masks, pixels, regions
from pegan_jax.common import class_names, json_text, provenance
from pegan_jax.common.errors import UserError

_NEEDED = ('image', 'class')
_COLUMNS = (*_NEEDED, 'region', 'seed', 'strength', 'count', 'picture')
_MOST = 10_000  # pictures of a row
_SHOWN = 20  # faults that the error lists


class Row(NamedTuple):
  """A line of the file.

  Attributes:
    line: its number.
    image: path of the image.
    label: of the class.
    region: `regions.Region` in whole pixels of the image, or None: to be drawn.
    seed, strength: None where the run's are meant.
    count: number of pictures.
    picture: word, or ''.
    mask: path of the mask image that the region is, or None.
    shape: (height, width) of the image.
  """
  line: int
  image: pathlib.Path
  label: int
  region: regions.Region | None
  seed: int | None
  strength: float | None
  count: int
  picture: str
  mask: pathlib.Path | None
  shape: tuple[int, int]


def read(path, classes, read_image=reading.size):
  """Reads and checks every row.

  Args:
    path: of the file.
    classes: names of the classes, in label order.
    read_image: function of an image's path that raises UserError where it cannot be used.

  Returns:
    List of `Row`.

  Raises:
    UserError: the file cannot be read, or rows are at fault; the message lists them all
      by their lines.
  """
  path = pathlib.Path(os.path.expanduser(path))
  try:
    text = path.read_text('utf-8-sig')
  except (OSError, UnicodeDecodeError) as e:
    why = e.strerror if isinstance(e, OSError) else (
        'it is not UTF-8: save it as CSV in UTF-8')
    raise UserError(f'{path} cannot be read: {why}') from e
  rows, faults, images = [], [], set()
  for line, cells in _lines(path, text):
    try:
      row = _row(line, _checked(cells), path.parent, classes)
      if row.image not in images:
        read_image(row.image)
        images.add(row.image)
      rows.append(row)
    except (ValueError, UserError) as e:
      faults.append(f'line {line}: {str(e).rstrip(".")}')
  if not rows and not faults:
    raise UserError(f'{path} has no rows: add one below the names of the columns')
  for row, name in zip(rows, names(rows)):
    others = [other for other, its in zip(rows, names(rows))
              if its == name and (other.image, other.picture) != (row.image, row.picture)]
    if others and others[0].line < row.line:
      faults.append(f'line {row.line}: its pictures would be called as those of line '
                    f'{others[0].line}')
  if faults:
    more = len(faults) - _SHOWN
    raise UserError(f'{path}: {"; ".join(faults[:_SHOWN])}'
                    + f'; and {more} more faults' * (more > 0))
  return rows


def folder(rows):
  """Returns the folder that holds the images of all rows, at any depth."""
  return os.path.commonpath([row.image.parent for row in rows]) if rows else ''


def names(rows):
  """Returns what the pictures of each row are called, without number and suffix."""
  return [row.image.relative_to(folder(rows)).with_suffix('').as_posix()
          + f'_{row.picture}' * bool(row.picture) for row in rows]


def digest(path, rows):
  """Returns what the pictures depend on: the file, its images and its masks."""
  paths = {row.image for row in rows} | {row.mask for row in rows if row.mask}
  return provenance.digest([provenance.sha256(os.path.expanduser(path)),
                            *sorted(map(provenance.sha256, paths))])


def _lines(path, text):
  """Yields (number, {column: cell}) of each row."""
  if text.lstrip()[:1] == '{':
    for number, line in enumerate(text.splitlines(), 1):
      if line.strip():
        try:
          yield number, json_text.parse(line, object_pairs_hook=_once)
        except ValueError:
          yield number, None
    return
  if text.lstrip()[:1] == '[':
    raise UserError(f'{path} is a JSON list: write one object per line')
  head = text.partition('\n')[0]
  reader = csv.DictReader(io.StringIO(text, newline=''), skipinitialspace=True,
                          delimiter=max(',;\t', key=head.count), strict=True)
  try:
    columns = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    if missing := [name for name in _NEEDED if name not in columns]:
      raise UserError(f'{path} has no column {missing[0]}: its first line must name the '
                      f'columns, which are {", ".join(_COLUMNS)}')
    if twice := [name for name in columns if name and columns.count(name) > 1]:
      raise UserError(f'{path} has two columns {twice[0]}: leave one of them out')
    for cells in reader:
      yield reader.line_num, cells
  except csv.Error as e:
    raise UserError(f'{path}: line {reader.reader.line_num} is no CSV: {e}') from e


def _once(pairs):
  """Returns the object of a JSON object's pairs; ValueError for a key given twice."""
  if len(dict(pairs)) < len(pairs):
    raise ValueError('a key is given twice')
  return dict(pairs)


def _checked(cells):
  """Returns the cells of known columns, stripped; ValueError for others."""
  if not isinstance(cells, dict):
    raise ValueError('it is no JSON object, or has a key twice')
  if None in cells:
    raise ValueError('it has more cells than the first line')
  for name in cells:
    if name not in _COLUMNS:
      raise ValueError(f'no column {name!r}: choose from {", ".join(_COLUMNS)}')
  cells = {name: cell.strip() if isinstance(cell, str) else cell
           for name, cell in cells.items() if cell is not None}
  for name in _NEEDED:
    if cells.get(name, '') == '':
      raise ValueError(f'no {name}')
  return {name: cell for name, cell in cells.items() if cell != ''}


def _row(line, cells, folder, classes):
  """Returns the `Row` of cells; ValueError or UserError for the first fault."""
  name = str(cells['class'])
  image = pathlib.Path(os.path.abspath(folder / str(cells['image'])))
  if name not in classes:
    raise ValueError(f'no class {name!r}: choose from {class_names.join(classes, ", ")}')
  if not image.is_file():  # The path may have been written on Windows.
    image = pathlib.Path(os.path.abspath(folder / str(cells['image']).replace('\\', '/')))
  if not image.is_file():
    raise ValueError(f'no image {image}: correct the path, which begins in the folder of '
                     'this file')
  shape = reading.size(image)
  region, mask = _region(cells.get('region'), name, folder, shape)
  picture = str(cells.get('picture', ''))
  if re.search(r'[^\w. -]', picture) or picture.startswith('.'):
    raise ValueError(f'picture is {picture!r}: it must be of letters, digits and - . _')
  return Row(
      line, image, classes.index(name), region,
      _number(cells, 'seed', int, 0, 2**31 - 1), _number(cells, 'strength', float, 0, 1),
      _number(cells, 'count', int, 1, _MOST) or 1, picture, mask, shape)


def _number(cells, name, kind, low, high):
  """Returns a cell's number, or None where it is empty."""
  if name not in cells:
    return None
  cell = cells[name]
  try:
    number = float(cell) if not isinstance(cell, bool) else math.nan
  except (TypeError, ValueError):
    number = math.nan
  if not low <= number <= high or kind is int and number != int(number):
    what = 'a whole number' if kind is int else 'a number'
    raise ValueError(f'{name} is {cell!r}: it must be {what} from {low} to {high}')
  return kind(number)


def _region(cell, name, folder, shape):
  """Returns the `Region` of a cell, and the mask's path where it is one."""
  if cell is None or cell == []:
    return None, None
  numbers = _numbers(cell)
  if numbers is None:
    path = pathlib.Path(os.path.abspath(folder / str(cell)))
    if not path.is_file():
      raise ValueError(f'region is {cell!r}: neither numbers nor a mask image, as {path} '
                       'is not there')
    return _of_pixels(masks.read(path).marked(), name, shape, f'the mask {path}'), path
  height, width = shape
  if len(numbers) == 4:
    low, high = numbers[:2], numbers[2:]
  elif len(numbers) >= 6 and len(numbers) % 2 == 0:
    points = np.reshape(numbers, (-1, 2))
    low, high = points.min(0), points.max(0)
  else:
    raise ValueError(f'region has {len(numbers)} numbers: a box has 4, a polygon x and y '
                     'of 3 corners or more')
  if not np.isfinite(numbers).all() or (np.array(low) < 0).any() or (
      high[0] > width or high[1] > height):
    raise ValueError(f'its region leaves the image, which has {width}x{height} pixels')
  if max(*high) <= 1 < min(shape) and any(x != int(x) for x in numbers):
    raise ValueError('its region lies within one pixel, as fractions of an image do: '
                     f'multiply them by its width, {width}, and its height, {height}')
  if high[0] <= low[0] or high[1] <= low[1]:
    raise ValueError('its region has no pixel: a box is left top right bottom')
  if len(numbers) == 4:
    box = regions.Box(*numbers).clip(height, width)
    return regions.Region(name, box, np.ones((box.height, box.width), bool)), None
  return _of_pixels(pixels.fill([points], height, width), name, shape, 'its region'), None


def _of_pixels(inside, name, shape, what):
  if inside.shape != shape:
    raise ValueError(f'{what} has {inside.shape[1]}x{inside.shape[0]} pixels, and its '
                     f'image {shape[1]}x{shape[0]}')
  if not inside.any():
    raise ValueError(f'{what} is empty')
  return regions.of_pixels(name, inside)


def _numbers(cell):
  """Returns the numbers of a cell as a flat list, or None where it has something else."""
  if isinstance(cell, str):
    if cell[:1] == '[':
      try:
        cell = json.loads(cell)
      except ValueError:
        return None
    else:
      cell = re.split(r'[\s,;]+', cell)
  if not isinstance(cell, list):
    return None
  flat = [x for part in cell for x in (part if isinstance(part, list) else [part])]
  try:
    return [float(x) for x in flat]
  except (TypeError, ValueError):
    return None
