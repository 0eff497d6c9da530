"""Reads and writes Pascal VOC, one XML file per image.

Pixels count from 1, and both corners are in the box. It holds names and boxes; the outer
spaces of a name are lost.
"""

import pathlib
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from pegan_jax.annotations import text_files
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError

PATH = 'voc'
FILES = '.xml (Pascal VOC)'


def recognises(path):
  """Returns whether a file is XML that is damaged, or begins as VOC does."""
  return path.suffix.lower() == '.xml' and text_files.root_of_xml(path) in (
      'annotation', '')


def read(path):
  """Reads the .xml files of a folder.

  Args:
    path: the folder, in which XML of other kinds may lie, or one file.

  Returns:
    List of `Annotated`, with boxes unclipped. The image is known by the place of the
    file: programs leave other names in it.

  Raises:
    UserError: a file is not VOC XML, declares entities or a document type, or has a
      box without a side, or two boxes in one object.
  """
  return [_read_file(file, name) for file, name in text_files.find(path, '.xml')
          if recognises(file) or file == pathlib.Path(path)]


def _read_file(path, name):
  try:
    root = ElementTree.fromstring(text_files.read_xml(path))
    if root.tag != 'annotation':
      raise ValueError(f"it holds '{root.tag}' in place of 'annotation'")
    return Annotated(name, _size(root, 'height'), _size(root, 'width'),
                     text_files.each(_region, root.iter('object')))
  except ElementTree.ParseError as error:
    raise UserError(f'{path} is not a Pascal VOC file: {error}.') from None
  except (AttributeError, TypeError):
    raise UserError(f'{path} is not a Pascal VOC file: an object has no name, or no '
                    'number for an edge of its box.') from None
  except ValueError as error:
    raise UserError(f'{path} is not a Pascal VOC file: {error}.') from None


def _size(root, tag):
  """Returns the image's height or width by the file; None where it has no number."""
  text = root.findtext(f'size/{tag}', '').strip()
  return int(text) if text.isdecimal() and int(text) > 1 else None


def _region(item):
  boxes, name = item.findall('bndbox'), item.find('name').text.strip()
  if len(boxes) > 1:
    raise ValueError(f'an object, {name}, has {len(boxes)} boxes: give each its own')
  box = item.find('bndbox')
  left, top, right, bottom = (float(box.find(tag).text)
                              for tag in ('xmin', 'ymin', 'xmax', 'ymax'))
  if not np.isfinite([left, top, right, bottom]).all():
    raise ValueError('an edge of a box is not a number')
  box = Box(left - 1, top - 1, right, bottom)
  if box.width <= 0 or box.height <= 0:
    raise ValueError(f'the box of {name} from ({left:g}, {top:g}) to ({right:g}, '
                     f'{bottom:g}) has no width or no height')
  return Region(name, box)


def write(path, images, classes, pictures=None, about=None):
  """Writes <path>/<image>.xml for each image, and the images beside.

  Args:
    path: the folder.
    images: list of `Annotated`.
    classes: unused.
    pictures: their `Pictures`, None to write no images.
    about: elements to add or replace in each file: {tag: text or a nested dict}.
  """
  del classes
  for image in images:
    size = {'width': image.width, 'height': image.height}
    if pictures:
      pictures.link(image.file, path / image.file)
      with Image.open(path / image.file) as opened:
        size['depth'] = len(opened.getbands())
    text_files.write(text_files.beside(path, image, '.xml'),
                     _to_xml(image, {'size': size} | (about or {})))


def written(path, names):
  """Returns the paths that `write` gives the images called `names`."""
  return [path / kind for name in names
          for kind in (name, pathlib.PurePosixPath(name).with_suffix('.xml'))]


def _to_xml(image, about):
  file = pathlib.PurePosixPath(image.file)
  root = _element('annotation', {
      'folder': file.parent, 'filename': file.name,
      'source': {'database': 'pegan_jax'}, 'segmented': 0} | about)
  for region in image.regions:
    left, top, right, bottom = region.box
    root.append(_element('object', {
        'name': region.name, 'pose': 'Unspecified', 'truncated': 0, 'difficult': 0,
        'bndbox': {'xmin': left + 1, 'ymin': top + 1, 'xmax': right, 'ymax': bottom}}))
  ElementTree.indent(root)
  return ElementTree.tostring(root, encoding='unicode') + '\n'


def _element(tag, content):
  element = ElementTree.Element(tag)
  if isinstance(content, dict):
    element.extend(_element(k, v) for k, v in content.items())
  else:
    element.text = str(content)
  return element
