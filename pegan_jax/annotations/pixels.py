"""Turns outlines and run lengths into pixels, as COCO's own library does."""

import warnings

import numpy as np
from PIL import Image
from PIL import ImageDraw


def fill(polygons, height, width):
  """Returns the pixels that are in any of some polygons.

  Args:
    polygons: list of float [n, 2], (x, y) in pixel edges; may leave the image.
    height, width: of the image in pixels.

  Returns:
    bool [height, width]. A polygon that is too thin to hold a pixel gives those that its
    outline passes through, so that a hairline is not lost.
  """
  from pycocotools import mask as library  # pylint: disable=import-outside-toplevel
  found = library.frPyObjects(
      [np.asarray(polygon, float).ravel().tolist() for polygon in polygons], height, width)
  inside = decode(library.merge(found))
  nothing = library.encode(np.zeros((height, width), np.uint8, order='F'))['counts']
  for polygon, own in zip(polygons, found):
    if own['counts'] == nothing:
      inside |= _outline(polygon, height, width)
  return inside


def decode(said):
  """Returns COCO's run lengths, {'size': [h, w], 'counts': bytes}, as bool [h, w]."""
  from pycocotools import mask as library  # pylint: disable=import-outside-toplevel
  with warnings.catch_warnings():  # It asks NumPy for copies in an old way.
    warnings.simplefilter('ignore', DeprecationWarning)
    return library.decode(said).astype(bool)


def uncompress(text):
  """Returns the run lengths of COCO's text, of which its library reads past a cut end.

  Five bits per character, lowest first, and one that says whether more follow; from the
  third on, a length is the difference from the one two before.
  """
  lengths, value, shift = [], 0, 0
  for character in text:
    code = ord(character) - 48
    if not 0 <= code < 64 or shift > 60:
      raise ValueError('its run lengths are damaged')
    value |= (code & 31) << shift
    shift += 5
    if not code & 32:
      value -= (code & 16) << (shift - 4)  # Two's complement.
      lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
      value = shift = 0
  if shift:
    raise ValueError('its run lengths are cut short')
  return lengths


def _outline(polygon, height, width):
  image = Image.new('1', (width, height))
  corners = [(int(x), int(y)) for x, y in np.floor([*polygon, polygon[0]])]
  ImageDraw.Draw(image).line(corners, fill=1)
  return np.asarray(image)
