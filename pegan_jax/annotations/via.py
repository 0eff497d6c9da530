"""Reads and writes the VGG Image Annotator's JSON, version 1 or 2, one file for all images.

It holds names, as an attribute that its user called as he liked, and rectangles, circles,
ellipses, polygons and lines in pixels; it does not hold sizes of images. The CSV that the
program exports says the same, a row for each region.
"""

import json
import os
import pathlib

import numpy as np

from pegan_jax.annotations import attributes, outlines, text_files, turned
from pegan_jax.annotations import regions as regions_lib
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common import json_text, listing
from pegan_jax.common.errors import UserError

PATH = 'via.json'
FILES = '.json or .csv (VIA)'

# Attributes that name a class, the first that a region has; else it may have one alone.
_NAMES = ('class', 'label', 'name', 'category', 'type', 'defect')
_UNNAMED = 'defect'  # Class of the regions of a file none of which has a name.
_NOTE = f"images whose VIA file gives no region a name: called '{_UNNAMED}'"
_IN_JSON = ('region_shape_attributes', 'region_attributes', 'file_attributes')
_COLUMNS = {'filename', *_IN_JSON}
_GROUP = 'group'  # Our own: polygons of one region have one value of it.
_LINE = 'polyline'
_CORNERS = 72  # Of the polygon that stands for a circle or an ellipse.


def recognises(path):
  """Returns whether a file is VIA's: a project, or its exported annotations."""
  if path.suffix.lower() == '.csv':
    return _COLUMNS <= text_files.columns_of_csv(path)
  keys = text_files.keys_of_json(path)
  if '_via_img_metadata' in keys:
    return True
  if not keys:
    return False
  said = text_files.read_json(path)
  return all(isinstance(image, dict) and {'filename', 'regions'} <= image.keys()
             for image in said.values())


def read(path):
  """Reads a VIA file.

  Args:
    path: the .json or .csv file, or a folder, of which each VIA file is read.

  Returns:
    List of `Annotated`, in the file's order, without sizes, unclipped.

  Raises:
    UserError: the file is damaged. Where single images are wrong, it is
      `text_files.PartlyRead`, with the others.
  """
  return [image for suffix in ('.json', '.csv') for file, _ in listing.find(path, suffix)
          if recognises(file) for image in _read_file(file)]


def _read_file(path):
  try:
    said = _of_rows(path) if path.suffix.lower() == '.csv' else text_files.read_json(path)
    said = said.get('_via_img_metadata', said)
    if not isinstance(said, dict):
      raise ValueError('its images are no object')
    if _is_unnamed(said.values()):
      images = text_files.each(lambda image: _image(image, True), said.values())
      return [image._replace(notes=image.notes + (_NOTE,) * bool(image.regions))
              for image in images]
    return attributes.noted(
        text_files.each(_image, said.values()), attributes.notes(
            _attributes(said.values()), f"give them as '{_NAMES[0]}'"))
  except text_files.Misfits as error:
    raise text_files.PartlyRead(f'{path} cannot be read as VIA: {error}.',
                                error.found) from None
  except ValueError as error:
    raise UserError(f'{path} cannot be read as VIA: {error}.') from None


def _is_unnamed(images):
  """Returns whether no region has an attribute with a value, as in Mask R-CNN's set."""
  said = [region.get('region_attributes') for image in images
          for region in _regions_of(image) or () if isinstance(region, dict)]
  return all(isinstance(own, dict) and not any(own.values()) for own in said)


def _regions_of(image):
  """Returns an image's regions, which version 1 numbers; None where it has no list."""
  regions = image.get('regions') if isinstance(image, dict) else None
  regions = list(regions.values()) if isinstance(regions, dict) else regions
  return regions if isinstance(regions, list) else None


def _of_rows(path):
  """Returns what a CSV says as JSON would.

  Raises:
    ValueError: it is damaged.
  """
  images, (head, *rows) = {}, text_files.rows_of_csv(path)
  for k, row in enumerate(rows, 2):
    said = dict(zip([name.strip().lstrip('#') for name in head], row))
    try:
      shape, own, of_file = (json_text.parse(said[name]) for name in _IN_JSON)
    except (KeyError, ValueError):
      raise ValueError(f'row {k} lacks what is in JSON: export it again') from None
    image = images.setdefault(said['filename'], {
        'filename': said['filename'], 'regions': [], 'file_attributes': of_file,
        'size': said.get('file_size')})
    if shape:
      image['regions'].append({'shape_attributes': shape, 'region_attributes': own})
  return images


def _image(said, unnamed=False):
  if not (isinstance(said, dict) and isinstance(said.get('filename'), str)
          and said['filename'].strip()):
    raise ValueError('an image has no filename')
  name = pathlib.PureWindowsPath(said['filename'].strip()).as_posix()
  regions = _regions_of(said)
  if regions is None:
    raise ValueError(f'the regions of {name} are no list')
  grouped = {}
  numbered = list(enumerate(regions, 1))
  for (k, _), (region, group) in zip(numbered, text_files.each(
      lambda x: _numbered(*x, name, unnamed), numbered)):
    key = k if group is None or not region.polygons else (region.name, group)
    grouped.setdefault(key, []).append(region)
  has_lines = any(region['shape_attributes']['name'] == _LINE for region in regions)
  return Annotated(name, None, None, [_join(some) for some in grouped.values()],
                   (regions_lib.LINES,) * has_lines, tags=_tags(said.get('file_attributes')),
                   bytes=_bytes(said.get('size')))


def _bytes(said):
  """Returns the size of an image's file, which CSV has as text; 0 for none."""
  return int(said) if str(said).isdecimal() else 0


def _attributes(images):
  """Yields the class of each region and its other attributes that are text."""
  for image in images:
    for region in _regions_of(image):
      said = region['region_attributes']
      key = next((name for name in _NAMES if name in said), '')
      if key:
        yield _class(said), attributes.texts(said, (key, _GROUP))


def _tags(said):
  """Returns what an image's own attributes say: texts, and boxes that are checked."""
  if not isinstance(said, dict):
    return ()
  said = [word for value in said.values() for word in (
      [key for key, is_set in value.items() if is_set] if isinstance(value, dict)
      else [value])]
  return tuple(word.strip() for word in said if isinstance(word, str) and word.strip())


def _join(some):
  first, *more = some
  return _outline(first.name, *(p for r in some for p in r.polygons)) if more else first


def _numbered(k, said, image, unnamed):
  try:
    own, shape = said['region_attributes'], said['shape_attributes']
    return _region(_UNNAMED if unnamed else _class(own), shape), own.get(_GROUP)
  except KeyError as error:
    what = f'lacks {error}'
  except ValueError as error:
    what = str(error)
  except (AttributeError, TypeError):
    what = f'cannot be read: {text_files.STRANGE}'
  raise ValueError(f'region {k} of {image} {what}')


def _class(said):
  """Returns the name of a region's class, of its attributes."""
  keys = [key for key in _NAMES if key in said][:1] or [
      key for key in said if key != _GROUP]
  if len(keys) != 1:
    raise ValueError(f'has {len(keys)} attributes, none of which is called class: give the '
                     "defect's name in one that is")
  said = said[keys[0]]
  if isinstance(said, dict):  # Checkboxes.
    said = [name for name, is_set in said.items() if is_set]
    said = said[0] if len(said) == 1 else None
  if not isinstance(said, str) or not said.strip():
    raise ValueError(f'has no name, or several, as its {keys[0]}')
  return said.strip()


def _region(name, shape):
  def number(key, otherwise=None):
    return text_files.number(shape[key] if otherwise is None else shape.get(key, otherwise))

  kind = shape['name']
  if kind == 'rect':
    left, top = number('x'), number('y')
    box = Box(left, top, left + number('width'), top + number('height'))
    return Region(name, _checked(box))
  if kind == 'polygon':
    if len(shape['all_points_x']) != len(shape['all_points_y']):
      raise ValueError('has not as many x as y')
    points = text_files.points(
        [list(xy) for xy in zip(shape['all_points_x'], shape['all_points_y'])])
    if len(points) < 3:
      raise ValueError(f'is a polygon of {len(points)} points, and needs 3 or more: draw '
                       'it again, or remove it')
    return _outline(name, points)
  if kind == _LINE:
    return regions_lib.of_line(name, text_files.points(
        [list(xy) for xy in zip(shape['all_points_x'], shape['all_points_y'])]))
  if kind in ('circle', 'ellipse'):
    radii = [number('r')] * 2 if kind == 'circle' else [number('rx'), number('ry')]
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    points = np.array([number('cx'), number('cy')]) + np.stack(
        [np.cos(angle), np.sin(angle)], 1) * radii
    return _outline(name, turned.turn(points, np.degrees(number('theta', 0))))
  raise ValueError(f'is a {kind}, which has no area: draw a polygon around the defect, '
                   'or remove it')


def _outline(name, *polygons):
  points = np.concatenate(polygons)
  return Region(name, _checked(Box(*points.min(0).tolist(), *points.max(0).tolist())),
                polygons=polygons)


def _checked(box):
  if box.width <= 0 or box.height <= 0:
    raise ValueError('has no width or no height: draw it again, or remove it')
  return box


def write(path, images, classes, pictures=None):
  """Writes a project at `path`, whose regions have the attribute 'class'.

  Args:
    path: the .json file. The images' names are relative to their folder.
    images: list of `Annotated`.
    classes: names in label order, which the program offers.
    pictures: their `Pictures`, of which it says the sizes in bytes; None to leave them out.
  """
  said = {}
  for image in images:
    size = os.path.getsize(pictures.folder / image.file) if pictures else -1
    said[f'{image.file}{size}'] = {
        'filename': image.file, 'size': size, 'file_attributes': {},
        'regions': [region for k, one in enumerate(image.regions)
                    for region in _regions(one, k)]}
  text_files.write(path, json.dumps({
      '_via_settings': {'ui': {}, 'core': {'default_filepath': ''},
                        'project': {'name': 'pegan_jax'}},
      '_via_img_metadata': said,
      '_via_attributes': {'region': {'class': {
          'type': 'dropdown', 'description': '', 'options': dict.fromkeys(classes, ''),
          'default_options': {}}}, 'file': {}},
      '_via_data_format_version': '2.0.10', '_via_image_id_list': [*said]},
      ensure_ascii=False) + '\n')


def written(path, names):
  """Returns the path that `write` makes."""
  del names
  return [path]


def _regions(region, number):
  polygons = outlines.of(region)
  named = {'class': region.name} | (
      {_GROUP: str(number)} if len(polygons) > 1 else {})
  shapes = [{'name': 'polygon', 'all_points_x': p[:, 0].tolist(),
             'all_points_y': p[:, 1].tolist()} for p in polygons] or [{
                 'name': 'rect', 'x': region.box.left, 'y': region.box.top,
                 'width': region.box.width, 'height': region.box.height}]
  return [{'shape_attributes': shape, 'region_attributes': named} for shape in shapes]
