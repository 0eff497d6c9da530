"""Polygons of pixels: exactly these, without holes."""

import numpy as np
import pytest

from pegan_jax.annotations import outlines, pixels
from pegan_jax.annotations.regions import Box, Region


def _area(polygon):
  """By the shoelace formula; above 0 where the corners go clockwise, y downwards."""
  x, y = polygon.T
  return (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2


@pytest.mark.parametrize('seed', range(40))
def test_polygons_hold_exactly_the_pixels(seed):
  rng = np.random.default_rng(seed)
  shape = rng.integers(1, 30, 2)
  mask = rng.random(shape) < rng.choice([0.05, 0.4, 0.6, 0.9, 1])
  mask[0, 0] = True
  found = outlines.trace(mask)
  np.testing.assert_array_equal(pixels.fill(found, *shape), mask)
  areas = [_area(polygon) for polygon in found]
  # None is inside another: a hole would be below 0, what overlaps above the count.
  assert min(areas) > 0 and sum(areas) == mask.sum()


def test_corners_are_in_pixel_edges_and_only_where_it_turns():
  mask = np.zeros((5, 6), bool)
  mask[1:4, 2:5] = True
  mask[1, 2] = False
  polygon, = outlines.trace(mask)
  assert polygon.tolist() == [[5, 1], [5, 4], [2, 4], [2, 2], [3, 2], [3, 1]]


def test_what_has_a_hole_is_cut_and_corners_that_touch_are_two():
  ring = np.ones((3, 3), bool)
  ring[1, 1] = False
  assert sorted(map(_area, outlines.trace(ring))) == [3, 5]
  assert len(outlines.trace(np.eye(3, dtype=bool))) == 3
  assert outlines.trace(np.zeros((3, 3), bool)) == []


def test_a_regions_are_in_the_image():
  square = np.ones((2, 2), bool)
  polygon, = outlines.of(Region('a', Box(5, 7, 7, 9), square))
  assert polygon.tolist() == [[7, 7], [7, 9], [5, 9], [5, 7]]
  triangle = np.array([[0, 0], [3.5, 0], [0, 3]])
  assert outlines.of(Region('a', Box(0, 0, 4, 3), square, (triangle,))) == [triangle]
  assert outlines.of(Region('a', Box(0, 0, 4, 3))) == []
