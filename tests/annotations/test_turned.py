"""Boxes that CVAT turned, by what geometry says."""

import math

import numpy as np

from pegan_jax.annotations import turned
from pegan_jax.annotations.regions import Box, Region


def test_a_box_turns_clockwise_around_its_middle():
  region = turned.region('pit', Box(10, 10, 20, 12), 30)
  cos, sin = math.cos(math.radians(30)), 0.5
  # Down the screen goes what is to the right.
  upper_right = 15 + 5 * cos + 1 * sin, 11 + 5 * sin - 1 * cos
  np.testing.assert_allclose(region.polygons[0][1], upper_right)
  width, height = 10 * cos + 2 * sin, 10 * sin + 2 * cos
  np.testing.assert_allclose(region.box, (15 - width / 2, 11 - height / 2,
                                          15 + width / 2, 11 + height / 2))


def test_a_box_that_is_not_turned_stays_a_box():
  assert turned.region('pit', Box(1, 2, 3, 5), 0) == Region('pit', Box(1, 2, 3, 5))
