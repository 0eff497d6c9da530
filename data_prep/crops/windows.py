"""Lays out windows in images: clean ones beside regions, and some around each region."""

import hashlib

import numpy as np
import scipy

from pegan_jax.annotations.regions import Box, box_of


def clean_windows(height, width, boxes, side, margin):
  """Returns square windows that keep clear of every box and of each other.

  First fit in reading order, at every pixel.

  Args:
    height, width: the image's size in pixels.
    boxes: `Box`es, clipped.
    side: the window's side in pixels; an image smaller than that is used at its
      own shorter side.
    margin: pixels between a window and any box.

  Returns:
    List of `Box`, none overlapping.
  """
  side = min(side, height, width)
  free = np.ones((height - side + 1, width - side + 1), bool)  # By top left corner.
  for left, top, right, bottom in boxes:
    reach = margin + side - 1
    free[max(0, top - reach):bottom + margin, max(0, left - reach):right + margin] = False
  windows = []
  for top in range(free.shape[0]):
    row = free[top]
    while row.any():
      left = int(row.argmax())
      windows.append(Box.square(left, top, side))
      free[top:top + side, max(0, left - side + 1):left + side] = False
  return windows


def boxes_of(regions):
  """Returns the `Box`es that clean windows keep clear of.

  A box that is no larger than its mask says no more than that: of it, these are the boxes
  of the pieces, which may lie far from one another.

  Args:
    regions: `Region`s in whole pixels.
  """
  boxes = []
  for region in regions:
    mask = region.mask
    if mask is not None and all(mask.any(axis)[[0, -1]].all() for axis in (0, 1)):
      labels, _ = scipy.ndimage.label(mask, np.ones((3, 3)))
      boxes += [Box(x.start, y.start, x.stop, y.stop).shift(*region.box[:2])
                for y, x in scipy.ndimage.find_objects(labels)]
    else:
      boxes.append(region.box)
  return boxes


def covered(regions, window):
  """Returns which pixels of a window regions cover: bool [height, width].

  Args:
    regions: `Region`s in whole pixels; one without a mask covers its box.
    window: `Box` in the same image, which may reach out of it.
  """
  inside = np.zeros((window.height, window.width), bool)
  for region in regions:
    box = region.box.shift(-window.left, -window.top)
    seen = box.clip(*inside.shape)
    if seen.width > 0 and seen.height > 0:
      inside[seen.slices] |= (True if region.mask is None else
                              region.mask[seen.shift(-box.left, -box.top).slices])
  return inside


def region_windows(region, height, width, side, seed):
  """Returns the square windows to cut for a region: each holds a part of it whole.

  A region that is larger than the window is divided evenly into the fewest parts that
  are not, those without a pixel of its mask are left out, and each is shrunk to what
  they hold of it. So the windows together cover the region.

  Args:
    region: `Region` in whole pixels of the image.
    height, width: the image's size in pixels.
    side: the window's side in pixels; an image smaller than that is used at its own
      shorter side.
    seed: text; the part lies anywhere in its window, by this text and nothing else.

  Returns:
    List of `Box`, within the image and none twice; empty for an empty mask.
  """
  side = min(side, height, width)
  windows = {}
  for k, part in enumerate(_parts(region, side)):
    digest = hashlib.sha256(f'{seed}/{k}'.encode('utf-8', 'surrogateescape')).digest()
    left, top = (
        low + int.from_bytes(digest[8 * i:8 * i + 8], 'big') % (high - low + 1)
        for i, (low, high) in enumerate((
            (max(0, part.right - side), min(part.left, width - side)),
            (max(0, part.bottom - side), min(part.top, height - side)))))
    windows[Box.square(left, top, side)] = None
  return list(windows)


def _parts(region, side):
  """Yields the boxes of a region's parts, each at most `side` wide and high."""
  box = region.box
  rows, columns = (np.linspace(0, edge, -(-edge // side) + 1).round().astype(int).tolist()
                   for edge in (box.height, box.width))
  for top, bottom in zip(rows, rows[1:]):
    for left, right in zip(columns, columns[1:]):
      part = Box(left, top, right, bottom)
      if region.mask is not None:
        if not (marked := box_of(region.mask[part.slices])):
          continue
        part = marked.shift(left, top)
      yield part.shift(box.left, box.top)
