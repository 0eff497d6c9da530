"""Depthwise convolution, for XLA's CPU backend as sums of shifted products.

A grouped convolution and its derivatives run there one group at a time;
`benchmarks/inspector.py` prints how much slower that is.
"""

import functools

from flax import linen as nn
import jax
from jax import lax
import jax.numpy as jnp

from pegan_jax.nets import backend

_AROUND = ((1, 1), (1, 1))


def _use_shifts(backend):
  """Returns whether shifted products are faster (measured, float32)."""
  return backend == 'cpu'


def depthwise_conv(x, kernel, stride=1, pads=_AROUND):
  """Filters each channel by itself.

  Args:
    x: [B, H, W, C].
    kernel: [K, K, 1, C].
    stride: step in both directions.
    pads: zeros added before and after, in each direction.

  Returns:
    [B, (H + zeros - K) // stride + 1, likewise for W, C].
  """
  if _use_shifts(backend.name()):
    return _shifts(x, kernel, stride, pads)
  return lax.conv_general_dilated(
      x, kernel, (stride, stride), pads, feature_group_count=x.shape[-1],
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


def _taps(kernel):
  return [(i, j) for i in range(len(kernel)) for j in range(len(kernel))]


def _shifted(x, kernel, stride, pads):
  """Returns the input of each tap of the kernel: K * K of [B, h, w, C]."""
  x = jnp.pad(x, ((0, 0), *pads, (0, 0)))
  height, width = (n - len(kernel) + 1 for n in x.shape[1:3])
  return [x[:, i:i + height:stride, j:j + width:stride] for i, j in _taps(kernel)]


def _sum(x, kernel, stride, pads):
  return sum(part * kernel[i, j, 0] for part, (i, j) in zip(
      _shifted(x, kernel, stride, pads), _taps(kernel)))


def _by_x(g, kernel, stride, pads, out_hw):
  """Returns the adjoint in x by reading, where JAX's own adds up K * K padded arrays."""
  size = len(kernel)
  # The row `stride` q + r of x meets the tap k in the row q + shift of g.
  rows, columns = [
      [[(k, (r + low - k) // stride) for k in range(size)
        if (r + low - k) % stride == 0] for r in range(stride)] for low, _ in pads]
  h, w = (-(-n // stride) for n in out_hw)
  g = jnp.pad(g, ((0, 0), (size, size + h - g.shape[1]),
                  (size, size + w - g.shape[2]), (0, 0)))
  zero = jnp.zeros((len(g), h, w, g.shape[-1]), g.dtype)
  x = jnp.stack([
      jnp.stack([sum((g[:, size + i:size + i + h, size + j:size + j + w]
                      * kernel[a, b, 0] for a, i in row for b, j in column), zero)
                 for column in columns], 3) for row in rows], 2)
  return x.reshape(len(g), stride * h, stride * w, -1)[:, :out_hw[0], :out_hw[1]]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _shifts(x, kernel, stride, pads):
  return _sum(x, kernel, stride, pads)


def _shifts_backward(stride, pads, saved, g):
  x, kernel = saved
  by_x = _by_x(g, kernel, stride, pads, x.shape[1:3])
  # All sums are in one pass, image by image, so that both cores work: separate
  # reductions would each copy their part of x first.
  products = tuple(part * g for part in _shifted(x, kernel, stride, pads))
  zero = jnp.zeros((), g.dtype)
  by_image = lax.reduce(
      products, (zero,) * len(products),
      lambda a, b: tuple(p + q for p, q in zip(a, b)), (1, 2))
  return by_x, jnp.stack([s.sum(0) for s in by_image]).reshape(kernel.shape)


_shifts.defvjp(
    lambda x, kernel, stride, pads: (_sum(x, kernel, stride, pads), (x, kernel)),
    _shifts_backward)


class DepthwiseConv(nn.Module):
  """A 3x3 `depthwise_conv` as a layer: [B, H, W, C] -> [B, h, w, C].

  Attributes:
    stride: step in both directions.
  """
  stride: int = 1

  @nn.compact
  def __call__(self, x):
    # torchvision's initialisation: normal, by the fan-out of the whole layer.
    kernel = self.param('kernel', nn.initializers.normal((2 / 9 / x.shape[-1]) ** 0.5),
                        (3, 3, 1, x.shape[-1]))
    return depthwise_conv(x, kernel, self.stride)
