"""Says how long the stages take on this machine, and what is left of that."""

import contextlib
import time

import numpy as np

from pegan_jax.common import terminal

_TIMED = 64  # Images that are timed, twice.


def pace(extractor):
  """Returns the seconds that a feature network takes for an image here, once compiled."""
  images = np.zeros((_TIMED, 64, 64, 1), np.uint8)
  extractor(images)  # Compiles.
  seconds = []
  for _ in range(2):
    began = time.perf_counter()
    extractor(images)
    seconds.append((time.perf_counter() - began) / _TIMED)
  return min(seconds)


def about(seconds):
  """Returns a time in words, as exact as a forecast is."""
  minutes = round(seconds / 60)
  if minutes < 1:
    return 'less than a minute'
  if minutes < 100:
    return f'about {minutes} minute{"s" * (minutes > 1)}'
  return f'about {seconds / 3600:.0f} hours'


class Clock:
  """Compares stages with their forecast, and corrects that of the others.

  Args:
    forecast: {stage: seconds}, in order; 0 for what is done already.
  """

  def __init__(self, forecast):
    self._forecast, self._taken = forecast, {}

  def plan(self, what):
    """Returns lines on all stages; `what` says more of some: {stage: text}."""
    lines = ['What will be done, and how long it takes on this machine:']
    for number, (stage, seconds) in enumerate(self._forecast.items(), 1):
      more = f' ({what[stage]})' if stage in what else ''
      lines.append(f'  {number}. {stage}{more}: '
                   + (about(seconds) if seconds else 'done already'))
    return lines + [f'In all {about(sum(self._forecast.values()))}. Stop it when you like: '
                    'the same command goes on.']

  @contextlib.contextmanager
  def timed(self, stage):
    """Says that a stage begins and what is left of all, and notes how long it takes."""
    order, seconds = list(self._forecast), self._forecast[stage]
    if seconds:
      terminal.say(f'stage {order.index(stage) + 1} of {len(order)}: {stage}; '
                   f'{about(self.left(stage))} left in all')
    began = time.perf_counter()
    yield
    if seconds:
      self._taken[stage] = time.perf_counter() - began

  def left(self, stage):
    """Returns the seconds from a stage's begin to the end of all.

    The forecast is corrected by what the stages before took, the more of all they were.
    """
    order = list(self._forecast)
    rest = sum(self._forecast[name] for name in order[order.index(stage):])
    expected = sum(self._forecast[name] for name in self._taken)
    return rest * (sum(self._taken.values()) + rest) / ((expected + rest) or 1)
