"""Reads and writes COCO, one JSON file for all images.

It holds names, boxes, and polygons or masks; polygons are written.
"""

import json
import os
import pathlib

import numpy as np

from pegan_jax.annotations import outlines, pixels, text_files
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError, reason

PATH = 'coco.json'
FILES = '.json (COCO)'


def recognises(path):
  """Returns whether a file is a COCO file, by the keys it has."""
  keys = text_files.keys_of_json(path)
  return 'images' in keys and bool(keys & {'annotations', 'categories'})


def read(path):
  """Reads a COCO file of objects.

  Args:
    path: the .json file, see `annotations`, or a folder, of which each COCO file is read.

  Returns:
    List of `Annotated`, in the file's order, with boxes unclipped. The box of a region
    with a mask is in whole pixels, and widened where the mask is larger.

  Raises:
    UserError: the file is not COCO, or has a box without a side. Where single
      annotations are wrong, it is `text_files.PartlyRead`, with the images and the other
      annotations.
  """
  if os.path.isdir(path):
    return [image for file, _ in text_files.find(path, '.json') if recognises(file)
            for image in read(file)]
  if pathlib.Path(path).suffix.lower() != '.json' or not os.path.isfile(path):
    return []
  try:
    return _read(text_files.read_json(pathlib.Path(path)))
  except text_files.Misfits as error:
    raise text_files.PartlyRead(f'{path} is not a COCO file of boxes: {error}.',
                                error.found) from None
  except KeyError as error:
    raise UserError(f'{path} is not a COCO file of boxes: it lacks {error}.') from None
  except ValueError as error:
    raise UserError(f'{path} is not a COCO file of boxes: {error}.') from None
  except (AttributeError, TypeError) as error:
    raise UserError(f'{path} is not a COCO file of boxes: {reason(error)}.') from None


def _read(said):
  names = _by_id(said['categories'], 'category', lambda c: c['name'].strip())
  images = _by_id(said['images'], 'image', lambda i: Annotated(
      # Labelled on Windows, it may have backslashes.
      pathlib.PureWindowsPath(i['file_name']).as_posix(),
      _side(i.get('height')), _side(i.get('width')), []))
  if not images:
    raise ValueError('it lists no images')

  def add(numbered):
    k, item = numbered
    what = f"annotation {item['id']}" if 'id' in item else f'annotation number {k}'
    try:
      if item['image_id'] not in images or item['category_id'] not in names:
        raise ValueError(f'{what} is of no image or category of it')
      image = images[item['image_id']]
      image.regions.append(_region(item, names[item['category_id']], image, what))
    except KeyError as error:
      raise ValueError(f'{what} lacks {error}') from None
    except TypeError as error:
      raise ValueError(f'{what} cannot be read: {reason(error)}') from None

  try:
    text_files.each(add, enumerate(said['annotations'], 1))
  except text_files.Misfits as error:
    error.found = list(images.values())
    raise
  return list(images.values())


def _by_id(items, what, value):
  found = {}
  for item in items:
    if item['id'] in found:
      raise ValueError(f"it has two {what} entries of id {item['id']}")
    found[item['id']] = value(item)
  return found


def _side(said):
  """Returns a number of pixels, which some tools write as text; None for none."""
  return int(said) if said else None


def _region(item, name, image, what):
  said = item.get('segmentation')
  polygons = None
  if said and not isinstance(said, dict):
    polygons = tuple(_polygon(p, what, name) for p in said if len(p)) or None
  if 'bbox' in item or not (polygons or said):
    box = np.array(item['bbox'], float)
    if box.shape != (4,) or not np.isfinite(box).all():
      raise ValueError(f'{what} does not have four numbers for its box')
    left, top, width, height = box.tolist()
    if min(width, height) <= 0:
      raise ValueError(f'{what} has a box without width or height')
    box = Box(left, top, left + width, top + height)
  elif polygons:
    points = np.concatenate(polygons)
    box = Box(*points.min(0).tolist(), *points.max(0).tolist())
  else:
    box = None
  if isinstance(said, dict):
    return _region_of_mask(name, box, _decode(said, image), what)
  return Region(name, box, polygons=polygons)


def _polygon(said, what, name):
  if len(said) < 6 or len(said) % 2:
    raise ValueError(f'{what}, of {name}, has a polygon of {len(said)} numbers, and '
                     'needs an x and a y for each of 3 points or more')
  points = np.array(said, float).reshape(-1, 2)
  if not np.isfinite(points).all():
    raise ValueError(f'{what} has no numbers for its polygon')
  return points


def _region_of_mask(name, box, inside, what):
  """Returns a `Region` from its box, or None, and its pixels in the image."""
  rows, columns = (np.flatnonzero(inside.any(axis)).tolist() for axis in (1, 0))
  if not rows:
    raise ValueError(f'{what} has an empty mask')
  own = Box(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
  box = own if box is None else own.hull(box.clip(*inside.shape))
  return Region(name, box, inside[box.slices].copy())


def _decode(said, image):
  """Returns run lengths, in column order and outside first, as bool [h, w]."""
  (height, width), lengths = said['size'], said['counts']
  known = image.height or height, image.width or width
  if (height, width) != known or min(height, width) < 1:
    raise ValueError(f'a mask does not have the size of {image.file}')
  if isinstance(lengths, str):
    try:
      return pixels.decode({'size': [height, width], 'counts': lengths.encode()})
    except ValueError:
      raise ValueError(f'a mask of {image.file} has damaged run lengths') from None
  if sum(lengths) != height * width:
    raise ValueError(f'a mask does not have the size of {image.file}')
  inside = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
  return inside.reshape(width, height).T


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
