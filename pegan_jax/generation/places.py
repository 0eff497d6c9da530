"""Finds where a defect goes on an image of any size: its region, the window around it."""

import pathlib

import numpy as np
from PIL import Image

from data_prep.crops import cutting
from data_prep.images import reading
from pegan_jax.annotations import masks, regions
from pegan_jax.annotations.regions import Box
from pegan_jax.common import terminal
from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import placing
from pegan_jax.nets.masks import MARGIN

TRIES = 200  # Places tried for a defect before it is given up.


def margin(run):
  """Returns how far paint goes on around a region, as a share of its window."""
  return MARGIN / run.config.image_size


def window_of(box, shape, window, share):
  """Returns the square window that a region is painted in.

  It is as large as the network's, or larger where the region would not fit, so that the
  defect is painted at a larger scale. It has the region in its middle, except where that
  would lead out of the image.

  Args:
    box: `Box` of the region, inside of the image.
    shape: (height, width) of the image.
    window: side of the network's window in pixels of the image.
    share: from `margin`; kept free around a region but where the image ends.

  Returns:
    `Box`; it leaves the image where that is smaller.
  """
  spans = [(box.top, box.bottom, shape[0]), (box.left, box.right, shape[1])]
  side = max(window, *(int(np.ceil((high - low) / (1 - share * ((low > 0) + (high < end)))))
                       for low, high, end in spans))
  top, left = ((end - side) // 2 if side >= end else
               min(max((low + high - side) // 2, 0), end - side)
               for low, high, end in spans)
  return Box.square(left, top, side)


def cut(image, box):
  """Returns what a `Box` has of [H, W, ...]; around the image it is mirrored."""
  return image[np.ix_(_mirrored(box.top, box.bottom, image.shape[0]),
                      _mirrored(box.left, box.right, image.shape[1]))]


def _mirrored(start, stop, size):
  """Returns the indices of start to stop, those outside of 0 to size mirrored into it."""
  period = max(2 * size - 2, 1)
  index = np.arange(start, stop) % period
  return np.minimum(index, (period - index) % max(period, size))


def filled(region, shape):
  """Returns the pixels of a `Region` in whole ones of its image: bool [H, W]."""
  inside = np.zeros(shape, bool)
  inside[region.box.slices] = True if region.mask is None else region.mask
  return inside


def covered(inside, size):
  """Returns bool [h, w] as [size, size]: where half of a pixel, or the most, is inside."""
  return cutting.shrink(inside, size) & inside.any()


def shrink(allowed, size):
  """Returns bool [h, w] as [size, size]: where all of a pixel is allowed."""
  return np.asarray(Image.fromarray(allowed.astype(np.float32)).resize(
      (size, size), Image.Resampling.BOX)) > 0.999


class Placer:
  """Draws places for regions like those of a class's training images.

  Args:
    run: a `Run` whose method takes regions.
    records: `dataset.Records` to draw them from.
    scale: pixels of the images to place on per pixel of the data set's.
  """

  def __init__(self, run, records, scale=1.0):
    self._run, self._records, self._scale = run, records, scale
    self._whole = {}

  def place(self, rng, label, allowed):
    """Returns a `Region` for a defect of class `label`, or None where none was found.

    Args:
      rng: numpy Generator, which decides it.
      label: of the class.
      allowed: bool [H, W], where the region may lie.
    """
    spots = None if allowed.all() else np.flatnonzero(allowed)
    for _ in range(TRIES * (spots is None or len(spots) > 0)):
      shape = self._draw(rng, label)
      room = np.subtract(allowed.shape, shape.shape)
      if (room < 0).any():
        continue
      if spots is None:
        corner = rng.integers(room + 1)
      else:  # Its middle where a defect may lie.
        middle = np.unravel_index(rng.choice(spots), allowed.shape)
        corner = np.clip(np.subtract(middle, np.array(shape.shape) // 2), 0, room)
      found = regions.of_pixels(self._run.info.classes[label], shape, corner[::-1].tolist())
      if allowed[found.box.slices][found.mask].all():
        return found
    return None

  def _draw(self, rng, label):
    """Returns the shape of a region that fits a window with its margin: bool [h, w]."""
    region = placing.vary(rng, self._records.masks(
        [rng.choice(self._of_class(label))])[0, ..., 0])
    shape = regions.of_pixels('', region > 0).mask
    most = round(len(region) * (1 - 2 * margin(self._run)))
    factor = self._scale * min(1, most / max(shape.shape))
    rows, columns = ((np.arange(max(1, round(n * factor))) * n // max(1, round(n * factor)))
                     for n in shape.shape)
    return shape[np.ix_(rows, columns)]

  def _of_class(self, label):
    """Returns the records whose regions no crop's edge cuts off; if there are none, all."""
    if label not in self._whole:
      indices, _ = placing.best_of(self._records, label)
      found = self._records.masks(indices)[..., 0] > 0
      cut_off = (found[:, [0, -1]].any((1, 2)) | found[:, :, [0, -1]].any((1, 2)))
      self._whole[label] = indices[~cut_off] if (~cut_off).any() else indices
    return self._whole[label]


def without(allowed, region, share, window):
  """Returns `allowed` without a region and the margin around it."""
  left = allowed.copy()
  pad = int(np.ceil(share * max(window, region.box.width, region.box.height)))
  box = region.box
  left[Box(box.left - pad, box.top - pad, box.right + pad, box.bottom + pad).clip(
      *allowed.shape).slices] = False
  return left


class Roi:
  """Reads masks of where defects may lie.

  Args:
    folder: of masks, which have the paths of their images but for the suffix.
  """

  def __init__(self, folder):
    self._folder, self._paths = folder, {}
    for path in reading.list_images(folder):
      self._paths.setdefault(path.relative_to(folder).with_suffix(''), []).append(path)

  def check(self, images):
    """Raises UserError unless each image has one mask, of its size.

    Args:
      images: {path under its folder: (height, width)}.
    """
    faults = []
    for image, shape in images.items():
      found = self._paths.get(pathlib.Path(image).with_suffix(''), [])
      if len(found) != 1:
        faults.append(f'{image} has {len(found) or "no"} mask' + 's' * (len(found) > 1))
      elif (size := reading.size(found[0])) != shape:
        faults.append(f'the mask of {image} has {size[1]}x{size[0]} pixels instead of '
                      f'{shape[1]}x{shape[0]}')
    if faults:
      raise UserError(f'{self._folder!r} does not say where defects may lie: '
                      f'{listed(faults, 10)}')

  def read(self, image):
    """Returns where defects may lie on an image: bool [H, W]."""
    return masks.read(self._paths[pathlib.Path(image).with_suffix('')][0]).marked()


def say_left_out(left_out, total):
  """Says how many defects have no place; UserError where none has one.

  Args:
    left_out: number of defects.
    total: number of all.
  """
  if not left_out:
    return
  text = (f'{left_out} of {total} defects: in {TRIES} tries no place was found where one '
          'may lie, large enough and away from others')
  if left_out == total:
    raise UserError(f'{text}: take larger images or, where --config.generate.roi has '
                    'masks, make more of these white')
  terminal.say(f'{text}; they are left out')
