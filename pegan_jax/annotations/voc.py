"""Reads and writes Pascal VOC, one XML file per image.

Pixels count from 1, or from 0 where a box of a set begins there, and both corners are in
the box. It holds names and boxes, which CVAT and roLabelImg may say are turned; the outer
spaces of a name are lost. Elements are known by their names in any case of letters.
"""

import math
import pathlib
from xml.etree import ElementTree

from PIL import Image

from pegan_jax.annotations import text_files, turned
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

PATH = 'voc'
FILES = '.xml (Pascal VOC)'

BOXES_ALONE = 'outlines in Pascal VOC files: only their boxes are read'

COUNTED_FROM_0 = ('Pascal VOC files of a set in which boxes begin at 0, or are turned: all '
                  'are read as counted from 0, not from 1')

THIN = 'Pascal VOC boxes of one row or column of pixels, as a click without a drag gives'

# Elements beside the objects that mark nothing.
_ABOUT = ('folder', 'filename', 'path', 'source', 'owner', 'size', 'segmented')
_NOTHING = ('0', 'none', 'no', 'false')  # Words of these.
# Parts of an object that programs add, with more than its box.
_OUTLINES = ('polygon', 'segm', 'segmentation', 'mask')


def recognises(path):
  """Returns whether a file is XML that is damaged, or begins as VOC does."""
  return path.suffix.lower() == '.xml' and text_files.root_of_xml(path).lower() in (
      'annotation', '')


def read(path):
  """Reads the .xml files of a folder.

  Args:
    path: the folder, in which XML of other kinds may lie, or one file.

  Returns:
    List of `Annotated`, with boxes unclipped. The image is known by the place of the
    file: programs leave other names in it.

  Raises:
    UserError: a file is not VOC XML, declares entities or a document type, has a box
      without a side or two boxes in one object, or lists that may mark something. A word
      more is one of the image's `tags`.
  """
  return counted([read_file(file, name) for file, name in listing.find(path, '.xml')
                  if recognises(file) or file == pathlib.Path(path)])


def counted(images):
  """Returns the images of a set, counted from 0 where a box proves that.

  Ends are edges where one is as large as its image, or has a fraction; else pixels. In a
  set with turned boxes, which are of CVAT, all count from 0 and have edges.

  Args:
    images: list of `Annotated` from `read_file`.
  """
  regions = [(region, image) for image in images for region in image.regions]
  are_turned = any(region.polygons for region, _ in regions)
  if not are_turned and not any(-1 <= min(region.box) < 0 for region, _ in regions):
    return images
  more = int(not are_turned and not any(
      box.right == image.width or box.bottom == image.height or any(x % 1 for x in box)
      for (_, box, *_), image in regions))
  return [image._replace(notes=(*image.notes, COUNTED_FROM_0), regions=[
      region if region.polygons else region._replace(
          box=Box(region.box.left + 1, region.box.top + 1,
                  region.box.right + more, region.box.bottom + more))
      for region in image.regions]) for image in images]


def read_file(path, name):
  """Reads one file, with boxes as if they counted from 1; see `counted` and `read`."""
  try:
    root = ElementTree.fromstring(text_files.read_xml(path))
    for element in root.iter():
      element.tag = element.tag.lower()
    if root.tag != 'annotation':
      raise ValueError(f"it holds '{root.tag}' in place of 'annotation'")
    objects = list(root.iter('object'))
    _check_all_is_known(root, objects)
    more = any(part.tag in _OUTLINES and _says(part) for item in objects for part in item)
    regions = text_files.each(_region, objects)
    thin = any(min(region.box.width, region.box.height) <= 1 for region in regions)
    return Annotated(name, _size(root, 'height'), _size(root, 'width'), regions,
                     (BOXES_ALONE,) * more + (THIN,) * thin,
                     text_files.name_of(root.findtext('filename')), _tags(root))
  except (ElementTree.ParseError, ValueError) as error:
    raise UserError(f'{path} cannot be read as Pascal VOC: {error}.') from None


def _check_all_is_known(root, objects):
  """Raises ValueError for elements that may mark what no object does."""
  for element in root:
    known = element.tag in _ABOUT or not _says(element) or not _is_list(element) or any(
        item in objects for item in element.iter())
    if not known:
      raise ValueError(f"it has an element '{element.tag}', which marks nothing in Pascal "
                       "VOC; name it 'object' if it is one, or remove it")


def _tags(root):
  """Returns the words of elements of no kind that is known; of numbers with their name."""
  said = [(element.tag, element.text.strip()) for element in root
          if element.tag not in _ABOUT and _says(element) and not _is_list(element)]
  return tuple(f'{tag} {text}' if text.isdecimal() else text
               for tag, text in said if text.lower() not in _NOTHING)


def _is_list(element):
  return len(element) or element.attrib


def _says(element):
  return _is_list(element) or (element.text or '').strip()


def _size(root, tag):
  """Returns the image's height or width by the file; None where it has no number."""
  text = root.findtext(f'size/{tag}', '').strip()
  if not text.isdecimal():
    return None
  side = text_files.whole(text)
  return side if side > 1 else None


def _region(item):
  name = _text(item, 'name', 'an object')
  if turned_boxes := item.findall('robndbox'):
    return _of_rolabelimg(turned_boxes[0], name)
  if not (boxes := item.findall('bndbox')):
    raise ValueError(f'an object, {name}, has no bndbox: draw its box, or remove it')
  if len(boxes) > 1:
    raise ValueError(f'an object, {name}, has {len(boxes)} boxes: give each its own')
  what = f'the box of {name}'
  left, top, right, bottom = (_number(_text(boxes[0], tag, what), tag, what)
                              for tag in ('xmin', 'ymin', 'xmax', 'ymax'))
  box = Box(left - 1, top - 1, right, bottom)
  said = f'{what} from ({left:g}, {top:g}) to ({right:g}, {bottom:g})'
  if box.width < 0 or box.height < 0:
    raise ValueError(f'{said} has its corners swapped: xmin must not be above xmax, nor '
                     'ymin above ymax, so swap these, or export it again')
  if box.width <= 0 or box.height <= 0:
    raise ValueError(f'{said} has no width or no height: draw it again, or remove it')
  if degrees := _turn(item, what):
    return turned.region(name, Box(left, top, right, bottom), degrees)
  return Region(name, box)


def _of_rolabelimg(box, name):
  """Returns the region of a box of roLabelImg, which has its middle, and radians."""
  what = f'the turned box of {name}'
  x, y, width, height, angle = (_number(_text(box, tag, what), tag, what)
                                for tag in ('cx', 'cy', 'w', 'h', 'angle'))
  if min(width, height) <= 0:
    raise ValueError(f'{what} has no width or no height: draw it again, or remove it')
  return turned.region(name, Box(x - width / 2, y - height / 2, x + width / 2,
                                 y + height / 2), math.degrees(angle))


def _turn(item, what):
  """Returns by how many degrees CVAT says that a box is turned."""
  said = [part.findtext('value') for part in item.findall('attributes/attribute')
          if (part.findtext('name') or '').strip() == 'rotation']
  return _number(said[0] or 0, 'rotation', what) if said else 0


def _text(item, tag, what):
  """Returns the text of the only element called `tag` in `item`."""
  found = item.findall(tag)
  if len(found) != 1 or not found[0].text:
    raise ValueError(f"{what} has {len(found) or 'no'} {tag}" if len(found) != 1 else
                     f'{what} has an empty {tag}: fill it in, or remove the object')
  return found[0].text.strip()


def _number(text, tag, what):
  try:
    return text_files.number(text)
  except ValueError as error:
    raise ValueError(f'{what}, {tag}: {error}') from None


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
  path.mkdir(parents=True, exist_ok=True)
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
