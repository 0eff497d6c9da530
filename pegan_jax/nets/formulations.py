"""Ways to compute a convolution and its two adjoints, and which one is fast where.

Each takes the same arrays and gives the same values to float32's rounding.
`benchmarks/train_step.py` and `benchmarks/inspector.py` time the whole steps.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
from jax import lax
import jax.numpy as jnp

from pegan_jax.nets import backend as backends, winograd


class Formulation(NamedTuple):
  """One way to compute a convolution, or several networks' convolutions.

  Attributes:
    conv: as `blocks.conv`.
    transpose: as `blocks.conv_transpose`, its adjoint in the input.
    kernel: its adjoint in the kernel: x [B, H, W, I], g [B, h, w, O], stride, pad,
      K -> [K, K, I, O].
    batches: whether it stays fast under `vmap` with a kernel each.
  """
  conv: Callable
  transpose: Callable
  kernel: Callable
  batches: bool = True


# With the dimensions in any other order, as `jax.linear_transpose` of a convolution
# has them, XLA's CPU backend runs some convolutions by a plain loop.
_NHWC = ('NHWC', 'HWIO', 'NHWC')


def _lax(x, kernel, stride, pad):
  return lax.conv_general_dilated(
      x, kernel, (stride, stride), [(pad, pad), (pad, pad)],
      dimension_numbers=_NHWC)


def _lax_transpose(g, kernel, stride, pad, out_hw):
  """Convolves `g`, dilated by the stride."""
  size = kernel.shape[0]
  pads = [(size - 1 - pad, n + pad - stride * (m - 1) - 1)
          for n, m in zip(out_hw, g.shape[1:3])]
  return lax.conv_general_dilated(
      g, kernel[::-1, ::-1].swapaxes(2, 3), (1, 1), pads,
      lhs_dilation=(stride, stride), dimension_numbers=_NHWC)


def _lax_kernel(x, g, stride, pad, size):
  """Convolves over the batch."""
  pads = [(pad, size + stride * (m - 1) - n - pad)
          for n, m in zip(x.shape[1:3], g.shape[1:3])]
  kernel = lax.conv_general_dilated(
      x.transpose(3, 1, 2, 0), g.transpose(1, 2, 0, 3), (1, 1), pads,
      rhs_dilation=(stride, stride), dimension_numbers=_NHWC)
  return kernel.transpose(1, 2, 0, 3)


def _patches(x, kernel, stride, pad):
  """Computes one matrix product over shifted copies of `x`."""
  x = _shifted_copies(x, kernel.shape[0], stride, pad)
  return x @ kernel.reshape(-1, kernel.shape[3])


def _shifted_copies(x, size, stride, pad):
  """Returns each output's inputs: [B, h, w, K K I]."""
  x = jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
  # Along one axis and then along the other: 2 K copies, not K K.
  for axis in (2, 1):
    last = (x.shape[axis] - size) // stride * stride + 1
    x = jnp.concatenate([
        lax.slice_in_dim(x, i, i + last, stride, axis) for i in range(size)], -1)
  return x


def _pointwise(x, kernel, stride, pad):
  """Computes a 1x1 convolution as a matrix product."""
  del pad
  return x[:, ::stride, ::stride] @ kernel[0, 0]


def _pointwise_kernel(x, g, stride, pad, size):
  del pad, size
  return _sum_of_products(x[:, ::stride, ::stride], g)[None, None]


def _flipped_patches(g, kernel, stride, pad, out_hw):
  """Returns the adjoint in the input, for stride 1: a convolution of `g` itself."""
  del out_hw
  size = kernel.shape[0]
  return _patches(g, kernel[::-1, ::-1].swapaxes(2, 3), stride, size - 1 - pad)


def _patches_kernel(x, g, stride, pad, size):
  """Does as `_pointwise_kernel`, with the shifted copies."""
  kernel = _sum_of_products(_shifted_copies(x, size, stride, pad), g)
  return kernel.reshape(size, size, x.shape[3], g.shape[3])


def _sum_of_products(x, g):
  """Sums products over images and places: [B, h, w, I], [B, h, w, O] -> [I, O].

  The smaller of the two is transposed for the matrix product. XLA's CPU backend would
  choose either, and transpose within the loop.
  """
  x, g = (y.reshape(-1, y.shape[3]) for y in (x, g))
  if x.shape[1] <= g.shape[1]:
    return lax.optimization_barrier(x.T) @ g
  return (lax.optimization_barrier(g.T) @ x).T


def _positions(x, kernel, stride, pad):
  """Computes a matrix product per output position, without the taps on the padding.

  Those are more than half of a 3x3 kernel's taps on a 2x2 map.
  """
  size = kernel.shape[0]

  def spans(length):
    """Yields the taps and the inputs that meet, for each output."""
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


def _transposed(conv):
  """Returns the formulation whose adjoints are JAX's own transposes of `conv`."""
  def transpose(g, kernel, stride, pad, out_hw):
    x = jax.ShapeDtypeStruct((g.shape[0], *out_hw, kernel.shape[2]), g.dtype)
    return jax.linear_transpose(
        lambda x: conv(x, kernel, stride, pad), x)(g)[0]

  def by_kernel(x, g, stride, pad, size):
    kernel = jax.ShapeDtypeStruct((size, size, x.shape[3], g.shape[3]), x.dtype)
    return jax.linear_transpose(
        lambda kernel: conv(x, kernel, stride, pad), kernel)(g)[0]

  return Formulation(conv, transpose, by_kernel)


# XLA turns several convolutions into a grouped one, which its CPU backend runs far
# slower than one after the other, and several matrix products into a batched one.
LAX = Formulation(_lax, _lax_transpose, _lax_kernel, batches=False)
PATCHES = _transposed(_patches)._replace(kernel=_patches_kernel)
# For stride 1 and few outputs: where one function is fast, its adjoint is not.
FLIPPED = LAX._replace(transpose=_flipped_patches)
POINTWISE = _transposed(_pointwise)._replace(kernel=_pointwise_kernel)
POSITIONS = _transposed(_positions)
WINOGRAD = Formulation(
    lambda x, kernel, stride, pad: winograd.conv(x, kernel, pad),
    lambda g, kernel, stride, pad, out_hw: winograd.conv(
        g, kernel[::-1, ::-1].swapaxes(2, 3), 2 - pad),
    lambda x, g, stride, pad, size: winograd.conv_kernel(x, g, pad))


def choose(kind, hw, kernel_shape, stride, pad, dtype, backend):
  """Returns the fastest formulation of a convolution's function (measured, float32).

  On the CPU, small maps and few input channels leave XLA's convolution without a
  fast path; elsewhere cuDNN and the TPU serve every shape.

  Args:
    kind: 'conv', 'transpose' or 'kernel'.
    hw: (H, W) of the convolution's input.
    kernel_shape: (K, K, I, O).
    stride, pad: the convolution's.
    dtype: of the arrays.
    backend: its name by `backend.name`.
  """
  size, _, features_in, features_out = kernel_shape
  pixels = hw[0] * hw[1]
  if backend != 'cpu':
    return LAX
  if size == 1 and not pad:
    return POINTWISE
  if size == 3 and pad == 1 and pixels <= 4:
    return POSITIONS
  least = 16 if kind == 'kernel' else 64
  if (size, stride) == (3, 1) and pad < 2 and pixels >= least and features_in >= 32 and (
      dtype == jnp.float32):  # Winograd's sums would be bfloat16's otherwise.
    # With fewer channels or pixels, changing the basis costs more than it saves.
    enough = (min(features_in, features_out) >= 128 and pixels >= 64 if kind == 'kernel'
              else features_in >= 64 and pixels >= 256)
    return WINOGRAD if enough else LAX
  if pixels <= 64 or features_in * size**2 <= 48 or (
      (size, stride) == (3, 2) and pixels <= 256):
    return PATCHES
  if kind == 'conv' and stride == 2 and pixels <= 256 and features_in >= 256:
    return PATCHES
  if kind == 'conv' and features_in * size**2 <= 147:  # An image, by 7 x 7.
    return PATCHES
  if kind == 'transpose' and stride == 1 and features_out * size**2 <= 147:
    return FLIPPED
  return LAX


def run(kind, hw, kernel_shape, stride, pad, a, b, *rest):
  """Computes one of a convolution's three functions as suits the backend.

  Args:
    kind: 'conv', 'transpose' or 'kernel'.
    hw: (H, W) of the convolution's input.
    kernel_shape: (K, K, I, O).
    stride, pad: the convolution's.
    a, b, *rest: what the function takes, stride and pad coming before `rest`.
  """
  backend = backends.name()
  chosen = choose(kind, hw, kernel_shape, stride, pad, a.dtype, backend)
  function = getattr(chosen, kind)
  form = lambda a, b: function(a, b, stride, pad, *rest)
  if backend == 'any':  # Only `vmap` could need the rule below.
    return form(a, b)
  call = jax.custom_batching.custom_vmap(form)

  @call.def_vmap
  def batched(axis_size, in_batched, a, b):
    if all(in_batched) and backend == 'cpu' and not chosen.batches:
      return jnp.stack([form(a[i], b[i]) for i in range(axis_size)]), True
    return jax.vmap(form, [0 if x else None for x in in_batched])(a, b), True

  return call(a, b)
