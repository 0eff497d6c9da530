"""Differentiable augmentation: each change, by what it may and may not do."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.methods.diff_augment import augment, CHANGES


def _images(count=64, size=16):
  return jax.random.uniform(jax.random.key(0), (count, size, size, 3), minval=-1)


def test_nothing_and_what_is_drawn_of_each_change_alone():
  x, key = _images(), jax.random.key(1)
  np.testing.assert_array_equal(augment(key, x, ()), x)
  alone = augment(key, x, ('cutout',))
  both = augment(key, x, ('brightness', 'cutout'))
  np.testing.assert_array_equal(alone == 0, both == 0)


def test_brightness_adds_a_number_an_image():
  x = _images()
  change = np.asarray(augment(jax.random.key(1), x, ('brightness',)) - x)
  assert np.abs(change - change[:, :1, :1, :1]).max() < 1e-6
  amount = change[:, 0, 0, 0]
  assert np.abs(amount).max() <= 0.25 and amount.min() < -0.1 < 0.1 < amount.max()


def test_translation_shifts_by_an_eighth_at_most_and_fills_with_grey():
  x = np.asarray(_images())
  y = np.asarray(augment(jax.random.key(1), jnp.asarray(x), ('translation',)))
  padded = np.pad(x, [(0, 0), (2, 2), (2, 2), (0, 0)])
  shifts = set()
  for before, after in zip(padded, y):
    found = [(i, j) for i in range(5) for j in range(5)
             if (before[i:i + 16, j:j + 16] == after).all()]
    shifts.add(found[0])
  assert len(shifts) > 15


def test_cutout_greys_a_square_of_half_a_side():
  y = np.asarray(augment(jax.random.key(1), jnp.ones((64, 16, 16, 3)), ('cutout',)))
  sizes = set()
  for image in y[..., 0] == 0:
    rows, columns = image.any(1), image.any(0)
    np.testing.assert_array_equal(image, rows[:, None] & columns)
    sizes.add((rows.sum(), columns.sum()))
  assert max(sizes) == (8, 8) and min(min(s) for s in sizes) >= 4


def test_a_region_moves_with_its_image_and_has_no_brightness():
  region = (_images()[..., :1] > 0).astype(jnp.float32)
  image, moved = augment(
      jax.random.key(1), 0.5 * region * jnp.ones(3), ('translation', 'cutout'), region)
  np.testing.assert_array_equal(image[..., :1], 0.5 * moved)
  assert (moved != region).any(axis=(1, 2, 3)).mean() > 0.9
  image, moved = augment(jax.random.key(1), region * jnp.ones(3), ('brightness',), region)
  np.testing.assert_array_equal(moved, region)
  assert (np.abs(image[..., :1] - region) > 1e-3).mean() > 0.9


def test_gradients_go_through():
  weight = jax.random.normal(jax.random.key(2), (16, 16, 3))
  @jax.jit
  def score(x):
    return (augment(jax.random.key(1), x, tuple(CHANGES)) * weight).sum()
  x = _images(4)
  grad = np.asarray(jax.grad(score)(x))
  # Linear in what is left of the image: the change of score says so.
  step = 0.1 * jax.random.normal(jax.random.key(3), x.shape)
  np.testing.assert_allclose(score(x + step) - score(x), (grad * step).sum(), rtol=1e-3)
  assert (grad != 0).any() and (grad == 0).any()
