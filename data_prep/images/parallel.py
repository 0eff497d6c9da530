"""Works on many things in threads, in order, with few of them in memory."""

import collections
from concurrent import futures
import os

# Of files so large in all, one core's are read at a time: each may take a hundredfold.
_BYTES = 2**26


def each(function, items, most=None):
  """Yields function(item) of each item in order, computed a few ahead in threads.

  Args:
    function: is called in threads; what it raises is raised here, in its turn.
    items: iterable; is read in this thread.
    most: how many at a time; as many as there are cores without it.
  """
  count = min(most or len(os.sched_getaffinity(0)), len(os.sched_getaffinity(0)))
  waiting = collections.deque()
  with futures.ThreadPoolExecutor(count) as threads:
    try:
      for item in items:
        waiting.append(threads.submit(function, item))
        if len(waiting) > count:
          yield waiting.popleft().result()
      while waiting:
        yield waiting.popleft().result()
    finally:
      for future in waiting:
        future.cancel()


def each_file(function, paths):
  """Yields function(path) of each path, as `each`; large files fewer at a time."""
  largest = max((os.path.getsize(path) for path in paths if os.path.exists(path)),
                default=1)
  return each(function, paths, max(1, _BYTES // max(1, largest)))
