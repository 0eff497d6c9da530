"""FID: closed forms, invariants, and both routes against a matrix root."""

import numpy as np
import pytest
import scipy.linalg

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks, fid


def _pair(n, m, dims, seed=0):
  """Two sets with different means and covariances."""
  rng = np.random.default_rng(seed)
  real = rng.standard_normal((n, dims)) * np.linspace(0.5, 2, dims) + 3
  mix = np.eye(dims) + 0.3 * rng.standard_normal((dims, dims)) / dims ** 0.5
  return real, rng.standard_normal((m, dims)) @ mix + 3.2


def _by_root(real, generated):
  """The formula as it is printed, with a matrix root."""
  s1, s2 = np.cov(real.T), np.cov(generated.T)
  apart = real.mean(axis=0) - generated.mean(axis=0)
  return apart @ apart + np.trace(
      s1 + s2 - 2 * scipy.linalg.sqrtm(s1 @ s2).real)


def test_one_feature_by_hand():
  # Means 1 and 5, variances 2 and 8: 4^2 + (8^1/2 - 2^1/2)^2 = 16 + 2.
  real, generated = np.array([[0.], [2.]]), np.array([[3.], [7.]])
  assert fid.from_features(real, generated) == pytest.approx(18)


def test_commuting_covariances_by_hand():
  # Uncorrelated features: the sum over features of the squared difference of
  # standard deviations. Corners of a box have that of their half sides.
  corners = np.array(np.meshgrid(*[[-1., 1.]] * 3)).reshape(3, 8).T
  sides, others = np.array([1., 2., 3.]), np.array([2., 5., 0.5])
  want = 8 / 7 * np.square(sides - others).sum()
  assert fid.from_features(corners * sides,
                           corners * others) == pytest.approx(want)


@pytest.mark.parametrize('n, m, dims', [(60, 50, 100), (60, 50, 10),
                                        (300, 20, 40)])
def test_both_routes_agree(n, m, dims):
  real, generated = _pair(n, m, dims)
  # As the product of features, whichever route `from_features` takes.
  factors = [(x - x.mean(axis=0)) / np.sqrt(len(x) - 1)
             for x in (real, generated)]
  root = np.linalg.norm(factors[0] @ factors[1].T, 'nuc')
  product = (np.square(real.mean(axis=0) - generated.mean(axis=0)).sum()
             + sum(np.square(f).sum() for f in factors) - 2 * root)
  assert fid.from_features(real, generated) == pytest.approx(product, rel=1e-9)


@pytest.mark.parametrize('dims, n', [(4, 100), (30, 400)])
def test_agrees_with_the_matrix_root_where_that_is_well_conditioned(dims, n):
  real, generated = _pair(n, n + 50, dims)
  want = pytest.approx(_by_root(real, generated), rel=1e-6)
  assert fid.from_features(real, generated) == want


@pytest.mark.parametrize('n, dims', [(2, 64), (40, 64), (200, 64), (500, 8)])
def test_identical_sets_are_at_0(n, dims):
  x = 10 * _pair(n, n, dims)[0]
  assert 0 <= fid.from_features(x, x) < 1e-6
  assert 0 <= fid.from_features(x, x[::-1]) < 1e-6


@pytest.mark.parametrize('n, dims', [(30, 64), (300, 16)])
def test_equal_covariances_leave_the_distance_of_the_means(n, dims):
  x = _pair(n, n, dims)[0]
  shift = np.random.default_rng(1).standard_normal(dims)
  assert fid.from_features(x, x + shift) == pytest.approx(
      shift @ shift, rel=1e-9)


@pytest.mark.parametrize('n, dims', [(30, 64), (100, 8)])
def test_symmetric_and_the_same_after_rotation_and_shift(n, dims):
  real, generated = _pair(n, n - 5, dims)
  want = fid.from_features(real, generated)
  assert fid.from_features(generated, real) == pytest.approx(want, rel=1e-9)
  rotation = np.linalg.qr(
      np.random.default_rng(1).standard_normal((dims, dims)))[0]
  far = 2**16  # Squares that were summed before their mean is taken would lose digits.
  assert fid.from_features(real @ rotation + far, generated @ rotation + far
                           ) == pytest.approx(want, rel=1e-9)
  # Features that are twice as large are four times as far apart.
  assert fid.from_features(2 * real, 2 * generated) == pytest.approx(4 * want)


def test_rises_with_the_noise():
  rng = np.random.default_rng(0)
  x, noise = rng.standard_normal((2, 100, 32))
  values = [fid.from_features(x, x + s * noise)
            for s in (0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)]
  assert (np.diff(values) > 0).all()


def test_blocks_give_what_the_whole_gives(monkeypatch):
  real, generated = _pair(60, 50, 10)
  want = fid.from_features(real, generated)
  monkeypatch.setattr(blocks, 'SIZE', 7)
  assert fid.from_features(real, generated) == pytest.approx(want, rel=1e-9)


def test_takes_float32_and_gives_what_float64_gives():
  real, generated = (x.astype(np.float32) for x in _pair(20, 20, 30))
  assert fid.from_features(real, generated) == fid.from_features(
      real.astype(np.float64), generated.astype(np.float64))


def test_what_has_no_distance():
  real, generated = _pair(6, 6, 4)
  compute = fid.METRIC.compute
  assert compute(real, generated) == (fid.from_features(real, generated),)
  with pytest.raises(UserError, match='4 features and generated ones 3'):
    compute(real, generated[:, :3])
  with pytest.raises(UserError, match='1 generated images .* at least 2'):
    compute(real, generated[:1])
  with pytest.raises(UserError, match='1 real images'):
    compute(real[:1], generated)
  generated[0, 0] = np.nan
  with pytest.raises(UserError, match='the generated features are not finite'):
    compute(real, generated)
  with pytest.raises(UserError, match='the real features are not finite'):
    compute(generated, real)
