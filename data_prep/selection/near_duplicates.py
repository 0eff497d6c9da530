"""Finds crops that show the same place.

Two crops are near-duplicates if they are cut from one raw frame a few pixels apart,
whatever happened to them since: noise, JPEG, brightness, contrast, a scale that
differs by up to five percent. A random split would put one in train and the other in
test. `texture` says what is compared: averages over 4 x 4 samples propose.
"""

import itertools

import numpy as np

from data_prep.images import parallel
from data_prep.images.progress import progress
from data_prep.selection import cells, texture

SHIFT = 16  # Largest shift searched between two crops, in samples: a quarter.
PROPOSE = 0.6  # Least correlation of 4 x 4 averages of the middle.
# Of all that two crops share at the proposed shift. NEU's pairs that are confirmed have
# 0.46 or more; of the others, 1 in 20 has more than this.
_LOOK = 0.4
_BLOCK = 512  # Crops at a time.


def _propose(means):
  """Proposes pairs, int [P, 4] of (i, j, dy, dx): i's middle is in j at a shift.

  The middle of each crop, 32 samples wide, is compared as 8 x 8 averages with what others
  show at shifts of 4; four versions of it, 2 samples apart, make that shifts of 2. Of each
  pair i < j, the best shift of i's middle and the best of j's are kept: along an edge, one
  of the two may be far off.

  Args:
    means: float32 [N, 61, 61], averages of 4 x 4 samples.
  """
  count = len(means)
  phases = np.array(list(itertools.product((0, 2), (0, 2))))
  shifts = np.array(list(itertools.product(range(-SHIFT, SHIFT + 1, 4), repeat=2)))
  def middles(some, offsets):
    """Returns what some show (dy, dx) samples off their middles: [n * offsets, 64]."""
    views = [means[some, y:y + 2 * SHIFT - 3:4, x:x + 2 * SHIFT - 3:4]
             for y, x in SHIFT + offsets]
    return texture.unit(np.stack(views, axis=1)).reshape(-1, 64)
  templates = cells.Cells(middles(slice(None), phases))

  def find(start):
    """Returns [p, 5] of the pairs with one of a block, their scores last."""
    block = slice(start, start + _BLOCK)
    patches, found, scores = templates.find(middles(block, shifts), PROPOSE)
    j, shift = np.divmod(patches, len(shifts))
    i, phase = np.divmod(found, len(phases))
    columns = [i, start + j, shifts[shift] - phases[phase], scores]
    return _best(np.column_stack(columns)[i != start + j])[:, :4].astype(np.int32)

  starts = range(0, count, _BLOCK)
  found = np.concatenate(list(progress(
      parallel.each(find, starts), f'comparing {count} crops', len(starts))))
  swapped = found[:, 0] > found[:, 1]
  found[swapped] = found[swapped][:, [1, 0, 2, 3]] * (1, 1, -1, -1)
  return found


def _best(found):
  """Returns the rows (i, j, dy, dx, score), of each pair the one of the best score."""
  found = found[np.lexsort((-found[:, 4], found[:, 1], found[:, 0]))]
  first = np.ones(len(found), bool)
  first[1:] = (found[1:, :2] != found[:-1, :2]).any(axis=1)
  return found[first]


def _overlap(means, i, j, dy, dx, step):
  """Returns what i and j share if (y, x) in i is (y + dy, x + dx) in j, at a step."""
  def spans(shift):
    width = means.shape[-1] - abs(shift)
    return (slice(max(0, -shift), max(0, -shift) + width, step),
            slice(max(0, shift), max(0, shift) + width, step))
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
  means = texture.average(thumbs, 4)
  proposed = _propose(means)
  # A first look at the best shift, by all that they share.
  scores = np.empty(len(proposed))
  for part, shift in _by_shift(proposed):
    scores[part] = texture.correlation(
        *_overlap(means, *proposed[part, :2].T, *shift, 4))
  proposed = proposed[scores > _LOOK]
  means = texture.average(thumbs, 2)
  best = np.full(len(proposed), -1.0)
  for part, shift in progress(list(_by_shift(proposed)),
                              f'checking {len(proposed)} pairs of crops'):
    i, j = proposed[part, :2].T
    for dy in range(shift[0] - 2, shift[0] + 3):
      for dx in range(shift[1] - 2, shift[1] + 3):
        score = texture.correlation(*_overlap(means, i, j, dy, dx, 2))
        best[part] = np.maximum(best[part], score)
  found = _best(np.column_stack([proposed, best])[best >= texture.CONFIRM])
  return found[:, :2].astype(int), found[:, 4]


def _by_shift(proposed):
  """Yields some rows of one shift, as their numbers, and that shift (dy, dx)."""
  order = np.lexsort(proposed[:, :1:-1].T)
  shifts, starts = np.unique(proposed[order, 2:], axis=0, return_index=True)
  for shift, some in zip(shifts.tolist(), np.split(order, starts[1:])):
    for start in range(0, len(some), texture.ROWS):
      yield some[start:start + texture.ROWS], shift
