"""How bright a class's real defects are, and when nobody knows."""

import numpy as np
import pytest

from pegan_jax.data import brightness


class Records:
  """Blots on grey ground, which shine: a level more each, from 20 on; the last is black."""

  def __init__(self, count, kind):
    self._kinds = [kind] * count
    self._regions = np.zeros((count, 32, 32, 1), np.uint8)
    self._regions[:, 12:20, 10:22] = 255
    if kind == 'none':
      self._regions[:] = 255
    levels = 20 + np.arange(count)
    levels[-1] = -100
    self._pixels = np.full((count, 32, 32, 1), 100)
    self._pixels[:, 12:20, 10:22] += levels[:, None, None, None]

  find = lambda self, label: np.arange(len(self._kinds))
  images = lambda self, indices: self._pixels[indices].astype(np.uint8)
  masks = lambda self, indices: self._regions[indices]
  annotations = lambda self, indices: [self._kinds[i] for i in indices]


@pytest.mark.parametrize('kind', ['mask', 'box'])
def test_a_class_of_bright_defects_is_bright(kind):
  # The range leaves out two in a hundred at each end: the black one is one in 101.
  assert brightness.usual(Records(101, kind), 0) == pytest.approx((21, 117))


@pytest.mark.parametrize('count, kind', [(9, 'mask'), (101, 'none')])
def test_of_few_and_of_those_that_are_not_annotated_nothing_is_known(count, kind):
  assert brightness.usual(Records(count, kind), 0) == (-np.inf, np.inf)
