"""Turns boxes as CVAT does, which keeps a box as it was drawn, and an angle beside it."""

import math

import numpy as np

from pegan_jax.annotations.regions import Box, Region


def turn(points, degrees):
  """Returns [n, 2], points as (x, y), turned clockwise around their middle."""
  cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
  middle = (points.min(0) + points.max(0)) / 2
  return middle + (points - middle) @ [[cos, sin], [-sin, cos]]


def region(name, box, degrees):
  """Returns the `Region` of a `Box`; a polygon where it is turned.

  Args:
    name: of the class.
    box: as it is before it is turned, with width and height.
    degrees: how far it is turned clockwise around its middle.
  """
  if not degrees:
    return Region(name, box)
  left, top, right, bottom = box
  points = turn(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]),
                degrees)
  return Region(name, Box(*points.min(0).tolist(), *points.max(0).tolist()),
                polygons=(points,))
