"""Winograd's minimal filtering F(2x2, 3x3): 16 products where 36 are counted.

Lavin and Gray 2016, "Fast algorithms for convolutional neural networks",
https://arxiv.org/abs/1509.09308. A 3x3 convolution of stride 1 is cut into 2x2
tiles of its output; input tiles, kernel and output change basis so that each tile
is one product of 4x4 numbers, channel by channel, and the channels are 16 matrix
products. Rounding errors stay as they are (a few 1e-7); those of F(4x4, 3x3) are
ten times as large, and its larger tiles bring nothing more on the maps we have.
"""

import jax.numpy as jnp

# One axis of the paper's B^T, G and A^T.
_INPUT = ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1))
_KERNEL = ((1, 0, 0), (.5, .5, .5), (.5, -.5, .5), (0, 0, 1))
_OUTPUT = ((1, 1, 1, 0), (0, 1, -1, -1))
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
  tiles = _input_tiles(x, pad)
  weights = jnp.einsum('ai,bj,ijcd->abcd', *[
      jnp.asarray(_KERNEL, kernel.dtype)] * 2, kernel)
  products = [[tiles[a][b] @ weights[a, b] for b in range(_POINTS)]
              for a in range(_POINTS)]
  y = _both_axes(_OUTPUT, products)  # [2][2] of [B, h, w, O]
  y = jnp.stack([jnp.stack(row, 3) for row in y], 2)  # [B, h, 2, w, 2, O]
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
  tiles = _input_tiles(x.transpose(3, 1, 2, 0), pad)  # Tiles [I, h, w, B].
  g = g.transpose(1, 2, 0, 3)
  g = jnp.pad(g, [(0, -n % _TILE) for n in g.shape[:2]] + [(0, 0)] * 2)
  g = _both_axes(tuple(zip(*_OUTPUT)), [
      [g[i::_TILE, j::_TILE] for j in range(_TILE)] for i in range(_TILE)])
  products = jnp.stack([
      jnp.stack([tiles[a][b].reshape(x.shape[3], -1)
                 @ g[a][b].reshape(-1, g[a][b].shape[3])
                 for b in range(_POINTS)]) for a in range(_POINTS)])
  return jnp.einsum('ai,bj,abcd->ijcd', *[
      jnp.asarray(_KERNEL, x.dtype)] * 2, products)


def _input_tiles(x, pad):
  """Returns [4][4] of [B, h, w, I]: the points of every 4x4 tile, 2 pixels apart."""
  pads = [(pad, pad + n % _TILE) for n in x.shape[1:3]]
  x = jnp.pad(x, ((0, 0), *pads, (0, 0)))
  rows, columns = (
      [slice(i, n - _POINTS + i + 1, _TILE) for i in range(_POINTS)]
      for n in x.shape[1:3])
  return _both_axes(_INPUT, [[x[:, i, j] for j in columns] for i in rows])


def _both_axes(matrix, parts):
  """Returns M parts M^T, where `parts` is a list of lists of arrays."""
  def combine(terms):
    return [sum(terms[i] if c == 1 else -terms[i] if c == -1 else c * terms[i]
                for i, c in enumerate(row) if c) for row in matrix]
  columns = [combine([row[j] for row in parts]) for j in range(len(parts[0]))]
  return [combine([column[i] for column in columns]) for i in range(len(matrix))]
