"""Finds the frames that crops were cut from, and the places in them.

`texture` says what is compared.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from data_prep.images import parallel
from data_prep.selection import cells, texture

# Least correlation of averages of a crop and a frame, whose grids may lie two samples
# apart.
PROPOSE = 0.5
_VERSIONS = 0, 2  # By so many samples further down and right a crop is read.
# Patches, and bytes of frames, at a time: memory stays bounded.
_PATCHES = 2**16
_BYTES = 2**25


def find(thumbs, frames):
  """Finds which frames crops were cut from, at the frames' own scale.

  First the crop's inner 48 x 48 samples, as 12 x 12 averages, are compared with the frame
  at every fourth sample, to propose places; two versions of them, (2, 2) samples apart,
  halve the distance to the nearest place. Then the inner 56 x 56 decide. The rim is left
  out, as compression and scale change it most.

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
  templates = cells.Cells(np.stack(
      [texture.unit(means[:, 8 + k:53 + k:4, 8 + k:53 + k:4]) for k in _VERSIONS],
      axis=1).reshape(-1, 144))
  inner = texture.average(thumbs, 2)[:, 4:61:2, 4:61:2]
  pairs, scores, corners = [], [], []

  def find_in(some):
    first, frames = some
    return [((crop, first + k), score, corner)
            for crop, k, places in _propose(frames, templates)
            for score, corner in [_best_corner(inner[crop], frames[k], places)]
            if score >= texture.CONFIRM]

  for found in parallel.each(find_in, _blocks(frames), _weight, 4 * _BYTES):
    pairs += [pair for pair, *_ in found]
    scores += [score for _, score, _ in found]
    corners += [corner for *_, corner in found]
  return (np.array(pairs, int).reshape(-1, 2), np.array(scores),
          np.array(corners, int).reshape(-1, 2))


def _blocks(frames):
  """Yields (number of the first, some frames in order), `_BYTES` or more, or the last."""
  some, first = [], 0
  for frame in frames:
    some.append(frame)
    if sum(frame.nbytes for frame in some) >= _BYTES:
      yield first, some
      some, first = [], first + len(some)
  yield first, some


def _weight(block):
  return sum(frame.nbytes for frame in block[1])


def _smooth(thumbs):
  """Returns 4 x 4 averages, smoothed more, so that half a grid step changes less."""
  rim = [(0, 0)] * (thumbs.ndim - 2) + [(1, 1)] * 2
  return texture.average(np.pad(texture.average(thumbs, 4), rim, mode='edge'), 3)


def _propose(frames, templates):
  """Returns [(crop, frame's number, [(y, x), ...])], in order: where it may begin.

  A version of a crop has one place, the one with the best score, the first of such.
  """
  best = {}
  for frame, ys, xs, patches in _patches(frames):
    rows, found, scores = templates.find(patches, PROPOSE)
    for row, template, score in zip(rows.tolist(), found.tolist(), scores.tolist()):
      key = int(frame[row]), template
      place = -score, 4 * int(ys[row]), 4 * int(xs[row])
      best[key] = min(place, best.get(key, place))
  places = {}
  for (k, template), (_, y, x) in sorted(best.items()):
    crop, version = divmod(template, len(_VERSIONS))
    begin = 8 + _VERSIONS[version]
    places.setdefault((k, crop), []).append((y - begin, x - begin))
  return [(crop, k, some) for (k, crop), some in places.items()]


def _best_corner(inner, frame, places):
  """Returns the best (correlation, (top, left)) of a crop near places in a frame.

  Args:
    inner: float32 [29, 29], averages of 2 x 2 samples of the crop's inner 56 x 56.
    frame: float32 [h, w], the frame.
    places: list of (top, left) of the crop in the frame.
  """
  best = -1.0, None
  for top, left in places:
    # The inner 56 x 56 begin 4 samples into the crop; 3 more either way.
    y, x = (min(max(0, edge + 1), size - 58)
            for edge, size in zip((top, left), frame.shape))
    part = texture.average(frame[y:y + 64, x:x + 64], 2)
    spots = sliding_window_view(part, (57, 57))[..., ::2, ::2]
    found = texture.correlation(inner, spots)
    down, right = np.divmod(found.argmax(), found.shape[1])
    best = max(best, (float(found.max()), (int(y + down) - 4, int(x + right) - 4)))
  return best


def _patches(frames):
  """Yields what the frames show at every fourth sample, `_PATCHES` or so at a time.

  Yields:
    (frames' numbers, y, x, patches): int [n] three times, in steps of 4 samples, and
    float32 [n, 144], unit vectors.
  """
  parts, count = [], 0
  for k, frame in enumerate(frames):
    if min(frame.shape) < 58:  # Of the averages: the inner 56 x 56.
      continue
    windows = sliding_window_view(_smooth(frame)[::4, ::4], (12, 12))
    step = max(1, _PATCHES // windows.shape[1])
    for start in range(0, len(windows), step):
      rows = windows[start:start + step]
      ys, xs = np.indices(rows.shape[:2]).reshape(2, -1)
      parts.append((np.full(len(ys), k), start + ys, xs,
                    texture.unit(rows).reshape(-1, 144)))
      count += len(ys)
      if count >= _PATCHES:
        yield tuple(map(np.concatenate, zip(*parts)))
        parts, count = [], 0
  if parts:
    yield tuple(map(np.concatenate, zip(*parts)))
