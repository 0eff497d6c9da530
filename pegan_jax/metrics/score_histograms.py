"""Average precision of pixels under resampled images, from a histogram per image.

The exact figure sorts all pixels. A bootstrap asks for it thousands of times, with the
images weighted otherwise: here each image is counted once, in bins of its scores, and each
sample is a product of weights and counts. Scores in one bin become equal, which moves the
figure; `bounds` says between which values the exact one lies. The edges are quantiles of
the true pixels' scores, so that no bin has much of the sum.
"""

from typing import NamedTuple

import numpy as np

BINS = 512


class Counts(NamedTuple):
  """Pixels of each image by score, the highest first.

  Attributes:
    true: int [n, BINS], pixels of defects.
    false: int [n, BINS], others.
  """
  true: np.ndarray
  false: np.ndarray


def count(scores, truth):
  """Counts the pixels of images: float [n, h, w], bool [n, h, w] -> `Counts`."""
  edges = np.linspace(0, 1, BINS)[1:]
  if truth.any():
    edges = np.quantile(scores[truth], edges)
  bins = BINS - 1 - np.searchsorted(edges, scores, side='right')
  places = np.arange(len(scores))[:, None, None] * BINS + bins
  of = lambda chosen: np.bincount(
      places[chosen], minlength=len(scores) * BINS).reshape(-1, BINS)
  return Counts(of(truth), of(~truth))


def average_precision(counts, weights):
  """Computes the average precision where images are weighted.

  Args:
    counts: `Counts`.
    weights: float [R, n]; how often each image comes.

  Returns:
    float [R]; NaN where no true pixel has a weight.
  """
  true, false = (weights @ x.astype(np.float32) for x in counts)
  hits = np.cumsum(true, 1, dtype=np.float64)
  found = np.maximum(hits + np.cumsum(false, 1, dtype=np.float64), 1e-9)
  with np.errstate(invalid='ignore', divide='ignore'):
    return (true * hits / found).sum(1) / hits[:, -1]


def bounds(counts):
  """Returns (lowest, highest) average precision of scores that give these counts.

  Within a bin all true pixels come last, one by one; or they come first, with equal scores.
  """
  true, false = (x.sum(0) for x in counts)
  low = high = 0.0
  hits = wrong = 0
  for more, bad in zip(true, false):
    ranks = np.arange(1, more + 1) + hits
    low += (ranks / (ranks + wrong + bad)).sum()
    hits += more
    high += more * hits / max(1, hits + wrong)
    wrong += bad
  return float(low / hits), float(high / hits)
