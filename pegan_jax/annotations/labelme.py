"""Reads and writes LabelMe, one JSON file per image.

Points are (x, y) in pixel edges. It holds names and polygons, rectangles, circles,
masks or lines.
"""

import base64
import io
import json
import math
import pathlib

import numpy as np
from PIL import Image

from pegan_jax.annotations import outlines, text_files
from pegan_jax.annotations.regions import (
    Annotated, Box, IGNORED, LINES, of_line, Region)
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

PATH = 'labelme'
FILES = '.json (LabelMe)'

# The program's version whose files these are like.
_VERSION = '5.5.0'

_LINES = ('line', 'linestrip')
_IGNORED = ('ignore', 'ignored', IGNORED)  # Flags of a shape.
# Corners of the polygon that stands for a circle: within 0.1 % of its radius.
_CORNERS = 72


def recognises(path):
  """Returns whether a file is a LabelMe file, by the keys it has."""
  return 'shapes' in text_files.keys_of_json(path)


def read(path):
  """Reads the LabelMe files of a folder.

  Args:
    path: the folder, in which other .json files may lie, or one file.

  Returns:
    List of `Annotated`, unclipped. Shapes of one name and one group are one region. The
    image is known by the place of the file: its `imagePath` may be of another machine.

  Raises:
    UserError: a file is damaged, or has shapes without an area.
  """
  return [_read_file(file, name) for file, name in listing.find(path, '.json')
          if recognises(file)]


def picture(path):
  """Returns the bytes of the image that a file holds, as its imageData; none for none."""
  return base64.b64decode(text_files.read_json(path).get('imageData') or '')


def _read_file(path, name):
  said, regions = text_files.read_json(path), {}
  try:
    if not isinstance(said.get('flags') or {}, dict):
      raise ValueError('its flags are no object')
    flags = [flag.strip() for flag, is_set in (said.get('flags') or {}).items()
             if is_set and flag != IGNORED]
    if not isinstance(said['shapes'], list):
      raise ValueError('its shapes are no list')
    shapes = list(enumerate(said['shapes'], 1))
    for (k, shape), region in zip(shapes, text_files.each(_numbered, shapes)):
      group = shape.get('group_id')
      key = k if group is None or not region.polygons else (region.name, str(group))
      regions.setdefault(key, []).append(region)
    return Annotated(name, _side(said.get('imageHeight')), _side(said.get('imageWidth')),
                     [_join(group) for group in regions.values()],
                     (LINES,) * any(
                         shape.get('shape_type') in _LINES for _, shape in shapes),
                     says=text_files.name_of(said.get('imagePath')), tags=tuple(flags))
  except ValueError as error:
    raise UserError(f'{path} cannot be read as LabelMe: {error}.') from None
  except (AttributeError, TypeError):
    raise UserError(f'{path} cannot be read as LabelMe: {text_files.STRANGE}.'
                    ) from None


def _numbered(numbered):
  """Returns the region of (its number, a shape); ValueError with the number."""
  k, shape = numbered
  if not isinstance(shape, dict) or not isinstance(shape.get('label'), str):
    raise ValueError(f'its shape {k} has no label')
  try:
    return _region(shape)
  except KeyError as error:
    what = f'lacks {error}'
  except ValueError as error:
    what = str(error)
  except TypeError:
    what = f'is damaged: {text_files.STRANGE}'
  raise ValueError(f"its shape {k}, {shape['label']}, {what}")


def _join(group):
  """Returns one region of several of one name, which have polygons, or the only one."""
  first, *more = group
  return _region_of_polygons(first.name, tuple(
      polygon for region in group for polygon in region.polygons)) if more else first


def _side(said):
  return None if said is None else text_files.whole(said)


def _region(shape):
  name, kind = shape['label'].strip(), shape.get('shape_type') or 'polygon'
  flags = shape.get('flags')
  if isinstance(flags, dict) and any(flags.get(word) is True for word in _IGNORED):
    name = IGNORED
  points = text_files.points(shape['points'])
  if not len(points):
    raise ValueError('has no points')
  if kind in ('polygon', 'rotation'):
    if len(points) < 3:
      raise ValueError(f'is a polygon of {len(points)} points, and needs 3 or more: draw '
                       'it again, or remove it')
    return _region_of_polygons(name, (points,))
  if kind in _LINES:
    return of_line(name, points)
  if kind == 'rectangle':
    return _rectangle(name, points)
  if kind == 'circle':
    if len(points) != 2:
      raise ValueError(f'is a circle of {len(points)} points, and needs 2')
    (x, y), (edge_x, edge_y) = points
    radius = math.hypot(edge_x - x, edge_y - y)
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    return _region_of_polygons(name, (np.stack(
        [x + radius * np.cos(turn), y + radius * np.sin(turn)], 1),))
  if kind == 'mask':
    return _region_of_mask(name, points, shape.get('mask'))
  raise ValueError(f'is a {kind}, which has no area: draw a polygon around the defect, '
                   'or remove it')


def _rectangle(name, points):
  """Returns the region of two corners, or of four, which may be of a turned one."""
  if len(points) not in (2, 4):
    raise ValueError(f'is a rectangle of {len(points)} points, and needs 2 or 4')
  low, high = points.min(0), points.max(0)
  if len(points) == 2 or ((points == low) | (points == high)).all():
    return Region(name, _bounds(points))
  return _region_of_polygons(name, (points,))


def _region_of_mask(name, points, said):
  """Returns the region of a PNG in base64, whose corners are both in it."""
  if len(points) != 2:
    raise ValueError(f'is a mask with {len(points)} corners, and needs 2')
  try:
    inside = np.asarray(Image.open(io.BytesIO(base64.b64decode(said)))) > 0
  except Exception:  # Decoders raise nearly anything on bad bytes.
    raise ValueError('has a mask that cannot be read') from None
  (left, top), (right, bottom) = np.rint(points).astype(int).tolist()
  box = Box(left, top, right + 1, bottom + 1)
  if inside.shape != (box.height, box.width):
    raise ValueError('has a mask of another size than its box')
  if not inside.any():
    raise ValueError('has an empty mask')
  return Region(name, box, inside)


def _region_of_polygons(name, polygons):
  return Region(name, _bounds(np.concatenate(polygons)), polygons=polygons)


def _bounds(points):
  box = Box(*points.min(0).tolist(), *points.max(0).tolist())
  if box.width <= 0 or box.height <= 0:
    raise ValueError('has no width or no height: draw it again, or remove it')
  return box


def write(path, images, classes, pictures=None):
  """Writes <path>/<image>.json for each `Annotated`, and the images beside.

  A region with pixels is the polygons around them, which have one `group_id` where they
  are several; one without is a rectangle.

  Args:
    path: the folder.
    images: list of `Annotated`.
    classes: unused.
    pictures: their `Pictures`, None to write no images.
  """
  del classes
  path.mkdir(parents=True, exist_ok=True)
  for image in images:
    shapes = [shape for i, region in enumerate(image.regions)
              for shape in _shapes(region, i)]
    text_files.write(text_files.beside(path, image, '.json'), json.dumps({
        'version': _VERSION, 'flags': {}, 'shapes': shapes,
        'imagePath': pathlib.PurePosixPath(image.file).name, 'imageData': None,
        'imageHeight': image.height, 'imageWidth': image.width},
        ensure_ascii=False, indent=2) + '\n')
    if pictures:
      pictures.link(image.file, path / image.file)


def written(path, names):
  """Returns the paths that `write` gives the images called `names`."""
  return [path / kind for name in names
          for kind in (name, pathlib.PurePosixPath(name).with_suffix('.json'))]


def _shapes(region, number):
  polygons = outlines.of(region)
  kind = 'polygon' if polygons else 'rectangle'
  left, top, right, bottom = region.box
  return [{'label': region.name, 'points': points,
           'group_id': number if len(polygons) > 1 else None, 'description': '',
           'shape_type': kind, 'flags': {}, 'mask': None}
          for points in [p.tolist() for p in polygons] or [
              [[left, top], [right, bottom]]]]
