"""Per-region overlap: closed forms, and an independent figure."""

import json
import pathlib

import numpy as np
import pytest

from pegan_jax.metrics.region_overlap import LIMIT, region_overlap

FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures' / 'localisation.json'


def test_a_small_region_counts_as_much_as_a_large_one():
  truth = np.zeros((1, 10, 10), bool)
  truth[0, :4, :5] = truth[0, 9, 9] = True  # 20 pixels and 1.
  only_large, only_small = np.zeros((2, *truth.shape))
  only_large[0, :4, :5] = only_small[0, 9, 9] = 1
  # The half that is not found comes with all that is false, at one threshold: from a half
  # at rate 0 the curve is a line to 1 at rate 1.
  expected = (0.5 + (0.5 + 0.5 * LIMIT)) / 2
  assert region_overlap(only_large, truth) == pytest.approx(expected)
  assert region_overlap(only_small, truth) == pytest.approx(expected)
  assert region_overlap(truth * 1., truth) == 1
  assert region_overlap(1. - truth, truth) == 0


def test_it_stops_at_the_limit():
  truth = np.zeros((2, 10, 10), bool)
  truth[0, 0, :] = True
  false = np.flatnonzero(~truth.ravel())
  scores = np.zeros(truth.shape)
  # Found after `count` of the 190 false pixels: nothing before, everything after.
  for count, expected in ((19, 1 - 0.1 / LIMIT), (95, 0)):
    scores[:] = 0
    scores[truth] = 1
    scores.ravel()[false[:count]] = 2
    assert region_overlap(scores, truth) == pytest.approx(expected, abs=1e-9)


def test_pixels_that_touch_at_a_corner_are_one_region():
  truth = np.eye(4, dtype=bool)[None]
  scores = np.zeros(truth.shape)
  scores[0, 0, 0] = 1  # A quarter of one region, not one of four.
  two = truth.copy()
  two[0, 1, 1] = two[0, 2, 2] = False
  assert region_overlap(scores, truth) == pytest.approx(
      (0.25 + (0.25 + 0.75 * LIMIT)) / 2)
  assert region_overlap(scores, two) == pytest.approx((0.5 + (0.5 + 0.5 * LIMIT)) / 2)


def test_nothing_true_or_nothing_false_has_no_figure():
  for truth in (np.zeros((1, 4, 4), bool), np.ones((1, 4, 4), bool)):
    assert np.isnan(region_overlap(np.ones(truth.shape), truth))


def test_it_agrees_with_a_curve_made_threshold_by_threshold():
  """By SciPy and scikit-learn: tests/fixtures/make_localisation.py."""
  for case in json.loads(FIXTURE.read_text('ascii'))['maps']:
    found = region_overlap(np.array(case['scores']), np.array(case['truth'], bool))
    assert 0.1 < case['pro'] < 1
    assert found == pytest.approx(case['pro'])
