"""Moments: any way of cutting up the images gives the same ones."""

import numpy as np
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.metrics.moments import Moments


def _features(n=50, dims=6, offset=0.):
  rng = np.random.default_rng(0)
  return rng.standard_normal((n, dims)) @ rng.standard_normal(
      (dims, dims)) + offset


def test_of_agrees_with_numpy():
  x = _features()
  moments = Moments.of(x)
  assert moments.n == 50
  np.testing.assert_allclose(moments.mean, x.mean(axis=0))
  np.testing.assert_allclose(moments.covariance, np.cov(x.T), rtol=1e-12)


def test_by_hand():
  # Around the mean (1, 2): (-1, -2) and (1, 2).
  moments = Moments.of([[0, 0], [2, 4]])
  np.testing.assert_array_equal(moments.mean, [1, 2])
  np.testing.assert_array_equal(moments.scatter, [[2, 4], [4, 8]])
  np.testing.assert_array_equal(moments.covariance, moments.scatter)


@pytest.mark.parametrize('cuts', [[1], [25], [3, 4, 30], [10, 20, 30, 40]])
def test_blocks_in_any_order_give_the_moments_of_the_whole(cuts):
  x = _features()
  whole = Moments.of(x)
  for parts in np.split(x, cuts), np.split(x, cuts)[::-1]:
    streamed = Moments.stream(iter(parts))
    assert streamed.n == whole.n
    np.testing.assert_allclose(streamed.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(streamed.scatter, whole.scatter, rtol=1e-11,
                               atol=1e-12)


def test_sum_commutes_and_associates():
  a, b, c = (Moments.of(x) for x in np.split(_features(), [7, 30]))
  for first, second in ((a + b, b.merge(a)), ((a + b) + c, a + (b + c))):
    np.testing.assert_allclose(first.mean, second.mean, rtol=1e-12)
    np.testing.assert_allclose(first.scatter, second.scatter, rtol=1e-12)


def test_a_large_offset_takes_no_digits_from_the_scatter():
  # The mean of squares less the square of the mean would lose all of them.
  x = np.random.default_rng(0).integers(-4, 5, (64, 3)).astype(float)
  near = Moments.of(x)
  far = Moments.stream(np.split(x + 2. ** 30, 8))
  np.testing.assert_allclose(far.scatter, near.scatter, rtol=1e-6)


def test_float32_is_summed_in_float64():
  x = _features(offset=100.).astype(np.float32)
  assert Moments.of(x).scatter.dtype == np.float64
  np.testing.assert_array_equal(Moments.of(x).scatter,
                                Moments.of(x.astype(np.float64)).scatter)


def test_moments_do_not_change():
  moments = Moments.of(_features())
  for array in moments.mean, moments.scatter:
    with pytest.raises(ValueError, match='read-only'):
      array[0] = 0
  with pytest.raises(AttributeError):
    moments.n = 3


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_refused(value):
  x = _features()
  x[3, 2] = value
  with pytest.raises(UserError, match='features are not finite: 1 of 50'):
    Moments.of(x)
  with pytest.raises(UserError, match='features are not finite'):
    Moments.stream([_features(), x])


def test_what_has_no_moments():
  with pytest.raises(UserError, match='one image has no covariance'):
    _ = Moments.of(_features(1)).covariance
  with pytest.raises(UserError, match='at least 1'):
    Moments.of(np.empty((0, 3)))
  with pytest.raises(UserError, match='no images'):
    Moments.stream([])
  with pytest.raises(UserError, match='6 and of 5 features'):
    _ = Moments.of(_features()) + Moments.of(_features(dims=5))
  with pytest.raises(UserError, match='one row per image'):
    Moments.of(np.zeros(4))
