"""Finds crops that show the same place, and the frames they come from.

Two crops are near-duplicates if they are cut from one raw frame a few pixels apart,
whatever happened to them since: noise, JPEG, brightness, contrast, a scale that
differs by up to five percent. A random split would put one in train and the other in
test. What decides is the fine texture: high-passed, its local contrast evened out so
that a bright scratch weighs no more than the grain beside it, and with the mean of
every row and column taken off, so that lines along the rolling direction, which look
alike in different frames, do not count. Flat images match nothing.

Images are compared at 64 x 64 samples per crop, whatever their size: averages over 2 x 2
samples decide, averages over 4 x 4 propose. The thresholds were set on NEU's frames,
by shifted crops of one frame, with noise and JPEG, against crops of other frames.
"""

from concurrent import futures
import os

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
import scipy

SIDE = 64  # Samples along a crop.
SHIFT = 16  # Largest shift searched between two crops, in samples: a quarter.
GRAIN = 2.0  # Grey levels: texture weaker than that counts for less.
# Least correlations: PROPOSE of 4 x 4 averages for a pair of crops, PROPOSE_FRAME for a
# crop and a frame (whose grids may lie two samples apart), and CONFIRM of 2 x 2 averages
# at the best shift, for the same place. Between 0.55 and 0.65 lie noisy copies and, now
# and then, slanting lines that look alike: grouping those does less harm than missing
# the copies.
PROPOSE = 0.6
PROPOSE_FRAME = 0.5
CONFIRM = 0.55
# Crops are looked for in a frame where the coarse part of their texture is found: of the
# 144 directions of 12 x 12 averages the `_COARSE` that templates have most of, and the
# least correlation there. Of NEU's crops and frames that leaves 9 in 100, and all of the
# 546 that are confirmed; `benchmarks.frame_search` measures it.
_COARSE = 48
_LOOK = 0.55
_ROWS = 256  # Templates at a time: the scores stay in the processor's cache.
# Patches of a frame, and bytes of frames, at a time: memory stays bounded.
_PATCHES = 2**16
_BYTES = 2**27


def _center(patches):
  """Takes the means of rows and columns off the last two axes."""
  return (patches - patches.mean(axis=-1, keepdims=True)
          - patches.mean(axis=-2, keepdims=True)
          + patches.mean(axis=(-2, -1), keepdims=True))


def _unit(patches):
  """Centres patches [..., h, w] and returns them as unit vectors [..., h * w].

  The small constant keeps flat patches near zero, so that they match nothing.
  """
  flat = _center(patches).reshape(*patches.shape[:-2], -1)
  norm = np.linalg.norm(flat, axis=-1, keepdims=True)
  return flat / (norm + 0.005 * flat.shape[-1] ** 0.5)


def _correlation(a, b):
  """Correlates patches [..., h, w] pair by pair; returns [...] in [-1, 1]."""
  return (_unit(a) * _unit(b)).sum(axis=-1)


def _average(thumbs, size):
  """Averages size x size samples of [..., h, w] at every position that has them."""
  rows = _sum([thumbs[..., k:thumbs.shape[-2] - size + 1 + k, :] for k in range(size)])
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
  return np.stack([thumbnail(item.image, item.image.shape[0]) for item in items])


def _threads():
  return futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1))


def _propose(thumbs):
  """Proposes pairs, int [P, 4] of (i, j, dy, dx): i's middle is in j at a shift.

  i's middle, 32 samples wide, is compared as 8 x 8 averages with j's at shifts of
  4; four versions of it, 2 samples apart, make that shifts of 2. Of each pair
  i < j the best shift is kept.
  """
  means = _average(thumbs, 4)
  def middle(dy, dx):
    """Returns the middle's averages, read (dy, dx) samples further on: [N, 64]."""
    y, x = SHIFT + dy, SHIFT + dx
    return _unit(means[:, y:y + 2 * SHIFT - 3:4, x:x + 2 * SHIFT - 3:4])
  count, shifts = len(thumbs), range(-SHIFT, SHIFT + 1, 4)
  phases = [(py, px, middle(py, px)) for py in (0, 2) for px in (0, 2)]

  def find(dy):
    """Returns [p, 5] of the pairs at shifts down by `dy`, their scores last."""
    scores, found = np.empty(_ROWS * count, np.float32), [np.zeros((0, 5))]
    for dx in shifts:
      moved = middle(dy, dx).T
      for py, px, templates in phases:
        for start in range(0, count, _ROWS):
          block = templates[start:start + _ROWS]
          out = scores[:len(block) * (count - start)].reshape(len(block), -1)
          np.matmul(block, moved[:, start:], out=out)
          flat = np.flatnonzero(out > PROPOSE)
          i, j = np.divmod(flat, out.shape[1])
          columns = [start + i, start + j, 0 * i + dy - py, 0 * i + dx - px,
                     out.ravel()[flat]]
          found.append(np.stack(columns, axis=1)[i < j])
    return np.concatenate(found)

  with _threads() as threads:
    found = list(threads.map(find, shifts))
  found = np.concatenate(found)
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
    thumbs: float32 [N, 64, 64], from `thumbnails`.

  Returns:
    (pairs, scores): int [P, 2] with i < j, sorted, and float [P], the correlation
    on the overlap (at least half of the crop) at the best shift.
  """
  proposed = _propose(thumbs)
  means = _average(thumbs, 2)
  best = np.full(len(proposed), -1.0)
  for shift in np.unique(proposed[:, 2:], axis=0):
    chosen = np.flatnonzero((proposed[:, 2:] == shift).all(axis=1))
    for start in range(0, len(chosen), _ROWS):
      part = chosen[start:start + _ROWS]
      i, j = proposed[part, 0], proposed[part, 1]
      for dy in range(shift[0] - 2, shift[0] + 3):
        for dx in range(shift[1] - 2, shift[1] + 3):
          score = _correlation(*_overlap(means, i, j, dy, dx))
          best[part] = np.maximum(best[part], score)
  sure = best >= CONFIRM
  return proposed[sure, :2], best[sure]


def find_in_frames(thumbs, frames):
  """Finds which frames crops were cut from, at the frames' own scale.

  The inner 48 x 48 of a crop proposes, as 12 x 12 averages at every fourth sample
  of a frame; two versions of it, (2, 2) samples apart, halve the distance to the
  nearest. Most crops are put aside before, by the coarse part alone. The inner
  56 x 56 decides: compression and scale tell most at the rim.

  Args:
    thumbs: float32 [N, 64, 64], from `thumbnails`.
    frames: iterable of float32 [h, w], each a frame's `thumbnail` with `side` the
      crops' side in the frame.

  Returns:
    (pairs, scores, corners): int [P, 2] of (crop, frame), float [P] correlations, and
    int [P, 2], where in the frame the crop's (top, left) lies, in samples; a few may
    lie outside of it.
  """
  means = _smooth(thumbs)
  # Version k begins 8 + k samples into the crop.
  templates = [(k, _unit(means[:, 8 + k:53 + k:4, 8 + k:53 + k:4]).T) for k in (0, 2)]
  coarse = _Coarse([columns for _, columns in templates])
  inner = _average(thumbs, 2)[:, 4:61:2, 4:61:2]
  pairs, scores, corners = [], [], []

  def find(frame):
    return _find_in_frame(frame, coarse, templates, inner)

  frames, number = iter(frames), 0
  with _threads() as threads:
    while some := _take(frames):
      for number, found in enumerate(threads.map(find, some), start=number):
        pairs += [(index, number) for index, *_ in found]
        scores += [score for _, score, _ in found]
        corners += [corner for *_, corner in found]
      number += 1
  return (np.array(pairs, int).reshape(-1, 2), np.array(scores),
          np.array(corners, int).reshape(-1, 2))


def _take(frames):
  """Returns the next 32 of an iterator of arrays, or fewer that are `_BYTES` in all."""
  taken, size = [], 0
  while len(taken) < 32 and size < _BYTES:
    frame = next(frames, None)
    if frame is None:
      break
    taken.append(frame)
    size += frame.nbytes
  return taken


def _smooth(thumbs):
  """Returns 4 x 4 averages, smoothed more, so that half a grid step changes less."""
  rim = [(0, 0)] * (thumbs.ndim - 2) + [(1, 1)] * 2
  return _average(np.pad(_average(thumbs, 4), rim, mode='edge'), 3)


class _Coarse:
  """Tells which crops may be in a frame, by few of their templates' directions.

  Args:
    versions: of the crops' templates, float32 [144, N] each, unit vectors.
  """

  def __init__(self, versions):
    _, directions = np.linalg.eigh(versions[0] @ versions[0].T)
    self._directions = directions[:, -_COARSE:].astype(np.float32)
    self._versions = [self._project(columns.T).T for columns in versions]

  def _project(self, patches):
    """Returns the coarse part of [n, 144] patches as unit vectors."""
    part = patches @ self._directions
    return part / (np.linalg.norm(part, axis=1, keepdims=True) + 1e-6)

  def in_frame(self, windows):
    """Returns the indices of the crops that may be among [h, w, 12, 12] windows."""
    most = np.full(self._versions[0].shape[1], -np.inf, np.float32)
    for _, patches in _patches(windows):
      patches = self._project(patches)
      for start in range(0, len(most), _ROWS):
        block = slice(start, start + _ROWS)
        for columns in self._versions:
          scores = patches @ columns[:, block]
          np.maximum(most[block], scores.max(axis=0), out=most[block])
    return np.flatnonzero(most > _LOOK)


def _find_in_frame(frame, coarse, templates, inner):
  """Returns [(crop, score, corner)] for one frame; see `find_in_frames`."""
  if min(frame.shape) < 58:  # Of the averages: the inner 56 x 56.
    return []
  means, frame = _smooth(frame)[::4, ::4], _average(frame, 2)
  windows = sliding_window_view(means, (12, 12))
  best, among = {}, coarse.in_frame(windows)
  for offset, columns in templates:
    most, places = _best_patches(windows, columns[:, among])
    for chosen in np.flatnonzero(most > PROPOSE_FRAME):
      index, place = among[chosen], np.divmod(places[chosen], windows.shape[1])
      # The inner 56 x 56 begin 4 samples into the crop; 3 more either way.
      y, x = (min(max(0, 4 * int(k) - 7 - offset), edge - 57)
              for k, edge in zip(place, frame.shape))
      spots = sliding_window_view(frame[y:y + 63, x:x + 63], (57, 57))[..., ::2, ::2]
      found = _correlation(inner[index], spots)
      down, right = np.divmod(found.argmax(), found.shape[1])
      best[int(index)] = max(
          (float(found.max()), (int(y + down) - 4, int(x + right) - 4)),
          best.get(int(index), (-1.0,)))
  return [(index, *rest) for index, rest in sorted(best.items()) if rest[0] >= CONFIRM]


def _best_patches(windows, columns):
  """Returns the best score of each column with the patches [h, w, 12, 12], and where.

  That is, float [columns] and int [columns], the first such place in reading order.
  """
  most, places = np.full(columns.shape[1], -np.inf), np.zeros(columns.shape[1], int)
  for first, patches in _patches(windows):
    scores = patches @ columns
    found = scores.max(axis=0)
    better = found > most
    places[better] = first + scores[:, better].argmax(axis=0)
    most = np.maximum(most, found)
  return most, places


def _patches(windows):
  """Yields [h, w, 12, 12] windows as [n, 144] unit vectors, and the number of the first."""
  rows = max(1, _PATCHES // windows.shape[1])
  for start in range(0, len(windows), rows):
    yield start * windows.shape[1], _unit(windows[start:start + rows]).reshape(-1, 144)


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
