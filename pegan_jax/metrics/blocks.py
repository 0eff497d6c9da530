"""Checks of features, and work in blocks of pairs, shared by the metrics.

Features are float arrays [n, D], one row per image. They are converted to float64
block by block, so that float32 features, or a memory map of them, are never copied
as a whole.
"""

import numpy as np

from pegan_jax.common.errors import UserError

# Rows per block: 8 MB of pairs, 16 MB of features where D is 2,048.
SIZE = 1024

# Squared distances below this share of |a|^2 + |b|^2 count as 0: computed as
# |a|^2 + |b|^2 - 2 a.b they are off by about 1e-15 of it.
ROUNDING = 1e-12


def checked(features, side='', minimum=0):
  """Returns features as an array, once they are known to be usable.

  Args:
    features: [n, D], finite, of any real type.
    side: whose they are, for the message: 'real', 'generated' or ''.
    minimum: the least n.

  Raises:
    UserError: if they are not [n, D], fewer than `minimum`, or not finite.
  """
  features = np.asarray(features)
  side = f'{side} ' if side else ''
  if features.ndim != 2:
    raise UserError(f'the {side}features are of shape {list(features.shape)}: '
                    'give one row per image')
  n = len(features)
  if n < minimum:
    raise UserError(f'there are {n} {side}images where at least {minimum} are '
                    'needed: give more')
  bad = sum(np.count_nonzero(~np.isfinite(features[rows]).all(axis=1))
            for rows in slices(n))
  if bad:
    raise UserError(
        f'the {side}features are not finite: {bad} of {n} images have a NaN or '
        'an infinity; look at these images and at the network')
  return features


def pair(real, generated, minimum=2):
  """Returns two sets of features, checked.

  Args:
    real: [n, D].
    generated: [m, D].
    minimum: images that each side must have.

  Returns:
    Both as arrays, of their own types.

  Raises:
    UserError: on features that are not finite, on different D, on fewer than
      `minimum` images.
  """
  real = checked(real, 'real', minimum)
  generated = checked(generated, 'generated', minimum)
  if real.shape[1] != generated.shape[1]:
    raise UserError(
        f'real images have {real.shape[1]} features and generated ones '
        f'{generated.shape[1]}: read both with the same network')
  return real, generated


def slices(n):
  """Yields slices that cover range(n), of SIZE at most."""
  for start in range(0, n, SIZE):
    yield slice(start, min(start + SIZE, n))


def grid(n, m):
  """Yields (rows, columns), slices that cover all n x m pairs."""
  for rows in slices(n):
    for columns in slices(m):
      yield rows, columns


def float64(block):
  return np.asarray(block, np.float64)


def squared_distances(a, b=None, itself=0.):
  """Yields the squared Euclidean distances of all pairs, block by block.

  One mean is subtracted from both sets first, which keeps the distances and makes
  the rounding smaller.

  Args:
    a: features [n, D].
    b: features [m, D], or None for the pairs within a.
    itself: where b is None, the distance of an image from itself.

  Yields:
    (rows of a, columns of b, squared distances [rows, columns] float64), exactly 0
    for images that are equal up to rounding.
  """
  within = b is None
  b = a if within else b
  mean = b.mean(axis=0, dtype=np.float64)
  for rows, columns in grid(len(a), len(b)):
    x, y = float64(a[rows]) - mean, float64(b[columns]) - mean
    norms = np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1)
    d2 = norms - 2 * (x @ y.T)
    d2[d2 <= ROUNDING * norms] = 0
    if within and rows == columns:
      np.fill_diagonal(d2, itself)
    yield rows, columns, d2
