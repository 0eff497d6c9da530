"""Tells YOLO's polygons from boxes with key points, whose lines look the same.

And boxes from those that somebody wrote as two corners.
"""

import numpy as np

from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError

_NEAR = 0.01
_OUT = 0.03  # A box that is padded leaves the image by less.
_MOST = 0.9  # Share of the lines that must fit key points.


def refuse(path, lines):
  """Raises UserError where labels may be polygons, or boxes with key points behind them.

  Key points need a data.yaml to train with, so it is asked of those without one. They
  are of one number for all boxes of a set, and lie within these.

  Args:
    path: of the first file, for the error.
    lines: of all files, which are read no further than is needed.
  """
  length, votes = 0, []
  for words in filter(None, map(str.split, lines)):
    length = length or len(words)
    if len(words) != length or length < 9 or not all(map(is_number, words)):
      return
    votes.append(_may_have_key_points(np.array(words[1:], float)))
  votes = [vote for vote in votes if vote is not None]
  if votes and np.mean(votes) >= _MOST:
    raise UserError(
        f'{path}, and what else is labelled here, may hold polygons, or boxes with '
        "key points behind them: for polygons, add a data.yaml with 'names'; of key "
        'points, keep the box alone.')


def refuse_corners(path, lines):
  """Raises UserError where a set's boxes are corners, and no middle and size.

  They are two corners where the second lies beyond the first in all, and read as sizes, a
  quarter or more leave the image by far. They are the upper left one and a size where all
  lie within the image by that, and as middles a tenth, and three, leave it, one by far.

  Args:
    path: of the first file, for the error.
    lines: of all files, which are read no further than is needed.
  """
  count = leave = out = 0
  may_be_corners = may_be_first = True
  for words in filter(None, map(str.split, lines)):
    if len(words) != 5 or not all(map(is_number, words)):
      return
    numbers = np.array(words[1:], float)
    within = numbers.min() >= 0 and numbers.max() <= 1
    may_be_corners &= within and bool((numbers[2:] > numbers[:2]).all())
    may_be_first &= within and bool((numbers[:2] + numbers[2:] <= 1 + _NEAR).all())
    if not (may_be_corners or may_be_first):
      return
    box = box_of(numbers)
    count, leave = count + 1, leave + (min(box) < -_OUT or max(box) > 1 + _OUT)
    out += min(box) < -_NEAR
  said = ''
  if may_be_corners and count > 1 and leave >= count / 4:
    said = "'class x1 y1 x2 y2', the corners of boxes"
  elif may_be_first and leave and out >= max(3, count / 10):
    said = "'class x y w h', the upper left corner of boxes and their size"
  if said:
    raise UserError(
        f"{path}, and what else is labelled here, seems to have {said}: YOLO has "
        "'class cx cy w h', their middle and size; convert them.")


def _may_have_key_points(numbers):
  """Returns whether numbers fit a box and key points, None where too few are seen.

  A polygon's points, read so, are rarely all inside such a box and as wide or as high as
  half of it. Corners of a rectangle, turned or not, are taken for that.
  """
  box = box_of(numbers)
  if not may_be_found(box):
    return False
  rest = numbers[4:]
  if len(rest) % 3 == 0 and np.isin(rest[2::3], (0, 1)).all():
    points = rest.reshape(-1, 3)[:, :2]
  elif len(rest) % 2 == 0:
    points = rest.reshape(-1, 2)
  else:
    return False
  corners = numbers.reshape(-1, 2) if len(numbers) == 8 else None
  if corners is not None and (
      np.abs(corners[0] - corners[1] + corners[2] - corners[3]) < _NEAR).all():
    return False
  points = points[points.any(1)]  # What is not seen is 0 0.
  if len(points) < 2:
    return None
  low, high = np.reshape(box, (2, 2))
  return bool((points > low - _NEAR).all() and (points < high + _NEAR).all()
              and (np.ptp(points, axis=0) >= (high - low) / 2).any())


def is_number(word):
  """Returns whether a word is a finite number."""
  try:
    return bool(np.isfinite(float(word)))
  except ValueError:
    return False


def box_of(numbers):
  """Returns the `Box` of a middle and a size, which further numbers follow."""
  x, y, width, height = numbers[:4].tolist()
  return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def may_be_found(box):
  """Returns whether a detector may have found a box: those end at the image's edges."""
  return (box.width > 0 and box.height > 0 and min(box) >= -_NEAR
          and max(box) <= 1 + _NEAR)
