"""Boxes of components: counts by hand."""

import json
import pathlib

import numpy as np
import pytest

from pegan_jax.annotations.regions import Box
from pegan_jax.metrics import found_boxes
from pegan_jax.metrics.found_boxes import Found

FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures' / 'localisation.json'
_A, _B = Box(0, 0, 10, 10), Box(20, 20, 30, 30)


def test_boxes_lie_around_pixels_that_touch():
  scores = np.zeros((8, 8))
  scores[1:3, 2:5] = 0.6
  scores[3, 5] = 0.9  # At a corner.
  scores[6, 0] = 0.7
  scores[0, 7] = 0.5  # Not above it.
  assert found_boxes.of_scores(scores) == [
      Found(Box(2, 1, 6, 4), 0.9), Found(Box(0, 6, 1, 7), 0.7)]
  assert found_boxes.of_truth(scores > 0.5) == [Box(2, 1, 6, 4), Box(0, 6, 1, 7)]


@pytest.mark.parametrize('box, right', [
    (Box(0, 0, 10, 5), True), (Box(0, 0, 10, 4), False), (Box(0, 0, 20, 10), True),
    (Box(0, 0, 21, 10), False)])
def test_a_box_is_right_at_an_iou_of_a_half(box, right):
  assert found_boxes.precision_and_recall([[Found(box, 0.9)]], [[_A]]) == (right, right)


def test_precision_and_recall_by_hand():
  # By falling score: right, wrong (taken already), right; ten images, four true boxes.
  found = [[Found(_A, 0.9), Found(_A, 0.8), Found(_B, 0.7)]] + [[] for _ in range(9)]
  true = [[_A, _B, Box(40, 40, 50, 50), Box(60, 0, 70, 10)]] + [[] for _ in range(9)]
  average, recall = found_boxes.precision_and_recall(found, true)
  # Precision 1 up to a recall of 0.25 (26 of 101 points), 2/3 up to 0.5 (25 points).
  assert average == pytest.approx((26 + 25 * 2 / 3) / 101)
  assert recall == 0.5  # One wrong box in ten images is allowed, and no more:
  assert found_boxes.precision_and_recall(found[:9], true[:9])[1] == 0.25
  # Equal scores are one threshold.
  found[0][1:] = [Found(_A, 0.7), Found(_B, 0.7)]
  assert found_boxes.precision_and_recall(found[:9], true[:9])[1] == 0.25


def test_nothing_found_and_nothing_true():
  assert found_boxes.precision_and_recall([[]], [[_A]]) == (0, 0)
  assert np.isnan(found_boxes.precision_and_recall([[Found(_A, 1)]], [[]])).all()


def test_it_agrees_with_pycocotools():
  """tests/fixtures/make_localisation.py has asked it."""
  for case in json.loads(FIXTURE.read_text('ascii'))['boxes']:
    found, true = [[] for _ in range(12)], [[] for _ in range(12)]
    for (image, x, y, w, h), score in zip(case['found'], case['scores']):
      found[image].append(Found(Box(x, y, x + w, y + h), score))
    for image, x, y, w, h in case['true']:
      true[image].append(Box(x, y, x + w, y + h))
    assert 0.1 < case['ap50'] < 0.9
    assert found_boxes.precision_and_recall(found, true)[0] == pytest.approx(case['ap50'])
