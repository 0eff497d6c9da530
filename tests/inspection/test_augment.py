"""Augmentation does what it says, and nothing at strength 0."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.inspection import augment


def _images(size=20):
  rng = np.random.default_rng(0)
  return rng.integers(60, 120, (3, size, size, 1), np.uint8)


def test_strength_0_is_the_image_itself():
  images = _images()
  found = augment.batch(jax.random.key(0), jnp.asarray(images),
                        jnp.array([2, 0]), jnp.float32(0))
  np.testing.assert_allclose(found, images[[2, 0]] / 127.5 - 1, atol=1e-6)


def test_rows_are_mirrored_and_shifted_by_up_to_a_tenth():
  orders = np.asarray(augment._order(  # pylint: disable=protected-access
      jax.random.key(1), 400, 20, jnp.float32(1)))
  shifts = set()
  flipped = 0
  for order in orders:
    middle = order[5:15]  # Clear of the borders.
    step = set(np.diff(middle))
    assert step in ({1}, {-1})
    flipped += step == {-1}
    shifts.add(int(middle[0] - 5 if step == {1} else 14 - middle[0]))
    assert order.min() >= 0 and order.max() <= 19
    assert abs(np.diff(order)).max() <= 1  # Mirrored at the border, not wrapped.
  assert shifts == {-2, -1, 0, 1, 2}
  assert 150 < flipped < 250


def test_brightness_and_contrast_are_jittered_within_bounds():
  flat = np.full((1, 20, 20, 1), 100, np.uint8)
  indices = jnp.zeros(300, int)
  found = augment.batch(jax.random.key(2), jnp.asarray(flat), indices,
                        jnp.float32(1))
  assert np.ptp(found, axis=(1, 2, 3)).max() < 1e-6  # A flat image stays flat.
  level = (np.asarray(found[:, 0, 0, 0]) + 1) * 127.5
  assert 80 <= level.min() < 85 and 115 < level.max() <= 120
  images = _images()[:1]
  found = augment.batch(jax.random.key(3), jnp.asarray(images), indices,
                        jnp.float32(1))
  # Relative to its mean, an image's spread changes by contrast alone; a shift
  # leaves out or repeats up to a tenth of it.
  x = (np.asarray(found) + 1) * 127.5
  ratio = (x.std((1, 2, 3)) / x.mean((1, 2, 3))) / (images.std() / images.mean())
  assert 0.75 < ratio.min() < 0.88 and 1.12 < ratio.max() < 1.25
  assert -1 <= found.min() and found.max() <= 1
