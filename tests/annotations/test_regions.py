"""Boxes: what they cover, and how fractions of pixels become whole ones."""

import math

import numpy as np
import pytest

from pegan_jax.annotations.regions import Annotated, Box, Region, boxes_to_text
from pegan_jax.common.errors import UserError


def test_a_box_is_what_its_slices_cover():
  image = np.arange(20 * 30).reshape(20, 30)
  box = Box(3, 2, 10, 6)
  np.testing.assert_array_equal(image[box.slices], image[2:6, 3:10])
  assert image[box.slices].shape == (box.height, box.width) == (4, 7)
  assert box.shift(5, -1) == (8, 1, 15, 5)


def test_overlap_is_what_both_cover():
  rng = np.random.default_rng(0)
  some = 0
  for _ in range(100):
    pair = [Box(x, y, x + w, y + h) for x, y, w, h in rng.integers(1, 12, (2, 4))]
    inside = np.zeros((2, 25, 25), bool)
    for box, pixels in zip(pair, inside):
      pixels[box.slices] = True
    assert pair[0].overlap(pair[1]) == pair[1].overlap(pair[0]) == inside.all(0).sum()
    some += inside.all(0).any()
  assert 20 < some < 80


def test_boxes_are_rounded_outwards_and_clipped():
  assert Box(-5.5, 2.2, 10.1, 300).clip(100, 110) == (0, 2, 11, 100)
  assert Box(12, 7, 13, 8).clip(100, 110) == (12, 7, 13, 8)
  assert Box(12.3, 7.3, 12.7, 7.7).clip(100, 110) == (12, 7, 13, 8)
  for outside in (Box(120, 0, 130, 10), Box(-9, 0, -2, 10), Box(4, -9, 6, -1),
                  Box(4, 4, 4, 9)):
    clipped = outside.clip(100, 110)
    assert clipped.width * clipped.height == 0, outside
    assert np.zeros((100, 110))[clipped.slices].size == 0


def test_what_is_all_but_a_whole_pixel_is_that():
  assert Box(11.99999999, 7.00000001, 13.00000001, 7.99999999).clip(20, 20) == (
      12, 7, 13, 8)
  assert Box(12.02, 7, 12.98, 8.02).clip(20, 20) == (12, 7, 13, 9)


@pytest.mark.parametrize('digits, largest', [(6, 13_000), (8, 1_300_000)])
def test_a_number_of_digits_gives_whole_pixels_back(digits, largest):
  """The worst of centre and size rounded the same way: 0.75 of a last digit."""
  rng = np.random.default_rng(0)
  for _ in range(3000):
    side = int(rng.integers(1, largest + 1))
    low, high = sorted(rng.integers(0, side + 1, 2).tolist())
    if low == high:
      continue
    centre, size = (low + high) / 2 / side, (high - low) / side
    for down in (math.floor, math.ceil):  # Worse than any program rounds.
      for up in (math.floor, math.ceil):
        unit = 10 ** digits / 0.5
        c, s = down(centre * unit) / unit, up(size * unit) / unit
        box = Box((c - s / 2) * side, 0, (c + s / 2) * side, 1)
        assert box.clip(1, side) == (low, 0, high, 1), (side, low, high)


def test_only_fractions_are_scaled():
  said = [Region('a', Box(0.1, 0.25, 0.5, 1.0))]
  assert Annotated('a.txt', 1, 1, said).regions_in(40, 100) == [
      ('a', (10, 10, 50, 40), None, None)]
  for size in ((None, None), (40, 100)):
    image = Annotated('a.xml', *size, [Region('a', Box(10, 10, 120, 60.5), polygons=())])
    assert image.regions_in(40, 100) == [Region('a', Box(10, 10, 100, 40))]


def test_a_box_outside_of_its_image_is_refused_by_name():
  image = Annotated('b/a.xml', None, None, [Region('a', Box(0, 0, 9, 9)),
                                            Region('pit', Box(110, 10, 120.5, 60))])
  words = r'b/a.xml has a box of pit, from \(110, 10\) to \(120.5, 60\), .* 100 x 40 image'
  with pytest.raises(UserError, match=words):
    image.regions_in(40, 100)
  assert len(image.regions_in(40, 111)) == 2


@pytest.mark.parametrize('size', [(100, 40), (None, 99), (80, 200)])
def test_another_size_than_the_images_is_refused(size):
  image = Annotated('a.xml', *size, [Region('a', Box(0, 0, 9, 9))])
  with pytest.raises(UserError, match='a.xml says .* pixels, and it has 100 x 40:'):
    image.regions_in(40, 100)


def test_boxes_of_the_manifest():
  assert boxes_to_text([]) == ''
  assert boxes_to_text([Region('a', Box(1, 2, 3, 4)), Region('b', Box(0, 0, 9, 9))]
                       ) == '1 2 3 4; 0 0 9 9'


def test_polygons_become_pixels_and_widen_the_box():
  square = np.array([[2, 1], [6, 1], [6, 4], [2, 4]])
  inner, = Annotated('a', 5, 8, [Region('a', Box(3, 1, 5, 2), polygons=(square,))]
                     ).regions_in(5, 8)
  assert inner.box == (2, 1, 6, 4) and inner.mask.all() and inner.polygons is None
  corner, = Annotated('a', 1, 1, [Region('a', Box(0, 0, 1, 1), polygons=(
      np.array([[0, 0], [1, 0], [0, 1]]),))]).regions_in(4, 8)
  assert corner.box == (0, 0, 8, 4)
  np.testing.assert_array_equal(corner.mask.sum(1), [7, 5, 3, 1])
  cut, = Annotated('a', 5, 4, [Region('a', Box(2, 1, 6, 4), polygons=(square,))]
                   ).regions_in(5, 4)
  assert cut.box == (2, 1, 4, 4) and cut.mask.all()


def test_a_hairline_keeps_its_pixels():
  line = np.array([[1, 1.1], [5, 1.2], [5, 1.3]])
  region, = Annotated('a', 4, 8, [Region('a', Box(1, 1.1, 5, 1.3), polygons=(line,))]
                      ).regions_in(4, 8)
  assert region.box == (1, 1, 5, 2) and region.mask.all()


def test_a_mask_is_clipped_with_its_box():
  mask = np.arange(12).reshape(3, 4) % 2 == 0
  region, = Annotated('a', 9, 9, [Region('a', Box(-1, 7, 3, 10), mask)]).regions_in(9, 9)
  assert region.box == (0, 7, 3, 9)
  np.testing.assert_array_equal(region.mask, mask[:2, 1:])
