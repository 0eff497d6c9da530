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
  """
  name: str
  title: str
  better: str
  limits: tuple[float, float] = (0.0, float('inf'))


class Metric(NamedTuple):
  """A comparison of two sets of features.

  Attributes:
    figures: what `compute` returns, in order.
    compute: real features [n, D] and generated features [m, D], float, to a
      tuple of floats, one per figure. Raises UserError where it cannot.
    resample: None, or a function (real, generated, rng, repeats) ->
      [repeats, len(figures)] of bootstrap values; None leaves the interval to
      random half samples.
  """
  figures: tuple[Figure, ...]
  compute: Callable
  resample: Callable | None = None
