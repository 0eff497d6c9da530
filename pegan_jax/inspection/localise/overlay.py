"""Draws what a segmenter found on an image."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_RED, _YELLOW = (230, 40, 40), (255, 220, 0)
_STRENGTH = 0.35  # Of the red on found pixels.
_LEAST = 8  # Smallest size of the font.


def draw(image, inside, boxes):
  """Returns an image with found pixels in red, and each box with its score.

  Args:
    image: uint8 [H, W, 1 or 3].
    inside: bool [H, W], the pixels found.
    boxes: list of `found_boxes.Found`.

  Returns:
    uint8 [H, W, 3].
  """
  height, width = inside.shape
  shown = np.repeat(image, 3, -1) if image.shape[-1] == 1 else image.copy()
  shown[inside] = np.rint((1 - _STRENGTH) * shown[inside] + _STRENGTH * np.array(_RED))
  line = max(1, min(height, width) // 300)  # Seen where a large image is shown as a whole.
  font = ImageFont.load_default(max(_LEAST, min(height, width) // 40))
  sheet = Image.fromarray(shown)
  canvas = ImageDraw.Draw(sheet)
  for box, score in boxes:
    canvas.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=_YELLOW,
                     width=line)
    text = f'{score:.2f}'
    _, _, right, bottom = canvas.textbbox((0, 0), text, font)
    at = (max(0, min(box.left, width - right)),
          box.top - bottom - 1 if box.top > bottom else min(box.bottom, height - bottom))
    canvas.text(at, text, _YELLOW, font, stroke_width=1, stroke_fill='black')
  return np.asarray(sheet)
