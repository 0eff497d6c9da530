"""Diversity: by hand, against SciPy, and what it does not depend on."""

import numpy as np
import pytest
from scipy.spatial import distance

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks, diversity


def test_by_hand():
  # A triangle of sides 3, 4 and 5.
  x = np.array([[0., 0.], [3., 0.], [0., 4.]])
  assert diversity.METRIC.compute(x + 9, x) == (pytest.approx(4),)


def test_agrees_with_scipy(monkeypatch):
  x = np.random.default_rng(0).standard_normal((30, 7)) + 50
  want = distance.pdist(x).mean()
  assert diversity.diversity(x) == pytest.approx(want)
  monkeypatch.setattr(blocks, 'SIZE', 8)
  assert diversity.diversity(x) == pytest.approx(want)


def test_of_one_image_over_and_over_is_0():
  x = np.tile(np.random.default_rng(0).standard_normal((1, 64)), (20, 1))
  assert diversity.METRIC.compute(x, x + 1000) == (0,)


def test_scales_with_the_spread_and_not_with_the_place_or_the_real_images():
  x = np.random.default_rng(0).standard_normal((30, 7))
  want = diversity.diversity(x)
  assert diversity.METRIC.compute(5 * x, 2 * x + 3) == (
      pytest.approx(2 * want),)


def test_does_not_depend_on_the_count():
  x = np.random.default_rng(0).standard_normal((600, 16))
  # One small set is off by chance; the mean of small sets is not.
  small = [diversity.diversity(part) for part in np.split(x, 30)]
  assert np.mean(small) == pytest.approx(diversity.diversity(x), rel=0.01)


def test_what_has_no_value():
  x = np.random.default_rng(0).standard_normal((6, 4))
  with pytest.raises(UserError, match='1 generated images'):
    diversity.METRIC.compute(x, x[:1])
  with pytest.raises(UserError, match='4 features and generated ones 3'):
    diversity.METRIC.compute(x, x[:, :3])
  bad = x.copy()
  bad[0, 0] = np.nan
  with pytest.raises(UserError, match='the generated features are not finite'):
    diversity.METRIC.compute(x, bad)
