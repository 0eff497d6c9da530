"""Draws audit.png: the crops that were chosen, grouped and left out."""

import numpy as np
from PIL import Image
from PIL import ImageDraw
import scipy

CELL, GAP, COLUMNS, TITLE = 64, 2, 16, 14
_RED = (255, 40, 40)


def draw(rows):
  """Draws titled rows of crops, with their masks as outlines.

  Args:
    rows: list of (title, list of `cutting.Item`); the first 16 crops are shown.

  Returns:
    PIL image, mode RGB.
  """
  height = TITLE + CELL + 2 * GAP
  sheet = Image.new('RGB', (COLUMNS * (CELL + GAP), height * len(rows)), 'white')
  pen = ImageDraw.Draw(sheet)
  for k, (title, items) in enumerate(rows):
    # The built-in font knows ASCII only.
    pen.text((GAP, k * height), title.encode('ascii', 'replace').decode(), 'black')
    for n, item in enumerate(items[:COLUMNS]):
      sheet.paste(_picture(item), (n * (CELL + GAP), k * height + TITLE))
  return sheet


def _picture(item):
  """Returns a crop as a cell, with a red line just outside of its mask."""
  image = item.image
  three = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
  cell = np.array(Image.fromarray(three).resize((CELL, CELL)))
  if item.mask is not None:
    mask = np.asarray(Image.fromarray(item.mask).resize((CELL, CELL)))
    cell[scipy.ndimage.binary_dilation(mask, np.ones((3, 3))) & ~mask] = _RED
  return Image.fromarray(cell)
