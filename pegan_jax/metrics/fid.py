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

from pegan_jax.metrics import blocks
from pegan_jax.metrics.metric import Figure, Metric


def from_features(real, generated):
  """Computes the distance between features [n, D] and features [m, D], at least 0.

  Raises:
    UserError: if a value is not finite, D differs, or a side has one image.
  """
  sets = blocks.pair(real, generated)
  means = [x.mean(axis=0, dtype=np.float64) for x in sets]
  n, m, dims = len(real), len(generated), len(means[0])
  if n * m > dims * dims:
    # By way of covariances, which are smaller here than the product of the factors.
    covariances = list(map(_covariance, sets, means))
    first, second = map(_factor, covariances, (n, m))
    return _distance(means, map(np.trace, covariances), first.T @ second)
  factors = [(blocks.float64(x) - mean) / np.sqrt(len(x) - 1)
             for x, mean in zip(sets, means)]
  return _distance(means, [np.square(f).sum() for f in factors],
                   factors[0] @ factors[1].T)


def _covariance(features, mean):
  """Returns the covariance [D, D] of features [n, D], over n - 1, block by block."""
  total = np.zeros((len(mean), len(mean)))
  for rows in blocks.slices(len(features)):
    centred = blocks.float64(features[rows]) - mean
    total += centred.T @ centred
  return total / (len(features) - 1)


def _factor(covariance, n):
  """Returns F [D, r] with F F^T = the covariance of n images, r <= min(n - 1, D)."""
  values, vectors = np.linalg.eigh(covariance)
  # The n - 1 directions that n images span: all further eigenvalues are rounding
  # errors, whose roots would be far larger.
  rank = min(n - 1, len(values))
  values, vectors = values[-rank:], vectors[:, -rank:]
  return vectors * np.sqrt(np.maximum(values, 0))


def _distance(means, traces, product):
  """Computes the distance from the means [D], tr S1 and tr S2, and F1^T F2."""
  root = np.linalg.svd(product, compute_uv=False).sum()
  apart = np.square(means[0] - means[1]).sum()
  return float(max(apart + sum(traces) - 2 * root, 0))


def _compute(real, generated):
  return (from_features(real, generated),)


def _doubt(n, dim):
  return '' if n >= dim else (
      f'FID of {n} images with {dim} features is mostly bias: its covariances have no '
      'full rank. Read it beside its floor only, and KID first.')


METRIC = Metric((Figure('fid', 'FID', 'lower', shifts=True),), _compute, doubt=_doubt)
