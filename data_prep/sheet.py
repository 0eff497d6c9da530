"""Draws audit.png: the crops that were chosen, grouped and left out."""

import numpy as np
from PIL import Image
from PIL import ImageDraw

CELL, GAP, COLUMNS, TITLE = 64, 2, 16, 14


def draw(rows):
  """Draws titled rows of crops.

  Args:
    rows: list of (title, list of uint8 [S, S, C]); the first 16 crops are shown.

  Returns:
    PIL image, mode RGB.
  """
  height = TITLE + CELL + 2 * GAP
  sheet = Image.new('RGB', (COLUMNS * (CELL + GAP), height * len(rows)), 'white')
  pen = ImageDraw.Draw(sheet)
  for k, (title, crops) in enumerate(rows):
    # The built-in font knows ASCII only.
    pen.text((GAP, k * height), title.encode('ascii', 'replace').decode(), 'black')
    for n, crop in enumerate(crops[:COLUMNS]):
      three = np.repeat(crop, 3, axis=-1) if crop.shape[-1] == 1 else crop
      picture = Image.fromarray(three).resize((CELL, CELL))
      sheet.paste(picture, (n * (CELL + GAP), k * height + TITLE))
  return sheet
