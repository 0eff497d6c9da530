"""Noise beside an image, by which a generator's images of one input differ."""

import jax
import jax.numpy as jnp

from pegan_jax.nets.masked_translator import GRID

_SMOOTH = 4  # channels of smooth noise


def draw_noise(key, shape, grain):
  """Draws channels of noise for images.

  Args:
    key: a random key.
    shape: [..., H, W, 3] of the images.
    grain: number of channels that differ from pixel to pixel.

  Returns:
    [..., H, W, 4 + grain]: four channels are normal at an eighth of the resolution,
    and smooth between.
  """
  *batch, height, width, _ = shape
  key_smooth, key_grain = jax.random.split(key)
  smooth = jax.random.normal(key_smooth, (
      *batch, height // GRID, width // GRID, _SMOOTH))
  smooth = jax.image.resize(smooth, (*batch, height, width, _SMOOTH), 'linear')
  return jnp.concatenate([smooth, jax.random.normal(
      key_grain, (*batch, height, width, grain))], axis=-1)
