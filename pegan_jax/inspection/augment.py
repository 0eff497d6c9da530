"""Classical augmentation on the device, as usual and stronger."""

import jax
import jax.numpy as jnp

SHIFT = 0.1   # largest shift either way, as a share of the side
JITTER = 0.2  # largest relative change of brightness and of contrast, either way

AREA = 0.5     # smallest share of an image that `strong` enlarges to the whole
RATIO = 4 / 3  # most that a side is enlarged over the other there
NOISE = 0.04   # largest standard deviation of its noise, of a range of 1
_MIXUP = 0.2  # both parameters of the beta distribution of a mixture's share


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
  return _lit(keys[2:], images[pixels] / jnp.float32(255), strength)


def strong(key, images, indices, rotate):
  """Selects images of a set and changes them more than `batch` does.

  A random part of each image, of `AREA` or more, is enlarged to the whole, after
  Szegedy et al. 2015, "Going deeper with convolutions", and mirrored half of the times
  each way. Then it is blurred, gets noise, and another brightness and contrast.

  Args:
    key, images, indices: as `batch` takes them.
    rotate: whether images are turned by any angle, for defects without a direction;
      what lies outside is mirrored at the border.

  Returns:
    float32 [B, H, W, C] in [-1, 1].
  """
  keys = jax.random.split(key, 6)
  x = images[indices].astype(jnp.float32) / 255
  x = jax.vmap(_placed, (0, 0, None))(jax.random.split(keys[0], len(x)), x, rotate)
  share = jax.random.uniform(keys[1], (len(x), 1, 1, 1))
  x += share * (_blurred(x) - x)
  spread = NOISE * jax.random.uniform(keys[2], (len(x), 1, 1, 1))
  x = jnp.clip(x + spread * jax.random.normal(keys[3], x.shape), 0, 1)
  return _lit(keys[4:], x, 1)


def mixed(key, x):
  """Mixes each image of a batch with another (Zhang et al. 2018, "mixup").

  Args:
    key: a random key.
    x: float32 [B, H, W, C].

  Returns:
    (float32 [B, H, W, C], int [B] the other images, float32 [B] the shares in [0, 1] of
    the images themselves).
  """
  order, share = jax.random.split(key)
  other = jax.random.permutation(order, len(x))
  share = jax.random.beta(share, _MIXUP, _MIXUP, (len(x),))
  weight = share[:, None, None, None]
  return weight * x + (1 - weight) * x[other], other, share


def _placed(key, image, rotate):
  """Enlarges a random part of an image [H, W, C], which may be turned and mirrored."""
  area, ratio, at, angle, flip = jax.random.split(key, 5)
  area = jax.random.uniform(area, minval=AREA, maxval=1)
  ratio = jnp.exp(jax.random.uniform(ratio, minval=-1, maxval=1) * jnp.log(RATIO))
  part = jnp.minimum(jnp.sqrt(area * jnp.stack([ratio, 1 / ratio])), 1)
  sides = jnp.array(image.shape[:2])
  middle = (sides - 1) / 2
  shift = jax.random.uniform(at, (2,), minval=-1, maxval=1) * (1 - part) * middle
  angle = rotate * jax.random.uniform(angle, maxval=2 * jnp.pi)
  sine, cosine = jnp.sin(angle), jnp.cos(angle)
  turn = jnp.stack([jnp.stack([cosine, -sine]), jnp.stack([sine, cosine])])
  part *= jnp.where(jax.random.bernoulli(flip, shape=(2,)), -1, 1)
  grid = jnp.stack(jnp.meshgrid(*map(jnp.arange, image.shape[:2]), indexing='ij'))
  offset = (grid - middle[:, None, None]) * part[:, None, None]
  places = jnp.einsum('ij,jhw->ihw', turn, offset) + (middle + shift)[:, None, None]
  return jax.vmap(lambda channel: jax.scipy.ndimage.map_coordinates(
      channel, places, order=1, mode='mirror'), 2, 2)(image)


def _blurred(x):
  """Blurs images [B, H, W, C] by binomial weights of three pixels each way."""
  for axis in (1, 2):
    pad = [(1, 1) if i == axis else (0, 0) for i in range(4)]
    padded = jnp.pad(x, pad, 'edge')
    size = x.shape[axis]
    before, after = (jax.lax.slice_in_dim(padded, i, i + size, axis=axis) for i in (0, 2))
    x = x / 2 + (before + after) / 4
  return x


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
  return _lit(keys[2:], images[pixels] / jnp.float32(255), 1), masks[pixels]


def _moved(keys, sides, indices, strength):
  """Returns which pixels become those of mirrored and shifted images: three indices."""
  rows, columns = (_order(key, len(indices), side, strength)
                   for key, side in zip(keys, sides))
  return indices[:, None, None], rows[:, :, None], columns[:, None, :]


def _lit(keys, images, strength):
  """Changes brightness and contrast: [B, H, W, C] in [0, 1] -> float32 in [-1, 1]."""
  def factor(key):
    return 1 + strength * jax.random.uniform(
        key, (len(images), 1, 1, 1), minval=-JITTER, maxval=JITTER)
  x = jnp.minimum(images * factor(keys[0]), 1)
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
