"""Finds clean images that show a marked defect: in a copy, a part or a second shot of it.

Such as a JPEG of the marked image, a smaller or brighter one, or a tile of it, among the
good images. A template, or the next part on the same belt, resembles it as well, but not
at the marks: these are compared by their own texture, see `texture`.
"""

import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image
import scipy

from data_prep.crops.windows import covered
from data_prep.images import parallel
from data_prep.selection import texture
from pegan_jax.annotations.regions import Box

# Least correlation of what is at a mark. What a mark shows has 0.92 or more, whatever was
# done to it; of DeepPCB's 300 defects that are most like their templates, 3 have more.
_SHOWN = 0.9
_NEAR = 3  # Samples around a mark that count as it: against them it is seen.
BEYOND = 20  # Samples by which a part may reach beyond an image, the end of which cuts it.
_LEAST = 9  # Samples that are compared.


class Mark(NamedTuple):
  """The surroundings of a marked region.

  Attributes:
    path: of the image.
    corner: (top, left) of the surroundings in its `texture.thumbnail`.
    thumb: float32 [64, 64] of it, 0 outside of the image.
    near: bool [64, 64], where the image's regions are, and a little more.
  """
  path: pathlib.Path
  corner: tuple
  thumb: np.ndarray
  near: np.ndarray


def read(annotated, reader, window):
  """Returns the `Mark`s of images.

  Args:
    annotated: list of (path, `Annotated`) with regions.
    reader: `cutting.Reader`.
    window: side of the surroundings in pixels of the images.
  """
  by_path = dict(annotated)

  def marks(path):
    pixels = reader.read(path)
    view = texture.thumbnail(pixels, window)
    regions = by_path[path].regions_in(*pixels.shape[:2])
    found = [_mark(path, view, regions, region.box, window) for region in regions]
    return list({mark.corner: mark for mark in found if mark.near.any()}.values())

  return [mark for some in parallel.each_file(marks, list(by_path)) for mark in some]


def _mark(path, view, regions, box, window):
  """Returns the `Mark` around the middle of a region's box."""
  side = texture.SIDE
  middle = (box.top + box.bottom) / 2, (box.left + box.right) / 2
  corner = tuple(int(np.clip(round(at * side / window) - side // 2, 0,
                             max(0, size - side)))
                 for at, size in zip(middle, view.shape))
  top, left = (round(at * window / side) for at in corner)
  inside = covered([one for one in regions if one.box.overlap(
      Box.square(left, top, window))], Box.square(left, top, window))
  near = np.asarray(Image.fromarray(inside).resize((side, side)))
  return Mark(path, corner, np.nan_to_num(_part(view, corner)),
              scipy.ndimage.binary_dilation(near, iterations=_NEAR) & near.any())


def find_whole(marks, clean, small, reader, window, alike):
  """Finds clean images that are others as a whole, and show all marks of these.

  Args:
    marks: list of `Mark`s.
    clean: paths of clean images.
    small: {path: the image, as by `reading.small`}.
    reader, window: as of `read`.
    alike: `copies.find_alike`.

  Returns:
    The set of their paths.
  """
  of_path = {}
  for mark in marks:
    if mark.path in small:
      of_path.setdefault(mark.path, []).append(mark)
  paths = [*of_path, *(path for path in clean if path in small and path not in of_path)]
  found = alike([small[path] for path in paths], [path in of_path for path in paths])
  pairs = [(paths[i], paths[j]) for i, j in found.tolist() if paths[i] not in of_path]

  def shows(pair):
    image, marked = map(reader.read, pair)
    if image.shape != marked.shape:
      size = marked.shape[1::-1]
      image = np.stack([np.asarray(Image.fromarray(channel).resize(size))
                        for channel in np.moveaxis(image, -1, 0)], axis=-1)
    view = texture.thumbnail(image, window)
    return all(_shows(view, mark, mark.corner) for mark in of_path[pair[1]])

  return {pair[0] for pair in pairs if shows(pair)}  # One by one: images may be large.


def find_parts(marks, places, reader, window):
  """Finds clean images of which a part shows a mark.

  Args:
    marks: list of `Mark`s.
    places: {path of a clean image: [(a mark's number, (top, left)), ...]}, where in the
      image's `texture.thumbnail` what surrounds the mark may be.
    reader, window: as of `read`.

  Returns:
    The set of their paths.
  """
  def shows(path):
    view = texture.thumbnail(reader.read(path), window)
    return any(_shows(view, marks[k], corner) for k, corner in places[path])

  paths = sorted(places)
  return {path for path, yes in zip(paths, parallel.each_file(shows, paths)) if yes}


def _shows(view, mark, corner):
  """Returns whether an image shows a mark at a corner, which may lie outside of it."""
  own, other = (texture.average(part, 2) for part in (mark.thumb, _part(view, corner)))
  used = mark.near[:-1, :-1] & np.isfinite(other)
  values = own[used], other[used]
  if used.sum() < _LEAST or min(x.std() for x in values) == 0:
    return False
  return bool(np.corrcoef(*values)[0, 1] > _SHOWN)


def _part(view, corner):
  """Returns [64, 64] of a thumbnail, NaN outside of it."""
  side = texture.SIDE
  part = np.full((side, side), np.nan, np.float32)
  (y, rows), (x, columns) = (
      (max(0, -at), slice(max(0, at), max(0, min(size, at + side))))
      for at, size in zip(corner, view.shape))
  seen = view[rows, columns]
  part[y:y + seen.shape[0], x:x + seen.shape[1]] = seen
  return part
