"""A discriminator of an image and a region, patch by patch."""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv

# Weight of a patch that does not touch the region, against 1 of those that do.
_ELSEWHERE = 0.1


class PatchDiscriminator(nn.Module):
  """D(x, r, c): is every patch of x what domain c looks like inside and outside of r?

  Four halvings without norms; patches are scored at an eighth and at a sixteenth of the
  resolution, the domain as condition by a projection (Miyato and Koyama 2018,
  https://arxiv.org/abs/1802.05637).

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
      Scores [B, H/8 * W/8 + H/16 * W/16] float32, unbounded, higher is more real; and
      the patches' weights, of the same shape, 1 in all per image. Patches on the region
      count most, so that a small region counts as much as a large one.
    """
    y, scores, weights = jnp.concatenate([x, region], -1), [], []
    for i, n in enumerate(self.filters):
      y = nn.leaky_relu(Conv(round(n * self.width), 4, 2, pad=1, use_bias=True,
                             dtype=self.dtype, name=f'halving{i}')(y), 0.2)
      if i >= len(self.filters) - 2:
        score = Conv(1, 1, use_bias=True, dtype=self.dtype, name=f'adv{i}')(y)[..., 0]
        vector = nn.Embed(self.num_domains, y.shape[-1], dtype=self.dtype,
                          name=f'projection{i}')(label)
        scores.append(score + jnp.einsum('bhwc,bc->bhw', y, vector))
        side = (2 ** (i + 1),) * 2
        weight = _ELSEWHERE + nn.max_pool(region, side, side)[..., 0]
        weights.append(weight / weight.sum((1, 2), keepdims=True) / 2)
    flat = lambda maps: jnp.concatenate(
        [m.reshape(len(m), -1) for m in maps], -1).astype(jnp.float32)
    return flat(scores), flat(weights)
