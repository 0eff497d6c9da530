"""Times the search for crops in frames, and for pairs of crops, with and without cells.

  python -m benchmarks.frame_search NEU-CLS-64 NEU-DET/IMAGES --crops 20000 --frames 8

CROPS and FRAMES are folders of images; where CROPS has fewer than asked for, windows of
other frames stand for the rest. Both searches run in turn on the same images.
"""

import argparse
import time

import numpy as np
import threadpoolctl

from data_prep.images import reading
from data_prep.selection import cells, frame_search, near_duplicates, texture

SIDE = 64  # Pixels of a crop.


def _thumbnail(path):
  return texture.thumbnail(reading.read_image(path, grey=True), SIDE)


def _crops(paths, frames, count, rng):
  """Returns [count, 64, 64] thumbnails, of the paths and of windows of frames."""
  crops = [_thumbnail(path) for path in rng.permutation(paths)[:count]]
  windows = []
  while len(crops) + len(windows) < count:
    image = reading.read_image(rng.choice(frames), grey=True)
    top, left = (rng.integers(n - SIDE + 1) for n in image.shape[:2])
    windows.append(texture.thumbnail(
        image[top:top + SIDE, left:left + SIDE], SIDE))
  return np.stack(crops + windows)


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('crops')
  parser.add_argument('frames')
  parser.add_argument('--crops', dest='count', type=int, default=3000)
  parser.add_argument('--frames', dest='num_frames', type=int, default=24)
  parser.add_argument('--seed', type=int, default=0)
  args = parser.parse_args()
  rng = np.random.default_rng(args.seed)
  paths = rng.permutation(reading.list_images(args.frames))
  searched, others = np.split(paths, [args.num_frames])
  frames = [_thumbnail(path) for path in searched]
  crops = _crops(reading.list_images(args.crops), others, args.count, rng)
  for what, search in (
      ('crops in frames', lambda: frame_search.find(crops, frames)[:2]),
      ('pairs of crops', lambda: near_duplicates.find_pairs(crops))):
    _compare(f'{len(crops)} crops, {len(frames)} frames, {what}', search)


def _compare(what, search):
  """Runs a search with all templates compared, and by their cells; prints both."""
  found, seconds = {}, {}
  for name, limit in (('all', 2**60), ('by cells', 0)):
    cells.ALL = limit
    began = time.perf_counter(), time.process_time()
    with threadpoolctl.threadpool_limits(1):  # As `data_prep.build` calls it.
      pairs, scores = search()
    seconds[name] = time.perf_counter() - began[0], time.process_time() - began[1]
    found[name] = dict(zip(map(tuple, pairs.tolist()), scores))
    print(f'{what}, {name}: {seconds[name][0]:.1f} s, {seconds[name][1]:.1f} s of the '
          f'processors, {len(pairs)} found', flush=True)
  every, some = found.values()
  lost = sorted((every[pair] for pair in every.keys() - some), reverse=True)
  print(f'{what}: {seconds["all"][0] / seconds["by cells"][0]:.2f} times as fast, '
        f'{seconds["all"][1] / seconds["by cells"][1]:.2f} by the processors; '
        f'{len(lost)} of {len(every)} lost' + (
            f', the highest of {lost[0]:.2f}' if lost else ''))


if __name__ == '__main__':
  main()
