"""Measures time and peak memory of the metrics on many images.

  python -m benchmarks.distances [--features 2048] [--fid_images 50000]
      [--pair_images 10000]

Each metric runs in its own process, so that nothing else adds to its peak memory, which
holds the features of both sides in float32. Prints the seconds, and the peak resident
memory of the whole process.
"""

import argparse
import resource
import subprocess
import sys
import time

BLOCK = 1000
PAIRS = ('kid', 'prdc', 'diversity', 'copies')


def _parts(seed, images, features):
  """Yields float32 features of a synthetic set, at most [BLOCK, features] at a time."""
  import numpy as np  # pylint: disable=g-import-not-at-top
  rng = np.random.default_rng(seed)
  scale = np.geomspace(1, 0.01, features, dtype=np.float32)
  for start in range(0, images, BLOCK):
    shape = (min(BLOCK, images - start), features)
    yield (rng.standard_normal(shape, np.float32) + 0.1 * seed) * scale


def _measure(name, images, features):
  """Runs one metric in this process and prints its line."""
  # Imported only in the measuring process: a child process starts with its parent's
  # peak memory.
  # pylint: disable=g-import-not-at-top
  import importlib
  import numpy as np
  module = importlib.import_module(f'pegan_jax.metrics.{name}')
  began = time.perf_counter()
  real, generated = (
      np.concatenate(list(_parts(seed, images, features))) for seed in (0, 1))
  values = module.METRIC.compute(real, generated)
  seconds = time.perf_counter() - began
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
  peak *= 1 if sys.platform == 'darwin' else 1024
  print(f'{name:10s} {images:6d} + {images} images, {features} features: '
        f'{seconds:7.1f} s, peak {peak / 1e9:.2f} GB; value '
        f'{", ".join(f"{v:.6g}" for v in values)}', flush=True)


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
  parser.add_argument('--features', type=int, default=2048)
  parser.add_argument('--fid_images', type=int, default=50_000)
  parser.add_argument('--pair_images', type=int, default=10_000)
  parser.add_argument('--only', choices=('fid', *PAIRS), help='this one, here')
  args = parser.parse_args()
  if args.only:
    images = args.fid_images if args.only == 'fid' else args.pair_images
    _measure(args.only, images, args.features)
    return
  for name in ('fid', *PAIRS):
    subprocess.run([sys.executable, '-m', 'benchmarks.distances', '--only',
                    name, *sys.argv[1:]], check=True)


if __name__ == '__main__':
  main()
