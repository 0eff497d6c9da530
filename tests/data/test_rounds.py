"""Members come equally often."""

import numpy as np
import pytest

from pegan_jax.data import rounds


@pytest.mark.parametrize('count', [0, 3, 7, 20])
def test_none_comes_twice_before_all_have_come(count):
  members = np.array([4, 9, 11, 12, 40, 41, 99])
  drawn = rounds.draw(np.random.default_rng(0), members, count)
  assert len(drawn) == count
  for first in range(0, count, 7):
    part = drawn[first:first + 7]
    assert len(set(part.tolist())) == len(part)
    assert set(part.tolist()) <= set(members.tolist())
  more = rounds.draw(np.random.default_rng(0), members, count + 5)
  np.testing.assert_array_equal(more[:count], drawn)
