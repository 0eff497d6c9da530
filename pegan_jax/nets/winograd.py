"""Winograd's minimal filtering F(2x2, 3x3): 16 products where 36 are counted.

Lavin and Gray 2016, "Fast algorithms for convolutional neural networks",
https://arxiv.org/abs/1509.09308. A 3x3 convolution of stride 1 is cut into 2x2
tiles of its output; input tiles, kernel and output change basis so that each tile
is one product of 4x4 numbers, channel by channel, and the channels are 16 matrix
products. Rounding errors stay as they are (a few 1e-7); those of F(4x4, 3x3) are
ten times as large, and its larger tiles bring nothing more on the maps we have.

All 16 products are one batched product, and a basis changes by one stack per axis: XLA
compiles a kernel for each array of its own, and 16 of them took most of a start's time.
"""

from jax import lax
import jax.numpy as jnp

# One axis of the paper's G; `_points` and `_spread` are B^T and A, `_sums` is A^T.
_KERNEL = ((1, 0, 0), (.5, .5, .5), (.5, -.5, .5), (0, 0, 1))
_TILE, _POINTS = 2, 4


def conv(x, kernel, pad):
  """Cross-correlates with stride 1.

  Args:
    x: [B, H, W, I].
    kernel: [3, 3, I, O].
    pad: zeros added on every side.

  Returns:
    [B, H + 2 pad - 2, W + 2 pad - 2, O].
  """
  height, width = (n + 2 * pad - 2 for n in x.shape[1:3])
  tiles = _input_tiles(x, pad)  # [4, 4, B, h, w, I], the columns' points first.
  weights = jnp.einsum('ai,bj,ijcd->bacd', *[
      jnp.asarray(_KERNEL, kernel.dtype)] * 2, kernel)
  products = _multiply(tiles, weights).reshape(*tiles.shape[:-1], -1)
  y = _sums(_sums(products, 4), 2)  # [B, h, 2, w, 2, O]
  batch, h, _, w, _, features = y.shape
  return y.reshape(batch, _TILE * h, _TILE * w, features)[:, :height, :width]


def conv_kernel(x, g, pad):
  """Computes the adjoint of `conv` in its kernel.

  Args:
    x: [B, H, W, I].
    g: shaped like the output of the convolution, [B, h, w, O].
    pad: the convolution's.

  Returns:
    [3, 3, I, O].
  """
  # XLA's CPU backend multiplies fast where the sum runs along the rows of the
  # first matrix and the columns of the second: hence the order of dimensions.
  tiles = _input_tiles(x.transpose(3, 1, 2, 0), pad)  # [4, 4, I, h, w, B]
  g = g.transpose(1, 2, 0, 3)
  g = jnp.pad(g, [(0, -n % _TILE) for n in g.shape[:2]] + [(0, 0)] * 2)
  g = _spread(_spread(g, 0), 2)  # [4, 4, h, w, B, O]
  products = _multiply(tiles.reshape(*tiles.shape[:3], -1),
                       g.reshape(*g.shape[:2], -1, g.shape[-1]))
  return jnp.einsum('ai,bj,bacd->ijcd', *[
      jnp.asarray(_KERNEL, x.dtype)] * 2,
                    products.reshape(_POINTS, _POINTS, *products.shape[1:]))


def _input_tiles(x, pad):
  """Returns [4, 4, B, h, w, I]: the points of every 4x4 tile, 2 pixels apart."""
  pads = [(pad, pad + n % _TILE) for n in x.shape[1:3]]
  return _points(_points(jnp.pad(x, ((0, 0), *pads, (0, 0))), 1), 3)


def _multiply(a, b):
  """Multiplies point by point: [4, 4, ..., K], [4, 4, K, O] -> [16, N, O]."""
  a = a.reshape(_POINTS**2, -1, a.shape[-1])
  b = b.reshape(_POINTS**2, *b.shape[2:])
  return lax.dot_general(a, b, (((2,), (1,)), ((0,), (0,))))


def _halves(x, axis):
  """Returns the even and the odd places along an axis."""
  x = x.reshape(*x.shape[:axis], -1, _TILE, *x.shape[axis + 1:])
  return (lax.index_in_dim(x, i, axis + 1, keepdims=False) for i in range(_TILE))


def _points(x, axis):
  """Changes the basis of an axis' tiles of four: 2 (n + 1) places -> [4, ..., n, ...]."""
  even, odd = _halves(x, axis)
  n = even.shape[axis] - 1
  (a, c), (b, d) = ([lax.slice_in_dim(y, i, i + n, axis=axis) for i in (0, 1)]
                    for y in (even, odd))
  return jnp.stack([a - c, b + c, c - b, b - d])


def _sums(products, axis):
  """Changes the basis of four products back: [4, ...] -> 2, as a new axis."""
  a, b, c, d = products
  return jnp.stack([a + b + c, b - c - d], axis)


def _spread(g, axis):
  """Computes the adjoint of `_sums`: 2 n places along an axis -> [4, ..., n, ...]."""
  a, b = _halves(g, axis)
  return jnp.stack([a, a + b, a - b, -b])
