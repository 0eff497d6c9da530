"""Tells how far the reading of many files is."""

import time

from tqdm import tqdm

from pegan_jax.common import terminal

_QUIET = 10  # Seconds between lines of progress where there is no terminal.


def progress(iterable, what):
  """Returns the iterable, with a progress bar, or a line now and then to no terminal."""
  if terminal.has_bars():
    return tqdm(iterable, desc=what, unit='', leave=False, dynamic_ncols=True)
  return _lines(iterable, what)


def _lines(iterable, what):
  told = time.monotonic()
  for k, value in enumerate(iterable, 1):
    yield value
    if time.monotonic() - told > _QUIET:
      told = time.monotonic()
      of = f' of {len(iterable)}' if hasattr(iterable, '__len__') else ''
      terminal.say(f'{what}: {k}{of}')
