"""Times the search for crops in frames, with and without its coarse look.

  python -m benchmarks.frame_search NEU-CLS-64 NEU-DET/IMAGES --crops 20000 --frames 8

CROPS and FRAMES are folders of images; where CROPS has fewer than asked for, windows of
other frames stand for the rest. Both searches run in turn on the same images.
"""

import argparse
import time

import numpy as np
import threadpoolctl

from data_prep.images import reading
from data_prep.selection import frame_search, texture

SIDE = 64  # Pixels of a crop.


class _All:
  """Looks for every crop in every frame."""

  def __init__(self, versions):
    self._count = versions[0].shape[1]

  def in_frame(self, windows):
    del windows
    return np.arange(self._count)


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
  # pylint: disable=protected-access
  looks = {'all': _All, 'coarse first': frame_search._Coarse}
  found, seconds = {}, {}
  for name, look in looks.items():
    frame_search._Coarse = look
    began = time.perf_counter(), time.process_time()
    with threadpoolctl.threadpool_limits(1):  # As `data_prep.build` calls it.
      pairs, scores, _ = frame_search.find(crops, frames)
    seconds[name] = time.perf_counter() - began[0], time.process_time() - began[1]
    found[name] = dict(zip(map(tuple, pairs.tolist()), scores))
    print(f'{name}: {seconds[name][0] / len(frames):.3f} s per frame, '
          f'{seconds[name][1] / len(frames):.3f} s of the processors, {len(pairs)} found')
  every, some = found.values()
  lost = sorted((every[pair] for pair in every.keys() - some), reverse=True)
  print(f'{len(crops)} crops, {len(frames)} frames: '
        f'{seconds["all"][0] / seconds["coarse first"][0]:.2f} times as fast, '
        f'{seconds["all"][1] / seconds["coarse first"][1]:.2f} by the processors; '
        f'{len(lost)} of {len(every)} lost' + (
            f', the highest of {lost[0]:.2f}' if lost else ''))


if __name__ == '__main__':
  main()
