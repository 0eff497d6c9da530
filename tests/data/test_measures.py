"""Measures of a defect in its region, by hand."""

import numpy as np
import pytest

from pegan_jax.data import measures


@pytest.fixture
def square():
  region = np.zeros((64, 64), bool)
  region[24:40, 24:40] = True
  return region


def test_distances_count_pixels_from_the_outline(square):
  found = measures.distances(square)
  assert list(found[32, 20:28]) == [4, 3, 2, 1, 0, -1, -2, -3]
  assert (measures.distances(square | True) == -np.inf).all()
  assert (measures.distances(square & False) == np.inf).all()


def test_contrast_is_the_distance_of_two_distributions():
  levels = np.arange(100.0)
  assert measures.contrast(levels + 20, levels) == pytest.approx(20)
  assert measures.contrast(levels, levels[::-1]) == 0
  # As bright on average, and another texture: 25 from 0 to 50 and to 100.
  assert measures.contrast(np.repeat([0.0, 100.0], 50), np.full(100, 50.0)) == 50
  assert np.isnan(measures.contrast(levels, levels[:3]))


def test_the_ground_begins_behind_the_edge(square):
  image = np.full(square.shape, 7.0)
  image[22:42, 22:42] = 200  # Two pixels around the region.
  assert set(measures.ground(image, measures.distances(square))) == {7.0}
  whole = measures.distances(square | True)
  assert not measures.ground(image, whole).size
  assert np.isnan(measures.seam(image, square | True, whole))


def test_a_seam_is_a_line_along_the_edge_and_no_steep_defect(square):
  away = measures.distances(square)
  flat = np.full(square.shape, 100.0)
  assert measures.seam(flat, square, away) == 0
  dark = np.where(square, 40.0, 100.0)
  # 30 levels a pixel on either side of the outline; at a corner, both ways.
  assert 30 / 61 < measures.seam(dark, square, away) < 34 / 61
  line = np.where((away >= 1) & (away < 2), 40.0, 100.0)
  assert measures.seam(line, square, away) > 15


def test_extent_of_bars_is_that_of_their_sides():
  inside = np.zeros((64, 64), bool)
  inside[10:14, 20:40] = True
  assert measures.extent(inside, boxed=False) == pytest.approx((80, 5))
  inside[12:14, 20:39] = False  # A corner is missing, and the box stays.
  assert measures.extent(inside, boxed=True) == pytest.approx((80, 5))
  assert measures.extent(inside, boxed=False)[0] == 42
  slanted = np.eye(64, dtype=bool)
  assert measures.extent(slanted, boxed=False)[1] > 30
