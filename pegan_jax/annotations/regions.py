"""Boxes, regions of defects, and images with their regions."""

import functools
import math
from typing import NamedTuple

import numpy as np

from pegan_jax.annotations import pixels
from pegan_jax.common.errors import UserError

# Edges within this distance of a whole pixel, in pixels, are rounded to it. YOLO's files
# have 6 digits or more, which puts an edge off by 0.75e-6 of the image's side at most
# (half a unit of the last digit from the centre, half of that from half the size): less
# than this in images of up to 13,000 pixels.
_NEAR = 0.01
LINES = ('images with lines, which have no area: taken for the boxes around them; where '
         'one goes around a defect, draw it as a polygon')
IGNORED = '__ignore__'  # LabelMe's class, of what is neither a defect nor clean.


class Box(NamedTuple):
  """A rectangle, as edges in pixels: it is image[top:bottom, left:right].

  The edges are whole numbers, except in boxes from files with fractions.
  """
  left: float
  top: float
  right: float
  bottom: float

  @classmethod
  def square(cls, left, top, side):
    """Returns the square of a side with its upper left corner at (left, top)."""
    return cls(left, top, left + side, top + side)

  @property
  def width(self):
    return self.right - self.left

  @property
  def height(self):
    return self.bottom - self.top

  @property
  def slices(self):
    """Returns the index of its pixels, for image[box.slices]."""
    return slice(self.top, self.bottom), slice(self.left, self.right)

  def shift(self, x, y):
    """Returns the box `x` pixels further right and `y` further down."""
    return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

  def overlap(self, other):
    """Returns how much lies in both boxes, in pixels."""
    width = min(self.right, other.right) - max(self.left, other.left)
    height = min(self.bottom, other.bottom) - max(self.top, other.top)
    return max(0, width) * max(0, height)

  def hull(self, other):
    """Returns the smallest box that holds both."""
    return Box(min(self.left, other.left), min(self.top, other.top),
               max(self.right, other.right), max(self.bottom, other.bottom))

  def clip(self, height, width):
    """Returns the whole pixels that the box touches in an image of height x width.

    Edges are rounded outwards, except those within `_NEAR` of a whole number, which
    become that number. A box outside of the image becomes empty.
    """
    low = lambda edge, end: min(max(0, math.floor(edge + _NEAR)), end)
    high = lambda edge, end: min(max(0, math.ceil(edge - _NEAR)), end)
    return Box(low(self.left, width), low(self.top, height),
               high(self.right, width), high(self.bottom, height))


class Region(NamedTuple):
  """One defect.

  Attributes:
    name: name of its class.
    box: `Box` that holds all of it.
    mask: bool [box.height, box.width], its pixels within the box, or None.
    polygons: tuple of float [n, 2], outlines as (x, y) in pixel edges, or None.
  """
  name: str
  box: Box
  mask: np.ndarray | None = None
  polygons: tuple[np.ndarray, ...] | None = None


def of_pixels(name, inside, corner=(0, 0)):
  """Returns the `Region` of bool [h, w], which has some, from `corner` of an image on."""
  rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
  box = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
  return Region(name, box.shift(*corner), inside[box.slices])


def of_line(name, points):
  """Returns the `Region`, a box, of a line of a pixel's width through float [n, 2].

  Raises:
    ValueError: it has less than two points.
  """
  if len(points) < 2:
    raise ValueError(f'is a line of {len(points)} points, and needs 2 or more: draw it '
                     'again, or remove it')
  return Region(name, Box(*(points.min(0) - 0.5).tolist(), *(points.max(0) + 0.5).tolist()))


def box_of(inside):
  """Returns the smallest `Box` that holds all of [h, w] that is not 0; None for nothing."""
  return of_pixels('', inside > 0).box if inside.any() else None


def hull(boxes):
  """Returns the smallest `Box` that holds all of an iterable of them; None for none."""
  boxes = list(boxes)
  return functools.reduce(Box.hull, boxes) if boxes else None


class Annotated(NamedTuple):
  """An image and its regions.

  Attributes:
    file: posix path of the image under its folder. In formats with one file per image,
      reading gives the path of that file, which differs in the suffix.
    height, width: size of the image in pixels, None where a file does not say; 1 and 1
      where boxes are in fractions of the image.
    regions: list of `Region`.
    notes: what of the file was read in a way that its user should know, or not at all.
    says: the image's name as a file for one image gives it; '' where it does not.
    tags: words that the file says of the whole image, which may tell of a defect.
    bytes: size of the image's file, as the file says it; 0 where it does not.
  """
  file: str
  height: int | None
  width: int | None
  regions: list[Region]
  notes: tuple[str, ...] = ()
  says: str = ''
  tags: tuple[str, ...] = ()
  bytes: int = 0

  def regions_in(self, height, width):
    """Returns the regions in whole pixels of the image, clipped to it.

    Args:
      height, width: the image's true size in pixels.

    Returns:
      List of `Region` without polygons. `mask` is bool [box.height, box.width], of the
      polygons where there are some, or None where only a box was marked. A box is
      widened where its polygons are larger.

    Raises:
      UserError: a box has no pixel in the image, or the file gives another size.
    """
    fractions = (self.height, self.width) == (1, 1)
    said = self.height or height, self.width or width
    if not fractions and said != (height, width):
      raise UserError(f'{self.file} says that its image has {said[1]} x {said[0]} '
                      f'pixels, and it has {width} x {height}: correct the size, and '
                      'the boxes where they are of another image')
    scale = (width, height) if fractions else (1, 1)
    found = []
    for region in self.regions:
      polygons = [np.multiply(polygon, scale) for polygon in region.polygons or ()]
      edges = np.reshape(region.box, (2, 2)) * scale
      low = np.min([edges[0], *(p.min(0) for p in polygons)], axis=0).tolist()
      high = np.max([edges[1], *(p.max(0) for p in polygons)], axis=0).tolist()
      box = Box(*low, *high).clip(height, width)
      if box.width <= 0 or box.height <= 0:
        left, top, right, bottom = region.box
        raise UserError(f'{self.file} has a box of {region.name}, from ({left:g}, '
                        f'{top:g}) to ({right:g}, {bottom:g}), that covers '
                        f'no pixel of its {width} x {height} image: correct or remove it')
      found.append(Region(region.name, box, _pixels(region, polygons, box)))
    return found


def _pixels(region, polygons, box):
  """Returns the pixels of a region in its clipped box, or None."""
  if polygons:
    corner = (box.left, box.top)
    return pixels.fill([p - corner for p in polygons], box.height, box.width)
  if region.mask is None:
    return None
  return region.mask[box.shift(-region.box.left, -region.box.top).slices]


def are_fractions(images):
  """Returns whether all boxes of `Annotated`s lie within one pixel, but not on its edges.

  In a format of pixels, they are fractions of their images.
  """
  edges = [region.box for image in images for region in image.regions]
  return bool(edges) and bool(np.max(edges) <= 1 and (np.rint(edges) != edges).any())


def boxes_to_text(regions):
  """Returns boxes as a cell of the manifest: 'left top right bottom; ...'."""
  return '; '.join(' '.join(map(str, region.box)) for region in regions)


def boxes_from_text(text):
  """Returns the `Box`es of what `boxes_to_text` gives, of whole pixels.

  Raises:
    ValueError: it is something else.
  """
  boxes = []
  for part in filter(str.strip, text.split(';')):
    left, top, right, bottom = map(int, part.split())
    boxes.append(Box(left, top, right, bottom))
  return boxes
