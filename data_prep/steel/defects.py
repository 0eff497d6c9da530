"""Draws nine kinds of steel defect from noise, one function per kind.

A defect is a gain that multiplies the grey levels of the steel: 1 where it is
left alone, below 1 where the mark is dark, above 1 where it shines. So the
steel's own grain goes on under a mark, as on a photograph, and any defect can
be put on any surface. Every function of DEFECTS has the signature

  draw(rng, shape, unit, roll) -> float64 [H, W], the gain

with `shape` (H, W), `unit` the pixels in 1/64 of a crop and `roll` the rolling
direction in radians. All lengths are in units; the finest have a floor in
pixels, below which a mark would fade away in a small crop.
"""

import math

import numpy as np
import scipy

from data_prep.steel.surfaces import axes, noise_field


def _step(x, width):
  """Returns 0 below -width/2, 1 above width/2 and a ramp between."""
  return np.clip(x / width + 0.5, 0, 1)


def _noise(rng, shape, unit, along, across=None, angle=0.0):
  """Returns `noise_field` with lengths in units; isotropic where `across` is None."""
  across = along if across is None else across
  return noise_field(rng, shape, along * unit, across * unit, angle)


def _extent(shape, unit):
  """Returns half the height and half the width in units."""
  return shape[0] / unit / 2, shape[1] / unit / 2


def _wobble(rng, s, amplitude, wavelength):
  """Returns a smooth random curve over `s`."""
  curve = 0.0
  for k in (1.0, 2.3, 4.1):
    curve = curve + np.sin(2 * math.pi * k * s / wavelength +
                           rng.uniform(0, 2 * math.pi)) / k
  return amplitude * curve


def _scatter(rng, shape, unit, count, margin=0.0):
  """Draws uniform places: [count, 2], x and y from the centre, in units."""
  half_h, half_w = _extent(shape, unit)
  return rng.uniform(-1, 1, (count, 2)) * (half_w - margin, half_h - margin)


def _clusters(rng, shape, unit, count, reach):
  """Draws round clouds: [H, W], 1 in the middle, near 0 some `reach` units away."""
  x, y = axes(shape, unit)
  centres = _scatter(rng, shape, unit, count, margin=4)
  reach = rng.uniform(0.6, 1.4, (count, 1, 1)) * reach
  square = (x - centres[:, :1, None])**2 + (y - centres[:, 1:, None])**2
  return np.exp(-square / (2 * reach**2)).max(axis=0)


def _specks(rng, shape, unit, size, density, roll):
  """Draws soft dots of `size` units, `density` per square unit: [H, W] in [0, 1]."""
  size = max(size, 0.6 / unit)
  upright = abs(math.sin(roll)) > 0.7  # They are a little longer along it.
  sigma = size * unit * np.array((1.2, 0.9) if upright else (0.9, 1.2))
  seeds = (rng.random(shape) < density / unit**2) * rng.uniform(0.4, 1.2, shape)
  peak = 2 * math.pi * sigma.prod()
  dots = peak * scipy.ndimage.gaussian_filter(seeds, sigma, mode='constant')
  return 1 - np.exp(-1.3 * dots)


def crazing(rng, shape, unit, roll):
  """Draws a broken net of fine dark cracks: borders of warped Voronoi cells."""
  del roll
  # A net as fine as in a large crop would be a blur in a small one.
  fine = max(1.0, 0.75 / unit)
  cell = rng.uniform(8, 14) * fine
  squash = rng.uniform(1.0, 1.8)
  half_h, half_w = _extent(shape, unit)
  count = max(4, int(4 * squash * (half_h + cell) * (half_w + cell) / cell**2))
  points = rng.uniform(-1, 1, (count, 2)) * (half_w + cell, half_h + cell)
  x, y = axes(shape, unit)
  for size, amount in ((4, 1.6), (1.5, 0.8)):
    x = x + amount * _noise(rng, shape, unit, size)
    y = y + amount * _noise(rng, shape, unit, size)
  near = np.hypot(x - points[:, :1, None], squash * (y - points[:, 1:, None]))
  near = np.partition(near, 1, axis=0)[:2]
  width = rng.uniform(0.3, 0.7) + 0.35 * _noise(rng, shape, unit, 4)
  crack = _step(fine * width - (near[1] - near[0]) / 2, 1.6 * fine)
  opened = _step(rng.uniform(-0.4, 0.5) + _noise(rng, shape, unit, 7, 5), 1.5)
  return 1 - rng.uniform(0.4, 0.75) * crack * (0.1 + 0.9 * opened)


def gouges(rng, shape, unit, roll):
  """Draws bright thin strokes that tilt and lie in bundles; some ragged slabs."""
  half = max(_extent(shape, unit))
  slab = rng.random() < 0.35
  angle = roll + rng.normal(0, 0.05 if slab else 0.25)
  if rng.random() < 0.15:
    angle += math.pi / 2
  centre = rng.uniform(-0.6, 0.6) * half
  gain = np.ones(shape)
  for _ in range(1 if slab else rng.integers(2, 6)):
    s, t = axes(shape, unit, angle + rng.normal(0, 0.02 if slab else 0.07))
    length = half * rng.uniform(0.5, 1.2) * (2 if slab else 1)
    middle = rng.uniform(-0.6, 0.6) * half
    taper = np.clip(1 - np.abs((s - middle) / length)**4, 0, 1)
    width = rng.uniform(3, 7) if slab else rng.lognormal(math.log(0.8), 0.4)
    side = centre + rng.normal(0, 0.25) * half + _wobble(rng, s, 0.5, 90)
    edge = (0.1 * width + 0.2) * _noise(rng, shape, unit, 2.5, 0.8, angle)
    depth = (max(width, 0.5 / unit) + edge) * taper - np.abs(t - side)
    glow = 0.15 * np.exp(-np.clip(-depth, 0, None) / 1.5)
    mark = _step(depth, max(2.0, 1.3 / unit)) + glow
    sheen = 0.85 + 0.3 * _noise(rng, shape, unit, 2.5, 1.2, angle)
    shine = rng.uniform(0.6, 2.0) * np.clip(sheen, 0.1, 2)
    gain = np.maximum(gain, 1 + shine * np.sqrt(taper) * mark)
  return gain


def inclusions(rng, shape, unit, roll):
  """Draws dark streaks along the rolling direction, pointed at both ends."""
  half = max(_extent(shape, unit))
  depth = rng.uniform(0.35, 0.65)
  dark = np.zeros(shape)
  for _ in range(rng.integers(2, 7)):
    s, t = axes(shape, unit, roll + rng.normal(0, 0.03))
    length = half * rng.uniform(0.25, 1.4)
    middle, side = rng.uniform(-0.7, 0.7, 2) * half
    # The two ends differ, as the strip drags a tail out.
    ends = rng.uniform(0.4, 1.3, 2) * length
    reach = np.abs(s - middle) / np.where(s > middle, *ends)
    taper = np.clip(1 - reach**1.3, 0, 1)
    width = min(rng.lognormal(math.log(2), 0.6), 8)
    edge = 0.35 * width * _noise(rng, shape, unit, 9, 1, roll)
    off = np.abs(t - side - _wobble(rng, s, 0.6, 70))
    mark = _step((width + edge) * taper - off, 1 + 0.8 * width)
    mark = mark * np.clip(3 * taper, 0, 1)
    dark = np.maximum(dark, depth * rng.uniform(0.6, 1) * mark)
  return 1 - dark


def patches(rng, shape, unit, roll):
  """Draws large dark blotches with soft, rough edges."""
  del roll
  field = _noise(rng, shape, unit, rng.uniform(10, 17))
  field = field + 0.16 * _noise(rng, shape, unit, 4)
  field = field + 0.1 * _noise(rng, shape, unit, 1)
  level = np.quantile(field, rng.uniform(0.45, 0.75))
  blotch = _step(field - level, rng.uniform(0.45, 1.1))
  core = _step(field - level - 0.8, 1.0)
  return (1 - rng.uniform(0.45, 0.75) * blotch) * (1 - 0.4 * core)


def pits(rng, shape, unit, roll):
  """Draws many small faint dark dots, close together."""
  size, density = rng.lognormal(math.log(0.72), 0.25), rng.uniform(0.03, 0.11)
  dots = _specks(rng, shape, unit, size, density, roll)
  cover = _step(0.7 + _noise(rng, shape, unit, 14), 2)
  return 1 - rng.uniform(0.16, 0.42) * dots * (0.3 + 0.7 * cover)


def dust(rng, shape, unit, roll):
  """Draws clusters of black crumbs, with a film of dirt around them."""
  del roll
  cloud = _clusters(rng, shape, unit, rng.integers(2, 6), rng.uniform(5, 10))
  size = rng.uniform(1.1, 2.0) * max(1.0, 0.7 / unit)
  lumps = 2.2 * cloud
  for scale, share in ((0.6, 0.5), (1.2, 0.8), (3, 0.5)):
    lumps = lumps + share * _noise(rng, shape, unit, scale * size)
  crumbs = _step(lumps - rng.uniform(1.9, 2.6), 1.8)
  film = _step(_noise(rng, shape, unit, 12) - rng.uniform(-0.2, 1.2), 0.8)
  film = rng.uniform(0, 0.5) * film
  return (1 - rng.uniform(0.6, 0.92) * crumbs) * (1 - film)


def flakes(rng, shape, unit, roll):
  """Draws rolled-in scale: dark flakes in loose groups, drawn out by the rolling."""
  cloud = _clusters(rng, shape, unit, rng.integers(3, 7), rng.uniform(6, 11))
  size = rng.uniform(0.9, 1.6) * max(1.0, 0.75 / unit)
  length, angle = rng.uniform(1.8, 3.2) * size, roll + rng.normal(0, 0.1)
  lumps = 1.6 * cloud + _noise(rng, shape, unit, length, size, angle)
  lumps = lumps + 0.35 * _noise(rng, shape, unit, 1, 0.6, roll)
  mark = _step(lumps - rng.uniform(1.9, 2.6), 1.6)
  rough = np.clip(0.8 + 0.3 * _noise(rng, shape, unit, 2, 0.7, roll), 0.2, 1.2)
  return 1 - rng.uniform(0.28, 0.55) * mark * rough


def scratches(rng, shape, unit, roll):
  """Draws bright straight bands of parallel lines, from edge to edge."""
  half = min(_extent(shape, unit))
  angle = roll + rng.normal(0, 0.01)
  if rng.random() < 0.35:
    angle += math.pi / 2
  _, t = axes(shape, unit, angle)
  gain = np.ones(shape)
  for _ in range(rng.integers(1, 4)):
    side = rng.uniform(-0.8, 0.8) * half
    width = np.clip(rng.lognormal(math.log(1.7), 0.6), 0.6 / unit, 9)
    band = _step(width - np.abs(t - side), max(1.5, 1.3 / unit))
    fine = max(0.7, 0.5 / unit)
    lines = 0.65 + 0.4 * _noise(rng, shape, unit, 250, fine, angle)
    along = 0.85 + 0.35 * _noise(rng, shape, unit, 8, 1, angle)
    shine = np.clip(lines, 0.05, 1.6) * np.clip(along, 0.1, 1.8)
    gain = np.maximum(gain, 1 + rng.uniform(1.1, 1.9) * band * shine)
  return gain


def spots(rng, shape, unit, roll):
  """Draws separate dark round spots of many sizes; at times a stain."""
  half_h, half_w = _extent(shape, unit)
  count = max(3, int(rng.uniform(10, 45) * half_h * half_w / 32**2))
  x0, y0 = _scatter(rng, shape, unit, count).T[:, :, None, None]
  radii = rng.lognormal(math.log(1.9), 0.5, (count, 1, 1))
  radii = np.clip(radii, 0.8 / unit, 6)
  # Both axes are warped, so that no spot is a perfect oval.
  x, y = axes(shape, unit)
  x = x + 0.9 * _noise(rng, shape, unit, 2.5)
  y = y + 0.9 * _noise(rng, shape, unit, 2.5)
  long_x, long_y = rng.uniform(0.9, 1.4, (2, count, 1, 1))
  reach = np.hypot((x - x0) / long_x, (y - y0) / long_y) / radii
  mark = _step(1 - reach, rng.uniform(0.6, 1.5))
  mark = (rng.uniform(0.4, 1, (count, 1, 1)) * mark).max(axis=0)
  field = _noise(rng, shape, unit, 9) + 0.2 * _noise(rng, shape, unit, 2)
  stain = _step(field - 1.1, 0.15) * (0.2 if rng.random() < 0.25 else 0.0)
  faint = rng.uniform(0, 0.15) * _specks(rng, shape, unit, 0.8, 0.05, roll)
  return (1 - rng.uniform(0.25, 0.55) * mark) * (1 - stain) * (1 - faint)


# Class code -> (the finish it occurs on, the function that draws it).
DEFECTS = {
    'cr': ('rough', crazing),
    'gg': ('smooth', gouges),
    'in': ('smooth', inclusions),
    'pa': ('rough', patches),
    'ps': ('bright', pits),
    'rp': ('rough', dust),
    'rs': ('brushed', flakes),
    'sc': ('smooth', scratches),
    'sp': ('bright', spots),
}
