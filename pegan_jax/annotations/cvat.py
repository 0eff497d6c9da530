"""Reads 'CVAT for images', one XML file for all images.

Points are (x, y) in pixel edges. It holds names and boxes, turned or not, polygons,
ellipses, masks and lines.
"""

import pathlib
from xml.etree import ElementTree

import numpy as np

from pegan_jax.annotations import attributes, text_files, turned
from pegan_jax.annotations.regions import Annotated, Box, LINES, of_line, Region
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError, reason

FILES = '.xml (CVAT for images)'

_LINE = 'polyline'
_CORNERS = 72  # Of the polygon that stands for an ellipse.


def recognises(path):
  """Returns whether a file is XML that begins as CVAT's does."""
  return text_files.root_of_xml(path) == 'annotations'


def read(path):
  """Reads a CVAT file.

  Args:
    path: the .xml file, or a folder, of which each CVAT file is read.

  Returns:
    List of `Annotated`, in the file's order, unclipped.

  Raises:
    UserError: the file is damaged or of a video, or has a shape without an area. Where
      single images are wrong, it is `text_files.PartlyRead`, with the others.
  """
  return [image for file, _ in listing.find(path, '.xml') if recognises(file)
          for image in _read_file(file)]


def _read_file(path):
  try:
    root = ElementTree.fromstring(text_files.read_xml(path))
    if root.find('track') is not None:
      raise ValueError("it is of a video; export it as 'CVAT for images' or COCO")
    images = text_files.each(_image, root.iter('image'))
    return attributes.noted(images, attributes.notes(
        _attributes(root), 'make them labels in CVAT'))
  except text_files.Misfits as error:
    raise text_files.PartlyRead(f'{path} cannot be read as CVAT for images: {error}.',
                                error.found) from None
  except KeyError as error:
    raise UserError(f'{path} cannot be read as CVAT for images: an image lacks {error}.'
                    ) from None
  except ValueError as error:
    raise UserError(f'{path} cannot be read as CVAT for images: {error}.') from None
  except ElementTree.ParseError as error:
    raise UserError(f'{path} cannot be read as CVAT for images: {reason(error)}.') from None


def _attributes(root):
  """Yields the label of each shape and its attributes, {name: text}."""
  for shape in root.iterfind('image/*[@label]'):
    if shape.tag != 'tag':
      yield shape.attrib['label'].strip(), {
          one.get('name', ''): (one.text or '').strip() for one in shape.iter('attribute')}


def _image(item):
  name = pathlib.PureWindowsPath(item.attrib['name'].strip()).as_posix()
  if name == '.':
    raise ValueError('an image has an empty name')
  shapes = [shape for shape in item if shape.tag != 'tag']
  tags = tuple(tag.get('label', '').strip() for tag in item.iter('tag'))
  try:
    size = [text_files.whole(item.attrib[side]) for side in ('height', 'width')]
  except ValueError as error:
    raise ValueError(f'the size of {name}: {error}') from None
  return Annotated(name, *size,
                   text_files.each(lambda shape: _whole_region(shape, name), shapes),
                   (LINES,) * any(shape.tag == _LINE for shape in shapes), tags=tags)


def _whole_region(shape, image):
  try:
    return _region(shape, image)
  except KeyError as error:
    raise ValueError(f'{image} has a {shape.tag} that lacks {error}') from None


def _region(shape, image):
  said, name = shape.attrib, shape.attrib['label'].strip()

  def number(key, otherwise=None):
    try:
      return text_files.number(said.get(key, otherwise) if otherwise else said[key])
    except ValueError as error:
      raise ValueError(f'{image} has a {shape.tag} of {name}: {error}') from None

  if shape.tag == 'box':
    corners = np.array([[number('xtl'), number('ytl')], [number('xbr'), number('ybr')]])
    return turned.region(name, _bounds(corners, image, name), number('rotation', '0'))
  if shape.tag in ('polygon', _LINE):
    try:
      points = text_files.points(
          [pair.split(',') for pair in said['points'].rstrip(';').split(';')])
      if shape.tag == _LINE:
        return of_line(name, points)
    except ValueError as error:
      raise ValueError(f'{image} has a {shape.tag} of {name}: {error}') from None
    if len(points) < 3:
      raise ValueError(f'{image} has a polygon of {name} with {len(points)} points, and '
                       'it needs 3 or more: draw it again, or remove it')
    return _outline(name, image, points)
  if shape.tag == 'ellipse':
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    points = np.array([number('cx'), number('cy')]) + np.stack(
        [np.cos(angle), np.sin(angle)], 1) * [number('rx'), number('ry')]
    return _outline(name, image, turned.turn(points, number('rotation', '0')))
  if shape.tag == 'mask':
    try:
      left, top, width, height = (
          text_files.whole(said[k]) for k in ('left', 'top', 'width', 'height'))
      inside = text_files.decode_runs(
          text_files.lengths(said['rle'].rstrip(', ').split(',')), height, width)
    except ValueError as error:
      raise ValueError(f'{image} has a mask of {name}: {error}') from None
    return Region(name, Box(left, top, left + width, top + height), inside)
  raise ValueError(f'{image} has a {shape.tag} of {name}, which has no area; draw a '
                   'polygon around the defect, or remove it')


def _outline(name, image, points):
  return Region(name, _bounds(points, image, name), polygons=(points,))


def _bounds(points, image, name):
  box = Box(*points.min(0).tolist(), *points.max(0).tolist())
  if not (np.isfinite(box).all() and box.width > 0 and box.height > 0):
    raise ValueError(f'{image} has a shape of {name} without width or height: draw '
                     'it again, or remove it')
  return box
