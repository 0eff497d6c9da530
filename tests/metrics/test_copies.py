"""Copies: found where they are, and no more of them than chance elsewhere."""

import numpy as np
import pytest
from scipy.spatial import distance

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks, copies


def _features(n, dims=16, seed=0, offset=0.):
  return np.random.default_rng(seed).standard_normal((n, dims)) + offset


def test_nearest_by_hand():
  real = np.array([[0., 0.], [10., 0.], [0., 5.]])
  index, far = copies.nearest(real, np.array([[9., 0.], [3., 4.], [0., 0.]]))
  np.testing.assert_array_equal(index, [1, 2, 0])
  np.testing.assert_allclose(far, [1, np.sqrt(10), 0])


@pytest.mark.parametrize('size', [4, 1024])
def test_nearest_agrees_with_scipy(size, monkeypatch):
  monkeypatch.setattr(blocks, 'SIZE', size)
  real, generated = _features(21), _features(10, seed=1)
  every = distance.cdist(generated, real)
  index, far = copies.nearest(real, generated)
  np.testing.assert_array_equal(index, every.argmin(axis=1))
  np.testing.assert_allclose(far, every.min(axis=1), rtol=1e-12)


def test_threshold_by_hand_and_against_scipy(monkeypatch):
  # Nearest others at 1, 1, 2, 4: 5% of the way through their ranks 0 to 3.
  assert copies.threshold([[0.], [1.], [3.], [7.]]) == pytest.approx(1)
  x = _features(101)
  every = distance.cdist(x, x) + np.diag(np.full(101, np.inf))
  # 100 steps between the 101 ranks: the 5th percentile is the one of rank 5.
  want = np.sort(every.min(axis=1))[5]
  assert copies.threshold(x) == pytest.approx(want)
  monkeypatch.setattr(blocks, 'SIZE', 10)
  assert copies.threshold(x) == pytest.approx(want)


@pytest.mark.parametrize('offset', [0., 1000.])
def test_the_share_of_exact_copies(offset):
  real = _features(60, offset=offset)
  fresh = _features(30, seed=1, offset=offset) * 3
  generated = np.concatenate([real[:10], fresh])
  index, far = copies.nearest(real, generated)
  np.testing.assert_array_equal(index[:10], np.arange(10))
  np.testing.assert_array_equal(far[:10], 0)
  assert copies.METRIC.compute(real, generated) == (10 / 40,)


def test_copies_count_where_real_duplicates_leave_no_distance():
  real = np.concatenate(
      [_features(20), _features(20), 3 * _features(40, seed=1)])
  assert copies.threshold(real) < 1e-4
  generated = np.concatenate([real[:5], real[50:55], _features(30, seed=2)])
  assert copies.METRIC.compute(real, generated) == (10 / 40,)
  # And so they do if the network rounds them otherwise in another batch.
  noise = 1e-6 * _features(40, seed=3)
  assert copies.METRIC.compute(real, generated + noise) == (10 / 40,)


def test_nothing_far_away_is_a_copy():
  real = _features(60)
  assert copies.METRIC.compute(real, real + 100) == (0,)


def test_fresh_images_are_copies_as_often_as_the_percentile_says():
  shares = [copies.METRIC.compute(*np.split(_features(400, 8, seed), 2))[0]
            for seed in range(20)]
  assert np.mean(shares) == pytest.approx(copies.PERCENTILE / 100, abs=0.01)


def test_memorising_with_a_little_noise_is_seen():
  real = _features(200)
  generated = real + 0.1 * _features(200, seed=1)
  assert copies.METRIC.compute(real, generated) == (1,)


def test_what_has_no_value():
  x = _features(6)
  with pytest.raises(UserError, match='1 generated images'):
    copies.METRIC.compute(x, x[:1])
  with pytest.raises(UserError, match='1 real images'):
    copies.threshold(x[:1])
  with pytest.raises(UserError, match='16 features and generated ones 3'):
    copies.nearest(x, x[:, :3])
  bad = x.copy()
  bad[0, 0] = np.nan
  for call in copies.METRIC.compute, copies.nearest:
    with pytest.raises(UserError, match='the real features are not finite'):
      call(bad, x)
    with pytest.raises(UserError, match='the generated features are not fin'):
      call(x, bad)
