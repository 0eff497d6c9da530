"""CycleGAN's networks (Zhu et al. 2017, https://arxiv.org/abs/1703.10593).

The generator is Johnson et al.'s with reflect padding, the discriminator the 70x70
PatchGAN; details that the paper leaves out are those of its PyTorch code, biases
before instance norms included.
"""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv, ConvTranspose, InstanceNorm

_INIT = nn.initializers.normal(0.02)


def _norm():
  return InstanceNorm(affine=False)


class Generator(nn.Module):
  """G(x): [B, H, W, 3] in [-1, 1] -> the same, float32; H and W divide by 4.

  Attributes:
    width: multiplies every layer's filters.
    num_blocks: residual blocks: 9, or 6 for images of up to 128x128.
    dtype: of the computation; parameters and norms are float32.
  """
  width: float = 1.0
  num_blocks: int = 9
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x):
    f = [round(n * self.width) for n in (64, 128, 256)]
    options = {'use_bias': True, 'dtype': self.dtype, 'kernel_init': _INIT}
    x = nn.relu(_norm()(Conv(f[0], 7, pad=3, reflect=True, **options)(x)))
    x = nn.relu(_norm()(Conv(f[1], 3, 2, pad=1, **options)(x)))
    x = nn.relu(_norm()(Conv(f[2], 3, 2, pad=1, **options)(x)))
    for _ in range(self.num_blocks):
      y = nn.relu(_norm()(Conv(f[2], 3, pad=1, reflect=True, **options)(x)))
      x = x + _norm()(Conv(f[2], 3, pad=1, reflect=True, **options)(y))
    x = nn.relu(_norm()(ConvTranspose(f[1], 3, **options)(x)))
    x = nn.relu(_norm()(ConvTranspose(f[0], 3, **options)(x)))
    x = Conv(3, 7, pad=3, reflect=True, **options)(x)
    return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
  """D(x): [B, H, W, 3] in [-1, 1] -> [B, H/8 - 2, W/8 - 2] unbounded scores.

  Each scores a patch of 70x70 pixels; higher is more real.

  Attributes:
    width: multiplies every layer's filters.
    dtype: of the computation; parameters and norms are float32.
  """
  width: float = 1.0
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x):
    options = {'pad': 1, 'use_bias': True, 'dtype': self.dtype,
               'kernel_init': _INIT}
    for n, stride in ((64, 2), (128, 2), (256, 2), (512, 1)):
      x = Conv(round(n * self.width), 4, stride, **options)(x)
      if n > 64:
        x = _norm()(x)
      x = nn.leaky_relu(x, 0.2)
    return Conv(1, 4, **options)(x)[..., 0].astype(jnp.float32)
