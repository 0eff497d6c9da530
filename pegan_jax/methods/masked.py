"""Shared by methods that paint through a mask: the noise, and sampling."""

import jax
import jax.numpy as jnp

from pegan_jax.nets.masked_translator import GRID, visible_mask

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


def produce(nets, gen, image, key, *region):
  """Puts class c on the backgrounds of row c, through a mask.

  Args:
    nets: `Networks`.
    gen: the generator's parameters.
    image: [C, B, H, W, 3] in [-1, 1].
    key: [C, B] random keys, one per image.
    *region: where to paint, [C, B, H, W, 1] in [0, 1], for a generator that takes it.

  Returns:
    [C, B, H, W, 3], and the visible masks, [C, B, H, W, 1] in [0, 1].
  """
  rows, count = image.shape[:2]
  noise = jax.vmap(jax.vmap(
      lambda key: draw_noise(key, image.shape[2:], nets.gen.grain)))(key)
  flat = lambda x: x.reshape(rows * count, *x.shape[2:])
  fake, opacity = nets.gen.apply(
      {'params': gen}, flat(image), jnp.repeat(jnp.arange(rows), count), flat(noise),
      *map(flat, region))
  visible = visible_mask(flat(image), fake, opacity)
  return fake.reshape(image.shape), visible.reshape(*image.shape[:4], 1)
