"""Mean and covariance of features, accumulated block by block in float64."""

import dataclasses

import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
  """The first two moments of a set of features; immutable.

  Attributes:
    n: number of images.
    mean: [D] float64.
    scatter: [D, D] float64, the sum of (x - mean)(x - mean)^T.
  """
  n: int
  mean: np.ndarray
  scatter: np.ndarray

  def __post_init__(self):
    self.mean.flags.writeable = False
    self.scatter.flags.writeable = False

  @classmethod
  def of(cls, features):
    """Computes the moments of features [n, D], n at least 1.

    Raises:
      UserError: if there is no image or a value is not finite.
    """
    features = blocks.float64(blocks.checked(features, minimum=1))
    mean = features.mean(axis=0)
    centred = features - mean
    return cls(len(features), mean, centred.T @ centred)

  @classmethod
  def stream(cls, parts):
    """Computes the moments of all images of an iterable of features [n_i, D].

    Raises:
      UserError: as `of`, and where the parts differ in D.
    """
    total = None
    for part in parts:
      moments = cls.of(part)
      total = moments if total is None else total + moments
    if total is None:
      raise UserError('there are no images to take moments of: give some')
    return total

  def merge(self, other):
    """Returns the moments of both sets together (Chan, Golub and LeVeque 1983).

    Raises:
      UserError: if the two differ in D.
    """
    if len(self.mean) != len(other.mean):
      raise UserError(
          f'moments of {len(self.mean)} and of {len(other.mean)} features '
          'cannot be merged: read all images with the same network')
    n = self.n + other.n
    apart = other.mean - self.mean
    scatter = np.outer(apart, apart * (self.n * other.n / n))
    scatter += self.scatter
    scatter += other.scatter
    return Moments(n, self.mean + apart * (other.n / n), scatter)

  __add__ = merge

  @property
  def covariance(self):
    """Returns the covariance [D, D], over N - 1.

    Raises:
      UserError: if there is only one image.
    """
    if self.n < 2:
      raise UserError('one image has no covariance: give two or more')
    return self.scatter / (self.n - 1)
