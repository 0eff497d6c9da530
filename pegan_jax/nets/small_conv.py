"""Convolutions of classifiers: small maps at the end, one derivative.

`blocks.conv` is made for gradient penalties, which take two derivatives, and for
16 images; with one derivative and 64 images other formulations are faster on
the CPU. They are one function, whose parameters are the same.
"""

from flax import linen as nn
import jax
from jax import lax
import jax.numpy as jnp

from pegan_jax.nets import blocks

# torchvision's initialisation of classifiers.
kernel_init = nn.initializers.variance_scaling(2.0, 'fan_out', 'normal')


def _lax(x, kernel, stride, pad):
  return lax.conv_general_dilated(
      x, kernel, (stride, stride), [(pad, pad), (pad, pad)],
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


def _pointwise(x, kernel, stride, pad):
  """1x1: a matrix product."""
  del pad
  return x[:, ::stride, ::stride] @ kernel[0, 0]


def _positions(x, kernel, stride, pad):
  """A matrix product an output position, without the taps on the padding.

  Of a 3x3 kernel on a 2x2 map these are more than half.
  """
  size = kernel.shape[0]

  def spans(length):
    """For each output, which taps and which inputs meet."""
    for i in range((length + 2 * pad - size) // stride + 1):
      start = i * stride - pad
      first, last = max(0, -start), min(size, length - start)
      yield slice(first, last), slice(start + first, start + last)

  columns = list(spans(x.shape[2]))
  rows = [[x[:, across, along].reshape(len(x), -1)
           @ kernel[taps, others].reshape(-1, kernel.shape[3])
           for others, along in columns]
          for taps, across in spans(x.shape[1])]
  return jnp.stack([jnp.stack(row, axis=1) for row in rows], axis=1)


def _formulation(height, width, stride, kernel_size, backend):
  """The fastest on this backend for these maps (measured, float32)."""
  if backend != 'cpu':
    return _lax  # cuDNN and the TPU serve every shape.
  if kernel_size == 1:
    return _pointwise
  if height * width <= 4 and kernel_size == 3:
    return _positions
  if height * width > 16 and stride == 1:
    return _lax
  # Elsewhere XLA's own derivatives leave its fast path.
  return blocks.conv


def conv(x, kernel, stride=1, pad=0):
  """Cross-correlation with zero padding, as `blocks.conv`.

  Args:
    x: [B, H, W, I].
    kernel: [K, K, I, O], pad (K - 1) / 2 or less.
    stride: step in both directions.
    pad: zeros added on every side; 0 where K is 1.

  Returns:
    [B, (H + 2 pad - K) // stride + 1, likewise for W, O].
  """
  return _formulation(x.shape[1], x.shape[2], stride, kernel.shape[0],
                      jax.default_backend())(x, kernel, stride, pad)


class Conv(nn.Module):
  """`conv` as a layer without bias: [B, H, W, I] -> [B, H', W', features].

  Attributes:
    features: output channels.
    kernel_size: K of a K x K kernel, odd; K // 2 zeros are added on every side.
    stride: step in both directions.
    rgb: whether grey input [B, H, W, 1] counts as three equal channels: the
      kernel is that of three, and its sum over them is what grey needs.
  """
  features: int
  kernel_size: int
  stride: int = 1
  rgb: bool = False

  @nn.compact
  def __call__(self, x):
    features_in = 3 if self.rgb else x.shape[-1]
    shape = (self.kernel_size, self.kernel_size, features_in, self.features)
    kernel = self.param('kernel', kernel_init, shape)
    if features_in != x.shape[-1]:
      kernel = kernel.sum(2, keepdims=True)
    return conv(x, kernel, self.stride, self.kernel_size // 2)
