"""Per-region overlap (PRO): how much of each defect is found, small ones and large alike.

As MVTec defines it (Bergmann et al. 2021, https://doi.org/10.1007/s11263-020-01400-4,
section 4.1.2): the area under the curve of the mean overlap over the false positive rate,
up to a rate of 0.3, as a share of the largest possible.
"""

import numpy as np

from pegan_jax.annotations import components

LIMIT = 0.3  # The false positive rate up to which the curve is integrated.


def region_overlap(scores, truth):
  """Computes PRO.

  Args:
    scores: float [n, h, w], higher where a defect is likelier; no NaN.
    truth: bool [n, h, w]. Pixels that touch, at a corner too, are one region.

  Returns:
    In [0, 1]; NaN where no pixel, or every pixel, is a defect's.
  """
  # What the curve gains where a pixel is found: its share of its region.
  overlap = np.zeros(truth.shape)
  count = 0
  for image, mask in zip(overlap, truth):
    for region in components.pieces(mask):
      image[region.box.slices][region.mask] = 1 / region.mask.sum()
      count += 1
  false = ~truth
  if not count or not false.any():
    return float('nan')
  order = np.argsort(-scores, axis=None, kind='stable')
  ordered = scores.ravel()[order]
  last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # Of equal scores.
  rate = np.append(0, np.cumsum(false.ravel()[order])[last] / false.sum())
  found = np.append(0, np.cumsum(overlap.ravel()[order])[last] / count)
  at = np.searchsorted(rate, LIMIT, side='right')
  end = np.interp(LIMIT, rate, found)
  found, rate = np.append(found[:at], end), np.append(rate[:at], LIMIT)
  return float(np.trapezoid(found, rate) / LIMIT)
