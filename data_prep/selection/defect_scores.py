"""Scores windows, to find those with a defect that has no box."""

import numpy as np
from PIL import Image
import scipy

SIDE = 64
_BLOCK = 512


def _robust_z(values, usual):
  """Returns how many robust standard deviations log values are above usual ones."""
  values, usual = np.log(values + 0.5), np.log(usual + 0.5)  # Flat windows stay finite.
  middle = np.median(usual)
  # Least spread: where all windows are alike, a quarter more is still usual.
  return (values - middle) / max(1.4826 * np.median(np.abs(usual - middle)), 0.25)


def score(images, clean=()):
  """Scores how much each window's strongest mark stands out.

  A mark is the difference of Gaussians of 1.5 and 8 samples at 64 samples per
  window: streaks, spots and blots, neither grain nor shading. Its strength is
  the 99.5th percentile of the absolute values. The score is the sum of two robust z
  (median and MAD over all windows, of logarithms): of the strength, and of the
  strength over the window's own median, so that a faint mark on smooth steel and
  a strong one on rough steel both count.

  Args:
    images: sequence of N uint8 [S, S, C], at least one.
    clean: likewise, windows known to be clean, over which the median and MAD are
      taken; where there are none, over `images`.

  Returns:
    float [N], around 0 for a usual window. On NEU-DET, above 2.5 nearly all
    windows show a mark.
  """
  marks = _marks(images)
  return sum(map(_robust_z, marks, _marks(clean) if len(clean) else marks))


def _marks(images):
  """Returns the strength of each window's mark, and that over its median."""
  strength, usual = [], []
  for start in range(0, len(images), _BLOCK):
    block = np.stack([_resize(image) for image in images[start:start + _BLOCK]])
    marks = np.abs(scipy.ndimage.gaussian_filter(block, (0, 1.5, 1.5))
                   - scipy.ndimage.gaussian_filter(block, (0, 8, 8)))
    marks = marks.reshape(len(block), -1)
    strength.append(np.percentile(marks, 99.5, axis=1))
    usual.append(np.median(marks, axis=1))
  strength, usual = np.concatenate(strength), np.concatenate(usual)
  return strength, strength / (usual + 0.5)


def _resize(image):
  """Returns the image's mean channel at 64 samples, float32 [64, 64]."""
  grey = Image.fromarray(image.mean(axis=-1, dtype=np.float32))
  return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX))
