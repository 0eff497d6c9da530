"""A discriminator of a pretrained network's features, instead of pixels."""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv


class FeatureDiscriminator(nn.Module):
  """D(maps): a critic for each map, and one class head.

  Sauer et al. 2021, https://arxiv.org/abs/2111.01007, without their random mixing of
  the maps, and with a penalty of the gradient in place of spectral norms.

  Attributes:
    num_domains: defect classes and background.
    width: multiplies every layer's filters.
    dtype: of the computation; the parameters are float32.
    projection: whether the critics have a domain as condition, as in `discriminator`.
  """
  num_domains: int
  width: float = 1.0
  dtype: jnp.dtype = jnp.float32
  projection: bool = False

  @nn.compact
  def __call__(self, maps, domain=None):
    """Scores and classifies.

    Args:
      maps: arrays [B, h, w, C], as `perception.see` gives them.
      domain: as `Discriminator` takes it.

    Returns:
      adv [B, 1, 1, maps], each critic's mean over its patches, unbounded, higher is
      more real; cls [B, num_domains] logits; both float32.
    """
    filters, scores, pooled = round(128 * self.width), [], []
    for i, x in enumerate(maps):
      for size in (1, 3):
        x = nn.leaky_relu(Conv(filters, size, pad=size // 2, use_bias=True,
                               dtype=self.dtype, name=f'map{i}_{size}')(x), 0.2)
      adv = Conv(1, 1, use_bias=True, dtype=self.dtype, name=f'adv{i}')(x)[..., 0]
      if self.projection:
        vector = nn.Dense(filters, use_bias=False, dtype=self.dtype,
                          name=f'projection{i}')(domain)
        adv += jnp.einsum('bhwc,bc->bhw', x, vector)
      scores.append(adv.mean((1, 2)))
      pooled.append(x.mean((1, 2)))
    cls = nn.Dense(self.num_domains, dtype=self.dtype, name='cls')(
        jnp.concatenate(pooled, -1))
    adv = jnp.stack(scores, -1)[:, None, None]
    return adv.astype(jnp.float32), cls.astype(jnp.float32)
