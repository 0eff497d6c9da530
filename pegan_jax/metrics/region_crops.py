"""Crops of images around their defects, which region KID compares.

Real and generated images are cropped by one rule: a square around the box of the defect,
half as long again as its longer side, moved into the image where it would leave it. No crop
is smaller than `LEAST`, as a mark of few pixels would be enlarged to a blur. The feature
network resizes a crop once, as it does whole images.
"""

import itertools

import numpy as np

from pegan_jax.annotations import regions
from pegan_jax.annotations.regions import Box
from pegan_jax.data import dataset, manifest, placing

CONTEXT = 1.5  # Side of a crop over the longer side of its defect's box.
LEAST = 32  # pixels
_STEP = 8  # pixels: sides are multiples of it, since each side is compiled.

# What region KID depends on, for provenance.
RULE = [CONTEXT, LEAST, _STEP]


def window_of(box, height, width):
  """Returns the square that is cut around a `Box` in an image: a `Box` within it."""
  side = int(np.ceil(CONTEXT * max(box.width, box.height) / _STEP)) * _STEP
  side = min(max(side, LEAST), height, width)
  top, left = (min(max((low + high - side) // 2, 0), end - side) for low, high, end in (
      (box.top, box.bottom, height), (box.left, box.right, width)))
  return Box.square(left, top, side)


def of_split(info, split):
  """Finds where the defects of a data set's split are.

  A class with masks is cropped at its masks alone: boxes are larger than their defects, and
  crops around them would have another scale. The train split says what a class has.

  Args:
    info: `dataset.DataInfo`.
    split: 'train' or 'test'.

  Returns:
    {class: n `Box`es, in the order of its records}, None for a record that is not
    annotated, or not as the class is; without the classes that are not annotated.
  """
  train, records = (dataset.Records(info, name) for name in ('train', split))
  found = {}
  for label, name in enumerate(info.classes):
    if not len(train.find(label)):
      continue
    _, kind = placing.best_of(train, label)
    indices = records.find(label)
    if kind != 'none' and len(indices):
      found[name] = [regions.box_of(mask) if own == kind else None for mask, own in zip(
          records.masks(indices)[..., 0], records.annotations(indices))]
  return found


def count(boxes):
  """Returns how many crops {class: list of `Box` or None} gives."""
  return sum(box is not None for of_class in boxes.values() for box in of_class)


def of_folder(folder):
  """Finds where defects were painted on the images of a folder, by its manifest.

  Args:
    folder: `sets.ImageFolder` with classes of what `--mode generate` wrote.

  Returns:
    As `of_split`, in the order of the files; {} without a manifest.

  Raises:
    UserError: the manifest is damaged.
  """
  path = folder.path / manifest.FILE
  if folder.flat or not path.is_file():
    return {}
  boxes = manifest.read_boxes(path)
  return {c: [boxes.get(file) for file in folder.names(c)] for c in folder.files}


def features(extractor, images, boxes, progress=None):
  """Computes the features of crops.

  Args:
    extractor: from `features.load`.
    images: {class: uint8 [n, H, W, C], or an iterable of such blocks}, of more classes
      than `boxes` or the same.
    boxes: {class: [n] list of `Box` or None}; images without one are left out.
    progress: called with numbers of crops done.

  Returns:
    {class: ([k] int, which images have crops; float32 [k, D])}, without classes that have
    none.
  """
  found = {}
  for name, of_class in boxes.items():
    if kept := [i for i, box in enumerate(of_class) if box is not None]:
      found[name] = np.array(kept), extractor(_cut(images[name], of_class), progress)
  return found


def _cut(images, boxes):
  """Yields crops, blocks of one."""
  if not isinstance(images, np.ndarray):
    images = itertools.chain.from_iterable(images)
  for image, box in zip(images, boxes):
    if box is not None:
      yield image[window_of(box, *image.shape[:2]).slices][None]
