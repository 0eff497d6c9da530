"""Finds which of many templates a patch shows, without comparing it with all.

An inverted file, as by Jegou et al. 2011, "Product quantization for nearest neighbor
search": the space of the templates is parted into cells around centres, which are learned
from the templates. Each template is listed in the cells that are nearest to it, a patch is
compared with those that are listed in its own. That is one comparison in sixteen.
"""

import numpy as np

# So few templates are all compared. Of more, each is listed in `_LISTED` of `_CELLS`: of
# 1,258 pairs of NEU's crops that leaves 1,252, see `benchmarks.frame_search`.
ALL = 2048
_CELLS, _LISTED = 512, 32
_LEARNED, _ROUNDS = 64 * _CELLS, 5  # Templates that the centres are learned from.
_SCORES = 2**19  # Scores at a time: they stay in the processor's cache.


class Cells:
  """Holds templates by their cells.

  Args:
    templates: float32 [N, d], unit vectors.
  """

  def __init__(self, templates):
    self._templates = templates
    if len(templates) <= ALL:
      self._centres, self._lists = None, [np.arange(len(templates))]
      return
    self._centres = _centres(templates)
    cells = np.concatenate([
        np.argpartition(-(part @ self._centres.T), _LISTED)[:, :_LISTED]
        for part in np.array_split(templates, 1 + len(templates) // _CELLS)])
    numbers = np.repeat(np.arange(len(templates)), _LISTED)
    order = np.argsort(cells.ravel(), kind='stable')
    ends = np.cumsum(np.bincount(cells.ravel(), minlength=_CELLS))
    self._lists = np.split(numbers[order], ends[:-1])

  def find(self, patches, least):
    """Finds the pairs of a patch and a template of its cell that are alike.

    Args:
      patches: float32 [n, d], unit vectors.
      least: the correlation above which they are.

    Returns:
      (patches, templates, scores): int [P], int [P] and float32 [P].
    """
    found = [(np.zeros(0, int), np.zeros(0, int), np.zeros(0, np.float32))]
    for rows, listed in self._by_cell(patches):
      templates = self._templates[listed].T
      step = 1 + _SCORES // max(1, len(listed))
      for start in range(0, len(rows), step):
        part = rows[start:start + step]
        scores = (patches[part] @ templates).ravel()
        alike = np.flatnonzero(scores > least)
        row, column = np.divmod(alike, len(listed))
        found.append((part[row], listed[column], scores[alike]))
    return tuple(map(np.concatenate, zip(*found)))

  def _by_cell(self, patches):
    """Yields the numbers of a cell's patches and of the templates listed in it."""
    if self._centres is None:
      yield np.arange(len(patches)), self._lists[0]
      return
    cells = (patches @ self._centres.T).argmax(axis=1)
    order = np.argsort(cells, kind='stable')
    ends = np.cumsum(np.bincount(cells, minlength=_CELLS))
    for rows, listed in zip(np.split(order, ends[:-1]), self._lists):
      if len(rows):
        yield rows, listed


def _centres(templates):
  """Learns unit vectors [_CELLS, d] that templates lie around, by spherical k-means."""
  chosen = np.random.default_rng(0).permutation(len(templates))[:_LEARNED]
  sample = templates[chosen]
  centres = sample[:_CELLS]
  for _ in range(_ROUNDS):
    nearest = (sample @ centres.T).argmax(axis=1)
    sums = np.zeros_like(centres)
    np.add.at(sums, nearest, sample)
    centres = sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-6)
  return centres
