"""Reads and writes COCO, one JSON file for all images.

It holds names, boxes, which CVAT may say are turned, and polygons or masks; polygons are
written.
"""

import itertools
import json
import os
import pathlib

import numpy as np

from pegan_jax.annotations import (
    attributes, coco_kinds, coco_numbers, outlines, pixels, text_files, turned)
from pegan_jax.annotations.regions import (
    Annotated, are_fractions, Box, box_of, IGNORED, Region)
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

PATH = 'coco.json'
FILES = '.json (COCO)'

_NO_BOX = (None, [], [0, 0, 0, 0])  # As some programs write it beside an outline.


def recognises(path):
  """Returns whether a file is a COCO file of objects, by the keys it has."""
  return {'images', 'annotations'} <= text_files.keys_of_json(path) and not (
      coco_kinds.is_of_captions(path) or coco_kinds.is_panoptic(path))


def classes(path):
  """Returns the names of all categories of a file that `read` has read, as a set."""
  return {item['name'].strip() for item in text_files.read_json(path)['categories']}


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
    return [image for file, _ in listing.find(path, '.json') if recognises(file)
            for image in read(file)]
  if pathlib.Path(path).suffix.lower() != '.json' or not os.path.isfile(path):
    return []
  try:
    return _read(text_files.read_json(pathlib.Path(path)))
  except text_files.Misfits as error:
    raise text_files.PartlyRead(f'{path} cannot be read as COCO: {error}.',
                                error.found) from None
  except KeyError as error:
    raise UserError(f'{path} cannot be read as COCO: it lacks {error}: export it again, '
                    'with all that COCO has.') from None
  except ValueError as error:
    raise UserError(f'{path} cannot be read as COCO: {error}.') from None
  except (AttributeError, TypeError):
    raise UserError(f'{path} cannot be read as COCO: {text_files.STRANGE}.') from None


def _read(said):
  if not isinstance(said, dict):
    raise ValueError('it is no object')
  for key in ('categories', 'images', 'annotations'):
    items = said[key]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
      raise ValueError(f'its {key} are no list of objects')
    for name in {'name', 'file_name'} & {*itertools.chain(*items)}:
      if not all(isinstance(item.get(name, '.'), str) and item.get(name, '.').strip()
                 for item in items):
        raise ValueError(f'the {name} of one of its {key} is no text, or empty')
  names = _by_id(said['categories'], 'category', lambda c: c['name'].strip())
  said = _without_deleted(said)
  images = _by_id(said['images'], 'image', lambda i: Annotated(
      # Labelled on Windows, it may have backslashes.
      pathlib.PureWindowsPath(i['file_name']).as_posix(),
      _side(i.get('height')), _side(i.get('width')), []))
  if not images:
    raise ValueError('it lists no images: export it again')

  if coco_numbers.are_corners(said['annotations']):
    raise ValueError('the areas that it says are those of boxes from corner to corner, and '
                     'COCO has [left, top, width, height]: write them so, or export again')
  in_triples = coco_numbers.are_in_triples(said['annotations'])
  image_texts, name_texts = ({str(key): key for key in known} for known in (images, names))

  def add(numbered):
    k, item = numbered
    what = f"annotation {item['id']}" if 'id' in item else f'annotation number {k}'
    try:
      if any(isinstance(item[key], (dict, list)) for key in ('image_id', 'category_id')):
        raise ValueError(f'{what} has no number for its image or category')
      of_image = _key(item['image_id'], images, image_texts)
      of_class = _key(item['category_id'], names, name_texts)
      if of_image not in images or of_class not in names:
        raise ValueError(f'{what} is of no image or category of it: list these there, or '
                       'remove it')
      image = images[of_image]
      is_ignored = item.get('ignore') in (1, True) or item.get('deleted') is True
      name = IGNORED if is_ignored else names[of_class]
      region, size = _region(item, name, image, what, in_triples)
      image.regions.append(region)
      # So that it is compared with that of the file, where no entry says it.
      images[of_image] = image._replace(
          height=image.height or size[0], width=image.width or size[1],
          notes=image.notes + (coco_numbers.POINTS,) * _is_of_points(item, region))
    except KeyError as error:
      raise ValueError(f'{what} lacks {error}') from None
    except TypeError:
      raise ValueError(f'{what} cannot be read: {text_files.STRANGE}') from None

  try:
    text_files.each(add, enumerate(said['annotations'], 1))
  except text_files.Misfits as error:
    error.found = list(images.values())
    raise
  if are_fractions(images.values()):
    raise ValueError('all its boxes lie within one pixel: they are fractions of the '
                     'images, and COCO has pixels: multiply them by the width and height')
  if coco_numbers.may_be_corners(said['annotations']):
    images = {key: image._replace(notes=image.notes + (coco_numbers.CORNERS,) * bool(
        image.regions)) for key, image in images.items()}
  return attributes.noted(images.values(), attributes.notes(
      ((names[_key(item['category_id'], names, name_texts)],
        attributes.texts(item.get('attributes'))) for item in said['annotations']),
                                                       'make them categories'))


def _without_deleted(said):
  """Returns a file's content without images that COCO Annotator says are deleted.

  Nor has it those that nobody has begun with; what is deleted of others is ignored.
  """
  marked = {str(item.get('image_id')) for item in said['annotations']
            if item.get('deleted') is not True}
  gone = {str(item.get('id')) for item in said['images'] if item.get('deleted') is True
          or item.get('annotated') is False and str(item.get('id')) not in marked}
  return said | {
      'images': [item for item in said['images'] if str(item.get('id')) not in gone],
      'annotations': [item for item in said['annotations']
                      if str(item.get('image_id')) not in gone]}


def _by_id(items, what, value):
  found = {}
  for item in items:
    if isinstance(item['id'], (dict, list)):
      raise ValueError(f'one of its {what} entries has no number for its id')
    if item['id'] in found:
      raise ValueError(f"it has two {what} entries of id {item['id']}")
    found[item['id']] = value(item)
  return found


def _key(said, known, by_text):
  """Returns the id that an annotation means, which may be text here, and a number there."""
  return said if said in known else by_text.get(str(said))


def _side(said):
  """Returns a number of pixels, which some tools write as text; None for none."""
  return text_files.whole(said) if said else None


def _region(item, name, image, what, in_triples):
  said = item.get('segmentation')
  polygons = ()
  if isinstance(said, list) and not any(isinstance(x, (list, dict)) for x in said):
    said = [said] if said else said  # An outline without a list around, as of VIA.
  if said and not isinstance(said, dict):
    if not isinstance(said, list) or not all(isinstance(p, list) for p in said):
      raise ValueError(f'{what}, of {name}, has a segmentation that is no list of '
                       'polygons, and no mask')
    # Two points or one, as a click too many leaves, enclose nothing.
    polygons = tuple(_polygon(p, what, name) for p in said if len(p) not in (0, 2, 4))
  box = None
  if not (said and (polygons or isinstance(said, dict))) or item.get('bbox') not in _NO_BOX:
    box = _box(item['bbox'], name, what)
  if polygons:
    points = np.concatenate(polygons)
    hull = Box(*points.min(0).tolist(), *points.max(0).tolist())
    if any(map(coco_numbers.may_have_visibilities, polygons)) and (
        not coco_numbers.fills(hull, box, image) if box else in_triples):
      raise ValueError(f'{what}, of {name}, seems to have an x, a y and a third number, '
                       'whether it is seen, for each point: leave the third out')
    box = _checked(box, hull, image, name, what)
  if isinstance(said, dict):
    inside = _decode(said, image)
    return _region_of_mask(name, box, inside, image, what), inside.shape
  if (not polygons or _is_of_box(polygons, box)) and (degrees := _turn(item, name, what)):
    return turned.region(name, box, degrees), (None, None)
  return Region(name, box, polygons=polygons or None), (None, None)


def _is_of_points(item, region):
  """Returns whether an annotation has an outline of one or two points, and no other."""
  said = item.get('segmentation')
  return isinstance(said, list) and len(said) > 0 and said != [[]] and (
      region.mask is None and not region.polygons)


def _turn(item, name, what):
  """Returns by how many degrees CVAT says that a box is turned."""
  said = item.get('attributes')
  said = said.get('rotation') if isinstance(said, dict) else None
  return _numbers([said or 0], what, name)[0]


def _is_of_box(polygons, box):
  """Returns whether outlines are the corners of their box, which say no more than it."""
  points, ends = np.concatenate(polygons), np.reshape(box, (2, 2))
  return len(points) > 3 and bool(np.isclose(points[:, None], ends).any(1).all())


def _box(said, name, what):
  if not isinstance(said, list) or len(said) != 4:
    raise ValueError(f'{what} does not have four numbers for its box')
  left, top, width, height = _numbers(said, what, name)
  if min(width, height) <= 0:
    raise ValueError(f'{what} has a box without width or height: draw it, or remove it')
  return Box(left, top, left + width, top + height)


def _checked(box, hull, image, name, what):
  """Returns a box, the hull where there is none; ValueError where these do not fit."""
  if box and not coco_numbers.fits(hull, box, image):
    said = ' and an outline '.join(
        f'from ({x.left:g}, {x.top:g}) to ({x.right:g}, {x.bottom:g})'
        for x in (box, hull))
    raise ValueError(f'{what}, of {name}, has a box {said}: one of them is wrong, or is '
                     "not written as COCO's [left, top, width, height] and [x, y, ...]")
  return box or hull


def _numbers(said, what, name):
  try:
    return [text_files.number(x) for x in said]
  except ValueError as error:
    raise ValueError(f'{what}, of {name}: {error}') from None


def _polygon(said, what, name):
  if len(said) < 6 or len(said) % 2 or any(isinstance(x, list) for x in said):
    raise ValueError(f'{what}, of {name}, has a polygon of {len(said)} numbers, and '
                     'needs an x and a y, in one list, for each of 3 points or more: '
                     'draw it again, or remove it')
  numbers = np.array(_numbers(said, what, name))
  return numbers.reshape(-1, 2)


def _region_of_mask(name, box, inside, image, what):
  """Returns a `Region` from its box, or None, and its pixels in the image."""
  own = box_of(inside)
  if not own:
    raise ValueError(f'{what} has an empty mask')
  box = own.hull(_checked(box, own, image, name, what).clip(*inside.shape))
  return Region(name, box, inside[box.slices].copy())


def _decode(said, image):
  """Returns run lengths, in column order and outside first, as bool [h, w]."""
  size, lengths = said['size'], said['counts']
  if not isinstance(size, list) or len(size) != 2:
    raise ValueError(f'a mask of {image.file} has no height and width')
  height, width = map(text_files.whole, size)
  if (height, width) != (image.height or height, image.width or width):
    raise ValueError(f'a mask does not have the size of {image.file}')
  try:
    if isinstance(lengths, str):
      lengths = pixels.uncompress(lengths)
    return text_files.decode_runs(lengths, width, height).T
  except ValueError as error:
    raise ValueError(f'a mask of {image.file}: {error}') from None


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
