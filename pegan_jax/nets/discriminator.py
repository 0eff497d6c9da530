"""The discriminator with a critic's head and a class head."""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv


class Discriminator(nn.Module):
  """D(x): halvings, then how real each patch is, and which domain.

  Attributes:
    num_domains: defect classes and background.
    width: multiplies every layer's filters.
    dtype: of the computation; the parameters are float32.
    filters: of the halving layers; the default is PE-GAN's, reconstructed.
    projection: whether the critic's head has a domain as condition: the product of a
      patch's features and the domain's vector is added to its score (Miyato and Koyama
      2018, https://arxiv.org/abs/1802.05637).
  """
  num_domains: int
  width: float = 1.0
  dtype: jnp.dtype = jnp.float32
  filters: tuple[int, ...] = (64, 128, 256, 512, 1024)
  projection: bool = False

  @nn.compact
  def __call__(self, x, domain=None):
    """Scores and classifies.

    Args:
      x: [B, H, W, 3] in [-1, 1], H and W divisible by the n-th power of two of
        n layers: 32 in PE-GAN.
      domain: [B, num_domains], the critic's condition: one-hot, or weights between two
        domains; only with `projection`.

    Returns:
      adv [B, H/2^n, W/2^n], unbounded, higher is more real; cls
      [B, num_domains] logits; both float32.
    """
    for n in self.filters:
      x = Conv(round(n * self.width), 4, 2, pad=1, use_bias=True,
               dtype=self.dtype)(x)
      x = nn.leaky_relu(x, 0.01)
    adv = Conv(1, 3, pad=1, dtype=self.dtype, name='adv')(x)[..., 0]
    if self.projection:
      vector = nn.Dense(x.shape[-1], use_bias=False, dtype=self.dtype,
                        name='projection')(domain)
      adv += jnp.einsum('bhwc,bc->bhw', x, vector)
    cls = Conv(self.num_domains, x.shape[1], dtype=self.dtype, name='cls')(x)
    return adv.astype(jnp.float32), cls[:, 0, 0].astype(jnp.float32)
