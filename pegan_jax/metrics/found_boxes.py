"""Compares boxes that were found with true ones, as a detector's are.

A box that was found counts as right where it covers a true box by an IoU of `OVERLAP`, and
nothing surer has taken that: COCO's rule (https://cocodataset.org/#detection-eval).
"""

from typing import NamedTuple

import numpy as np

from pegan_jax.annotations import components
from pegan_jax.annotations.regions import Box

OVERLAP = 0.5         # Least IoU of a box that is right.
FALSE_PER_IMAGE = 0.1  # Wrong boxes per image, at which recall is told.
_RECALLS = np.linspace(0, 1, 101)  # At which COCO takes the precision.


class Found(NamedTuple):
  """A box with the score of its surest pixel."""
  box: Box
  score: float


def of_scores(scores, threshold=0.5):
  """Finds boxes: around the connected pixels of an image above a threshold.

  Args:
    scores: float [h, w].
    threshold: of the scores.

  Returns:
    List of `Found`.
  """
  return [Found(piece.box, float(scores[piece.box.slices][piece.mask].max()))
          for piece in components.pieces(scores > threshold)]


def of_truth(mask):
  """Returns the `Box`es around the connected pixels of bool [h, w]."""
  return [piece.box for piece in components.pieces(mask)]


def precision_and_recall(found, true):
  """Computes AP50, and recall at `FALSE_PER_IMAGE`.

  Args:
    found: for each image a list of `Found`.
    true: for each image a list of `Box`.

  Returns:
    (AP at an IoU of `OVERLAP`, as COCO interpolates it; share of the true boxes that is
    found at the lowest threshold with at most `FALSE_PER_IMAGE` wrong boxes per image), NaN
    where there are no true boxes.
  """
  total = sum(map(len, true))
  if not total:
    return float('nan'), float('nan')
  judged = [answer for pair in zip(found, true, strict=True) for answer in _judge(*pair)]
  if not judged:
    return 0.0, 0.0
  scores, right = map(np.array, zip(*judged))
  order = np.argsort(-scores, kind='stable')
  scores, hits = scores[order], np.cumsum(right[order])
  recall, precision = hits / total, hits / np.arange(1, len(hits) + 1)
  best = np.maximum.accumulate(precision[::-1])[::-1]
  at = np.searchsorted(recall, _RECALLS)
  average = np.append(best, 0)[at].mean()
  last = np.append(np.diff(scores) != 0, True)  # Of equal scores, one threshold.
  wrong = np.arange(1, len(hits) + 1) - hits
  allowed = recall[last & (wrong <= FALSE_PER_IMAGE * len(true))]
  return float(average), float(allowed.max(initial=0))


def _judge(found, true):
  """Yields (score, whether it is right) of an image's boxes, the surest first."""
  left = list(true)
  for box, score in sorted(found, key=lambda x: -x.score):
    overlaps = [_iou(box, other) for other in left]
    if right := max(overlaps, default=0) >= OVERLAP:
      left.pop(int(np.argmax(overlaps)))
    yield score, right


def _iou(a, b):
  both = a.overlap(b)
  return both / (a.width * a.height + b.width * b.height - both)
