"""Diversity: the distance of the images of a set from each other.

The mean distance of two generated images in feature space, as intra-class LPIPS
(Ojha et al. 2021, "Few-shot image generation via cross-domain correspondence")
is in that of its network. Far below the real images' own it tells of collapse;
far above, of noise: hence better means nearer to the real one, which is the
floor, since `compute` of two halves of the real images is the second half's.
"""

import numpy as np

from pegan_jax.metrics import blocks
from pegan_jax.metrics.metric import Figure, Metric


def diversity(features):
  """Returns the mean Euclidean distance of two images of a set, 0 or more.

  Args:
    features: [m, D], m at least 2.
  """
  total = sum(np.sqrt(d2).sum()
              for _, _, d2 in blocks.squared_distances(features))
  return float(total / (len(features) * (len(features) - 1)))


def _compute(real, generated):
  """Returns the diversity of generated [m, D]; real [n, D] is checked and not used."""
  _, generated = blocks.pair(real, generated)
  return (diversity(generated),)


METRIC = Metric((Figure('diversity', 'Diversity', 'real'),), _compute)
