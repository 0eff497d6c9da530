"""Textured frames, and what may have happened to crops of them, for tests."""

import io

import numpy as np
from PIL import Image
import scipy

from data_prep.selection import texture


def steel(random, size=160, lines=False):
  """A textured frame, uint8 [size, size]; with bright lines if asked."""
  frame = 120 + 25 * scipy.ndimage.gaussian_filter(
      random.normal(size=(size, size)), (2.5, 1.2)) / 0.15
  if lines:
    frame[:, random.integers(20, size - 20, 6)] += 90
  return np.clip(frame, 0, 255).astype(np.uint8)


def worse(random, image):
  """Another light, noise and JPEG."""
  light = image * random.uniform(0.85, 1.15) + random.uniform(-15, 15)
  noisy = np.clip(light + random.normal(0, 1.5, image.shape), 0, 255)
  buffer = io.BytesIO()
  Image.fromarray(noisy.astype(np.uint8)).save(buffer, 'JPEG', quality=80)
  with Image.open(buffer) as image:
    return np.asarray(image)


def thumbs(crops):
  """The thumbnails of [64, 64] crops."""
  return np.stack([texture.thumbnail(crop[:, :, None], 64) for crop in crops])
