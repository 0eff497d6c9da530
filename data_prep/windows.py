"""Lays out windows in raw frames: clean ones beside boxes, squares around a box."""

import numpy as np

from pegan_jax.annotations.regions import Box


def clean_windows(height, width, boxes, side, margin):
  """Returns square windows that keep clear of every box and of each other.

  First fit in reading order, at every pixel.

  Args:
    height, width: the frame's size in pixels.
    boxes: `Box`es, clipped.
    side: the window's side in pixels; a frame smaller than that is used at its
      own shorter side.
    margin: pixels between a window and any box.

  Returns:
    List of `Box`, none overlapping.
  """
  side = min(side, height, width)
  taken = np.zeros((height + 1, width + 1), np.int32)
  for left, top, right, bottom in boxes:
    taken[max(0, top - margin) + 1:bottom + margin + 1,
          max(0, left - margin) + 1:right + margin + 1] = 1
  area = taken.cumsum(axis=0).cumsum(axis=1)
  free = (area[side:, side:] - area[:-side, side:]
          - area[side:, :-side] + area[:-side, :-side]) == 0
  windows = []
  for top in range(free.shape[0]):
    row = free[top]
    while row.any():
      left = int(row.argmax())
      windows.append(Box(left, top, left + side, top + side))
      free[top:top + side, max(0, left - side + 1):left + side] = False
  return windows


def covered(boxes, window):
  """Returns the share of a window that boxes cover, in [0, 1].

  Args:
    boxes: clipped boxes.
    window: `Box` in the same frame.
  """
  inside = np.zeros((window.height, window.width), bool)
  for box in boxes:
    inside[box.shift(-window.left, -window.top).clip(*inside.shape).slices] = True
  return float(inside.mean())


def box_square(box, height, width, side):
  """Returns the square to cut for a box: centred on it, at least `side` wide.

  Args:
    box: a clipped `Box`.
    height, width: the frame's size in pixels.
    side: smallest side in pixels, so that small defects are not blown up.

  Returns:
    `Box` as wide as the box's longer edge and no wider than the frame's shorter edge,
    shifted inward where it would leave the frame.
  """
  side = min(max(side, box.width, box.height), height, width)
  x = min(max((box.left + box.right - side) // 2, 0), width - side)
  y = min(max((box.top + box.bottom - side) // 2, 0), height - side)
  return Box(x, y, x + side, y + side)
