"""Pools over 3x3 windows.

XLA fuses the shifted slices; on the CPU its reduce_window and the gradient of that are
several times slower.
"""

import functools

from jax import lax
import jax.numpy as jnp

_BORDER = ((0, 0), (1, 1), (1, 1), (0, 0))  # A pixel around the images.


def _windows(x, combine, stride=1):
  """Combines every window, along one axis and then along the other."""
  for axis in (1, 2):
    last = (x.shape[axis] - 3) // stride * stride + 1
    x = functools.reduce(combine, [
        lax.slice_in_dim(x, i, i + last, stride, axis) for i in range(3)])
  return x


def max_pool(x, stride=1, padding='SAME'):
  """Takes the largest of every window: [B, H, W, C] -> [B, h, w, C].

  Where several are the largest they share the gradient.
  """
  if padding == 'SAME':
    x = jnp.pad(x, _BORDER, constant_values=-jnp.inf)
  return _windows(x, jnp.maximum, stride)


def avg_pool(x):
  """Averages every window without the padding; keeps the shape."""
  def total(x):
    return _windows(jnp.pad(x, _BORDER), jnp.add)
  return total(x) / total(jnp.ones((1, *x.shape[1:3], 1)))
