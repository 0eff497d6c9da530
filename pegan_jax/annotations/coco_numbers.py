"""Tells in which of several ways the numbers of a COCO file are meant."""

import numpy as np

# Pixels by which a box may miss the outlines that it is of, or the share of its longer
# side: some tools round it, or make an outline simpler.
_FITS, _SHARE = 1.5, 0.05

# Of boxes whose sides are longer than they are far from the left and the top, all of them:
# so many by chance are few, where most do not begin there.
_MANY, _OFF = 10, 0.2
CORNERS = ('images with boxes all of whose third and fourth numbers are larger than the '
           "first and the second: taken for COCO's [left, top, width, height]; where they "
           'are corners, write them so')

POINTS = ('images with outlines in COCO of one or two points, which enclose nothing: the '
          'boxes of these are used; where that is a click too many, remove them')


def may_be_corners(items):
  """Returns whether all boxes without an outline may as well be two corners."""
  boxes = [item['bbox'] for item in items if not item.get('segmentation')
           and isinstance(item.get('bbox'), list) and len(item['bbox']) == 4]
  try:
    boxes = np.array(boxes, float).reshape(-1, 2, 2)
  except (OverflowError, TypeError, ValueError):
    return False
  first, second = boxes[:, 0], boxes[:, 1]
  return len(boxes) >= _MANY and bool((second > first).all()) and bool(
      (np.median(first / second, axis=0) > _OFF).all())


def are_corners(items):
  """Returns whether all boxes without an outline are two corners, by areas beside them."""
  sides = []
  for item in items:
    box, area = item.get('bbox'), item.get('area')
    if isinstance(box, list) and len(box) == 4 and not item.get('segmentation'):
      try:
        left, top, right, bottom, area = map(float, (*box, area))
      except (OverflowError, TypeError, ValueError):
        return False
      sides.append((right * bottom, (right - left) * (bottom - top), area))
  if not sides or not np.isfinite(sides).all():
    return False
  as_sides, as_corners, areas = np.transpose(sides)
  return bool(np.allclose(areas, as_corners, rtol=0.01, atol=1)
              and not np.isclose(areas, as_sides, rtol=0.5).any())


def are_in_triples(items):
  """Returns whether no outline in annotations must be an x and a y for each point."""
  polygons = [polygon for item in items
              for said in [item.get('segmentation')] if isinstance(said, list)
              for polygon in said if isinstance(polygon, list) and len(polygon) > 6]
  try:
    return all(may_have_visibilities(np.array(polygon, float)) for polygon in polygons)
  except (OverflowError, TypeError, ValueError):
    return True  # What is wrong there is told of each.


def may_have_visibilities(polygon):
  """Returns whether [n, 2] may be an x, a y and whether it is seen for each point."""
  numbers = polygon.ravel()
  return (len(numbers) % 3 == 0 and len(numbers) > 6 and numbers.max() > 2
          and np.isin(numbers[2::3], (0, 1, 2)).all())


def fills(hull, box, image):
  """Returns whether outlines, by their hull, are as large as their box in the image."""
  return bool((np.abs(_excess(hull, box, image)) <= 1).all())


def fits(hull, box, image):
  """Returns whether a box holds its outlines, and is not written as two corners."""
  corners = np.array([box.left, box.top, box.width, box.height])
  return bool((_excess(hull, box, image) <= 1).all()) and (
      fills(hull, box, image) or np.abs(corners - hull).max() > _FITS)


def _excess(hull, box, image):
  """Returns how far a hull leaves a box at each side, in parts of what it may."""
  ends = (image.width or np.inf, image.height or np.inf)
  hull, box = (np.clip(np.reshape(x, (2, 2)), 0, ends) for x in (hull, box))
  return (hull - box) * [[-1], [1]] / max(_FITS, _SHARE * np.ptp(box, axis=0).max())
