"""Soft masks: regions, and how visible an opacity m is that paints content c on an image x.

What is painted is x + m (c - x).
"""

from jax import lax
import jax.numpy as jnp
import numpy as np

# An annotated outline is a pixel or two off, and the defect's own edge is blurred.
_DILATION = 2  # pixels
_BLUR = 1.2  # standard deviation in pixels
_REACH = 3  # pixels of the blur's kernel to each side

# Pixels around a region to which `soften` extends it.
MARGIN = _DILATION + _REACH


def soften(region):
  """Widens a region by 2 pixels, and blurs its edge.

  At an image's edge the region goes on as it is there.

  Args:
    region: float [..., H, W, C] in [0, 1].

  Returns:
    The same shape in [0, 1], 0 further than `MARGIN` pixels from the region.
  """
  return jnp.clip(blur(widen(region, _DILATION)), 0, 1)


def harden(soft):
  """Undoes `soften`: float [..., H, W, C] in [0, 1] -> 0 or 1.

  Exact but for inner corners, where it adds a pixel, and for gaps of up to 4 pixels, or 2
  to the image's edge, which it closes.
  """
  # Just outside of a straight edge `soft` is 0.33, in a corner just inside 0.45.
  return 1 - widen((soft <= 0.4).astype(soft.dtype), _DILATION)


def widen(region, pixels):
  """Widens float [..., H, W, C] by pixels to all sides: the largest value around each."""
  window = [1] * region.ndim
  window[-3] = window[-2] = 2 * pixels + 1
  return lax.reduce_window(region, -jnp.inf, lax.max, window, [1] * region.ndim, 'SAME')


def blur(x):
  """Blurs [..., H, W, C] by 1.2 pixels; at an image's edge x goes on as it is there."""
  taps = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / _BLUR) ** 2)
  for axis in (-3, -2):
    x = _filter(x, taps / taps.sum(), x.ndim + axis)
  return x


def _filter(x, taps, axis):
  """Correlates x with `taps` along an axis, its ends continued."""
  # `jnp.pad` would look at the other axes too, one of which may have no known length.
  first, last = (lax.slice_in_dim(x, i, i + 1, axis=axis) for i in (0, x.shape[axis] - 1))
  reach = len(taps) // 2
  padded = jnp.concatenate([first] * reach + [x] + [last] * reach, axis)
  return sum(tap * lax.slice_in_dim(padded, i, i + x.shape[axis], axis=axis)
             for i, tap in enumerate(taps))


def content_distance(x, fake, opacity):
  """Returns |c - x| from fake = x + m (c - x): [B, H, W, C], m [B, H, W, 1] -> as m."""
  return jnp.abs(fake - x).mean(-1, keepdims=True) / (opacity + 1e-3)


def unseen(distance):
  """Returns exp(-d / 0.3) in (0, 1]: near 1, content at distance d cannot be seen."""
  return jnp.exp(-distance / 0.3)
