"""Times `data_prep.build` as sets grow: seconds, peak memory, and the ratio to linear.

  python -m benchmarks.build_scale
  python -m benchmarks.build_scale --sizes 100x100 200x100

Each size is CROPSxFRAMES: crops of 64 x 64 pixels in two classes, of which every tenth is
cut from a frame, and annotated frames of 200 x 200. They are drawn, not real, into a
temporary folder. The ratio compares seconds of the processors per image with those of the
first size.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image
import scipy

SIDE, FRAME = 64, 200


def _steel(rng, size):
  """Returns grain that is longer than wide, uint8 [size, size]."""
  grain = scipy.ndimage.gaussian_filter(rng.normal(size=(size, size)), (2.5, 1.2))
  return np.clip(120 + 170 * grain, 0, 255).astype(np.uint8)


def _draw(folder, crops, frames):
  """Saves a set below a folder; returns the command that builds it."""
  rng = np.random.default_rng(0)
  for name in ('frames', 'crops/a', 'crops/b'):
    (folder / name).mkdir(parents=True)
  cut = []
  for k in range(frames):
    frame = _steel(rng, FRAME)
    Image.fromarray(frame).save(folder / 'frames' / f'{k}.jpg', quality=90)
    (folder / 'frames' / f'{k}.txt').write_text('0 0.5 0.5 0.2 0.2\n')
    if len(cut) < crops // 10:
      y, x = rng.integers(0, FRAME - SIDE + 1, 2)
      cut.append(frame[y:y + SIDE, x:x + SIDE])
  (folder / 'frames' / 'classes.txt').write_text('a\n')
  for k in range(crops):
    crop = cut[k] if k < len(cut) else _steel(rng, SIDE)
    Image.fromarray(crop).save(folder / 'crops' / 'ab'[k % 2] / f'{k}.jpg', quality=90)
  return [sys.executable, '-m', 'data_prep.build', '--defects', folder / 'crops',
          '--images', folder / 'frames', '--out', folder / 'out', '--per_class', '0',
          '--at_most']


def _run(command):
  """Returns (seconds, seconds of the processors, peak GB) of a command."""
  began = time.perf_counter()
  # By wait4, as only that tells of one child, not of all.
  with subprocess.Popen(list(map(str, command))) as process:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
  if process.returncode:
    sys.exit(f'{command} failed')
  return (time.perf_counter() - began, usage.ru_utime + usage.ru_stime,
          usage.ru_maxrss * 1024 / 1e9)


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('--sizes', nargs='+',
                      default=['1000x1000', '5000x1000', '20000x5000'])
  first = None
  for size in parser.parse_args().sizes:
    crops, frames = map(int, size.split('x'))
    with tempfile.TemporaryDirectory() as folder:
      seconds, busy, memory = _run(_draw(pathlib.Path(folder), crops, frames))
    each = busy / (crops + frames)
    first = first or each
    print(f'{crops} crops, {frames} frames: {seconds:.0f} s, {busy:.0f} s of the '
          f'processors, {memory:.2f} GB, {each / first:.2f} times linear', flush=True)


if __name__ == '__main__':
  main()
