"""Tests of defects that are lit from one side."""

import numpy as np
import pytest

from data_prep.crops.cutting import Item
from data_prep.crops import shading


def _items(side, count=20, same=1.0, strength=60, **more):
  """Returns dents, brighter towards (x, y) = side; a share of them is, others are turned."""
  rng, items = np.random.default_rng(0), []
  y, x = np.mgrid[-1:1:32j, -1:1:32j]
  for k in range(count):
    mask = (x - rng.uniform(-.3, .3)) ** 2 + (y - rng.uniform(-.3, .3)) ** 2 < 0.3
    sign = 1 if k < same * count else -1
    image = 120 + rng.normal(0, 8, (32, 32)) + sign * strength * mask * (
        side[0] * x + side[1] * y)
    items.append(Item('dent', f'{k}.png', '', np.uint8(np.clip(image, 0, 255))[..., None],
                      mask=mask, **more))
  return items


@pytest.mark.parametrize('side, told', [
    ((1, 0), 'of dent on the right side;'), ((-1, 0), 'of dent on the left side;'),
    ((0, 1), 'of dent on the lower side;'), ((0, -1), 'of dent on the upper side;'),
    ((1, -1), 'of dent on the right side, 20 of 20 of dent on the upper side;')])
def test_the_bright_side_is_told(side, told):
  note, = shading.note(_items(side))
  assert f'20 of 20 {told}' in note and '--config.flip=False' in note


@pytest.mark.parametrize('items', [
    _items((1, 0), same=0.5), _items((1, 0), same=0.8), _items((1, 0), count=11),
    _items((1, 0), strength=0), []])
def test_what_is_lit_from_many_sides_is_not(items):
  assert not shading.note(items)


def test_most_of_them_tell():
  note, = shading.note(_items((1, 0), same=0.9))
  assert '18 of 20 of dent on the right side' in note
