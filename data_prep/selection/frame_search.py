"""Finds the frames that crops were cut from, and the places in them.

`texture` says what is compared.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from data_prep.selection import texture

# Least correlation of averages of a crop and a frame, whose grids may lie two samples
# apart.
PROPOSE = 0.5
# A crop is looked for in a frame only if the coarse part of its texture is found there with
# a correlation of `_LOOK` or more. The coarse part is the projection of 12 x 12 averages on
# the `_COARSE` of their 144 principal directions that are strongest in the crops. Of NEU's
# pairs of a crop and a frame that leaves 9 in 100, and all of the 546 that are confirmed;
# `benchmarks.frame_search` measures it.
_COARSE = 48
_LOOK = 0.55
# Patches of a frame, and bytes of frames, at a time: memory stays bounded.
_PATCHES = 2**16
_BYTES = 2**27


def find(thumbs, frames):
  """Finds which frames crops were cut from, at the frames' own scale.

  In three steps, each with fewer crops. First the coarse part of a crop's texture says
  whether it may be in a frame. Then the crop's inner 48 x 48 samples, as 12 x 12 averages,
  are compared with the frame at every fourth sample, to propose places; two versions of
  them, (2, 2) samples apart, halve the distance to the nearest place. Last the inner
  56 x 56 decide. The rim is left out, as compression and scale change it most.

  Args:
    thumbs: float32 [N, 64, 64], from `texture.thumbnails`.
    frames: iterable of float32 [h, w], each a frame's `texture.thumbnail` with `side` the
      crops' side in the frame.

  Returns:
    (pairs, scores, corners): int [P, 2] of (crop, frame), float [P] correlations, and
    int [P, 2], where in the frame the crop's (top, left) lies, in samples; a few may
    lie outside of it.
  """
  means = _smooth(thumbs)
  # Version k begins 8 + k samples into the crop.
  templates = [(k, texture.unit(means[:, 8 + k:53 + k:4, 8 + k:53 + k:4]).T)
               for k in (0, 2)]
  coarse = _Coarse([columns for _, columns in templates])
  inner = texture.average(thumbs, 2)[:, 4:61:2, 4:61:2]
  pairs, scores, corners = [], [], []

  def find_in(frame):
    return _find_in(frame, coarse, templates, inner)

  frames, number = iter(frames), 0
  with texture.threads() as threads:
    while some := _take(frames):
      for number, found in enumerate(threads.map(find_in, some), start=number):
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
  return texture.average(np.pad(texture.average(thumbs, 4), rim, mode='edge'), 3)


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
      for start in range(0, len(most), texture.ROWS):
        block = slice(start, start + texture.ROWS)
        for columns in self._versions:
          scores = patches @ columns[:, block]
          np.maximum(most[block], scores.max(axis=0), out=most[block])
    return np.flatnonzero(most > _LOOK)


def _find_in(frame, coarse, templates, inner):
  """Returns [(crop, score, corner)] for one frame; see `find`."""
  if min(frame.shape) < 58:  # Of the averages: the inner 56 x 56.
    return []
  means, frame = _smooth(frame)[::4, ::4], texture.average(frame, 2)
  windows = sliding_window_view(means, (12, 12))
  best, among = {}, coarse.in_frame(windows)
  for offset, columns in templates:
    most, places = _best_patches(windows, columns[:, among])
    for chosen in np.flatnonzero(most > PROPOSE):
      index, place = among[chosen], np.divmod(places[chosen], windows.shape[1])
      # The inner 56 x 56 begin 4 samples into the crop; 3 more either way.
      y, x = (min(max(0, 4 * int(k) - 7 - offset), edge - 57)
              for k, edge in zip(place, frame.shape))
      spots = sliding_window_view(frame[y:y + 63, x:x + 63], (57, 57))[..., ::2, ::2]
      found = texture.correlation(inner[index], spots)
      down, right = np.divmod(found.argmax(), found.shape[1])
      best[int(index)] = max(
          (float(found.max()), (int(y + down) - 4, int(x + right) - 4)),
          best.get(int(index), (-1.0,)))
  return [(index, *rest) for index, rest in sorted(best.items())
          if rest[0] >= texture.CONFIRM]


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
    patches = texture.unit(windows[start:start + rows]).reshape(-1, 144)
    yield start * windows.shape[1], patches
