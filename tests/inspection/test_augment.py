"""Augmentation does what it says, and nothing at strength 0."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

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


def _strong(images, indices, rotate, seed=0):
  return np.asarray(augment.strong(
      jax.random.key(seed), jnp.asarray(images), indices, rotate))


@pytest.mark.parametrize('rotate', [False, True])
def test_strong_changes_keep_directions_unless_images_may_be_turned(rotate):
  """Of stripes: those along the rows stay along the rows."""
  stripes = np.zeros((1, 24, 24, 1), np.uint8)
  stripes[:, ::4] = stripes[:, 1::4] = 200
  found = _strong(stripes, jnp.zeros(40, int), rotate)[..., 0]
  assert found.shape == (40, 24, 24) and -1 <= found.min() and found.max() <= 1
  along, across = (np.abs(np.diff(found, axis=axis)).mean((1, 2)) for axis in (2, 1))
  assert (along < across / 2).all() != rotate
  assert (along > across).any() == rotate


def test_strong_changes_show_a_part_enlarged():
  """Of a ramp along each axis: half of its range or more, mirrored half of the times."""
  ramp = np.linspace(0, 255, 32).astype(np.uint8)
  image = np.stack(np.broadcast_arrays(ramp[:, None], ramp), -1)
  image = np.concatenate([image, image[..., :1]], -1)[None]
  found = (_strong(image, jnp.zeros(200, int), False) + 1) / 2
  least = (augment.AREA / augment.RATIO)**0.5  # Of a side.
  for axis, channel in ((1, 0), (2, 1)):
    profile = found[..., channel].mean(3 - axis)
    rise = profile[:, -2] - profile[:, 1]
    assert 60 < (rise > 0).sum() < 140
    steep = np.abs(rise)  # Contrast changes it by up to a fifth, and noise a little.
    assert (steep > 0.75 * least).all() and (steep < 1.25).all() and np.ptp(steep) > 0.3


def test_mixtures_are_of_the_shares_that_are_said():
  x = jnp.arange(1.0, 9).reshape(8, 1, 1, 1) * jnp.ones((8, 2, 2, 1))
  found, other, share = augment.mixed(jax.random.key(1), x)
  assert sorted(other.tolist()) == list(range(8))
  assert ((0 <= share) & (share <= 1)).all() and np.ptp(share) > 0.1
  np.testing.assert_allclose(found[:, 1, 0, 0], share * x[:, 0, 0, 0] + (
      1 - share) * x[other, 0, 0, 0], rtol=1e-5)
