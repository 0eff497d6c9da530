"""A discriminator of an image and a region, patch by patch."""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv

# Weight of a patch that does not touch the region, against 1 of those that do.
_ELSEWHERE = 0.1


class _Patches(nn.Module):
  """Scores the patches of one map, the domain as condition by a projection; classifies.

  Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637.
  """
  num_domains: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, y, region, label):
    """Judges a map [B, h, w, C].

    Returns:
      Scores and weights, [B, h * w] each, and [B, num_domains] logits of the domain, the
      patches' by their weights.
    """
    score = Conv(1, 1, use_bias=True, dtype=self.dtype, name='adv')(y)[..., 0]
    vector = nn.Embed(self.num_domains, y.shape[-1], dtype=self.dtype,
                      name='projection')(label)
    score += jnp.einsum('bhwc,bc->bhw', y, vector)
    weight = _ELSEWHERE + nn.max_pool(region, *_sides(region, y))[..., 0]
    weight /= weight.sum((1, 2), keepdims=True)
    logits = nn.Dense(self.num_domains, dtype=self.dtype, name='cls')(
        jnp.einsum('bhwc,bhw->bc', y, weight.astype(y.dtype)))
    flat = lambda x: x.reshape(len(x), -1).astype(jnp.float32)
    return flat(score), flat(weight), logits.astype(jnp.float32)


def _sides(region, y):
  """Returns the sides and the strides with which a region is pooled to a map's size."""
  sides = region.shape[1] // y.shape[1], region.shape[2] // y.shape[2]
  return sides, sides


class PatchDiscriminator(nn.Module):
  """D(x, r, c): is every patch of x what domain c looks like inside and outside of r?

  Of the pixels there are four halvings without norms; patches are scored at an eighth and
  at a sixteenth of the resolution. Of each map of a pretrained network's features there
  are two convolutions, as in `feature_discriminator`. The pixels tell where the region
  ends, the features what a texture looks like.

  Attributes:
    num_domains: defect classes and background.
    width: multiplies every layer's filters.
    dtype: of the computation; the parameters are float32.
    filters: of the halving layers.
    map_filters: of the layers of each map.
  """
  num_domains: int
  width: float = 1.0
  dtype: jnp.dtype = jnp.float32
  filters: tuple[int, ...] = (48, 96, 192, 384)
  map_filters: int = 128

  @nn.compact
  def __call__(self, features, region, label):
    """Scores.

    Args:
      features: the image [B, H, W, 3] in [-1, 1], H and W divisible by 16, and any
        number of maps [B, h, w, C].
      region: [B, H, W, 1] in [0, 1].
      label: [B] int, the domain that the image is said to be of.

    Returns:
      Scores [B, patches] float32, unbounded, higher is more real; and the patches'
      weights, of the same shape, 1 in all per image. Patches on the region count most,
      so that a small region counts as much as a large one. And [B, num_domains] logits
      of the domain that the image looks like, whatever `label` says.
    """
    def conv(y, filters, size, stride, name):
      return nn.leaky_relu(Conv(
          round(filters * self.width), size, stride, pad=(size - 1) // 2, use_bias=True,
          dtype=self.dtype, name=name)(y), 0.2)

    x, *maps = features
    scored, y = [], jnp.concatenate([x, region], -1)
    for i, filters in enumerate(self.filters):
      y = conv(y, filters, 4, 2, f'halving{i}')
      scored.append(y)
    scored = scored[-2:]
    for i, y in enumerate(maps):
      y = jnp.concatenate([y, nn.avg_pool(region, *_sides(region, y))], -1)
      y = conv(y, self.map_filters, 1, 1, f'map{i}_1')
      scored.append(conv(y, self.map_filters, 3, 1, f'map{i}_3'))
    scores, weights, logits = zip(*(
        _Patches(self.num_domains, self.dtype, name=f'patches{i}')(y, region, label)
        for i, y in enumerate(scored)))
    return (jnp.concatenate(scores, -1), jnp.concatenate(weights, -1) / len(scored),
            sum(logits) / len(scored))
