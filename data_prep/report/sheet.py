"""Draws audit.png: the crops that were chosen, grouped and left out."""

import functools
import importlib.util
import pathlib

import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont
import scipy

CELL, GAP, COLUMNS, TITLE = 64, 2, 16, 14
_RED = (255, 40, 40)


def draw(rows):
  """Draws titled rows of crops, with their masks as outlines.

  Args:
    rows: list of (title, list of `cutting.Item`); the first 16 crops are shown. Names in
      titles are as from `drawn_as`.

  Returns:
    PIL image, mode RGB.
  """
  height = TITLE + CELL + 2 * GAP
  sheet = Image.new('RGB', (COLUMNS * (CELL + GAP), height * len(rows)), 'white')
  pen = ImageDraw.Draw(sheet)
  for k, (title, items) in enumerate(rows):
    pen.text((GAP, k * height), title, 'black', _font())
    for n, item in enumerate(items[:COLUMNS]):
      sheet.paste(_picture(item), (n * (CELL + GAP), k * height + TITLE))
  return sheet


def drawn_as(names):
  """Returns {name: what is drawn for it}: its number where the font lacks a letter of it.

  Args:
    names: of the classes; they count from 1, sorted.
  """
  return {name: name if all(map(_has, name)) else f'class {k}'
          for k, name in enumerate(sorted(names), 1)}


@functools.cache
def _font():
  """Returns matplotlib's font, which has Latin, Greek and Cyrillic letters."""
  folder = pathlib.Path(importlib.util.find_spec('matplotlib').origin).parent
  return ImageFont.truetype(folder / 'mpl-data' / 'fonts' / 'ttf' / 'DejaVuSans.ttf', 11)


@functools.cache
def _has(letter):
  """Returns whether the font draws a letter, and not what stands for those it lacks."""
  none = '\uffff'  # Is no letter.
  return letter.isspace() or bytes(_font().getmask(letter)) != bytes(_font().getmask(none))


def _picture(item):
  """Returns a crop as a cell, with a red line just outside of its mask."""
  image = item.image
  three = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
  cell = np.array(Image.fromarray(three).resize((CELL, CELL)))
  if item.mask is not None:
    mask = np.asarray(Image.fromarray(item.mask).resize((CELL, CELL)))
    cell[scipy.ndimage.binary_dilation(mask, np.ones((3, 3))) & ~mask] = _RED
  return Image.fromarray(cell)
