"""Regions for defects to be painted in: a class's own, varied as the class may show them.

A region is uint8 [H, W], 255 where the defect may be and 0 elsewhere.
"""

import numpy as np

_SCALE = 1.25  # Largest factor, and one over the smallest, on a region's sides.


class Regions:
  """Draws regions from those of a data set's defects.

  Where a class has masks, its boxes are not used: they are larger than their defects. So
  are whole crops, where it has boxes.

  Args:
    records: `dataset.Records` whose defects have them.
    num_classes: number of defect classes.
  """

  def __init__(self, records, num_classes):
    self._records = records
    self._of_class = [best_of(records, label)[0] for label in range(num_classes)]

  def draw(self, rng, label):
    """Returns a region for a defect of class `label`.

    Args:
      rng: numpy Generator, which decides it.
      label: of a class that has records.
    """
    index = rng.choice(self._of_class[label])
    return vary(rng, self._records.masks([index])[0, ..., 0])


def best_of(records, label):
  """Returns the records of a class whose regions say most, and of which kind they are.

  Args:
    records: `dataset.Records`.
    label: of the class.

  Returns:
    ([n] int, 'mask'): those with masks; where there are none, those with boxes, 'box'; or
    else all, 'none'.
  """
  indices = records.find(label)
  kinds = np.array(records.annotations(indices))
  for kind in ('mask', 'box'):
    if (kinds == kind).any():
      return indices[kinds == kind], kind
  return indices, 'none'


def vary(rng, region):
  """Mirrors, scales and shifts a region at random.

  What the crop's edge cuts off stays at that edge, and only its length changes: in the
  middle of a crop it would have an outline that its class does not show, and further out
  less would be left of it than there is of the class's own.

  Args:
    rng: numpy Generator.
    region: uint8 [H, W]; with nothing in it, it is returned as it is.

  Returns:
    uint8 [H, W].
  """
  if not region.any():
    return region
  region = region[::rng.choice((-1, 1)), ::rng.choice((-1, 1))]
  extents = [_Extent.of(region.any(axis)) for axis in (1, 0)]
  scale = np.exp(rng.uniform(-1, 1) * np.log(_SCALE))
  rows, columns = (extent.moved(rng, extent.clip(scale)) for extent in extents)
  if not (region[np.ix_(rows, columns)] * ((rows >= 0)[:, None] & (columns >= 0))).any():
    # Of a few pixels nothing may be left where they are scaled down.
    rows, columns = (extent.moved(rng, 1) for extent in extents)
  inside = (rows >= 0)[:, None] & (columns >= 0)
  return np.where(inside, region[np.ix_(rows, columns)], 0).astype(region.dtype)


class _Extent:
  """Moves what a region covers of one axis: pixels `low` to `high` of `size`."""

  def __init__(self, low, high, size):
    self._low, self._high, self._size = low, high, size
    self._cut = low == 0, high == size

  @classmethod
  def of(cls, covered):
    """Returns that of [size] bool, which pixels are covered."""
    found = np.flatnonzero(covered)
    return cls(found[0], found[-1] + 1, len(covered))

  def clip(self, scale):
    """Returns the nearest factor with which cut ends stay cut, and whole ones whole."""
    if all(self._cut):
      return max(scale, 1)
    return min(scale, self._size / (self._high - self._low))

  def moved(self, rng, scale):
    """Returns where each pixel comes from: [size] int, -1 for nowhere."""
    length = scale * (self._high - self._low)
    slack = self._size - length
    if all(self._cut):
      start = rng.uniform(slack, 0)
    elif any(self._cut):
      start = 0 if self._cut[0] else slack
    else:
      start = rng.uniform(0, max(slack, 0))
    source = np.floor(self._low + (np.arange(self._size) + 0.5 - start) / scale).astype(int)
    return np.where((source >= self._low) & (source < self._high), source, -1)
