"""The Frechet distance of two sets of features (FID).

Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a
local Nash equilibrium": |mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2), with
covariances over N - 1. It falls with the number of images: compare figures of
equal counts only.

tr((S1 S2)^1/2) is computed without the root of a product that is singular for few
images. With S1 = F1 F1^T and S2 = F2 F2^T, S1 S2 has the eigenvalues of
(F1^T F2)(F1^T F2)^T, whose roots are the singular values of F1^T F2: the trace
is their sum. A set's centred features, over (N - 1)^1/2, are such a factor F^T;
the eigenvectors of its covariance are another.
"""

import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks
from pegan_jax.metrics.metric import Figure, Metric
from pegan_jax.metrics.moments import Moments


def from_features(real, generated):
  """Computes the distance between features [n, D] and features [m, D], at least 0.

  Raises:
    UserError: if a value is not finite, D differs, or a side has one image.
  """
  real, generated = blocks.pair(real, generated)
  n, m, dims = len(real), len(generated), real.shape[1]
  if n * m > dims * dims:
    # Covariances, which are smaller here than the product of the factors.
    return from_moments(*(
        Moments.stream(x[rows] for rows in blocks.slices(len(x)))
        for x in (real, generated)))
  means, factors = [], []
  for features in real, generated:
    features = blocks.float64(features)
    means.append(features.mean(axis=0))
    factors.append((features - means[-1]) / np.sqrt(len(features) - 1))
  return _distance(means, [np.square(f).sum() for f in factors],
                   factors[0] @ factors[1].T)


def from_moments(a, b):
  """Computes the distance between two `Moments` of the same D, at least 0.

  Raises:
    UserError: if D differs, or one of them has one image.
  """
  if len(a.mean) != len(b.mean):
    raise UserError(
        f'moments of {len(a.mean)} and of {len(b.mean)} features have no '
        'distance: read all images with the same network')
  first, second = _factor(a), _factor(b)
  return _distance(
      [a.mean, b.mean],
      [np.trace(x.scatter) / (x.n - 1) for x in (a, b)], first.T @ second)


def _factor(moments):
  """Returns F [D, r] with F F^T = the covariance, r <= min(n - 1, D)."""
  values, vectors = np.linalg.eigh(moments.covariance)
  # The n - 1 directions that n images span: all further eigenvalues are rounding
  # errors, whose roots would be far larger.
  rank = min(moments.n - 1, len(values))
  values, vectors = values[-rank:], vectors[:, -rank:]
  return vectors * np.sqrt(np.maximum(values, 0))


def _distance(means, traces, product):
  """Computes the distance from the means [D], tr S1 and tr S2, and F1^T F2."""
  root = np.linalg.svd(product, compute_uv=False).sum()
  apart = np.square(means[0] - means[1]).sum()
  return float(max(apart + sum(traces) - 2 * root, 0))


def _compute(real, generated):
  return (from_features(real, generated),)


METRIC = Metric((Figure('fid', 'FID', 'lower'),), _compute)
