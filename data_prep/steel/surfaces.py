"""Draws clean rolled steel from noise, as a camera shows it.

Lengths are in units of 1/64 of a crop (`unit` is the pixels in one of them), so
that steel and defects keep their proportions in a crop of any size. Angles are
in radians from the x axis towards the bottom of the image.
"""

import math
from typing import NamedTuple

import numpy as np
import scipy


class Finish(NamedTuple):
  """Describes how steel of one kind looks.

  Attributes:
    base: grey level: median, spread (standard deviation of the logarithm),
      lowest, highest.
    grain: contrast of the grain, a fraction of the grey level: lowest, highest.
    grain_size: standard deviations of the grain's blur along and across the
      rolling, units.
    streaks: contrast of the streaks along the rolling: lowest, highest.
    mottle: contrast of the soft cloudy variation: lowest, highest.
    upright: probability that the rolling runs from top to bottom and not from
      left to right.
    tilt: standard deviation of the rolling's angle around that, radians.
  """
  base: tuple[float, float, float, float]
  grain: tuple[float, float]
  grain_size: tuple[float, float]
  streaks: tuple[float, float]
  mottle: tuple[float, float]
  upright: float
  tilt: float


FINISHES = {
    'rough':
        Finish((155, 0.25, 65, 235), (0.11, 0.16), (0.65, 0.5), (0.01, 0.05),
               (0.03, 0.2), 0.3, 0.4),
    'smooth':
        Finish((96, 0.3, 60, 210), (0.008, 0.018), (1.6, 0.8), (0.005, 0.03),
               (0.01, 0.04), 0.9, 0.02),
    'bright':
        Finish((208, 0.22, 95, 245), (0.02, 0.045), (0.8, 0.6), (0.005, 0.02),
               (0.01, 0.05), 0.85, 0.04),
    'brushed':
        Finish((116, 0.22, 68, 180), (0.055, 0.085), (1.5, 0.6), (0.01, 0.03),
               (0.02, 0.06), 0.0, 0.15),
}


class Steel(NamedTuple):
  """A clean surface.

  Attributes:
    pixels: float64 [H, W], grey levels; may leave 0 to 255.
    roll: the rolling direction, radians.
  """
  pixels: np.ndarray
  roll: float


def noise_field(rng, shape, along, across, angle=0.0):
  """Draws Gaussian noise of unit variance, blurred more in one direction.

  Args:
    rng: numpy Generator.
    shape: (H, W).
    along: standard deviation of the blur in the direction of `angle`, pixels.
    across: the same at right angles to it.
    angle: radians.

  Returns:
    float64 [H, W].
  """
  h, w = shape
  # The filter wraps around: draw more than is asked for, so that the two ends
  # of what is kept do not match.
  tall, wide = h + h // 2, w + w // 2
  fy, fx = np.fft.fftfreq(tall)[:, None], np.fft.rfftfreq(wide)[None]
  f_along = math.cos(angle) * fx + math.sin(angle) * fy
  f_across = math.cos(angle) * fy - math.sin(angle) * fx
  response = np.exp(-2 * math.pi**2 * ((along * f_along)**2 +
                                       (across * f_across)**2))
  field = np.fft.irfft2(
      np.fft.rfft2(rng.standard_normal((tall, wide))) * response,
      (tall, wide))[:h, :w]
  # The power that the filter lets through; the inner columns of a half
  # spectrum count twice.
  twice = np.where((np.arange(response.shape[1]) == 0) |
                   (2 * np.arange(response.shape[1]) == wide), 1, 2)
  return field / math.sqrt((response**2 * twice).sum() / (tall * wide))


def surface(rng, shape, unit, finish):
  """Draws clean steel.

  Args:
    rng: numpy Generator.
    shape: (H, W).
    unit: pixels in 1/64 of a crop.
    finish: a key of FINISHES.

  Returns:
    Steel.
  """
  look = FINISHES[finish]
  median, spread, low, high = look.base
  base = np.clip(median * math.exp(spread * rng.standard_normal()), low, high)
  roll = (math.pi / 2 if rng.random() < look.upright else
          0.0) + look.tilt * rng.standard_normal()
  along, across = axes(shape, unit, rng.uniform(0, 2 * math.pi))
  light = rng.uniform(0, 0.12) * along / (shape[1] / unit)
  mottle = rng.uniform(*look.mottle) * noise_field(rng, shape, 9 * unit,
                                                   9 * unit)
  streaks = rng.uniform(
      *look.streaks) * (noise_field(rng, shape, 150 * unit, 4 * unit, roll) +
                        noise_field(rng, shape, 40 * unit, unit, roll))
  # Two sizes of grain, as no single one gives a photograph's spectrum. A grain
  # finer than a pixel is averaged by it.
  grain = 0.0
  for scale, share in ((1, 0.95), (2.5, 0.3)):
    sharp = [scale * size * unit for size in look.grain_size]
    seen = [math.hypot(size, 0.4) for size in sharp]
    share *= math.sqrt(math.prod(sharp) / math.prod(seen))
    grain = grain + share * noise_field(rng, shape, *seen, roll)
  grain = rng.uniform(*look.grain) * grain
  return Steel(base * np.exp(light + mottle + streaks) * (1 + grain), roll)


def photograph(pixels, noise):
  """Returns a surface as the camera shows it: slightly blurred, noisy, in 8 bits.

  Args:
    pixels: float [H, W], grey levels.
    noise: float [H, W], the sensor's noise, grey levels.

  Returns:
    uint8 [H, W].
  """
  return np.clip(
      np.round(scipy.ndimage.gaussian_filter(pixels, 0.4, truncate=3) + noise), 0,
      255).astype(np.uint8)


def axes(shape, unit, angle=0.0):
  """Returns coordinates along and across a direction, from the centre, in units.

  Args:
    shape: (H, W).
    unit: pixels in 1/64 of a crop.
    angle: radians.

  Returns:
    Two arrays, float64 [H, W].
  """
  y, x = np.mgrid[:shape[0], :shape[1]].astype(float)
  y, x = (y - (shape[0] - 1) / 2) / unit, (x - (shape[1] - 1) / 2) / unit
  return math.cos(angle) * x + math.sin(angle) * y, math.cos(
      angle) * y - math.sin(angle) * x
