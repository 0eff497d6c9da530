"""Masks to boxes, and boxes to Pascal VOC, YOLO and COCO files."""

import json
import pathlib
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from scipy import ndimage

FORMATS = ('voc', 'yolo', 'coco')

# A mask that covers this part of the image is a texture: its box is the image.
_TEXTURE = 0.5


class Defect(NamedTuple):
  """One defect of an image.

  Attributes:
    name: its class.
    box: (left, top, right, bottom) in pixel edges: image[top:bottom, left:right].
    area: pixels of the mask above the threshold.
    runs: the mask above the threshold as COCO's uncompressed run lengths.
  """
  name: str
  box: tuple[int, int, int, int]
  area: int
  runs: list[int]


class Annotated(NamedTuple):
  """An image's name, as its path under the folder of images, and its defects."""
  file: str
  height: int
  width: int
  defects: list[Defect]


class Place(NamedTuple):
  """Where a window lies in an image, in pixels."""
  left: int
  top: int
  height: int  # Of the image.
  width: int


def find_defects(mask, name, threshold, min_area, whole=False, place=None):
  """The connected components of a mask.

  Args:
    mask: uint8 [h, w], 255 being all defect.
    name: the class.
    threshold: in (0, 1), above which a pixel belongs to a defect.
    min_area: pixels, below which a component is left out.
    whole: whether the class is a texture, whose box is all of the mask's frame.
    place: `Place` of the mask in an image, whose coordinates the defects get; None
      where the mask is the image's own.

  Returns:
    List of `Defect`, in reading order. Pixels that touch at a corner are one
    component. A mask that is above the threshold in half of its frame is one
    defect, and its box the frame: a texture's holes and islands are no defects of
    their own.
  """
  place = place or Place(0, 0, *mask.shape)
  inside = mask > 255 * threshold
  if whole or inside.mean() >= _TEXTURE:
    return [_defect(name, (slice(0, mask.shape[0]), slice(0, mask.shape[1])), inside,
                    place)]
  labels, _ = ndimage.label(inside, np.ones((3, 3)))
  pieces = [(slices, labels == i)
            for i, slices in enumerate(ndimage.find_objects(labels), 1)]
  return [_defect(name, slices, piece, place) for slices, piece in pieces
          if piece.sum() >= min_area]


def _defect(name, slices, inside, place):
  """A `Defect` from its box in the mask and its pixels there."""
  rows, columns = slices
  image = np.zeros((place.height, place.width), bool)
  image[place.top:place.top + inside.shape[0],
        place.left:place.left + inside.shape[1]] = inside
  return Defect(name, (place.left + columns.start, place.top + rows.start,
                       place.left + columns.stop, place.top + rows.stop),
                int(inside.sum()), _run_lengths(image))


def _run_lengths(inside):
  """Lengths of runs in column order, outside first: bool [h, w] -> list of int."""
  flat = inside.ravel(order='F')
  ends = np.flatnonzero(np.diff(flat)) + 1
  lengths = np.diff(np.concatenate([[0], ends, [flat.size]]))
  return [0] * bool(flat[0]) + lengths.tolist()


def boxes_to_text(defects):
  """Boxes for a cell of the manifest: 'left top right bottom; ...'."""
  return '; '.join(' '.join(map(str, d.box)) for d in defects)


def write(folder, formats, classes, images):
  """Writes a set's boxes.

  Args:
    folder: gets voc/<image>.xml, yolo/<image>.txt with yolo/classes.txt, and
      coco.json; <image> is the image's own path.
    formats: which of `FORMATS`.
    classes: names of the classes, in label order.
    images: `Annotated`s.
  """
  folder = pathlib.Path(folder)
  if 'voc' in formats:
    for image in images:
      _write_text(folder / 'voc' / _stem(image, '.xml'), _voc(image))
  if 'yolo' in formats:
    _write_text(folder / 'yolo' / 'classes.txt', '\n'.join(classes) + '\n')
    for image in images:
      _write_text(folder / 'yolo' / _stem(image, '.txt'), _yolo(image, classes))
  if 'coco' in formats:
    _write_text(folder / 'coco.json', json.dumps(_coco(images, classes)) + '\n')


def _stem(image, suffix):
  return pathlib.PurePosixPath(image.file).with_suffix(suffix)


def _write_text(path, text):
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(text, 'utf-8')


def _voc(image):
  """The XML of an image; corners count from 1 and are inside the box."""
  path = pathlib.PurePosixPath(image.file)
  parts = {'folder': str(path.parent), 'filename': path.name,
           'size': {'width': image.width, 'height': image.height}, 'segmented': 1}
  root = _element('annotation', parts)
  for defect in image.defects:
    left, top, right, bottom = defect.box
    root.append(_element('object', {
        'name': defect.name, 'difficult': 0, 'bndbox': {
            'xmin': left + 1, 'ymin': top + 1, 'xmax': right, 'ymax': bottom}}))
  ElementTree.indent(root)
  return ElementTree.tostring(root, encoding='unicode') + '\n'


def _element(tag, content):
  element = ElementTree.Element(tag)
  if isinstance(content, dict):
    element.extend(_element(k, v) for k, v in content.items())
  else:
    element.text = str(content)
  return element


def _yolo(image, classes):
  """A line a defect: label, centre and size in fractions of the image."""
  lines = []
  for defect in image.defects:
    left, top, right, bottom = defect.box
    numbers = ((left + right) / 2 / image.width, (top + bottom) / 2 / image.height,
               (right - left) / image.width, (bottom - top) / image.height)
    lines.append(f'{classes.index(defect.name)} '
                 + ' '.join(f'{x:.8g}' for x in numbers) + '\n')
  return ''.join(lines)


def _coco(images, classes):
  """COCO's dictionary; categories count from 1, in label order."""
  annotations = []
  for i, image in enumerate(images, 1):
    for defect in image.defects:
      left, top, right, bottom = defect.box
      annotations.append({
          'id': len(annotations) + 1, 'image_id': i,
          'category_id': classes.index(defect.name) + 1,
          'bbox': [left, top, right - left, bottom - top], 'area': defect.area,
          'iscrowd': 0, 'segmentation': {
              'size': [image.height, image.width], 'counts': defect.runs}})
  return {
      'images': [{'id': i, 'file_name': image.file, 'height': image.height,
                  'width': image.width} for i, image in enumerate(images, 1)],
      'categories': [{'id': i, 'name': name} for i, name in enumerate(classes, 1)],
      'annotations': annotations}
