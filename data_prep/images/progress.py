"""Tells how far the reading of many files is."""

import time

from tqdm import tqdm

from pegan_jax.common import terminal

_QUIET = 10  # Seconds between lines of progress where there is no terminal.


def progress(iterable, what, total=None):
  """Returns the iterable, with a progress bar, or a line now and then to no terminal.

  Args:
    iterable: what is worked on.
    what: the work, for people.
    total: number of steps, where the iterable has no length.
  """
  if total is None and hasattr(iterable, '__len__'):
    total = len(iterable)
  if terminal.has_bars():
    return tqdm(iterable, what, total, unit='', leave=False, dynamic_ncols=True)
  return _lines(iterable, what, total)


def _lines(iterable, what, total):
  began = told = time.monotonic()
  for k, value in enumerate(iterable, 1):
    yield value
    if time.monotonic() - told > _QUIET:
      told = time.monotonic()
      left = tqdm.format_interval((told - began) * ((total or k) - k) / k)
      terminal.say(f'{what}: {k}' + (f' of {total}, {left} left' if total else ''))
