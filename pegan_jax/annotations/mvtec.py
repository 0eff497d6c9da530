"""Writes MVTec AD's layout: clean images, images with defects, and their pixels.

  train/good/<n>.png                  clean
  test/good/<n>.png                   clean, one in `_TEST`
  test/<class>/<n>.png                with defects of a class, or of several: 'combined'
  ground_truth/<class>/<n>_mask.png   255 where the defects are, else 0
  sources.csv                         which image each one is

Numbers are of one length: readers sort images and masks, and pair them in order.
"""

import collections
import csv

import numpy as np
from PIL import Image

from pegan_jax.common.errors import UserError

PATH = 'mvtec'
FILES = '_mask.png (MVTec)'

GOOD = 'good'
_SEVERAL = 'combined'
_TEST = 5
_SOURCES = 'sources.csv'


def write(path, images, classes, pictures):
  """Writes the layout for a list of `Annotated`.

  Args:
    path: the folder; it is a category of MVTec's.
    images: list of `Annotated`.
    classes: unused.
    pictures: their `Pictures`.
  """
  del classes
  counts, rows = collections.Counter(), []
  for image in images:
    kind, *more = pictures.painted[image.file]
    kind = _SEVERAL if more else kind
    name, source = f'{kind}/{counts[kind]:05d}', image.file
    counts[kind] += 1
    rows.append((f'test/{name}.png', source))
    pictures.link(source, path / rows[-1][0])
    rows.append((f'ground_truth/{name}_mask.png', source))
    _save(path / rows[-1][0], _pixels(image))
  for i, (source, image) in enumerate(pictures.clean):
    kind = 'test' if i % _TEST == 1 else 'train'
    rows.append((f'{kind}/{GOOD}/{i:05d}.png', source))
    _save(path / rows[-1][0], image[:, :, 0] if image.shape[2] == 1 else image)
  with (path / _SOURCES).open('w', newline='', encoding='utf-8') as f:
    csv.writer(f).writerows([('file', 'source'), *rows])


def written(path, names):
  """Returns the paths that `write` made, as its list has them."""
  del names
  if not (path / _SOURCES).exists():
    return [path / _SOURCES]
  with (path / _SOURCES).open(newline='', encoding='utf-8') as f:
    return [path / row['file'] for row in csv.DictReader(f)]


def check(classes):
  """Raises UserError for a class that would be taken for clean images."""
  if GOOD in classes:
    raise UserError(f"a class is called '{GOOD}', which is the name of clean images in "
                    f"MVTec's layout: leave {PATH} out of --config.generate.formats")


def _pixels(image):
  """Returns the pixels of all regions: 255 or 0, uint8 [height, width]."""
  inside = np.zeros((image.height, image.width), np.uint8)
  for region in image.regions:
    inside[region.box.slices][True if region.mask is None else region.mask] = 255
  return inside


def _save(path, image):
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(image).save(path)
