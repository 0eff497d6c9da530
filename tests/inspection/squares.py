"""Crops and data sets of bright squares on grain, whose places are known."""

import numpy as np

from inspection import worlds

CLASSES = ['a', 'b']


def draw(rng, count, defects=True):
  """Grain with a square that is somewhat brighter, and where it is."""
  size = worlds.SIZE
  inside = np.zeros((count, size, size), bool)
  if defects:
    for mask in inside:
      top, left = rng.integers(0, size - 5, 2)
      mask[top:top + 5, left:left + 5] = True
  x = 110 + 25 * rng.normal(size=inside.shape) + 35 * inside
  return x.clip(0, 255).astype(np.uint8)[..., None], inside


def _records(rng, split, label, count, annotation='mask'):
  images, inside = draw(rng, count, label != 'background')
  start = 1000 * (split == 'test') + 100 * [*CLASSES, 'background'].index(label)
  found = worlds.examples(images, label, f'{label}/{split}', start)
  for example, mask in zip(found, inside):
    example |= {'mask': mask, 'annotation': annotation if mask.any() else 'none'}
  return found


def splits(clean=20, kinds=('mask', 'mask'), train=3):
  """Returns splits of the CLASSES and of clean crops, for `worlds.write_dataset`."""
  rng = np.random.default_rng(0)
  counts = {'train': (train, 12), 'test': (12, clean)}
  return {split: [x for label, kind in zip(CLASSES, kinds)
                  for x in _records(rng, split, label, defects, kind)]
          + _records(rng, split, 'background', empty)
          for split, (defects, empty) in counts.items()}


def write_generated(folder, images, inside):
  """Writes the same images and masks for both classes; returns the folder."""
  worlds.write_images(folder, {c: images for c in CLASSES})
  worlds.write_images(folder.with_name(f'{folder.name}_annotations') / 'masks',
                      {c: 255 * inside[..., None].astype(np.uint8) for c in CLASSES})
  return folder
