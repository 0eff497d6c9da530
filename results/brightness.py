"""Measures what share of generated defects is dark where real ones are bright, or bright
where they are dark.

  python -m results.brightness DATA runs/0/generated runs/1/generated runs/2/generated

Of each defect, real or generated, it measures how much brighter its region is than the
ground around it. The sign of a class is that of the median of its real training defects.
The interval is of the mean over the folders (Student), each of a generator with a seed of
its own: three or more say something.
"""

import argparse
import pathlib

import numpy as np
import scipy

from data_prep.images import reading
from pegan_jax.data import dataset, measures, placing
from pegan_jax.generation import masks


def real(records, label):
  """Returns how much brighter than their ground real defects are: [n] grey levels."""
  indices, _ = placing.best_of(records, label)
  return _increases(records.images(indices), records.masks(indices)[..., 0] > 0)


def generated(folder, name):
  """Returns the same of a class's images in a folder of `--mode generate`."""
  regions = folder.with_name(folder.name + '_annotations') / 'regions' / name
  paths = sorted((folder / name).glob('*.png'))
  return _increases(
      [reading.read_image(path, grey=False) for path in paths],
      [masks.read(regions / path.name) > 0 for path in paths])


def wrong_sign(found, median):
  """Returns the share of defects on the other side of their ground than `median`."""
  return float(np.mean(found * np.sign(median) < 0))


def interval(shares):
  """Returns the 95% interval of the mean of shares, (low, high)."""
  half = scipy.stats.t.ppf(0.975, len(shares) - 1) * np.std(shares, ddof=1) / np.sqrt(
      len(shares))
  return max(0.0, np.mean(shares) - half), min(1.0, np.mean(shares) + half)


def _increases(images, regions):
  found = []
  for image, region in zip(images, regions):
    image = measures.grey(image)
    found.append(measures.increase(
        image[region], measures.ground(image, measures.distances(region))))
  found = np.array(found)
  return found[np.isfinite(found)]


def main():
  """Prints a line per class."""
  parser = argparse.ArgumentParser(description=__doc__.partition('\n\n')[0])
  parser.add_argument('data', help='the built data set')
  parser.add_argument('folders', nargs='+', type=pathlib.Path)
  args = parser.parse_args()
  info = dataset.load_info(args.data)
  records = dataset.Records(info, 'train', cache_mb=1000)
  for label, name in enumerate(info.classes):
    known = real(records, label)
    if not len(known):
      print(f'{name}: no ground around its regions')
      continue
    median = np.median(known)
    found = [generated(folder, name) for folder in args.folders]
    shares = [wrong_sign(one, median) for one in found]
    print(f'{name}: {median:+.1f} levels, {wrong_sign(known, median):.0%} of {len(known)} '
          f'real ones of the other sign; generated '
          + ', '.join(f'{share:.0%} of {len(one)}' for share, one in zip(shares, found))
          + (', mean {:.0%} [{:.0%}, {:.0%}]'.format(np.mean(shares), *interval(shares))
             if len(shares) > 1 else ''))


if __name__ == '__main__':
  main()
