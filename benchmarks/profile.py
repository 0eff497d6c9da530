"""Lists what an iteration's time goes to, operator by operator.

  python -m benchmarks.profile [--method pegan] [--image_size 64] [--width 1]
      [--dtype float32] [--top 15] [--trace FOLDER]

Runs compiled iterations under JAX's profiler. On a GPU the table has the kernels, and the
share of the time in which none ran; on a CPU the thunks of XLA's threads, whose sum can
be more than the time. --trace keeps the profile, for TensorBoard or Perfetto.
"""

import argparse
import collections
import pathlib
import re
import tempfile
import time

import jax

from benchmarks import iteration


def _events(folder):
  """Yields (name, begin, end in ns) of a profile's operators."""
  path, = pathlib.Path(folder).rglob('*.xplane.pb')
  for plane in jax.profiler.ProfileData.from_file(str(path)).planes:
    gpu = plane.name.startswith('/device:GPU')
    for line in plane.lines:
      if gpu and line.name.startswith('Stream') or (
          not gpu and line.name.startswith('tf_XLA')):
        for event in line.events:
          if not event.name.startswith('ThunkExecutor'):  # It waits for others.
            yield event.name, event.start_ns, event.end_ns


def _busy(spans):
  """Returns the length of the union of [begin, end] spans."""
  total, last = 0, 0
  for begin, end in sorted(spans):
    total += max(0, end - max(begin, last))
    last = max(last, end)
  return total


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  iteration.add_flags(parser)
  parser.add_argument('--top', type=int, default=15)
  parser.add_argument('--steps', type=int, default=5)
  parser.add_argument('--trace')
  args = parser.parse_args()
  config = iteration.configure(args)
  compiled, seconds, state, rest = iteration.compile_step(config)
  for _ in range(2):
    state, metrics = compiled(state, *rest)
  jax.block_until_ready(metrics)
  with tempfile.TemporaryDirectory() as folder:
    folder = args.trace or folder
    with jax.profiler.trace(folder):
      began = time.perf_counter()
      for _ in range(args.steps):
        state, metrics = compiled(state, *rest)
      jax.block_until_ready((state, metrics))
      wall = time.perf_counter() - began
    events = list(_events(folder))
    if not events:
      raise SystemExit('the profile has no operators')
  totals, counts = collections.Counter(), collections.Counter()
  for name, begin, end in events:
    name = re.sub(r'[._]\d+', '', name)  # XLA numbers its operators.
    totals[name] += (end - begin) / 1e6 / args.steps
    counts[name] += 1 / args.steps
  print(iteration.describe(config) + f'; compiled in {seconds:.1f} s')
  busy = _busy([(begin, end) for _, begin, end in events]) / 1e9
  print(f'{1e3 * wall / args.steps:.2f} ms an iteration in the profile; '
        f'{busy / wall:.0%} of it some operator ran; {sum(counts.values()):.0f} operators')
  for name, total in totals.most_common(args.top):
    print(f'{total:9.3f} ms {total / sum(totals.values()):6.1%} {counts[name]:7.1f} times  '
          f'{name[:100]}')


if __name__ == '__main__':
  main()
