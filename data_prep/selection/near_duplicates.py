"""Finds crops that show the same place.

Two crops are near-duplicates if they are cut from one raw frame a few pixels apart,
whatever happened to them since: noise, JPEG, brightness, contrast, a scale that
differs by up to five percent. A random split would put one in train and the other in
test. `texture` says what is compared: averages over 4 x 4 samples propose.
"""

import itertools

import numpy as np
import scipy

from data_prep.images.progress import progress
from data_prep.selection import texture

SHIFT = 16  # Largest shift searched between two crops, in samples: a quarter.
PROPOSE = 0.6  # Least correlation of 4 x 4 averages.


def _propose(thumbs):
  """Proposes pairs, int [P, 4] of (i, j, dy, dx): i's middle is in j at a shift.

  i's middle, 32 samples wide, is compared as 8 x 8 averages with j's at shifts of
  4; four versions of it, 2 samples apart, make that shifts of 2. Of each pair
  i < j the best shift is kept.
  """
  means = texture.average(thumbs, 4)
  def middle(dy, dx):
    """Returns the middle's averages, read (dy, dx) samples further on: [N, 64]."""
    y, x = SHIFT + dy, SHIFT + dx
    return texture.unit(means[:, y:y + 2 * SHIFT - 3:4, x:x + 2 * SHIFT - 3:4])
  count, shifts = len(thumbs), range(-SHIFT, SHIFT + 1, 4)
  phases = [(py, px, middle(py, px)) for py in (0, 2) for px in (0, 2)]

  def find(shift):
    """Returns [p, 5] of the pairs at shifts by about `shift`, their scores last."""
    dy, dx = shift
    scores, found = np.empty(texture.ROWS * count, np.float32), [np.zeros((0, 5))]
    moved = middle(dy, dx).T
    for py, px, templates in phases:
      for start in range(0, count, texture.ROWS):
        block = templates[start:start + texture.ROWS]
        out = scores[:len(block) * (count - start)].reshape(len(block), -1)
        np.matmul(block, moved[:, start:], out=out)
        flat = np.flatnonzero(out > PROPOSE)
        i, j = np.divmod(flat, out.shape[1])
        columns = [start + i, start + j, 0 * i + dy - py, 0 * i + dx - px,
                   out.ravel()[flat]]
        found.append(np.stack(columns, axis=1)[i < j])
    return np.concatenate(found)

  both = list(itertools.product(shifts, shifts))
  with texture.threads() as threads:
    found = np.concatenate(list(progress(
        threads.map(find, both), f'comparing {count} crops', len(both))))
  found = found[np.lexsort((-found[:, 4], found[:, 1], found[:, 0]))]
  first = np.ones(len(found), bool)
  first[1:] = (found[1:, :2] != found[:-1, :2]).any(axis=1)
  return found[first, :4].astype(int)


def _overlap(means, i, j, dy, dx):
  """Returns what i and j share if (y, x) in i is (y + dy, x + dx) in j."""
  def spans(shift):
    width = means.shape[-1] - abs(shift)
    return (slice(max(0, -shift), max(0, -shift) + width, 2),
            slice(max(0, shift), max(0, shift) + width, 2))
  (iy, jy), (ix, jx) = spans(dy), spans(dx)
  return means[i, iy, ix], means[j, jy, jx]


def find_pairs(thumbs):
  """Finds all pairs that show one place, shifted by up to a quarter of a crop.

  Args:
    thumbs: float32 [N, 64, 64], from `texture.thumbnails`.

  Returns:
    (pairs, scores): int [P, 2] with i < j, sorted, and float [P], the correlation
    on the overlap (at least half of the crop) at the best shift.
  """
  proposed = _propose(thumbs)
  means = texture.average(thumbs, 2)
  best = np.full(len(proposed), -1.0)
  shifts = np.unique(proposed[:, 2:], axis=0)
  for shift in progress(shifts, f'checking {len(proposed)} pairs of crops'):
    chosen = np.flatnonzero((proposed[:, 2:] == shift).all(axis=1))
    for start in range(0, len(chosen), texture.ROWS):
      part = chosen[start:start + texture.ROWS]
      i, j = proposed[part, 0], proposed[part, 1]
      for dy in range(shift[0] - 2, shift[0] + 3):
        for dx in range(shift[1] - 2, shift[1] + 3):
          score = texture.correlation(*_overlap(means, i, j, dy, dx))
          best[part] = np.maximum(best[part], score)
  sure = best >= texture.CONFIRM
  return proposed[sure, :2], best[sure]


def components(count, pairs):
  """Numbers connected nodes alike.

  Args:
    count: number of nodes.
    pairs: int [P, 2].

  Returns:
    int [count], group numbers from 0 in order of each group's first node.
  """
  pairs = np.asarray(pairs, int).reshape(-1, 2)
  graph = scipy.sparse.coo_array(
      (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
  _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
  _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
  return np.argsort(np.argsort(first))[inverse]
