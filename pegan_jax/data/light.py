"""Tells which light lies on the ground around a defect.

With the light, the levels of a defect and of its ground change by the same factor. So a
defect that was photographed under another light differs from its ground by the same share
of it, and by other levels. On black ground shares would be endless: 32 levels are added.
"""

_ADDED = 32  # Levels of 255.


def of_levels(ground):
  """Returns the light in levels: of the ground's mean level in [0, 255], of any shape."""
  return ground + _ADDED


def of_values(ground):
  """Returns the same in units of [-1, 1], of the ground's mean value in that range."""
  return ground + 1 + _ADDED / 127.5
