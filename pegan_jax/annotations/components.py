"""Turns masks into regions, their connected components."""

import numpy as np
import scipy

from pegan_jax.annotations.regions import Box, of_pixels, Region

_RING = 0.4  # Most of what an outline encloses, itself included, that it covers.
_TEXTURE = 0.5  # Least covered share of a frame that makes a mask a texture.


def find_defects(mask, name, threshold, min_area, whole=False, corner=(0, 0)):
  """Finds the connected components of a mask.

  Args:
    mask: uint8 [h, w], 255 being all defect.
    name: name of the class.
    threshold: in (0, 1); a pixel above it belongs to a defect.
    min_area: pixels; smaller defects are left out.
    whole: whether the class is a texture, whose pixels are one defect.
    corner: (left, top) of the mask's frame in an image, in pixels: regions are in the
      image's coordinates.

  Returns:
    List of `Region` with masks, in reading order, each in the smallest box that holds its
    pixels. Pixels that touch at a corner are one component. A mask above the threshold in
    half of its frame is one defect: the islands of a texture are not separate ones.
  """
  inside = mask > 255 * threshold
  if (whole or inside.mean() >= _TEXTURE) and inside.any():
    found = [of_pixels(name, inside)]
  else:
    found = pieces(inside)
  return [Region(name, part.box.shift(*corner), part.mask) for part in found
          if part.mask.sum() >= min_area]


def joined(found, asked, corner=(0, 0)):
  """Joins the defects that belong to one piece of a region, which are one.

  So are the dark and the bright half of a dent.

  Args:
    found: list of `Region` with masks, of one name, from `find_defects`.
    asked: bool [h, w], the region; each defect is of its nearest piece.
    corner: as of `find_defects`.

  Returns:
    List of `Region`, in the order of the pieces.
  """
  labels, count = scipy.ndimage.label(asked, np.ones((3, 3)))
  if not count or len(found) < 2:
    return found
  nearest = labels[tuple(scipy.ndimage.distance_transform_edt(
      ~asked, return_distances=False, return_indices=True))]
  inside = np.zeros((count + 1, *asked.shape), bool)
  for region in found:
    slices = region.box.shift(-corner[0], -corner[1]).slices
    inside[np.bincount(nearest[slices][region.mask]).argmax()][slices] |= region.mask
  return [of_pixels(found[0].name, piece, corner) for piece in inside if piece.any()]


def pieces(inside):
  """Returns the connected pieces of bool [h, w], as `Region`s without a name."""
  labels, _ = scipy.ndimage.label(inside, np.ones((3, 3)))
  return [Region('', Box(columns.start, rows.start, columns.stop, rows.stop),
                 labels[rows, columns] == i)
          for i, (rows, columns) in enumerate(scipy.ndimage.find_objects(labels), 1)]


def is_outline(inside):
  """Returns whether a piece, bool [h, w], is few pixels around many, as a drawn ring is."""
  if inside.sum() >= _RING * inside.size:
    return False
  outside, _ = scipy.ndimage.label(np.pad(~inside, 1, constant_values=True))
  return bool(inside.sum() < _RING * (outside[1:-1, 1:-1] != outside[0, 0]).sum())
