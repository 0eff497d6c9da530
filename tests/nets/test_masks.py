"""Soft regions."""

import jax.numpy as jnp
import numpy as np

from pegan_jax.nets import masks


def _soft(region):
  return np.asarray(masks.soften(jnp.asarray(region, jnp.float32)[..., None]))[..., 0]


def test_a_soft_region_ends_at_the_margin_and_is_one_inside():
  region = np.zeros((2, 40, 40))
  region[0, 16:24, 16:24] = 1
  soft = _soft(region)
  assert (soft[1] == 0).all()
  m = masks.MARGIN
  inside = np.zeros((40, 40), bool)
  inside[16 - m:24 + m, 16 - m:24 + m] = True
  assert (soft[0][inside] > 0).all() and (soft[0][~inside] == 0).all()
  np.testing.assert_allclose(soft[0, 17:23, 17:23], 1, atol=1e-6)
  # Its edge, half of the height, is two pixels further out than the region's.
  assert soft[0, 20, 23 + 2] > 0.5 > soft[0, 20, 23 + 3]
  np.testing.assert_allclose(soft[0], soft[0].T, atol=1e-6)


def test_at_an_images_edge_a_region_goes_on():
  region = np.zeros((1, 40, 40))
  region[0, :, :10] = 1
  soft = _soft(region)[0]
  np.testing.assert_allclose(soft, np.broadcast_to(soft[:1], soft.shape), atol=1e-6)
  np.testing.assert_allclose(soft[:, :9], 1, atol=1e-6)
  assert (_soft(np.ones((1, 8, 8))) <= 1).all()
