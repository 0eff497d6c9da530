"""Classical augmentation on the device: flips, shifts, brightness, contrast."""

import jax
import jax.numpy as jnp

SHIFT = 0.1   # largest shift either way, as a share of the side
JITTER = 0.2  # largest relative change of brightness and of contrast, either way


def batch(key, images, indices, strength):
  """Selects images of a set and changes them at random.

  A mirrored and shifted image is the same image read in another order, so one
  look-up does both; pixels that a shift brings in are mirrored at the border.
  Brightness multiplies an image, contrast its differences from its mean.

  Args:
    key: a random key.
    images: uint8 [N, H, W, C], the set.
    indices: int [B] into it.
    strength: 0 leaves the images as they are; 1 changes them by up to `SHIFT`
      and `JITTER`, and mirrors half of them each way.

  Returns:
    float32 [B, H, W, C] in [-1, 1].
  """
  keys = jax.random.split(key, 4)
  pixels = _moved(keys[:2], images.shape[1:3], indices, strength)
  return _lit(keys[2:], images[pixels], strength)


def with_masks(key, images, masks, indices):
  """Selects images and their masks, and changes them at random, at full strength.

  Args:
    key, images, indices: as `batch` takes them.
    masks: bool [N, H, W]; moved as their images are.

  Returns:
    float32 [B, H, W, C] in [-1, 1], bool [B, H, W].
  """
  keys = jax.random.split(key, 4)
  pixels = _moved(keys[:2], images.shape[1:3], indices, 1)
  return _lit(keys[2:], images[pixels], 1), masks[pixels]


def _moved(keys, sides, indices, strength):
  """Returns which pixels become those of mirrored and shifted images: three indices."""
  rows, columns = (_order(key, len(indices), side, strength)
                   for key, side in zip(keys, sides))
  return indices[:, None, None], rows[:, :, None], columns[:, None, :]


def _lit(keys, images, strength):
  """Changes brightness and contrast: uint8 [B, H, W, C] -> float32 in [-1, 1]."""
  def factor(key):
    return 1 + strength * jax.random.uniform(
        key, (len(images), 1, 1, 1), minval=-JITTER, maxval=JITTER)
  x = jnp.minimum(images.astype(jnp.float32) / 255 * factor(keys[0]), 1)
  mean = x.mean((1, 2, 3), keepdims=True)
  # A form in which a factor of 1 changes nothing, to the bit.
  x = jnp.clip(x + (factor(keys[1]) - 1) * (x - mean), 0, 1)
  return 2 * x - 1


def _order(key, count, side, strength):
  """Chooses the order in which each image's rows (or columns) are read: [count, side]."""
  flip, shift = jax.random.split(key)
  most = strength * SHIFT * side
  shift = jnp.round(jax.random.uniform(
      shift, (count, 1), minval=-most, maxval=most)).astype(int)
  at = jnp.abs(jnp.arange(side) + shift)
  at = side - 1 - jnp.abs(side - 1 - at)
  flipped = jax.random.bernoulli(flip, strength / 2, (count, 1))
  return jnp.where(flipped, side - 1 - at, at)
