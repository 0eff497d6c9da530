"""The texture by which one place is known again, and how two are compared.

What decides is the fine texture: high-passed, its local contrast evened out so that a
bright scratch weighs no more than the grain beside it, and with the mean of every row
and column taken off, so that lines along the rolling direction, which look alike in
different frames, do not count. Flat images match nothing.

Images are compared at 64 x 64 samples per crop, whatever their size: averages over 2 x 2
samples decide, coarser ones propose. The thresholds were set on NEU's frames, by shifted
crops of one frame, with noise and JPEG, against crops of other frames.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image
import scipy

from data_prep.images import parallel

SIDE = 64  # Samples along a crop.
GRAIN = 2.0  # Grey levels: texture weaker than that counts for less.
# Least correlation of 2 x 2 averages at the best shift, for the same place. Between 0.55
# and 0.65 lie noisy copies and, now and then, slanting lines that look alike: grouping
# those does less harm than missing the copies.
CONFIRM = 0.55
ROWS = 256  # Templates at a time: the scores stay in the processor's cache.


def _center(patches):
  """Takes the means of rows and columns off the last two axes."""
  return (patches - patches.mean(axis=-1, keepdims=True)
          - patches.mean(axis=-2, keepdims=True)
          + patches.mean(axis=(-2, -1), keepdims=True))


def unit(patches):
  """Centres patches [..., h, w] and returns them as unit vectors [..., h * w].

  The small constant keeps flat patches near zero, so that they match nothing.
  """
  flat = _center(patches).reshape(*patches.shape[:-2], -1)
  norm = np.linalg.norm(flat, axis=-1, keepdims=True)
  return flat / (norm + 0.005 * flat.shape[-1] ** 0.5)


def correlation(a, b):
  """Correlates patches [..., h, w] pair by pair; returns [...] in [-1, 1].

  That is `(unit(a) * unit(b)).sum(-1)`, by sums over the patches as they are, which takes a
  third of the time.
  """
  h, w = a.shape[-2:]
  a, b = _Sums.of(a), _Sums.of(b)

  def product(x, y):
    return (np.einsum('...ij,...ij->...', x.patches, y.patches)
            - np.einsum('...i,...i->...', x.rows, y.rows) / w
            - np.einsum('...i,...i->...', x.columns, y.columns) / h
            + x.all * y.all / (h * w))

  norms = [np.sqrt(np.maximum(product(x, x), 0)) + 0.005 * (h * w) ** 0.5 for x in (a, b)]
  return product(a, b) / (norms[0] * norms[1])


class _Sums(NamedTuple):
  """Holds patches [..., h, w], and the sums of their rows, columns and all."""
  patches: np.ndarray
  rows: np.ndarray
  columns: np.ndarray
  all: np.ndarray

  @classmethod
  def of(cls, patches):
    rows = patches.sum(axis=-1)
    return cls(patches, rows, patches.sum(axis=-2), rows.sum(axis=-1))


def average(thumbs, size):
  """Averages size x size samples of [..., h, w] at every position that has them."""
  rows = _sum([thumbs[..., k:thumbs.shape[-2] - size + 1 + k, :] for k in range(size)])
  del thumbs  # Of a large frame, it takes as much as what follows.
  means = _sum([rows[..., k:rows.shape[-1] - size + 1 + k] for k in range(size)])
  means /= size**2
  return means


def _sum(arrays):
  """Returns the sum of arrays, in order and with no other copy: they may be large."""
  total = arrays[0].copy()
  for array in arrays[1:]:
    total += array
  return total


def thumbnail(image, side):
  """Returns an image's texture: high-passed, with even local contrast.

  Args:
    image: uint8 [H, W, C].
    side: how many pixels of it make one crop.

  Returns:
    float32 [H * 64 / side, W * 64 / side], around 0, mostly within [-3, 3].
  """
  small = image.mean(axis=-1, dtype=np.float32)
  size = tuple(max(2, round(edge * SIDE / side)) for edge in small.shape[::-1])
  if size != small.shape[::-1]:
    small = np.array(Image.fromarray(small).resize(size, Image.Resampling.BOX))
  # In place, as a frame may be large.
  work = scipy.ndimage.gaussian_filter(small, 4.0, truncate=2.0)
  small -= work
  np.square(small, out=work)
  scipy.ndimage.gaussian_filter(work, 4.0, truncate=2.0, output=work)
  np.sqrt(work, out=work)
  work += GRAIN
  small /= work
  return small


def thumbnails(items):
  """Returns the thumbnails of items, float32 [N, 64, 64]."""
  return np.stack(list(parallel.each(
      lambda item: thumbnail(item.image, item.image.shape[0]), items)))
