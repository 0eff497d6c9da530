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
  return _spread(_draw(key, shape, grain), shape)


def _draw(key, shape, grain):
  """Draws the values that noise is made of: {'smooth' and, with `grain`, 'grain'}."""
  *batch, height, width, _ = shape
  key_smooth, key_grain = jax.random.split(key)
  noise = {'smooth': jax.random.normal(key_smooth, (
      *batch, height // GRID, width // GRID, _SMOOTH))}
  if grain:
    noise['grain'] = jax.random.normal(key_grain, (*batch, height, width, grain))
  return noise


def _spread(noise, shape):
  """Makes channels of noise of what `_draw` gives for images of [..., H, W, 3]."""
  smooth = jax.image.resize(noise['smooth'], (*shape[:-1], _SMOOTH), 'linear')
  return jnp.concatenate([smooth, *(noise[x] for x in noise if x != 'smooth')], axis=-1)


def draw(nets, config, key):
  """Draws the noise of one image, {name: array} as `paint` takes it."""
  return _draw(key, (config.image_size, config.image_size, 3), nets.gen.grain)


def paint(nets, gen, image, label, noise, *region):
  """Paints through a mask, see `Method`: noise {'smooth' [B, H/8, W/8, 4], 'grain'}."""
  return _paint(nets, gen, image, label, _spread(noise, image.shape), *region)


def erase(nets, gen, image, *region):
  """Turns [B, H, W, 3] into backgrounds, every image with the same noise."""
  noise = draw_noise(jax.random.key(0), (1, *image.shape[1:]), nets.gen.grain)
  shape = image.shape[:1]
  return nets.gen.apply(
      {'params': gen}, image, jnp.broadcast_to(nets.background, shape),
      jnp.broadcast_to(noise, shape + noise.shape[1:]), *region)[0]


def _paint(nets, gen, image, label, noise, *region):
  fake, opacity = nets.gen.apply({'params': gen}, image, label, noise, *region)
  return fake, visible_mask(image, fake, opacity)


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
  fake, visible = _paint(nets, gen, flat(image), jnp.repeat(jnp.arange(rows), count),
                         flat(noise), *map(flat, region))
  return fake.reshape(image.shape), visible.reshape(*image.shape[:4], 1)
