"""Differentiable augmentation of a discriminator's images, real and generated.

Zhao et al. 2020, https://arxiv.org/abs/2006.10738: with few images a discriminator
learns them by heart; seen through random changes it cannot, and as the gradient goes
through the changes the generator does not learn to draw them.
"""

import jax
import jax.numpy as jnp

_BRIGHTNESS = 0.25  # Largest shift, in image units.
_TRANSLATION = 1 / 8  # Largest shift, as a share of the side.
_CUTOUT = 1 / 2  # Side of the square, as a share of the image's.


def augment(key, image, names, region=None):
  """Changes each image at random, on its own.

  Args:
    key: a random key.
    image: [B, H, W, C] in [-1, 1].
    names: keys of `CHANGES`.
    region: [B, H, W, 1], which moves with its image and is lost where that is, or None.

  Returns:
    [B, H, W, C]; a change of brightness can leave [-1, 1]. With `region` a pair: the
    image, and the region.
  """
  for name in names:
    change = CHANGES[name]
    # A change's random numbers do not depend on the other changes.
    keys = jax.random.split(jax.random.fold_in(key, list(CHANGES).index(name)),
                            len(image))
    image = jax.vmap(change)(keys, image)
    if region is not None and change is not _brightness:
      region = jax.vmap(change)(keys, region)
  return image if region is None else (image, region)


def _brightness(key, image):
  return image + jax.random.uniform(key, minval=-_BRIGHTNESS, maxval=_BRIGHTNESS)


def _translation(key, image):
  """Shifts an image, and fills in grey where nothing comes in."""
  pads = [round(n * _TRANSLATION) for n in image.shape[:2]]
  starts = [jax.random.randint(k, (), 0, 2 * pad + 1)
            for k, pad in zip(jax.random.split(key), pads)]
  padded = jnp.pad(image, [(p, p) for p in pads] + [(0, 0)])
  return jax.lax.dynamic_slice(padded, (*starts, 0), image.shape)


def _cutout(key, image):
  """Makes a square of half the side grey; it can reach over the edge."""
  inside = True
  for axis, k in enumerate(jax.random.split(key)):
    size = image.shape[axis]
    centre = jax.random.randint(k, (), 0, size + 1)
    distance = jnp.abs(jnp.arange(size) + 0.5 - centre)
    inside &= jnp.expand_dims(distance < size * _CUTOUT / 2, 1 - axis)
  return jnp.where(inside[..., None], 0, image)


CHANGES = {'brightness': _brightness, 'translation': _translation,
           'cutout': _cutout}
