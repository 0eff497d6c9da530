"""Copies: the share of generated images that are copies of training images.

A generated image is a copy if it lies nearer to a training image than nearly
any training image does to the nearest other one. Meehan, Chaudhuri and Dasgupta
2020, "A non-parametric test to detect data-copying in generative models", call
it data-copying if generated images lie nearer to the training images than fresh
real ones do; distances are to the nearest neighbour in feature space, as in
Kynkaanniemi et al. 2019. Two sets of real images give about PERCENTILE.
"""

import numpy as np

from pegan_jax.metrics import blocks
from pegan_jax.metrics.metric import Figure, Metric

# Percentage of the training images that lie this near to another one.
PERCENTILE = 5

# Images nearer than this share of the features' norm are copies, whatever the training
# images' own distances: where many of these are duplicates, the percentile is 0. In
# float32 the features of one image differ by about 1e-6 from batch to batch.
SAME = 1e-5


def nearest(real, generated):
  """Finds the nearest real image of each generated one.

  Args:
    real: features [n, D].
    generated: features [m, D].

  Returns:
    (index into real [m], Euclidean distance [m] float64, exactly 0 where the
    features are equal).

  Raises:
    UserError: if a value is not finite, D differs, or a side has no image.
  """
  real, generated = blocks.pair(real, generated, 1)
  return _nearest(generated, real)


def threshold(real):
  """Returns the distance to a training image up to which an image is a copy of it.

  Args:
    real: features of training images [n, D], n at least 2.

  Returns:
    The PERCENTILE of their distances to the nearest other one, or, if larger,
    SAME of the root mean square norm.

  Raises:
    UserError: if a value is not finite or there is one image.
  """
  distances = to_nearest_other(real)
  power = sum(np.square(blocks.float64(real[rows])).sum()
              for rows in blocks.slices(len(real))) / len(real)
  return float(max(np.percentile(distances, PERCENTILE), SAME * np.sqrt(power)))


def to_nearest_other(real):
  """Returns the distance of each image to the nearest other one: [n, D] to [n].

  Raises:
    UserError: if a value is not finite or there is one image.
  """
  return _nearest(blocks.checked(real, 'real', 2))[1]


def _nearest(points, among=None):
  """Does `nearest`; without `among`, finds each point's nearest other point."""
  index = np.zeros(len(points), np.intp)
  best = np.full(len(points), np.inf)
  for rows, columns, d2 in blocks.squared_distances(points, among, np.inf):
    here = d2.argmin(axis=1)
    d2 = d2[np.arange(len(here)), here]
    nearer = d2 < best[rows]
    index[rows] = np.where(nearer, here + columns.start, index[rows])
    best[rows] = np.where(nearer, d2, best[rows])
  # Second computation, from the differences: by way of norms, squared distances are
  # too coarse for near-copies.
  among = points if among is None else among
  distance = np.empty(len(points))
  for rows in blocks.slices(len(points)):
    distance[rows] = np.linalg.norm(
        blocks.float64(points[rows]) - blocks.float64(among[index[rows]]),
        axis=1)
  return index, distance


def _compute(real, generated):
  real, generated = blocks.pair(real, generated)
  _, distances = _nearest(generated, real)
  return (float(np.mean(distances <= threshold(real))),)


METRIC = Metric((Figure('copies', 'Copies', 'lower', (0., 1.)),), _compute)
