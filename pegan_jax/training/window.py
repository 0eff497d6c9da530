"""Collects the metrics between two reports."""

import contextlib
import math
import time

import jax
import numpy as np


class Window:
  """The metrics since the last report, left on the device until it is due."""

  def __init__(self):
    self._clear()

  def _clear(self):
    self._steps = []
    self._began = time.perf_counter()
    self._waited = 0.0

  @contextlib.contextmanager
  def paused(self):
    """Leaves what happens inside out of the time a step takes."""
    jax.block_until_ready([m for _, m in self._steps])
    paused = time.perf_counter()
    yield
    self._began += time.perf_counter() - paused

  def add(self, step, metrics, waited):
    """Adds a step's metrics, and the seconds that it waited for its batch."""
    self._steps.append((step, metrics))
    self._waited += waited

  def check(self, checkpoints):
    """Fetches what has arrived; UserError at the first value that is not finite."""
    self._steps = [(s, jax.device_get(m)) for s, m in self._steps]
    for step, metrics in self._steps:
      for name, metric in metrics.items():
        if metric.count and not math.isfinite(metric.total):
          raise checkpoints.diverged(f'{name} is {metric.total}', step)

  def summary(self, images_per_step):
    """Returns the averages by name, with rates, and empties the window.

    What it has must have been fetched, by `check`.
    """
    seconds = (time.perf_counter() - self._began) / len(self._steps)
    scalars = {
        'time/seconds_per_step': seconds,
        'time/images_per_second': images_per_step / seconds,
        'time/input_share': self._waited / len(self._steps) / seconds,
    }
    total = jax.tree.map(lambda *x: np.sum(x, 0), *(m for _, m in self._steps))
    for name, metric in total.items():
      if metric.count:
        scalars[name] = float(metric.compute())
    self._clear()
    return scalars
