"""Resizes images to a network's input size, as two matrix products.

'bicubic' is what clean-fid does (Parmar et al. 2022, https://arxiv.org/abs/2104.11222):
float arithmetic, a cubic kernel that widens with the reduction so that nothing
aliases, no rounding to 8 bits; the kernel is PIL's. 'legacy' is what pytorch-fid
does: bilinear without antialiasing, which skips pixels when it reduces.
"""

import jax.numpy as jnp
from jax import lax
import numpy as np

MODES = ('bicubic', 'legacy')


def _cubic(x):
  """Computes Keys' kernel with a = -1/2, which is PIL's."""
  x = np.abs(x)
  return np.where(
      x < 1, (1.5 * x - 2.5) * x**2 + 1,
      np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0))


def _triangle(x):
  return np.maximum(1 - np.abs(x), 0)


def matrix(size_in, size_out, mode):
  """Returns the weights of one axis: [size_out, size_in] float32; rows sum to one."""
  centres = (np.arange(size_out) + 0.5) * (size_in / size_out) - 0.5
  if mode == 'bicubic':
    width = max(size_in / size_out, 1)
    weights = _cubic((np.arange(size_in) - centres[:, None]) / width)
  else:
    centres = centres.clip(0, size_in - 1)  # A repeated border.
    weights = _triangle(np.arange(size_in) - centres[:, None])
  return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def resize(images, size, mode='bicubic'):
  """Resizes uint8 [B, H, W, 1 or 3] to float32 [B, size, size, 3] in 0..255.

  Grey is repeated. `mode` is one of `MODES`; see the module. May be jitted.

  Raises:
    ValueError: images of another type or shape, or another mode.
  """
  if mode not in MODES:
    raise ValueError(f'resize mode {mode!r} is not one of {MODES}')
  if images.dtype != np.uint8 or images.ndim != 4 or (
      images.shape[3] not in (1, 3)):
    raise ValueError(f'expected uint8 [B, H, W, 1 or 3], got {images.dtype} '
                     f'{list(images.shape)}')
  _, height, width, channels = images.shape
  x = images.astype(jnp.float32)
  # Columns first, like PIL; highest precision, as TF32 would round to the third digit.
  if width != size:
    x = jnp.einsum('bhwc,tw->bhtc', x, matrix(width, size, mode),
                   precision=lax.Precision.HIGHEST)
  if height != size:
    x = jnp.einsum('bhtc,sh->bstc', x, matrix(height, size, mode),
                   precision=lax.Precision.HIGHEST)
  # Clipping, as in clean-fid: a cubic kernel overshoots at edges.
  x = x.clip(0, 255)
  return jnp.broadcast_to(x, (*x.shape[:3], 3)) if channels == 1 else x
