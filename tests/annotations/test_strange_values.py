"""A strange value, anywhere in a file of any format, is read or is a sentence about it."""

import base64
import copy
import io
import json
import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image
import pytest

from pegan_jax import annotations
from pegan_jax.annotations import coco, cvat, labelme, mask_names, severstal, via
from pegan_jax.annotations import voc, yolo
from pegan_jax.common.errors import UserError

_PNG = io.BytesIO()
Image.fromarray(np.ones((5, 5), np.uint8)).save(_PNG, 'PNG')
_SHAPES = [
    ('polygon', [[1, 2], [9, 2], [9, 9]], None), ('rectangle', [[1, 2], [9, 9]], None),
    ('circle', [[5, 5], [7, 7]], None),
    ('mask', [[5, 5], [9, 9]], base64.b64encode(_PNG.getvalue()).decode())]
JSON = {
    'labelme': (labelme.read, 'a.json', {
        'flags': {'old': False}, 'imageHeight': 30, 'imageWidth': 40, 'imagePath': '1.png',
        'shapes': [{'label': 'pa', 'points': points, 'shape_type': kind, 'mask': mask,
                    'group_id': None} for kind, points, mask in _SHAPES]}),
    'coco': (coco.read, 'a.json', {
        'images': [{'id': 1, 'file_name': '1.png', 'height': 30, 'width': 40}],
        'categories': [{'id': 1, 'name': 'pa'}], 'annotations': [
            {'id': 1, 'image_id': 1, 'category_id': 1, 'bbox': [1, 2, 8, 7],
             'segmentation': [[1, 2, 9, 2, 9, 9]]},
            {'id': 2, 'image_id': 1, 'category_id': 1,
             'segmentation': {'size': [30, 40], 'counts': [35, 20, 1145]}}]}),
    'via': (via.read, 'a.json', {'_via_img_metadata': {'1.png9': {
        'filename': '1.png', 'size': 9, 'file_attributes': {}, 'regions': [
            {'shape_attributes': shape, 'region_attributes': {'class': 'pa'}} for shape in (
                {'name': 'rect', 'x': 1, 'y': 2, 'width': 8, 'height': 7},
                {'name': 'circle', 'cx': 5, 'cy': 5, 'r': 3},
                {'name': 'ellipse', 'cx': 5, 'cy': 5, 'rx': 3, 'ry': 4, 'theta': 0.5},
                {'name': 'polygon', 'all_points_x': [1, 9, 9],
                 'all_points_y': [2, 2, 9]})]}}}),
    'names of masks': (lambda path: mask_names.names_in(path.parent), 'classes.json', {
        'pa': 1, '2': 'sc', 'rust': [255, 0, 0]})}
VALUES = (None, [], {}, '', 'x', -1, 1e400, True, 10**5000, [[1], [2, 3]], [None],
          {'a': 1}, '١', 1.5)
XML = {
    'voc': (voc.read, 'a.xml', (
        '<annotation><filename>1.png</filename><size><width>40</width><height>30</height>'
        '</size><object><name>pa</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax>'
        '<ymax>9</ymax></bndbox></object></annotation>')),
    'cvat': (cvat.read, 'a.xml', (
        '<annotations><image id="0" name="1.png" width="40" height="30">'
        '<box label="pa" xtl="1" ytl="2" xbr="9" ybr="9" rotation="0"/>'
        '<polygon label="pa" points="1,2;9,2;9,9"/>'
        '<ellipse label="pa" cx="9" cy="9" rx="3" ry="4"/>'
        '<mask label="pa" rle="0,25" left="1" top="2" width="5" height="5"/>'
        '</image></annotations>'))}
TEXT = {
    'yolo': (yolo.read, 'a.txt', '0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n'),
    'names of yolo': (lambda path: yolo.names_of([path], path.parent), 'data.yaml',
                      'nc: 2\nnames: [pa, sc]\n'),
    'numbers of yolo': (lambda path: yolo.names_of([path], path.parent), 'data.yaml',
                        'names:\n  0: pa\n  1: sc\n'),
    'colours': (lambda path: mask_names.names_in(path.parent), 'labelmap.txt',
                'background:0,0,0::\npa:1,1,1::\n'),
    'severstal': (severstal.read, 'a.csv',
                  'ImageId,ClassId,EncodedPixels\n1.png,1,1 5 35 4\n1.png,2,\n')}
WORDS = ('', 'x', '-1', '1e400', 'nan', 'null', '[1]', '{}', '1,2', '1;2', ',,', '9' * 5000,
         '"', '1.5', '١', '2020-01-01', '- x', '<<')
_PYTHONS = re.compile(
    r"has no attribute|object is|NoneType|inhomogeneous|invalid literal|argument|"
    r"unhashable|iterable|indices|could not convert|to unpack|reshape|recursion|digits|"
    r"<class|'[a-z]+'"
    r' object|codec|must be (real|str)')


def test_every_format_that_is_read_is_here():
  assert {*JSON, *XML, *TEXT} >= {*annotations.READ}


def _places(value, place=()):
  yield place
  pairs = (value.items() if isinstance(value, dict) else
           enumerate(value) if isinstance(value, list) else ())
  for key, inner in pairs:
    yield from _places(inner, (*place, key))


def _changed(value, place, new):
  """Returns JSON's value with another at a place, or, for `KeyError`, without it."""
  if not place:
    return None if new is KeyError else new
  value = copy.deepcopy(value)
  inner = value
  for key in place[:-1]:
    inner = inner[key]
  if new is KeyError:
    del inner[place[-1]]
  else:
    inner[place[-1]] = new
  return value


def _json_texts(base):
  for place in _places(base):
    for new in (*VALUES, KeyError):
      if new == 10**5000:
        yield json.dumps(_changed(base, place, '@')).replace('"@"', '1' + '0' * 5000)
      else:
        yield json.dumps(_changed(base, place, new))


def _xml_texts(base):
  for k, element in enumerate(ElementTree.fromstring(base).iter()):
    for name in (*element.attrib, None):
      for word in (*WORDS, KeyError):
        root = ElementTree.fromstring(base)
        changed = list(root.iter())[k]
        if word is KeyError:
          changed.attrib.pop(name, None)
          changed[:] = []
        elif name:
          changed.set(name, word)
        else:
          changed.text = word
        yield ElementTree.tostring(root, encoding='unicode')


def _texts(base):
  parts = re.split(r'([ ,\n:\[\]]+)', base)
  for k in range(0, len(parts), 2):
    for word in WORDS:
      yield ''.join([*parts[:k], word, *parts[k + 1:]])
  for k in range(1, len(parts), 2):
    yield ''.join(parts[:k] + parts[k + 1:])
  for end in range(len(base)):
    yield base[:end]


@pytest.mark.parametrize('texts, case', [
    (texts, case) for texts, cases in ((_json_texts, JSON), (_xml_texts, XML),
                                       (_texts, TEXT)) for case in cases.items()],
    ids=lambda x: x[0] if isinstance(x, tuple) else '')
@pytest.mark.filterwarnings('error')
def test_it_is_read_or_a_sentence_that_names_the_file(tmp_path, texts, case):
  _, (read, name, base) = case
  path, refused, tried = tmp_path / name, 0, 0
  for text in dict.fromkeys(texts(base)):
    path.write_text(text, 'utf-8')
    tried += 1
    try:
      read(path)
    except UserError as error:
      refused += 1
      said = str(error)
      assert name in said and '\n' not in said, (text[:500], said)
      assert not _PYTHONS.search(said), (text[:500], said)
  assert 0 < refused < tried
  path.write_text(base if isinstance(base, str) else json.dumps(base), 'utf-8')
  assert read(path)
