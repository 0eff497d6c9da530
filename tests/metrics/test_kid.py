"""KID: by hand, against loops, unbiased; and what its bootstrap covers."""

import numpy as np
import pytest
import threadpoolctl

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks, kid


def _kernel(x, y):
  return (np.dot(x, y) / len(x) + 1) ** 3


def _by_loops(real, generated, w=None, v=None, shared=()):
  """Weighted MMD^2 as it is defined, pair by pair; `shared` pairs left out."""
  w = np.ones(len(real)) if w is None else w
  v = np.ones(len(generated)) if v is None else v

  def mean(a, b, w, v, left_out):
    pairs = [(w[i] * v[j], _kernel(a[i], b[j])) for i in range(len(a))
             for j in range(len(b)) if (i, j) not in left_out]
    return sum(p * k for p, k in pairs) / sum(p for p, _ in pairs)

  itself = [(i, i) for i in range(max(len(real), len(generated)))]
  return (mean(real, real, w, w, itself)
          + mean(generated, generated, v, v, itself)
          - 2 * mean(real, generated, w, v, shared))


def _third_moments(mean):
  """E[x x^T], E[x x x] for x of N(mean, I)."""
  eye = np.eye(len(mean))
  cross = np.einsum('ab,c->abc', eye, mean)
  return (eye + np.outer(mean, mean),
          np.einsum('a,b,c->abc', mean, mean, mean) + cross
          + cross.transpose(0, 2, 1) + cross.transpose(2, 0, 1))


def _true_mmd2(mean):
  """MMD^2 between N(0, I) and N(mean, I): the kernel compares the moments."""
  dims = len(mean)
  (m0, t0), (m1, t1) = _third_moments(np.zeros(dims)), _third_moments(mean)
  return (3 / dims * np.square(mean).sum()
          + 3 / dims ** 2 * np.square(m1 - m0).sum()
          + np.square(t1 - t0).sum() / dims ** 3)


def test_two_and_three_points_by_hand():
  # One feature. Real 0 and 1: k = 1. Generated -1, 1, 2: k(-1, 1) = 0,
  # k(-1, 2) = -1, k(1, 2) = 27, mean 26/3. Between: k(0, .) = 1, 1, 1;
  # k(1, .) = 0, 8, 27, mean 38/6.
  real, generated = np.array([[0.], [1.]]), np.array([[-1.], [1.], [2.]])
  assert kid.kid(real, generated) == pytest.approx(1 + 26 / 3 - 38 / 3)


def test_agrees_with_plain_loops(monkeypatch):
  rng = np.random.default_rng(0)
  real, generated = rng.standard_normal((9, 5)), rng.standard_normal((7, 5)) + 1
  want = _by_loops(real, generated)
  assert kid.kid(real, generated) == pytest.approx(want)
  assert kid.kid(generated, real) == pytest.approx(want)
  # Blocks that do not divide the counts change nothing.
  monkeypatch.setattr(blocks, 'SIZE', 4)
  assert kid.kid(real, generated) == pytest.approx(want)


def test_bootstrap_values_are_those_of_the_drawn_images_without_own_pairs():
  rng = np.random.default_rng(0)
  real, generated = rng.standard_normal((6, 3)), rng.standard_normal((8, 3))
  values = kid.resample(real, generated, np.random.default_rng(5), 4)
  assert values.shape == (4, 1)
  same = np.random.default_rng(5)
  w = same.multinomial(6, np.full(6, 1 / 6), size=4)
  v = same.multinomial(8, np.full(8, 1 / 8), size=4)
  np.testing.assert_allclose(
      values[:, 0], [_by_loops(real, generated, *x) for x in zip(w, v)])


def test_bootstrap_leaves_out_the_pairs_of_an_image_that_both_sets_hold():
  rng = np.random.default_rng(0)
  real, generated = rng.standard_normal((6, 3)), rng.standard_normal((7, 3))
  # The second of two copies has no partner left.
  generated[[5, 2, 3]] = real[[0, 4, 4]]
  values = kid.resample(real, generated, np.random.default_rng(5), 4)
  same = np.random.default_rng(5)
  w = same.multinomial(6, np.full(6, 1 / 6), size=4)
  v = same.multinomial(7, np.full(7, 1 / 7), size=4)
  np.testing.assert_allclose(
      values[:, 0], [_by_loops(real, generated, *x, shared=[(0, 5), (4, 2)])
                     for x in zip(w, v)])


def test_bootstrap_of_a_set_and_its_copy_is_centred_at_0():
  x = np.random.default_rng(0).standard_normal((60, 4))
  values = kid.resample(x, x[::-1].copy(), np.random.default_rng(0), 2000)
  assert abs(values.mean()) < 4 * values.std() / np.sqrt(2000)


def test_a_set_against_itself_has_cross_pairs_of_an_image_with_itself():
  x = np.random.default_rng(0).standard_normal((6, 3))
  assert kid.kid(x, x) == pytest.approx(_by_loops(x, x.copy()))
  assert kid.kid(x, x) < 0


def test_unbiased_where_there_is_no_difference_and_where_there_is():
  rng = np.random.default_rng(0)
  for mean in np.zeros(4), np.array([0.5, 0., 0.25, 0.]):
    values = np.array([
        kid.kid(rng.standard_normal((8, 4)), rng.standard_normal((6, 4)) + mean)
        for _ in range(4000)])
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - _true_mmd2(mean)) < 3 * error
  # And the difference is one that these samples can see.
  assert _true_mmd2(mean) > 10 * error


def test_bootstrap_is_centred_at_the_value():
  rng = np.random.default_rng(0)
  real, generated = rng.standard_normal((2, 40, 8))
  generated += 0.5
  values = kid.resample(real, generated, rng, 4000)[:, 0]
  # A plain bootstrap would lie above by (k(x, x) - E k(x, y)) / n of each side.
  error = values.std() / np.sqrt(len(values))
  assert abs(values.mean() - kid.kid(real, generated)) < 4 * error
  diagonal = np.mean([_kernel(x, x) for x in real])
  assert (diagonal - 1) / 40 > 20 * error


@threadpoolctl.threadpool_limits.wrap(1)  # Threads only slow small products.
def test_intervals_cover_the_truth():
  rng = np.random.default_rng(0)
  mean = np.full(6, 0.4)
  truth, hits, trials = _true_mmd2(mean), 0, 300
  for _ in range(trials):
    real = rng.standard_normal((50, 6))
    generated = rng.standard_normal((50, 6)) + mean
    values = kid.resample(real, generated, rng, 200)[:, 0]
    low, high = kid.kid(real, generated) + np.quantile(
        values - values.mean(), [0.025, 0.975])
    hits += low <= truth <= high
  assert 0.90 <= hits / trials <= 0.99


def test_two_images_a_side_can_be_resampled():
  x = np.random.default_rng(0).standard_normal((2, 2, 3))
  assert np.isfinite(kid.resample(*x, np.random.default_rng(0), 50)).all()


def test_rises_with_the_noise():
  x, noise = np.random.default_rng(0).standard_normal((2, 100, 32))
  values = [kid.kid(x, x + s * noise)
            for s in (0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)]
  assert (np.diff(values) > 0).all()


def test_what_has_no_distance():
  x = np.random.default_rng(0).standard_normal((6, 4))
  compute = kid.METRIC.compute
  assert compute(x, x + 1) == (kid.kid(x, x + 1),)
  with pytest.raises(UserError, match='4 features and generated ones 3'):
    compute(x, x[:, :3])
  with pytest.raises(UserError, match='1 real images'):
    compute(x[:1], x)
  bad = x.copy()
  bad[0, 0] = np.inf
  with pytest.raises(UserError, match='the generated features are not finite'):
    compute(x, bad)
  with pytest.raises(UserError, match='the real features are not finite'):
    kid.resample(bad, x, np.random.default_rng(0), 3)
