"""Intervals that cover, floors at the same N, groups that stay together."""

import numpy as np
import pytest

from pegan_jax.metrics import intervals, METRICS
from pegan_jax.metrics.metric import Figure, Metric


def _difference(real, generated):
  return (float(generated.mean() - real.mean()),)


MEAN = Metric((Figure('mean', 'Mean', 'lower', (-np.inf, np.inf)),),
              _difference)


def _draws(n, m, groups, rng, repeats=20):
  return intervals.Resamples(n, m, np.asarray(groups), repeats, rng)


def test_interval_covers_a_difference_of_means():
  # The standard error of a mean is known: 95% of the intervals should hold the
  # true difference, 0.5.
  rng = np.random.default_rng(0)
  widths, covered = [], 0
  for _ in range(200):
    real = rng.normal(size=(40, 1))
    generated = rng.normal(0.5, 1.0, (60, 1))
    result = intervals.estimate(
        MEAN, real, generated, real, _draws(40, 60, range(40), rng),
        rng).to_dict(MEAN.figures)['mean']
    covered += result['low'] <= 0.5 <= result['high']
    widths.append(result['high'] - result['low'])
  assert 0.88 * 200 <= covered <= 0.99 * 200
  expected = 2 * 1.96 * np.sqrt(1 / 40 + 1 / 60)
  assert np.mean(widths) == pytest.approx(expected, rel=0.06)


def test_floor_has_the_same_n_where_there_are_enough_real_images():
  rng = np.random.default_rng(0)
  resamples = _draws(60, 60, range(200), rng)
  assert resamples.floor_n == 60
  for a, b in resamples.floors:
    assert len(a) == len(b) == 60 and not set(a) & set(b)


def test_floor_takes_half_where_there_are_not_and_the_value_is_given_there():
  rng = np.random.default_rng(0)
  real, generated = rng.normal(size=(2, 140, 64))
  resamples = _draws(140, 140, range(140), rng)
  assert resamples.floor_n == 70
  fid = METRICS[0]
  result = intervals.estimate(fid, real, generated, real, resamples, rng).to_dict(
      fid.figures)['fid']
  assert result['floor_n'] == 70 and result['n_real'] == 140
  # One distribution: at the floor's N the two are alike, at N the bias is less.
  assert result['value_at_floor_n'] == pytest.approx(result['floor'], rel=0.3)
  assert result['value'] < result['floor_low']


def test_a_group_stays_on_one_side():
  rng = np.random.default_rng(0)
  groups = np.repeat(np.arange(50), 4)
  for a, b in _draws(80, 80, groups, rng).floors:
    assert not set(groups[a]) & set(groups[b])
  # All 200 images in two hundreds: only the group in the middle may be cut.
  for a, b in _draws(100, 100, groups, rng).floors:
    assert len(set(groups[a]) & set(groups[b])) <= 1


def test_joined_draws_halve_each_class():
  rng = np.random.default_rng(0)
  joined = intervals.join([_draws(10, 8, range(20), rng, 3),
                          _draws(6, 4, range(12), rng, 3)], [20, 12])
  assert (joined.n_real, joined.n_generated) == (16, 12)
  assert joined.floor_n == 8 + 4
  for real, generated in joined.halves:
    assert (real < 10).sum() == 5 and (real >= 10).sum() == 3
    assert (generated < 8).sum() == 4 and generated.max() < 12
  for a, b in joined.floors:
    assert (a < 20).sum() == 8 and (b >= 20).sum() == 4 and b.max() < 32


def test_mean_of_classes_is_steadier_than_a_class():
  rng = np.random.default_rng(0)
  estimates = []
  for _ in range(9):
    real, generated = rng.normal(size=(2, 40, 1))
    estimates.append(intervals.estimate(
        MEAN, real, generated, real, _draws(40, 40, range(40), rng, 100), rng))
  average = intervals.mean(estimates)
  assert average.values == pytest.approx(
      np.mean([e.values for e in estimates]))
  assert average.spread.std() == pytest.approx(
      np.mean([e.spread.std() for e in estimates]) / 3, rel=0.15)


def test_intervals_are_cut_to_the_figures_range():
  share = Metric((Figure('share', 'Share', 'higher', (0.0, 1.0)),),
                 lambda real, generated: (float((generated > 0).mean()),))
  rng = np.random.default_rng(0)
  generated = np.ones((20, 1))
  generated[0] = -1
  result = intervals.estimate(
      share, generated, generated, generated, _draws(20, 20, range(20), rng),
      rng).to_dict(share.figures)['share']
  assert result['value'] == 0.95 and result['high'] == 1.0
