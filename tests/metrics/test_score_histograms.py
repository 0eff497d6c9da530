"""Histograms of scores against the exact average precision."""

import numpy as np
import pytest

from pegan_jax.metrics import localisation, score_histograms


def _scored(rng, sharp, share):
  """Scores as a segmenter's: most near 0 and 1, some true pixels among the false."""
  truth = rng.random((30, 16, 16)) < share
  scores = 1 / (1 + np.exp(-sharp * (rng.normal(size=truth.shape) + 2 * truth - 1)))
  return scores.astype(np.float32), truth


@pytest.mark.parametrize('sharp, share', [(1, 0.1), (8, 0.1), (3, 0.01), (0, 0.1)])
def test_the_exact_figure_lies_in_the_bounds_and_near(sharp, share):
  rng = np.random.default_rng(0)
  scores, truth = _scored(rng, sharp, share)
  counts = score_histograms.count(scores, truth)
  assert counts.true.sum() == truth.sum() and counts.false.sum() == (~truth).sum()
  for weights in (np.ones(30, int), np.bincount(rng.integers(0, 30, 30), minlength=30)):
    chosen = np.repeat(np.arange(30), weights)  # The sample itself.
    exact = localisation.average_precision(scores[chosen], truth[chosen])
    low, high = score_histograms.bounds(
        score_histograms.Counts(*(x[chosen] for x in counts)))
    near, = score_histograms.average_precision(counts, weights[None].astype(np.float32))
    assert low - 1e-9 <= exact <= high + 1e-9
    assert near == pytest.approx(exact, abs=2e-3)


def test_counts_by_hand():
  scores = np.array([[[0.9, 0.7]], [[0.5, 0.3]]])
  truth = np.array([[[True, False]], [[True, True]]])
  counts = score_histograms.count(scores, truth)
  # The first image twice: true, true, false, false, true, true.
  found = score_histograms.average_precision(
      counts, np.array([[1, 1], [2, 1], [1, 0], [0, 0]], np.float32))
  np.testing.assert_allclose(
      found[:3], [(1 + 2 / 3 + 3 / 4) / 3, (1 + 1 + 3 / 5 + 4 / 6) / 4, 1], rtol=1e-6)
  assert np.isnan(found[3])
