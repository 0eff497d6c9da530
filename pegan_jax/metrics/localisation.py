"""Measures how well scores of pixels find defects."""

import numpy as np


def average_precision(scores, truth):
  """Computes the area under the precision-recall curve, as a sum over its steps.

  Args:
    scores: float array, higher where a defect is likelier; no NaN.
    truth: bool array of the same shape.

  Returns:
    Precision averaged over the true pixels, each at the threshold that just finds it; in
    (0, 1]. NaN where nothing is true. Equal scores are one threshold.
  """
  hits, found = _cumulative(scores, truth)
  if not hits[-1]:
    return float('nan')
  return float((np.diff(hits, prepend=0) * hits / found).sum() / hits[-1])


def auroc(scores, truth):
  """Computes the area under the ROC curve: the chance that a true pixel scores higher.

  Args:
    scores, truth: as `average_precision` takes them.

  Returns:
    In [0, 1], a half by chance; ties count a half. NaN where all or nothing is true.
  """
  hits, found = _cumulative(scores, truth)
  total = hits[-1] * (found[-1] - hits[-1])
  if not total:
    return float('nan')
  false = np.diff(found - hits, prepend=0)
  return float((false * (hits - np.diff(hits, prepend=0) / 2)).sum() / total)


def intersection_over_union(a, b):
  """Returns |a and b| / |a or b| of each pair of masks: two bool [n, h, w] -> [n].

  NaN where both are empty.
  """
  both, either = (a & b).sum((1, 2)), (a | b).sum((1, 2))
  return np.where(either, both / np.maximum(either, 1), np.nan)


def _cumulative(scores, truth):
  """Counts what each threshold finds, from the highest: true pixels, all pixels."""
  scores, truth = np.ravel(scores), np.ravel(truth)
  order = np.argsort(-scores, kind='stable')
  last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
  return np.cumsum(truth[order], dtype=np.int64)[last], last + 1
