"""Lays out arrays of images as labelled grids."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_GAP = 2
_SIZES = range(12, 7, -1)  # Font sizes; the largest that fits is used.
# Sides of images in pixels: at least the first, the second where a screen is wide enough.
_SMALL, _LARGE, _SCREEN = 64, 128, 1400


def grid(images, columns, rows=None):
  """Lays out images with a heading above each column and a name beside each row.

  Args:
    images: uint8 [R, C, H, W, 1 or 3].
    columns: C headings.
    rows: R names, or None for none.

  Returns:
    uint8 [height, width, 3]; images under 64 pixels are enlarged by a whole
    factor, and those under 128 where few columns leave room.
  """
  num_rows, num_columns, height, width, _ = images.shape
  images = np.broadcast_to(images, (*images.shape[:-1], 3))
  room = _SCREEN // num_columns
  factor = max(1, _SMALL // width, min(_LARGE, room) // width)
  images = images.repeat(factor, axis=2).repeat(factor, axis=3)
  height, width = height * factor, width * factor
  font = ImageFont.load_default(_SIZES[0])
  left = 0 if rows is None else 4 + max(int(font.getlength(r)) for r in rows)
  top = 18
  sheet = Image.new('RGB', (left + num_columns * (width + _GAP),
                            top + num_rows * (height + _GAP)), 'white')
  draw = ImageDraw.Draw(sheet)
  for c, name in enumerate(columns):
    text, smaller = _fit(name, width)
    draw.text((left + c * (width + _GAP) + width // 2, 2), text, 'black', smaller,
              anchor='ma')
  for r in range(num_rows):
    y = top + r * (height + _GAP)
    if rows is not None:
      draw.text((0, y + height // 2), rows[r], 'black', font, anchor='lm')
    for c in range(num_columns):
      sheet.paste(Image.fromarray(images[r, c]), (left + c * (width + _GAP), y))
  return np.asarray(sheet)


def _fit(text, width):
  """Returns the text and a font that fit the width: smaller, or at last cut short."""
  for size in _SIZES:
    font = ImageFont.load_default(size)
    if font.getlength(text) <= width:
      return text, font
  while font.getlength(text) > width and len(text) > 1:
    text = text[:-1]
  return text, font
