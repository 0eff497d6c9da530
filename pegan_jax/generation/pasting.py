"""Cuts real defects out by their masks and puts them on clean crops: the simplest rival."""

import numpy as np
import scipy

from pegan_jax.data import placing

_FEATHER = 1.0  # Standard deviation in pixels of a cut's soft edge.
_RING = 4       # Pixels around a defect that count as the ground that it lies on.


def paste(rng, image, mask, background):
  """Puts the defect of a crop on a clean crop.

  It is mirrored, scaled and shifted as `placing.vary` does it, and its brightness relative
  to the ground around it is kept.

  Args:
    rng: numpy Generator.
    image: uint8 [H, W, C], with the defect.
    mask: uint8 [H, W], 255 on it.
    background: uint8 [H, W, C].

  Returns:
    The image, uint8 [H, W, C], and the defect's mask in it, uint8 [H, W]. A defect
    without ground around it keeps its own brightness.
  """
  cut_from = _ground(image, mask)
  mask, defect = placing.vary(rng, mask, image.astype(np.float32))
  if cut_from is not None:
    put_on = _ground(background, mask)
    defect += (background.mean((0, 1)) if put_on is None else put_on) - cut_from
  # Soft towards the inside alone: what surrounds a moved defect is not known.
  opacity = (mask > 0) * scipy.ndimage.gaussian_filter(
      (mask > 0).astype(np.float32), _FEATHER)
  painted = background + opacity[..., None] * (defect - background)
  return np.clip(np.rint(painted), 0, 255).astype(np.uint8), mask


def _ground(image, mask):
  """Returns the mean of the pixels around a mask, [C], or None where there are none."""
  around = scipy.ndimage.binary_dilation(mask > 0, iterations=_RING) & (mask == 0)
  return image[around].mean(0) if around.any() else None
