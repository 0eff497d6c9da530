"""Types of metrics; each metric is one file and one line in the package's registry."""

from collections.abc import Callable
from typing import NamedTuple


class Figure(NamedTuple):
  """One number that a metric computes.

  Attributes:
    name: its key in JSON.
    title: its heading in tables and charts.
    better: 'lower', 'higher', 'real' (the nearer to the floor the better), or ''
      where none of these is.
    limits: the range of its values; intervals are cut to it.
    shifts: whether it shifts where one side has more images than the other.
  """
  name: str
  title: str
  better: str
  limits: tuple[float, float] = (0.0, float('inf'))
  shifts: bool = False


class Metric(NamedTuple):
  """A comparison of two sets of features.

  Attributes:
    figures: what `compute` returns, in order.
    compute: real features [n, D] and generated features [m, D], float, to a
      tuple of floats, one per figure. Raises UserError where it cannot.
    resample: None, or a function (real, generated, rng, repeats) ->
      [repeats, len(figures)] of bootstrap values; None leaves the interval to
      random half samples.
    doubt: None, or a function (images on the smaller side, D) -> a sentence on why so
      few tell little, and what to read instead; '' where they are enough.
  """
  figures: tuple[Figure, ...]
  compute: Callable
  resample: Callable | None = None
  doubt: Callable[[int, int], str] | None = None
