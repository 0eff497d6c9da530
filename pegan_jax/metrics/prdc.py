"""Precision, recall, density and coverage of generated images.

Precision and recall: Kynkaanniemi et al. 2019, "Improved precision and recall
metric for assessing generative models". Density and coverage: Naeem et al.
2020, "Reliable fidelity and diversity metrics for generative models". All four
count the images in the balls around others; an image's ball reaches to the k-th
nearest other image of its own set.
"""

import numpy as np

from pegan_jax.metrics import blocks
from pegan_jax.metrics.metric import Figure, Metric

# Number of neighbours. Naeem et al. choose it so that two samples of one distribution
# cover each other to 97% (1 - 2^-k); Kynkaanniemi et al. take 3.
K = 5

# Number of images per side below which nearest neighbours say little.
_FEW = 50

# Share within which distances are equal, up to rounding.
_TIE = 1e-9


def prdc(real, generated, k=K):
  """Computes precision, recall, density and coverage.

  A point lies in a ball if it is nearer to the centre than the k-th neighbour,
  or is the centre itself. Thus a set against itself has a precision, recall and
  coverage of 1, and a density of 1 unless neighbours are equally far.

  Args:
    real: features [n, D].
    generated: features [m, D].
    k: neighbours; a side of n <= k images takes n - 1.

  Returns:
    (share of generated images in some real image's ball, share of real images in
    some generated image's ball, mean number of real images' balls that a generated
    one lies in over k, share of real images whose ball holds a generated one).

  Raises:
    UserError: if a value is not finite, D differs, or a side has one image.
  """
  real, generated = blocks.pair(real, generated)
  around_real, around_generated = _radii(real, k), _radii(generated, k)
  precise = np.zeros(len(generated), bool)
  recalled = np.zeros(len(real), bool)
  covered = np.zeros(len(real), bool)
  held = 0
  for rows, columns, d2 in blocks.squared_distances(real, generated):
    in_real = _inside(d2, around_real[rows, None])
    precise[columns] |= in_real.any(axis=0)
    covered[rows] |= in_real.any(axis=1)
    held += np.count_nonzero(in_real)
    recalled[rows] |= _inside(d2, around_generated[columns]).any(axis=1)
  density = held / (min(k, len(real) - 1) * len(generated))
  return (float(precise.mean()), float(recalled.mean()), float(density),
          float(covered.mean()))


def _radii(features, k):
  """Returns the squared distance [n] of each image to its k-th nearest other one."""
  k = min(k, len(features) - 1)
  nearest = np.full((len(features), k), np.inf)
  for rows, _, d2 in blocks.squared_distances(features, itself=np.inf):
    both = np.concatenate([nearest[rows], d2], axis=1)
    nearest[rows] = np.partition(both, k - 1, axis=1)[:, :k]
  return nearest.max(axis=1)


def _inside(d2, radii):
  return (d2 < radii * (1 - _TIE)) | (d2 == 0)


def _doubt(n, dim):
  del dim
  return '' if n >= _FEW else (
      f'precision, recall, density and coverage of {n} images (under {_FEW}) are '
      'unsteady: read KID with its interval.')


METRIC = Metric((
    Figure('precision', 'Precision', 'higher', (0., 1.), shifts=True),
    Figure('recall', 'Recall', 'higher', (0., 1.), shifts=True),
    Figure('density', 'Density', 'higher'),
    Figure('coverage', 'Coverage', 'higher', (0., 1.), shifts=True),
), prdc, doubt=_doubt)
