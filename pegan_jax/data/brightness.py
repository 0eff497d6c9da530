"""Measures how much brighter or darker than the ground around them a class's defects are.

Training holds generated defects within that range; what is accepted may lie further out, as
other real defects do, see `generation/usual.py`.
"""

import numpy as np

from pegan_jax.data import measures, placing

_TAIL = 0.02  # Share of the real defects beyond each bound.
_MOST = 500  # Real defects that are measured: more would tell the same, and take seconds.
_FEWEST = 10  # Of fewer real defects the next one is often outside of their range.


def usual(records, label):
  """Returns what is usual for a class's defects.

  Args:
    records: `dataset.Records` of the training images.
    label: of the class.

  Returns:
    (least, most), in grey levels; below 0 a defect is darker than its ground. Infinite
    where fewer than 10 of them can be measured, as where nothing is annotated.
  """
  indices, _ = placing.best_of(records, label)
  indices = indices[::-(-len(indices) // _MOST) or 1]
  found = []
  for image, region in zip(records.images(indices), records.masks(indices)[..., 0] > 0):
    image = measures.grey(image)
    found.append(measures.increase(
        image[region], measures.ground(image, measures.distances(region))))
  found = np.array(found)[np.isfinite(found)]
  if len(found) < _FEWEST:
    return -np.inf, np.inf
  return tuple(np.quantile(found, (_TAIL, 1 - _TAIL)).tolist())
