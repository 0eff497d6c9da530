"""Blends of a cut-out with an image, by closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.methods import blending

_ROWS, _COLUMNS = np.mgrid[:32, :32].astype(np.float32)
# At one, two and three pixels from a straight edge: what is left of exp(-k^2 / 2.88),
# 1, 0.707, 0.249 and 0.044 to both sides, over its sum of 3.
_TAIL = [0.3333, 0.0978, 0.0147]
_BLACK = -1 - 32 / 127.5  # From there light is counted.


def _mask(rows, columns):
  inside = np.zeros((32, 32, 1), bool)
  inside[rows, columns] = True
  return inside


def _blend(kind, image, patch, inside, known=None):
  """Returns both as [32, 32]: the blended image and the opacity."""
  known = np.ones_like(inside) if known is None else known
  shown = blending.opacity(jnp.asarray(inside), jnp.asarray(known))
  blended = kind(jnp.asarray(image[..., None], jnp.float32),
                 jnp.asarray(patch[..., None], jnp.float32), shown, jnp.asarray(known))
  return np.asarray(blended)[..., 0], np.asarray(shown)[..., 0]


def _affine(a, b, c):
  return a * _ROWS + b * _COLUMNS + c


def test_a_defect_is_opaque_and_the_ground_around_it_fades():
  shown = np.asarray(blending.opacity(
      jnp.asarray(_mask(slice(8, 20), slice(0, 32))), 1.0))
  np.testing.assert_array_equal(shown[8:20], 1)
  for side in (shown[20:24, 5, 0], shown[7:3:-1, 5, 0]):
    np.testing.assert_allclose(side, [*_TAIL, 0], atol=1e-3)
  assert (shown[24:] == 0).all() and (shown[:4] == 0).all()


@pytest.mark.parametrize('ground', [0.2, -0.4])
def test_feather_keeps_the_brightness_relative_to_the_ground(ground):
  inside = _mask(slice(8, 20), slice(6, 16))
  patch, image = np.where(inside[..., 0], 0.5, 0.2), np.full((32, 32), ground)
  lit = (ground - _BLACK) / (0.2 - _BLACK)  # 1 on ground of its own brightness.
  blended, shown = _blend(blending.feather, image, patch, inside)
  np.testing.assert_allclose(blended[inside[..., 0]], ground + lit * 0.3, atol=1e-5)
  np.testing.assert_allclose(blended[~inside[..., 0]], ground, atol=1e-5)
  # The ground that was cut out fades: a stripe beside the defect.
  patch[:, 16] = 0.3
  blended, shown = _blend(blending.feather, image, patch, inside)
  assert shown[14, 16] == pytest.approx(0.3333, abs=1e-3)
  assert blended[14, 16] == pytest.approx(ground + 0.3333 * lit * 0.1, abs=1e-3)


@pytest.mark.parametrize('inside', [
    _mask(slice(8, 20), slice(6, 16)), _mask(_ROWS + _COLUMNS < 20, slice(None))[
        ::-1, ::-1] & _mask(slice(5, 27), slice(5, 27))])
def test_poisson_puts_a_defect_on_any_slope(inside):
  """The offset is affine on the outline, and so everywhere: the ground's slope is gone."""
  shown = np.asarray(blending.opacity(jnp.asarray(inside), 1.0))[..., 0]
  noise = np.random.default_rng(0).uniform(-0.4, 0.4, (32, 32))
  defect = np.where(inside[..., 0], noise, 0)
  image = _affine(0.01, -0.005, 0.1)
  blended, _ = _blend(blending.poisson, image, _affine(-0.02, 0.01, 0.3) + defect, inside)
  lit = np.vdot(blended - image, defect) / np.vdot(defect, defect)
  np.testing.assert_allclose(blended, image + lit * defect, atol=1e-4)
  assert 0.5 < lit < 1.5 and abs(lit - 1) > 0.02
  assert (shown > 0).sum() > inside.sum()


def test_the_gradients_of_poisson_are_those_of_the_patch():
  """Their divergence is, but for the light: each pixel's four differences add up to it."""
  rng = np.random.default_rng(1)
  image, patch = rng.uniform(-1, 1, (2, 32, 32))
  blended, shown = _blend(blending.poisson, image, patch, _mask(slice(8, 20), slice(6, 16)))
  def divergence(x):
    return 4 * x[1:-1, 1:-1] - x[:-2, 1:-1] - x[2:, 1:-1] - x[1:-1, :-2] - x[1:-1, 2:]
  deep = np.zeros((30, 30), bool)
  deep[8:18, 6:14] = True  # All neighbours are within the defect.
  of_patch, of_result = divergence(patch)[deep], divergence(blended)[deep]
  lit = np.vdot(of_patch, of_result) / np.vdot(of_patch, of_patch)
  assert lit == pytest.approx(1, abs=0.2)
  # At the outline, the neighbour outside is the image's, and the patch's own by as much as
  # it is brighter there: what is left is a smooth offset.
  offset = np.where(shown > 0, blended, image) - lit * patch
  np.testing.assert_allclose(divergence(offset)[shown[1:-1, 1:-1] > 0], 0, atol=1e-3)


@pytest.mark.parametrize('kind', [blending.feather, blending.poisson])
def test_all_else_stays_bit_for_bit(kind):
  rng = np.random.default_rng(2)
  image, patch = rng.uniform(-1, 1, (2, 32, 32)).astype(np.float32)
  known = _mask(slice(0, 25), slice(0, 32))
  blended, shown = _blend(kind, image, patch, _mask(slice(16, 25), slice(0, 9)), known)
  assert (shown[25:] == 0).all() and shown[24, 0] == 1
  np.testing.assert_array_equal(blended[shown == 0], image[shown == 0])
  assert (blended != image)[shown > 0].mean() > 0.99


@pytest.mark.parametrize('kind', [blending.feather, blending.poisson])
def test_without_ground_around_it_a_defect_keeps_its_brightness(kind):
  patch = np.random.default_rng(3).uniform(-0.5, 0.5, (32, 32))
  everywhere = np.ones((32, 32, 1), bool)
  blended, _ = _blend(kind, np.full((32, 32), 0.9), patch, everywhere)
  np.testing.assert_allclose(blended, patch, atol=1e-6)


def test_at_the_images_edge_the_offset_goes_on():
  """Only the inner outline is met: there the image is the patch in more light."""
  patch = np.random.default_rng(4).uniform(-0.5, 0.5, (32, 32))
  image = _BLACK + 1.25 * (patch - _BLACK)
  blended, _ = _blend(blending.poisson, image, patch, _mask(slice(0, 12), slice(20, 32)))
  np.testing.assert_allclose(blended, image, atol=1e-4)


def test_a_harmonic_function_is_its_neighbours_mean():
  values = np.zeros((1, 6, 1), np.float32)
  values[0, 0], values[0, 5] = 1, 6
  ends = values > 0
  line = blending.harmonic(jnp.asarray(values), jnp.asarray(~ends), jnp.asarray(ends), 0.0)
  np.testing.assert_allclose(np.asarray(line)[0, 1:5, 0], [2, 3, 4, 5], atol=1e-4)
  cross = np.array([[0, 1, 0], [2, 0, 3], [0, 6, 0]], np.float32)[..., None]
  middle = _mask(slice(1, 2), slice(1, 2))[:3, :3]
  found = np.asarray(blending.harmonic(
      jnp.asarray(cross), jnp.asarray(middle), jnp.asarray(~middle), 9.0))
  assert found[1, 1, 0] == pytest.approx(3) and (found != 0).sum() == 1
