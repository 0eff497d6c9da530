"""Precision, recall, density, coverage: by hand and against plain loops."""

import numpy as np
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks, prdc


def _by_loops(real, generated, k):
  """The papers' definitions, image by image."""
  def ball(features, i, k):
    others = [np.linalg.norm(features[i] - x)
              for j, x in enumerate(features) if j != i]
    return sorted(others)[k - 1]

  def inside(point, centre, radius):
    return np.linalg.norm(point - centre) < radius

  k_real, k_generated = min(k, len(real) - 1), min(k, len(generated) - 1)
  around_real = [ball(real, i, k_real) for i in range(len(real))]
  around_generated = [ball(generated, i, k_generated)
                      for i in range(len(generated))]
  held = np.array([[inside(g, r, d) for g in generated]
                   for r, d in zip(real, around_real)])
  recalled = np.array([[inside(r, g, d) for r in real]
                       for g, d in zip(generated, around_generated)])
  return (held.any(axis=0).mean(), recalled.any(axis=0).mean(),
          held.sum() / (k_real * len(generated)), held.any(axis=1).mean())


def test_a_line_by_hand():
  # k = 1. Balls of real 0, 1, 4: 1, 1, 3; of generated 0.5, 2.5, 9: 2, 2, 6.5.
  # 0.5 lies in (-1, 1) and (0, 2), 2.5 in (1, 7), 9 in none.
  # 0 and 1 lie in (-1.5, 2.5), 4 in (0.5, 4.5).
  real = np.array([[0.], [1.], [4.]])
  generated = np.array([[0.5], [2.5], [9.]])
  assert prdc.prdc(real, generated, k=1) == pytest.approx(
      (2 / 3, 1, 3 / 3, 1))
  # The other way round: 0 and 1 in (-1.5, 2.5), 1 in (0.5, 4.5) as well, 4 in
  # (0.5, 4.5) and in (2.5, 15.5), and 9's ball holds 4.
  assert prdc.prdc(generated, real, k=1) == pytest.approx(
      (1, 2 / 3, 5 / 3, 1))


def test_a_plane_by_hand():
  # k = 1. The corners of two squares of side 2: balls of 2 around each. The
  # generated images lie at the middle of the first, which all its corners'
  # balls hold, and 0.1 beside; their balls of 0.1 hold nothing.
  square = np.array([[0., 0.], [0., 2.], [2., 0.], [2., 2.]])
  real = np.concatenate([square, square + 100])
  generated = np.array([[1., 1.], [1., 1.1]])
  assert prdc.prdc(real, generated, k=1) == pytest.approx((1, 0, 4, 0.5))


@pytest.mark.parametrize('n, m, k', [(30, 20, 5), (20, 30, 3), (4, 12, 5),
                                     (12, 4, 5), (2, 2, 5)])
def test_agrees_with_plain_loops(n, m, k, monkeypatch):
  rng = np.random.default_rng(n)
  real = rng.standard_normal((n, 3))
  generated = 0.8 * rng.standard_normal((m, 3)) + 0.5
  want = _by_loops(real, generated, k)
  assert prdc.prdc(real, generated, k) == pytest.approx(want)
  # Blocks that do not divide the counts, or are smaller than k, do not matter.
  monkeypatch.setattr(blocks, 'SIZE', 3)
  assert prdc.prdc(real, generated, k) == pytest.approx(want)


@pytest.mark.parametrize('n', [2, 5, 6, 80])
@pytest.mark.parametrize('offset', [0., 1000.])
def test_a_set_against_itself_is_all_ones(n, offset):
  x = np.random.default_rng(0).standard_normal((n, 16)) + offset
  assert prdc.METRIC.compute(x, x) == (1, 1, 1, 1)
  assert prdc.METRIC.compute(x, x[::-1]) == (1, 1, 1, 1)


def test_ties_and_duplicates_lose_nobody():
  # On a grid most neighbours are equally far; eight copies have balls of 0.
  grid = np.indices((4, 4)).reshape(2, 16).T.astype(float)
  copies = np.full((8, 2), 0.3)
  for x in grid, copies, np.concatenate([grid, copies]):
    precision, recall, _, coverage = prdc.METRIC.compute(x, x.copy())
    assert (precision, recall, coverage) == (1, 1, 1)


def test_sets_far_apart_share_nothing():
  x = np.random.default_rng(0).standard_normal((40, 8))
  assert prdc.METRIC.compute(x, x + 100) == (0, 0, 0, 0)


def test_samples_of_one_distribution_cover_each_other_as_they_should():
  real, generated = np.random.default_rng(0).standard_normal((2, 800, 2))
  _, _, density, coverage = prdc.METRIC.compute(real, generated)
  # Naeem et al.: density has the mean 1; coverage is close to 1 - 2^-k.
  assert density == pytest.approx(1, abs=0.05)
  assert coverage == pytest.approx(1 - 2 ** -prdc.K, abs=0.02)


def test_collapse_keeps_precision_and_loses_recall_and_coverage():
  rng = np.random.default_rng(0)
  real = rng.standard_normal((100, 4))
  precision, recall, density, coverage = prdc.METRIC.compute(
      real, 0.01 * rng.standard_normal((100, 4)))
  assert precision == 1 and density > 1 and recall < 0.1 and coverage < 0.6


def test_what_has_no_value():
  x = np.random.default_rng(0).standard_normal((6, 4))
  with pytest.raises(UserError, match='4 features and generated ones 3'):
    prdc.METRIC.compute(x, x[:, :3])
  with pytest.raises(UserError, match='1 generated images'):
    prdc.METRIC.compute(x, x[:1])
  bad = x.copy()
  bad[0, 0] = np.nan
  with pytest.raises(UserError, match='the real features are not finite'):
    prdc.METRIC.compute(bad, x)
