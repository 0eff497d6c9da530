"""Turns pixels into polygons."""

import numpy as np
import scipy

# The sides of a pixel, clockwise: where the neighbour lies, from where the side goes, and
# which way, each as (x, y).
_SIDES = (((0, -1), (0, 0), (1, 0)), ((1, 0), (1, 0), (0, 1)),
          ((0, 1), (1, 1), (-1, 0)), ((-1, 0), (0, 1), (0, -1)))


def of(region):
  """Returns a `Region`'s polygons, or those of its pixels: (x, y) in the image's edges.

  Returns:
    List of [n, 2]; empty where no pixels are known or marked.
  """
  if region.polygons or region.mask is None:
    return list(region.polygons or ())
  return [polygon + region.box[:2] for polygon in trace(region.mask)]


def trace(inside):
  """Returns polygons that hold exactly the pixels of a mask.

  Args:
    inside: bool [h, w].

  Returns:
    List of int [n, 2], corners as (x, y) in pixel edges. The polygons do not overlap and
    have no holes, which most formats cannot hold: what has a hole is cut there.
  """
  found, left = [], [(inside, 0, 0)]
  while left:
    part, x, y = left.pop()
    # Pixels that touch at a corner alone are two pieces.
    labels, _ = scipy.ndimage.label(part)
    for i, (rows, columns) in enumerate(scipy.ndimage.find_objects(labels), 1):
      piece = labels[rows, columns] == i
      corner = x + columns.start, y + rows.start
      outside, count = scipy.ndimage.label(
          np.pad(~piece, 1, constant_values=True), np.ones((3, 3)))
      if count == 1:
        found.append(_walk_round(piece) + corner)
        continue
      hole = scipy.ndimage.find_objects(outside == 2, 1)[0][1]
      cut = (hole.start + hole.stop) // 2 - 1  # The outside was widened by a pixel.
      left += [(piece[:, :cut], *corner), (piece[:, cut:], corner[0] + cut, corner[1])]
  return found


def _walk_round(piece):
  """Returns the corners of a piece in one part without holes, clockwise."""
  around = ~np.pad(piece, 1)
  height, width = piece.shape
  ways = {}  # By the point where a side begins.
  for (right, down), start, way in _SIDES:
    free = around[1 + down:1 + down + height, 1 + right:1 + right + width]
    for row, column in np.argwhere(piece & free).tolist():
      ways.setdefault((column + start[0], row + start[1]), set()).add(way)
  first = x, y = int(piece[0].argmax()), 0
  way, corners = (1, 0), []
  while not corners or corners[-1] != first:
    x, y = x + way[0], y + way[1]
    # Clockwise before anything else: where two corners touch, it stays on its pixel.
    turns = (-way[1], way[0]), way, (way[1], -way[0])
    turn = next(t for t in turns if t in ways[x, y])
    if turn != way:
      corners.append((x, y))
    way = turn
  return np.array(corners)
