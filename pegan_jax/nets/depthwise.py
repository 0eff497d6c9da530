"""Depthwise 3x3 convolution, for XLA's CPU backend as sums of shifted products.

A grouped convolution and its derivatives run there one group at a time;
`benchmarks/inspector.py` prints how much slower that is.
"""

import functools

from flax import linen as nn
import jax
from jax import lax
import jax.numpy as jnp

_TAPS = tuple((i, j) for i in range(3) for j in range(3))


def _use_shifts(backend):
  """Whether shifted products are the faster formulation (measured, float32)."""
  return backend == 'cpu'


def depthwise_conv(x, kernel, stride=1):
  """Filters each channel by itself, with one zero of padding on every side.

  Args:
    x: [B, H, W, C].
    kernel: [3, 3, 1, C].
    stride: step in both directions.

  Returns:
    [B, (H - 1) // stride + 1, (W - 1) // stride + 1, C].
  """
  if _use_shifts(jax.default_backend()):
    return _shifts(x, kernel, stride)
  return lax.conv_general_dilated(
      x, kernel, (stride, stride), [(1, 1), (1, 1)],
      feature_group_count=x.shape[-1],
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


def _shifted(x, stride):
  """What each tap of the kernel sees: nine of [B, h, w, C]."""
  height, width = ((n - 1) // stride * stride + 1 for n in x.shape[1:3])
  x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
  return [x[:, i:i + height:stride, j:j + width:stride] for i, j in _TAPS]


def _sum(x, kernel, stride):
  return sum(part * kernel[i, j, 0]
             for part, (i, j) in zip(_shifted(x, stride), _TAPS))


def _by_x(g, kernel, stride, out_hw):
  """The adjoint in x, read where JAX's own would add up nine spread-out arrays."""
  if stride == 1:
    return _sum(g, kernel[::-1, ::-1], 1)
  # Even rows of x meet the middle row of taps, odd rows the two outer ones.
  meet = ((1, 0),), ((2, 0), (0, 1))
  batch, h, w, channels = g.shape
  g = jnp.pad(g, ((0, 0), (0, 1), (0, 1), (0, 0)))
  x = jnp.stack([
      jnp.stack([sum(g[:, i:i + h, j:j + w] * kernel[a, b, 0]
                     for a, i in rows for b, j in columns)
                 for columns in meet], 3) for rows in meet], 2)
  return x.reshape(batch, 2 * h, 2 * w, channels)[:, :out_hw[0], :out_hw[1]]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _shifts(x, kernel, stride):
  return _sum(x, kernel, stride)


def _shifts_backward(stride, saved, g):
  x, kernel = saved
  by_x = _by_x(g, kernel, stride, x.shape[1:3])
  # All nine sums in one pass, image by image so that both cores work: nine
  # reductions of their own would each have a copy of their part of x made first.
  products = tuple(part * g for part in _shifted(x, stride))
  zero = jnp.zeros((), g.dtype)
  by_image = lax.reduce(
      products, (zero,) * len(products),
      lambda a, b: tuple(p + q for p, q in zip(a, b)), (1, 2))
  return by_x, jnp.stack([s.sum(0) for s in by_image]).reshape(kernel.shape)


_shifts.defvjp(
    lambda x, kernel, stride: (_sum(x, kernel, stride), (x, kernel)),
    _shifts_backward)


class DepthwiseConv(nn.Module):
  """`depthwise_conv` as a layer: [B, H, W, C] -> [B, h, w, C].

  Attributes:
    stride: step in both directions.
  """
  stride: int = 1

  @nn.compact
  def __call__(self, x):
    # torchvision's: normal, by the fan of all that a filter's bank puts out.
    kernel = self.param('kernel', nn.initializers.normal((2 / 9 / x.shape[-1]) ** 0.5),
                        (3, 3, 1, x.shape[-1]))
    return depthwise_conv(x, kernel, self.stride)
