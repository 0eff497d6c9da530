"""Reads and writes COCO, one JSON file for all images.

It holds names, boxes and polygons.
"""

import json
import os
import pathlib

import numpy as np

from pegan_jax.annotations import outlines, text_files
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common import files
from pegan_jax.common.errors import UserError, reason

PATH = 'coco.json'
FILES = '.json (COCO)'


def read(path):
  """Reads a COCO file of objects.

  Args:
    path: the .json file, see `annotations`; a folder has none.

  Returns:
    List of `Annotated`, in the file's order, with boxes unclipped. The box of a region
    with a mask is in whole pixels, and widened where the mask is larger.

  Raises:
    UserError: the file is not COCO, has a box without a side, or has masks as
      compressed run lengths.
  """
  if pathlib.Path(path).suffix.lower() != '.json' or not os.path.isfile(path):
    return []
  try:
    said = files.read_json(path)
    names = {c['id']: c['name'].strip() for c in said['categories']}
    images = {i['id']: Annotated(pathlib.PurePosixPath(i['file_name']).as_posix(),
                                 i.get('height'), i.get('width'), [])
              for i in said['images']}
    if not images:
      raise ValueError('it lists no images')
    for item in said['annotations']:
      if item['image_id'] not in images or item['category_id'] not in names:
        raise ValueError(f"annotation {item['id']} is of no image or category of it")
      image = images[item['image_id']]
      image.regions.append(_region(item, names[item['category_id']], image))
    return list(images.values())
  except OSError as error:
    raise UserError(f'{path} cannot be read: {error.strerror}.') from None
  except KeyError as error:
    raise UserError(f'{path} is not a COCO file of boxes: it lacks {error}.') from None
  except (AttributeError, TypeError, ValueError) as error:
    raise UserError(f'{path} is not a COCO file of boxes: {reason(error)}.') from None


def _region(item, name, image):
  left, top, width, height = map(float, item['bbox'])
  if not np.isfinite([left, top, width, height]).all():
    raise ValueError(f"annotation {item['id']} has no numbers for its box")
  box, said = Box(left, top, left + width, top + height), item.get('segmentation')
  if min(width, height) <= 0:
    raise ValueError(f"annotation {item['id']} has a box without width or height")
  if isinstance(said, dict):
    return _region_of_mask(name, box, _decode(said, image))
  polygons = tuple(np.array(p, float).reshape(-1, 2) for p in said or ())
  return Region(name, box, polygons=polygons or None)


def _region_of_mask(name, box, inside):
  """Returns a `Region` from its box and its pixels in the image."""
  box = box.clip(*inside.shape)
  rows, columns = (np.flatnonzero(inside.any(axis)).tolist() for axis in (1, 0))
  if rows:
    box = Box(min(box.left, columns[0]), min(box.top, rows[0]),
              max(box.right, columns[-1] + 1), max(box.bottom, rows[-1] + 1))
  return Region(name, box, inside[box.slices].copy())


def _decode(said, image):
  """Returns run lengths, in column order and outside first, as bool [h, w]."""
  (height, width), lengths = said['size'], said['counts']
  if isinstance(lengths, str):
    raise ValueError('masks as compressed run lengths are not read, save them as '
                     'polygons or lists of run lengths')
  if (height, width) != (image.height, image.width) or sum(lengths) != height * width:
    raise ValueError(f'a mask does not have the size of {image.file}')
  pixels = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
  return pixels.reshape(width, height).T


def write(path, images, classes, pictures=None):
  """Writes a file at `path`; categories count from 1, in label order.

  Pixels are written as polygons, which readers of run lengths take, and others as well.

  Args:
    path: the .json file. The images' names are relative to their folder.
    images: list of `Annotated`.
    classes: names in label order.
    pictures: unused.
  """
  del pictures
  annotations = []
  for i, image in enumerate(images, 1):
    for region in image.regions:
      polygons, (left, top, *_) = outlines.of(region), region.box
      annotations.append({
          'id': len(annotations) + 1, 'image_id': i,
          'category_id': classes.index(region.name) + 1,
          'bbox': [left, top, region.box.width, region.box.height],
          'area': _area(region, polygons), 'iscrowd': 0,
          'segmentation': [polygon.ravel().tolist() for polygon in polygons]})
  text_files.write(path, json.dumps({
      'info': {'description': 'Defects painted by pegan_jax'},
      'licenses': [{'id': 1, 'name': 'not stated', 'url': ''}],
      'images': [{'id': i, 'file_name': image.file, 'height': image.height,
                  'width': image.width, 'license': 1}
                 for i, image in enumerate(images, 1)],
      'categories': [{'id': i, 'name': name, 'supercategory': 'defect'}
                     for i, name in enumerate(classes, 1)],
      'annotations': annotations}) + '\n')


def written(path, names):
  """Returns the path that `write` makes."""
  del names
  return [path]


def _area(region, polygons):
  """Returns the area of the polygons, else of the box."""
  if not polygons:
    return region.box.width * region.box.height
  x_y = [(p, np.roll(p, -1, axis=0)) for p in polygons]
  return float(sum(abs((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / 2
                   for a, b in x_y))
