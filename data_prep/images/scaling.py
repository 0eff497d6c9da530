"""Brings 16-bit pixels to 8 bits by one rule for a set, and tells colour from grey."""

import numpy as np

BIT_DEPTHS = (8, 10, 12, 14, 16)
COLOUR_TOLERANCE = 3.0  # Grey levels, on average over an image.
_IN_PART = 32.0  # Grey levels, on average over a square of that many pixels.
_PART = 16


def is_coloured(pixels):
  """Returns whether the channels of uint8 [H, W, C] differ, by much where only in a part."""
  if pixels.shape[2] == 1:
    return False
  spread = pixels.max(axis=-1) - pixels.min(axis=-1)
  if spread.mean() > COLOUR_TOLERANCE:
    return True
  rows, columns = (side // _PART for side in spread.shape)
  parts = spread[:rows * _PART, :columns * _PART].reshape(rows, _PART, columns, _PART)
  return bool((parts.mean(axis=(1, 3)) > _IN_PART).any())


def to_8_bits(pixels, max_value):
  """Scales uint16, of which none is above `max_value`, by a set's rule; keeps uint8."""
  if pixels.dtype == np.uint8:
    return pixels
  levels = np.rint(np.arange(max_value + 1) * (255.0 / max_value)).astype(np.uint8)
  return levels[pixels]


def max_value_for(largest):
  """Returns 2^b - 1 for the smallest usual bit depth b that holds `largest`."""
  return next(2**bits - 1 for bits in BIT_DEPTHS if largest < 2**bits)
