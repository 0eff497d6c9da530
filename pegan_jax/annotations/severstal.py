"""Reads Severstal's CSV, one file for all images, as its challenge at Kaggle has it.

Columns are ImageId, ClassId and EncodedPixels or, before, ImageId_ClassId and
EncodedPixels: a row for a class of an image, 'start length start length ...' of its pixels,
which count from 1 at the upper left, down the columns. Classes are called by their numbers.
"""

import re
from typing import NamedTuple

import numpy as np

from pegan_jax.annotations import components, text_files
from pegan_jax.annotations.regions import Annotated
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

FILES = '.csv (Severstal)'
_COLUMNS = ({'ImageId', 'ClassId', 'EncodedPixels'}, {'ImageId_ClassId', 'EncodedPixels'})
_WHOLE = re.compile(r'(\d+)\.0*$')  # As pandas writes a number where others are missing.


class Runs(NamedTuple):
  """The pixels of a class, in place of `Region`s: the file does not say the image's size.

  Attributes:
    name: of the class.
    runs: int [n, 2], first pixels and lengths.
  """
  name: str
  runs: np.ndarray


def recognises(path):
  """Returns whether a file is Severstal's, by its columns."""
  return not is_submission(path) and _has_columns(path)


def is_submission(path):
  """Returns whether a file is, by its name and columns, what somebody guessed."""
  return 'submission' in path.stem.lower() and _has_columns(path)


def _has_columns(path):
  columns = text_files.columns_of_csv(path)
  return any(wanted <= columns for wanted in _COLUMNS)


def read(path):
  """Reads the CSV files of a folder.

  Args:
    path: the folder, in which other .csv files may lie, or one file.

  Returns:
    List of `Annotated` without a size, with `Runs` for `with_size`. An image of rows
    without pixels, or with -1 for them, has none, with a class or without.

  Raises:
    UserError: a row is damaged: `text_files.PartlyRead`, with the other rows.
  """
  return [image for file, _ in listing.find(path, '.csv') if recognises(file)
          for image in _read_file(file)]


def _read_file(path):
  images = {}

  def add(numbered):
    k, row = numbered
    try:
      said = dict(zip(columns, map(str.strip, row), strict=True))
      name, number = (said['ImageId'], said['ClassId']) if 'ClassId' in said else (
          said['ImageId_ClassId'].rsplit('_', 1))
      number = _WHOLE.sub(r'\1', number)
      words = said['EncodedPixels'].split()
      runs = np.array([] if words == ['-1'] else words, int).reshape(-1, 2)
      if not name or not number and len(runs) or (runs < 1).any():
        raise ValueError
    except (OverflowError, ValueError):
      raise ValueError(f'row {k} does not have an image, a class and pairs of numbers '
                       'from 1') from None
    regions = images.setdefault(name, Annotated(name, None, None, [])).regions
    if len(runs):
      regions.append(Runs(number, runs))

  try:
    head, *rows = text_files.rows_of_csv(path)
    columns = [name.strip() for name in head]
    text_files.each(add, ((k, row) for k, row in enumerate(rows, 2) if row))
  except ValueError as error:
    raise text_files.PartlyRead(f'{path} cannot be read as a CSV of Severstal: {error}; '
                                'correct or remove what is wrong.',
                                list(images.values())) from None
  return list(images.values())


def with_size(annotated, height, width):
  """Returns an `Annotated` with a `Region` for each connected piece of its `Runs`.

  Args:
    annotated: from `read`.
    height, width: of the image in pixels.

  Raises:
    UserError: pixels lie beyond the image.
  """
  regions = []
  for name, runs in annotated.regions:
    inside = np.zeros(height * width, bool)
    if (runs[:, 0] - 1 > inside.size - runs[:, 1]).any():
      raise UserError(f'{annotated.file} has pixels of {name} beyond its {width} x '
                      f'{height} image: correct or remove them.')
    for start, length in runs:
      inside[start - 1:start - 1 + length] = True
    regions += [region._replace(name=name)
                for region in components.pieces(inside.reshape(width, height).T)]
  return annotated._replace(height=height, width=width, regions=regions)
