"""Turns what was drawn on the page into a region in whole pixels of the image."""

import math

import numpy as np

from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError

_MOST = 20_000  # Points of all strokes.


def box(drawn, shape):
  """Returns the pixels that a drawn box touches, as whole edges.

  Args:
    drawn: [x, y, x, y] of two opposite corners, in pixels of the image.
    shape: (height, width) of the image.

  Returns:
    (left, top, right, bottom), inside of the image.

  Raises:
    UserError: these are no four numbers, or the box has no pixel.
  """
  x, y, other_x, other_y = _numbers(drawn, 4)
  found = Box(min(x, other_x), min(y, other_y), max(x, other_x), max(y, other_y)).clip(
      *shape)
  if found.width < 1 or found.height < 1:
    raise UserError('the box has no pixel of the image: draw a larger one')
  return tuple(map(int, found))


def mask(drawn, shape):
  """Returns what strokes of a brush cover, later ones over earlier ones.

  Args:
    drawn: list of {'points': [[x, y], ...], 'radius': r, 'erase': bool}, in pixels of the
      image.
    shape: (height, width) of the image.

  Returns:
    bool [H, W], some of it True: pixels whose middles are not further than the radius from
    a line between two points.

  Raises:
    UserError: these are no strokes, or nothing is left of them.
  """
  found, left = np.zeros(shape, bool), _MOST
  for stroke in drawn if isinstance(drawn, list) else [None]:
    if not isinstance(stroke, dict) or not isinstance(stroke.get('points'), list):
      raise UserError('what was drawn cannot be read: draw it again')
    [radius] = _numbers([stroke.get('radius')], 1)
    points = [np.array(_numbers(point, 2)) for point in stroke['points']]
    left -= len(points)
    if left < 0 or not 0 < radius <= max(shape):
      raise UserError('that is too much for a region: draw it again')
    for start, end in zip(points[:1] + points, points):
      _cover(found, start, end, radius, not stroke.get('erase'))
  if not found.any():
    raise UserError('the brush marks no pixel of the image: draw a region on it')
  return found


def _cover(inside, start, end, radius, value):
  """Sets the pixels whose middles are within `radius` of a line from (x, y) to (x, y)."""
  area = Box(*(np.minimum(start, end) - radius), *(np.maximum(start, end) + radius)).clip(
      *inside.shape)
  if min(area.width, area.height) < 1:
    return
  y, x = np.ogrid[area.slices]
  x, y, (along_x, along_y) = x + 0.5 - start[0], y + 0.5 - start[1], end - start
  share = np.clip((x * along_x + y * along_y) / max(along_x**2 + along_y**2, 1e-9), 0, 1)
  inside[area.slices][
      (x - share * along_x)**2 + (y - share * along_y)**2 <= radius**2] = value


def _numbers(values, count):
  """Returns `count` finite numbers of a list, as floats that no image goes beyond."""
  if isinstance(values, list) and len(values) == count and all(
      isinstance(x, (int, float)) and math.isfinite(x) for x in values):
    return [min(max(float(x), -1e6), 1e6) for x in values]
  raise UserError('what was drawn cannot be read: draw it again')
