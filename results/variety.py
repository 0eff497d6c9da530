"""Measures which figures see that few defects are repeated on many grounds.

  python -m results.variety DATA

Of each class with masks, 1, 3, 10 or all real training defects are pasted over and over,
each time mirrored and on another background, as many as there are held-out crops with a
mask. Each such set is compared with these crops: as whole images, and as crops around the
defects. Printed are the means over classes and draws. What falls with the number of defects
sees how varied they are; the ground varies alike in all sets.
"""

import argparse

import numpy as np

from pegan_jax.annotations import regions
from pegan_jax.common.runtime import compilation
from pegan_jax.data import dataset, placing
from pegan_jax.methods import blending
from pegan_jax.metrics import features, kid, prdc, region_crops

REPEATED = (1, 3, 10, None)  # Defects that are pasted; None: all.
FIGURES = ('precision', 'recall', 'coverage', 'KID')


def pasted(defects, masks, grounds, count, rng):
  """Pastes defects on grounds, each chosen at random.

  Args:
    defects, grounds: uint8 [n, H, W, C] and [m, H, W, C].
    masks: bool [n, H, W].
    count: number of images.
    rng: numpy random Generator.

  Returns:
    uint8 [count, H, W, C] images, bool [count, H, W] masks.
  """
  images, shown = [], []
  for _ in range(count):
    i, flips = rng.integers(len(defects)), rng.integers(2, size=2) * 2 - 1
    patch, inside = (x[i][::flips[0], ::flips[1]] for x in (defects, masks))
    ground = grounds[rng.integers(len(grounds))]
    opacity = blending.opacity(inside[..., None], 1.0)
    image = blending.feather(*(x / np.float32(127.5) - 1 for x in (ground, patch)), opacity,
                             np.ones_like(opacity, bool))
    images.append(np.uint8(np.clip(np.round((image + 1) * 127.5), 0, 255)))
    shown.append(inside)
  return np.stack(images), np.stack(shown)


def compare(extractor, real, made):
  """Computes `FIGURES` of (images, masks), of the whole images and of their defects.

  Returns:
    [2, 4] float.
  """
  sides = []
  for images, masks in (real, made):
    boxes = {'': [regions.box_of(mask) for mask in masks]}
    sides.append((extractor(images),
                  region_crops.features(extractor, {'': images}, boxes)[''][1]))
  found = []
  for a, b in zip(*sides):
    precision, recall, _, coverage = prdc.prdc(a, b)
    found.append([precision, recall, coverage, kid.kid(a, b)])
  return np.array(found)


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('data', metavar='DATA', help='data set, from data_prep.build')
  parser.add_argument('--draws', type=int, default=5, help='sets of each kind')
  args = parser.parse_args()
  compilation.keep()
  info, extractor = dataset.load_info(args.data), features.load()
  train, test = (dataset.Records(info, split) for split in ('train', 'test'))
  grounds = train.images(train.find(info.background))
  found = {count: [] for count in REPEATED}
  for label, name in enumerate(info.classes):
    (known, kind), (held, _) = (placing.best_of(x, label) for x in (train, test))
    if kind != 'mask' or len(held) <= prdc.K:
      print(f'{name} is left out: {len(held)} held-out crops, annotated by {kind}')
      continue
    real = test.images(held), test.masks(held)[..., 0] > 0
    defects, masks = train.images(known), train.masks(known)[..., 0] > 0
    for count in REPEATED:
      for draw in range(args.draws):
        rng = np.random.default_rng([draw, label])
        chosen = rng.permutation(len(defects))[:count]
        found[count].append(compare(extractor, real, pasted(
            defects[chosen], masks[chosen], grounds, len(held), rng)))
  for count, values in found.items():
    for where, figures in zip(('images', 'defects alone'), np.mean(values, axis=0)):
      print(f'{count or "all"} repeated, {where}: ' + ', '.join(
          f'{name} {value:.3f}' for name, value in zip(FIGURES, figures)))


if __name__ == '__main__':
  main()
