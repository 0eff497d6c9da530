"""DCGAN's networks: noise to image, image to score (Radford et al. 2015).

https://arxiv.org/abs/1511.06434, in the layout of the authors' Torch code
(dcgan.torch: 64 filters, 4x4 kernels), with one layer fewer at 32x32 and one more
at 128x128.
"""

from flax import linen as nn
import jax.numpy as jnp

from pegan_jax.nets.blocks import Conv, ConvTranspose

NOISE = 100  # length of z
_BASE = 64   # filters next to the image
_INIT = nn.initializers.normal(0.02)


def _scale_init(key, shape, dtype=jnp.float32):
  return 1 + _INIT(key, shape, dtype)


def _filters(size, width):
  """Returns the filters from the image's end inwards, down to maps of 4x4."""
  halvings = size.bit_length() - 3
  if size != 4 << halvings or halvings < 2:
    raise ValueError(f'size {size} is not a power of two from 16')
  return [round(_BASE * 2**i * width) for i in range(halvings)]


class _Norm(nn.Module):
  """Batch normalisation, float32, PyTorch's momentum of 0.1."""
  use_running_average: bool = False

  @nn.compact
  def __call__(self, x):
    y = nn.BatchNorm(
        self.use_running_average, momentum=0.9, epsilon=1e-5,
        scale_init=_scale_init, dtype=jnp.float32)(x)
    return y.astype(x.dtype)


class Generator(nn.Module):
  """G(z): [B, 100] normal noise -> [B, size, size, 3] float32 in [-1, 1].

  Its batch statistics are in the collection 'batch_stats'.

  Attributes:
    size: side of the images, a power of two from 16.
    width: multiplies every layer's filters.
    train: normalise by the batch's statistics, not by their running averages.
    dtype: of the computation; parameters and norms are float32.
  """
  size: int
  width: float = 1.0
  train: bool = True
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, z):
    *filters, first = _filters(self.size, self.width)
    # A transposed convolution from 1x1 to 4x4 is a matrix product.
    x = nn.Dense(16 * first, use_bias=False, kernel_init=_INIT,
                 dtype=self.dtype)(z)
    x = x.reshape(-1, 4, 4, first)
    for n in reversed(filters):
      x = nn.relu(_Norm(not self.train)(x))
      x = ConvTranspose(n, dtype=self.dtype, kernel_init=_INIT)(x)
    x = nn.relu(_Norm(not self.train)(x))
    x = ConvTranspose(3, dtype=self.dtype, kernel_init=_INIT)(x)
    return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
  """D(x): [B, H, W, 3] in [-1, 1] -> [B] unbounded score, higher is more real.

  Attributes:
    width: multiplies every layer's filters.
    norm: whether all but the first layer are batch-normalised, by the batch's
      own statistics always; without it layers have a bias instead.
    dtype: of the computation; parameters and norms are float32.
  """
  width: float = 1.0
  norm: bool = True
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x):
    for i, n in enumerate(_filters(x.shape[1], self.width)):
      x = Conv(n, 4, 2, pad=1, use_bias=not self.norm, dtype=self.dtype,
               kernel_init=_INIT)(x)
      if i and self.norm:
        x = _Norm()(x)
      x = nn.leaky_relu(x, 0.2)
    x = Conv(1, 4, dtype=self.dtype, kernel_init=_INIT)(x)
    return x[:, 0, 0, 0].astype(jnp.float32)
