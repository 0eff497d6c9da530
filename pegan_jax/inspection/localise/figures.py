"""Figures of a segmenter on the test crops."""

import io
from typing import NamedTuple
import zipfile

import numpy as np

from pegan_jax.metrics import found_boxes, localisation, score_histograms
from pegan_jax.metrics.region_overlap import LIMIT, region_overlap

# Those that are told as they are, in this order, by the names that people see.
TITLES = {'pixel_ap': 'pixel AP', 'pixel_auroc': 'pixel AUROC',
          'image_auroc': 'image AUROC', 'pro': 'PRO', 'miou': 'mIoU', 'ap50': 'AP50',
          'box_recall': 'box recall'}
THRESHOLD = 0.5  # Of the scores, for regions and boxes.
MEANINGS = {
    'pixel_ap': 'area under precision over recall of pixels',
    'pixel_auroc': "the chance that a defect's pixel scores above a clean one",
    'image_auroc': 'the same of whole crops, by their highest score',
    'pro': f'share of each defect that is found, up to {LIMIT:.0%} false pixels',
    'miou': f'overlap of true pixels and those above {THRESHOLD:g}, mean of crops',
    'ap50': f'of boxes around pixels above {THRESHOLD:g}, by the rule of COCO',
    'box_recall': 'share of the true boxes found, with '
                  f'{found_boxes.FALSE_PER_IMAGE:g} wrong boxes per crop'}


class Answers(NamedTuple):
  """Holds what is kept of a segmenter's scores of the test crops.

  Attributes:
    figures: float [7], those of `TITLES`; NaN where a figure is not defined.
    counts: `score_histograms.Counts`.
  """
  figures: np.ndarray
  counts: score_histograms.Counts


def measure(scores, inside):
  """Measures scores: float [n, S, S] in [0, 1], bool [n, S, S] -> `Answers`."""
  boxes = [found_boxes.of_scores(x, THRESHOLD) for x in scores]
  true = [found_boxes.of_truth(x) for x in inside]
  some = inside.any((1, 2))
  return Answers(np.array([
      localisation.average_precision(scores, inside), localisation.auroc(scores, inside),
      localisation.auroc(scores.max((1, 2)), some), region_overlap(scores, inside),
      localisation.intersection_over_union(
          scores[some] > THRESHOLD, inside[some]).mean(),
      *found_boxes.precision_and_recall(boxes, true)]),
                 score_histograms.count(scores, inside))


def to_bytes(answers):
  """Returns `Answers` as the content of an NPZ file."""
  content = io.BytesIO()
  np.savez_compressed(content, figures=answers.figures,
                      true=answers.counts.true.astype(np.int32),
                      false=answers.counts.false.astype(np.int32))
  return content.getvalue()


def read(path, inside):
  """Reads `Answers`; None where they are absent, damaged or of other crops.

  Args:
    path: of a file with `to_bytes`.
    inside: bool [n, S, S] of the test crops.
  """
  try:
    with path.open('rb') as f, np.load(f) as found:  # Of a damaged file it closes nothing.
      figures, true, false = (found[x] for x in ('figures', 'true', 'false'))
  except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
    return None
  shape = len(inside), score_histograms.BINS
  if not (figures.shape == (len(TITLES),) and true.shape == false.shape == shape
          and (true >= 0).all() and (false >= 0).all()
          and (true.sum(1) == inside.sum((1, 2))).all()
          and (false.sum(1) == (~inside).sum((1, 2))).all()):
    return None
  return Answers(figures, score_histograms.Counts(true, false))
