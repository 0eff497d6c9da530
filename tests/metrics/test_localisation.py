"""Scores of pixels: closed forms and counts by hand."""

import numpy as np
import pytest

from pegan_jax.metrics.localisation import auroc, average_precision
from pegan_jax.metrics.localisation import intersection_over_union


def test_average_precision_averages_precision_over_the_true_pixels():
  # By falling score: true, false, true, true; precision 1, 2/3 and 3/4 where one is found.
  scores = np.array([[0.9, 0.3], [0.7, 0.5]])
  truth = np.array([[True, True], [False, True]])
  assert average_precision(scores, truth) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_equal_scores_are_one_threshold():
  scores, truth = np.zeros(10), np.arange(10) < 3
  assert average_precision(scores, truth) == pytest.approx(0.3)
  assert auroc(scores, truth) == 0.5
  # The order in which equal scores come makes no difference.
  scores = np.array([2, 1, 1, 1, 0.])
  for truth in ([1, 1, 0, 0, 0], [1, 0, 0, 1, 0]):
    assert average_precision(scores, np.array(truth, bool)) == pytest.approx(
        (1 + 2 / 4) / 2)
    assert auroc(scores, np.array(truth, bool)) == pytest.approx(5 / 6)


def test_auroc_is_the_chance_that_a_true_pixel_scores_higher():
  rng = np.random.default_rng(0)
  scores, truth = rng.integers(0, 9, (7, 5, 4)), rng.random((7, 5, 4)) < 0.3
  true, false = scores[truth][:, None], scores[~truth]
  by_pairs = ((true > false) + (true == false) / 2).mean()
  assert auroc(scores, truth) == pytest.approx(by_pairs)
  assert auroc(-scores, truth) == pytest.approx(1 - by_pairs)


def test_perfect_scores_give_1():
  truth = np.random.default_rng(1).random((3, 8, 8)) < 0.2
  assert average_precision(truth * 1., truth) == auroc(truth * 1., truth) == 1


def test_without_true_pixels_there_is_no_figure():
  assert np.isnan(average_precision(np.ones(4), np.zeros(4, bool)))
  for same in (np.zeros(4, bool), np.ones(4, bool)):
    assert np.isnan(auroc(np.arange(4.), same))


def test_intersection_over_union_is_per_image():
  a = np.zeros((3, 4, 4), bool)
  b = a.copy()
  a[0, :2], b[0, 1:3] = True, True  # One row of three in common.
  a[1, 0] = True
  found = intersection_over_union(a, b)
  np.testing.assert_allclose(found[:2], [1 / 3, 0])
  assert np.isnan(found[2])  # Both are empty.
