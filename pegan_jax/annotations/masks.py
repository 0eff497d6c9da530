"""Reads mask images, whose pixels say what is a defect, and of which class.

A mask has few values, each of which may be a class, or it is soft: smoothed or compressed
with loss. A soft mask has nearly all pixels near two values, and is cut at half.
"""

import pathlib
from typing import NamedTuple
import warnings

import numpy as np
from PIL import Image
from PIL import ImageOps
import scipy

from pegan_jax.annotations import components
from pegan_jax.annotations.regions import Box, box_of
from pegan_jax.common.errors import UserError, reason

FEW = 16  # Most values but zero of masks that are exact.
_LOW, _HIGH = 0.15, 0.85  # Parts of the greatest value that are near to 0 and to that.
_EDGE = 5  # Pixels that hold a soft edge.
_CHROMA = 16  # Levels by which compression with loss makes the channels of grey differ.


class Mask(NamedTuple):
  """Describes what a mask image says.

  Attributes:
    path: path of the file.
    height, width: its size in pixels.
    box: `Box` of all that is not zero; of no pixel for an empty mask.
    pixels: [box.height, box.width], their values; colours as red << 16 | green << 8 | blue.
    values: list of the values but zero, numbers or (red, green, blue).
    may_be_soft: whether it can be cut at half.
    lossy: whether it was compressed with loss, as JPEG is.
  """
  path: pathlib.Path
  height: int
  width: int
  box: Box
  pixels: np.ndarray
  values: list[int | tuple[int, int, int]]
  may_be_soft: bool
  lossy: bool

  def regions(self, values=None, soft=False):
    """Returns the connected pieces of some values, as `Region`s without a name.

    Args:
      values: values to take, None for all.
      soft: whether to take what is above half of its greatest value instead.
    """
    if not self.values:
      return []
    if soft:
      inside = self.pixels > max(self.values) / 2
    else:
      codes = [_code(value) for value in self.values if values is None or value in values]
      inside = np.isin(self.pixels, codes)
    return [region._replace(box=region.box.shift(self.box.left, self.box.top))
            for region in components.pieces(inside)]

  def marked(self):
    """Returns what is marked, whatever its value: bool [height, width].

    A soft mask is cut at half, as is one that was compressed with loss.
    """
    inside = np.zeros((self.height, self.width), bool)
    at_half = self.values and (self.may_be_soft or self.lossy)
    least = max(self.values) / 2 if at_half else 0
    inside[self.box.slices] = self.pixels > least
    return inside


def read(path, coloured=False):
  """Reads a mask image.

  Args:
    path: an image of 1, 8 or 16 bits, with a palette, or of colours.
    coloured: whether a palette's colours are its values, and not their numbers.

  Returns:
    A `Mask`.

  Raises:
    UserError: it cannot be read.
  """
  try:
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')
      warnings.simplefilter('error', Image.DecompressionBombWarning)
      with Image.open(path) as image:
        if (pages := getattr(image, 'n_frames', 1)) > 1:
          raise ValueError(f'it holds {pages} pictures, of which one would be read')
        lossy = image.format == 'JPEG' or b'VP8 ' in _head(path)  # WebP with loss.
        depth = _depth(path)
        # As its image is read.
        image = ImageOps.exif_transpose(image)
        if image.mode == 'RGB' and lossy and not coloured and (
            np.ptp(np.asarray(image), axis=2).max() <= _CHROMA):
          image = image.convert('L')
        pixels = _values(image, coloured)
        if depth in (2, 4):
          pixels //= 255 // (2**depth - 1)  # Pillow spreads them over 8 bits.
  except Exception as error:  # Decoders raise nearly anything on bad bytes.
    raise UserError(f'{path} cannot be read as a mask: {reason(error)}.') from None
  found, counts = np.unique(pixels, return_counts=True)
  colours = pixels.dtype == np.int64
  box = box_of(pixels) or Box(0, 0, 0, 0)
  least = np.uint8 if found[-1] < 256 else np.uint32
  return Mask(path, *pixels.shape, box, pixels[box.slices].astype(least), [
      (v >> 16, v >> 8 & 255, v & 255) if colours else v
      for v in found[found > 0].tolist()], not colours and _is_soft(found, counts), lossy)


def have_soft_edges(masks):
  """Returns whether values between 0 and the greatest are there, along edges alone.

  So smoothing leaves them. A class of such a value has pixels with no other around.

  Args:
    masks: list of `Mask`.
  """
  between = at_edges = 0
  if all(mask.may_be_soft for mask in masks):
    for mask in masks:
      if len(mask.values) > 1:
        share = np.pad(mask.pixels, 1) / max(mask.values)
        some = (share >= _LOW) & (share <= _HIGH)
        between += some.sum()
        at_edges += (some & (scipy.ndimage.minimum_filter(share, _EDGE) < _LOW)
                     & (scipy.ndimage.maximum_filter(share, _EDGE) > _HIGH)).sum()
  return bool(at_edges and at_edges >= 0.9 * between)


def is_mask(path):
  """Returns whether an image may be a mask, by its pixels."""
  try:
    mask = read(path)
    return mask.may_be_soft or len(mask.values) <= FEW
  except UserError:
    return False


def _head(path):
  with open(path, 'rb') as file:
    return file.read(64)


def _depth(path):
  """Returns the bits of a grey PNG's pixels, 8 for other images."""
  head = _head(path)
  return head[24] if head[:4] == b'\x89PNG' and head[25:26] == b'\0' else 8


def _code(value):
  return value[0] << 16 | value[1] << 8 | value[2] if isinstance(value, tuple) else value


def _is_soft(found, counts):
  """Returns whether a mask is all but of two values, 0 and its greatest.

  Args:
    found: its values, sorted.
    counts: how many pixels have each.
  """
  if len(found) == 1:
    return True
  share = found / found[-1]
  ends, near = counts[[0, -1]].sum(), counts[(share < _LOW) | (share > _HIGH)].sum()
  return bool(found[0] == 0 and found[-1] >= 128 and ends >= counts.sum() / 2
              and near >= counts.sum() * 0.95)


def _values(image, coloured):
  """Returns an image's values [h, w], int64 for colours; ValueError for no such."""
  if image.mode in ('LA', 'La', 'PA', 'RGBA', 'RGBa') or 'transparency' in image.info:
    image = image.convert('RGBA')
    if np.asarray(image)[..., 3].min() < 255:
      raise ValueError('it has transparent pixels, which may be marked or not; where they '
                       'are not, save its alpha channel alone, as a grey PNG')
    image = image.convert('RGB')
  if image.mode == 'P' and (coloured or any(image.getpalette()[:3])):
    image = image.convert('RGB')
  if image.mode in ('RGB', 'CMYK', 'YCbCr'):
    pixels = np.asarray(image.convert('RGB')).astype(np.int64)
    if coloured or (pixels != pixels[..., :1]).any():
      return pixels @ [1 << 16, 1 << 8, 1]
    return pixels[..., 0].astype(np.int32)
  pixels = np.asarray(image)
  if (pixels != np.rint(pixels)).any():
    raise ValueError('it has fractions, and nothing says where a defect begins; save it '
                     'as PNG with 0 and 255')
  if pixels.min() < 0:
    raise ValueError('it has values below 0, which name no class')
  return pixels.astype(np.int32)
