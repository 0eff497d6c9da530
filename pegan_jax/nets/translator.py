"""The generator that turns an image into another domain: PE-GAN's, StarGAN's."""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv, ConvTranspose, InstanceNorm


class Translator(nn.Module):
  """G(x, c): image and target domain to image.

  The target label enters as constant one-hot planes beside the image. Zero
  padding is part of the method: instance norm removes a constant plane's
  contribution everywhere but at the borders, so that is where the label is seen.

  Attributes:
    num_domains: defect classes and background.
    width: multiplies every layer's filters (1.0: the paper's).
    num_blocks: residual blocks at a quarter of the resolution.
    dtype: of the computation; parameters and norms are float32.
    filters: of the three first layers; the default is PE-GAN's (Table 1).
    down_kernel: side of the two halving layers' kernels; the same.
  """
  num_domains: int
  width: float = 1.0
  num_blocks: int = 6
  dtype: jnp.dtype = jnp.float32
  filters: tuple[int, int, int] = (32, 64, 128)
  down_kernel: int = 5

  @nn.compact
  def __call__(self, x, label):
    """Translates.

    Args:
      x: [B, H, W, 3] in [-1, 1], H and W divisible by 4.
      label: [B] target domains, int.

    Returns:
      [B, H, W, 3] float32 in [-1, 1].
    """
    f = [round(n * self.width) for n in self.filters]
    down = (self.down_kernel, 2, (self.down_kernel - 1) // 2)
    x = self._norm_relu(Conv(f[0], 7, pad=3, dtype=self.dtype)(
        x, label, self.num_domains))
    x = self._norm_relu(Conv(f[1], *down, dtype=self.dtype)(x))
    x = self._norm_relu(Conv(f[2], *down, dtype=self.dtype)(x))
    for _ in range(self.num_blocks):
      y = self._norm_relu(Conv(f[2], 3, pad=1, dtype=self.dtype)(x))
      x = x + InstanceNorm()(Conv(f[2], 3, pad=1, dtype=self.dtype)(y))
    x = self._norm_relu(ConvTranspose(f[1], dtype=self.dtype)(x))
    x = self._norm_relu(ConvTranspose(f[0], dtype=self.dtype)(x))
    x = Conv(3, 7, pad=3, dtype=self.dtype)(x)
    return jnp.tanh(x.astype(jnp.float32))

  def _norm_relu(self, x):
    return nn.relu(InstanceNorm()(x))
