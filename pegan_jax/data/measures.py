"""Measures of a defect in its region, the same for real and for generated ones.

Images are float [h, w], grey; regions bool [h, w]. What cannot be measured is nan, such as
the ground around a region that is the whole image.
"""

import numpy as np
import scipy

from pegan_jax.annotations.regions import box_of
from pegan_jax.data import light

# Distances from a region's outline in pixels. An annotation is a pixel or two off, and
# paint goes on for a few: the ground begins behind them.
_GROUND = 3, 10
_INNER = -6, -2
_EDGES = [(edge, edge + 1) for edge in range(-2, 4)]

_LEVELS = np.linspace(0, 1, 17)[1::2]  # Quantiles that stand for a distribution.
_LEAST = 8  # pixels; fewer say nothing.


def grey(image):
  """Returns uint8 [h, w, C] as float [h, w]."""
  return image.astype(np.float32).mean(-1)


def spread(image):
  """Returns how far each pixel's channels are apart: uint8 [h, w, C] to float [h, w]."""
  return np.ptp(image.astype(np.float32), axis=-1)


def distances(region):
  """Returns how far each pixel is from a region's outline: below 0 inside of it."""
  if region.all() or not region.any():
    return np.full(region.shape, -np.inf if region.all() else np.inf)
  outside = scipy.ndimage.distance_transform_edt(~region)
  return np.where(region, 1 - scipy.ndimage.distance_transform_edt(region), outside)


def contrast(inside, ground):
  """Returns how far two sets of grey levels are apart, in levels of 255.

  That is the distance by which one distribution is moved to become the other
  (Wasserstein's, of order 1): of brightness, and of texture too.

  Args:
    inside, ground: float [n] and [m].
  """
  if min(len(inside), len(ground)) < _LEAST:
    return np.nan
  return float(np.abs(np.quantile(inside, _LEVELS) - np.quantile(ground, _LEVELS)).mean())


def increase(inside, ground):
  """Returns by how much the mean of the former is higher, or nan; arguments likewise."""
  if min(len(inside), len(ground)) < _LEAST:
    return np.nan
  return float(inside.mean() - ground.mean())


def share(levels, ground):
  """Returns a difference of levels as a share of the light on float [n] ground, or nan."""
  return levels / light.of_levels(float(ground.mean())) if len(ground) else np.nan


def ground(image, distance):
  """Returns the pixels around a region: float [n]."""
  return image[(distance >= _GROUND[0]) & (distance < _GROUND[1])]


def seam(image, region, distance):
  """Returns how much steeper an image is along a region's edge than it has reason to be.

  Args:
    image: float [h, w].
    region: bool [h, w].
    distance: from `distances`.

  Returns:
    The largest mean gradient of the lines a pixel wide that follow the outline, over that
    of the pixels further inside and outside, plus the region's contrast to its ground: a
    dark defect has a steep edge, and no seam.
  """
  steep = np.hypot(*np.gradient(image))
  beside = steep[((distance >= _GROUND[0] + 1) & (distance < _GROUND[1]))
                 | ((distance >= _INNER[0]) & (distance < _INNER[1]))]
  lines = [steep[(distance >= low) & (distance < high)] for low, high in _EDGES]
  lines = [line.mean() for line in lines if len(line) >= _LEAST]
  if len(beside) < _LEAST or not lines:
    return np.nan
  reason = beside.mean() + contrast(image[region], ground(image, distance))
  return float(max(lines) / (reason + 1))  # A level, as where nothing is painted.


def extent(inside, boxed):
  """Returns the area in pixels and the elongation of bool [h, w], which has some.

  Args:
    inside: the pixels of a defect.
    boxed: whether only boxes are known of the class: then that of the pixels' box.

  Returns:
    (area, elongation): the latter is the longer over the shorter standard deviation.
  """
  if boxed:
    box = box_of(inside)
    inside = np.ones((box.height, box.width), bool)
  points = np.argwhere(inside)
  # A pixel has an extent of its own, 1/12 in variance.
  variances = np.linalg.eigvalsh(np.cov(points.T, bias=True) + np.eye(2) / 12)
  return float(len(points)), float(np.sqrt(variances[1] / variances[0]))
