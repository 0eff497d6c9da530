"""Discriminators of an image and a region, patch by patch."""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv

# Weight of a patch that does not touch the region, against 1 of those that do.
_ELSEWHERE = 0.1


class _Patches(nn.Module):
  """Scores the patches of one map, the domain as condition by a projection.

  Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637.
  """
  num_domains: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, y, region, label):
    """Returns scores and weights, [B, h * w] each, of a map [B, h, w, C]."""
    score = Conv(1, 1, use_bias=True, dtype=self.dtype, name='adv')(y)[..., 0]
    vector = nn.Embed(self.num_domains, y.shape[-1], dtype=self.dtype,
                      name='projection')(label)
    score += jnp.einsum('bhwc,bc->bhw', y, vector)
    weight = _ELSEWHERE + nn.max_pool(region, *_sides(region, y))[..., 0]
    weight /= weight.sum((1, 2), keepdims=True)
    flat = lambda x: x.reshape(len(x), -1).astype(jnp.float32)
    return flat(score), flat(weight)


def _sides(region, y):
  """Returns the sides and the strides with which a region is pooled to a map's size."""
  sides = region.shape[1] // y.shape[1], region.shape[2] // y.shape[2]
  return sides, sides


def _join(maps):
  """Joins the scores and weights of several maps, each of which counts the same."""
  scores, weights = zip(*maps)
  return jnp.concatenate(scores, -1), jnp.concatenate(weights, -1) / len(maps)


class PatchDiscriminator(nn.Module):
  """D(x, r, c): is every patch of x what domain c looks like inside and outside of r?

  Four halvings without norms; patches are scored at an eighth and at a sixteenth of the
  resolution.

  Attributes:
    num_domains: defect classes and background.
    width: multiplies every layer's filters.
    dtype: of the computation; the parameters are float32.
    filters: of the halving layers.
  """
  num_domains: int
  width: float = 1.0
  dtype: jnp.dtype = jnp.float32
  filters: tuple[int, ...] = (48, 96, 192, 384)

  @nn.compact
  def __call__(self, x, region, label):
    """Scores.

    Args:
      x: [B, H, W, 3] in [-1, 1], H and W divisible by 16.
      region: [B, H, W, 1] in [0, 1].
      label: [B] int, the domain that the image is said to be of.

    Returns:
      Scores [B, patches] float32, unbounded, higher is more real; and the patches'
      weights, of the same shape, 1 in all per image. Patches on the region count most,
      so that a small region counts as much as a large one.
    """
    y, maps = jnp.concatenate([x, region], -1), []
    for i, n in enumerate(self.filters):
      y = nn.leaky_relu(Conv(round(n * self.width), 4, 2, pad=1, use_bias=True,
                             dtype=self.dtype, name=f'halving{i}')(y), 0.2)
      maps.append(y)
    return _join([
        _Patches(self.num_domains, self.dtype, name=f'patches{i}')(y, region, label)
        for i, y in enumerate(maps[-2:])])


class FeaturePatchDiscriminator(nn.Module):
  """The same of a pretrained network's maps, as `feature_discriminator` has them.

  Attributes:
    num_domains, dtype: as `PatchDiscriminator` has them.
    width: multiplies every layer's filters, 128.
  """
  num_domains: int
  width: float = 1.0
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, maps, region, label):
    """Scores: `maps` are arrays [B, h, w, C]; the rest as `PatchDiscriminator` has it."""
    filters, found = round(128 * self.width), []
    for i, y in enumerate(maps):
      y = jnp.concatenate([y, nn.avg_pool(region, *_sides(region, y))], -1)
      for size in (1, 3):
        y = nn.leaky_relu(Conv(filters, size, pad=size // 2, use_bias=True,
                               dtype=self.dtype, name=f'map{i}_{size}')(y), 0.2)
      found.append(_Patches(self.num_domains, self.dtype, name=f'patches{i}')(
          y, region, label))
    return _join(found)
