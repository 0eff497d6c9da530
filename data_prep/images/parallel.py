"""Works on many things in threads, in order, with few of them in memory."""

import collections
from concurrent import futures
import os

from data_prep.images import decoding

_PIXELS = 2**26  # Of images that are read at a time, where these are several.


def cores():
  """Returns how many cores this process may use."""
  if hasattr(os, 'sched_getaffinity'):  # Not on every system.
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


def each(function, items, weight=lambda item: 0, most=1):
  """Yields function(item) of each item in order, computed a few ahead in threads.

  Args:
    function: is called in threads; what it raises is raised here, in its turn.
    items: iterable; is read in this thread, no further ahead than there are cores.
    weight: function of an item.
    most: what those that are worked on may weigh together, if they are several.
  """
  count, waiting = cores(), collections.deque()
  with futures.ThreadPoolExecutor(count) as threads:
    try:
      for item in items:
        own = weight(item)
        while waiting and (len(waiting) >= 2 * count
                           or own + sum(held for held, _ in waiting) > most):
          yield waiting.popleft()[1].result()
        waiting.append((own, threads.submit(function, item)))
      while waiting:
        yield waiting.popleft()[1].result()
    finally:
      for _, future in waiting:
        future.cancel()


def each_file(function, paths):
  """Yields function(path) of each image file, as `each`; of large ones fewer at a time."""
  return each(function, paths, decoding.count_pixels, _PIXELS)
