"""Masks to boxes, and the three formats read back."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

from data_prep import frames
from pegan_jax.annotations import regions

CLASSES = ['pa', 'sc']


def _find(mask, **settings):
  return regions.find_defects(
      mask, 'pa', **({'threshold': 0.5, 'min_area': 4} | settings))


@pytest.fixture(name='mask')
def _mask():
  """A block, a diagonal line, a speck, and a faint block."""
  mask = np.zeros((20, 30), np.uint8)
  mask[2:6, 3:10] = 200
  for i in range(5):
    mask[10 + i, 20 + i] = 128
  mask[18, 1] = 255
  mask[14:18, 2:8] = 127
  return mask


def test_components_above_a_threshold_and_a_size(mask):
  block, line = _find(mask)
  assert (block.box, block.area) == ((3, 2, 10, 6), 28)
  assert (line.box, line.area) == ((20, 10, 25, 15), 5)  # Corners touch.
  assert len(_find(mask, min_area=1)) == 3
  assert len(_find(mask, threshold=0.4)) == 3
  assert len(_find(mask, threshold=0.6)) == 1
  assert not _find(np.zeros_like(mask))


def test_a_texture_is_one_defect_that_fills_the_frame(mask):
  whole, = _find(mask, whole=True)
  assert whole.box == (0, 0, 30, 20) and whole.area == 28 + 5 + 1
  half = np.zeros((4, 6), np.uint8)
  half[::2] = 255
  texture, = _find(half)
  assert texture.box == (0, 0, 6, 4) and texture.area == 12
  half[0, 0] = 0
  assert [d.area for d in _find(half)] == [5, 6]


def _decode(runs, height, width):
  """COCO's uncompressed run lengths, as its documentation defines them."""
  pixels = np.repeat(np.arange(len(runs)) % 2, runs)
  return pixels.reshape(width, height).T.astype(bool)


def test_in_a_larger_image(mask):
  place = regions.Place(left=5, top=7, height=40, width=50)
  for own, there in zip(_find(mask), _find(mask, place=place)):
    np.testing.assert_array_equal(there.box, np.array(own.box) + [5, 7, 5, 7])
    expected = np.zeros((40, 50), bool)
    expected[7:27, 5:35] = _decode(own.runs, 20, 30)
    np.testing.assert_array_equal(_decode(there.runs, 40, 50), expected)
  np.testing.assert_array_equal(
      _decode(_find(np.full((3, 2), 255, np.uint8))[0].runs, 3, 2), True)


@pytest.fixture(name='written')
def _written(tmp_path, mask):
  found = _find(mask)
  defects = [found[0], found[1]._replace(name='sc')]
  regions.write(tmp_path, regions.FORMATS, CLASSES, [
      regions.Annotated('a/1.png', 20, 30, defects),
      regions.Annotated('2.png', 20, 30, [])])
  return tmp_path, defects


def test_voc_and_yolo_are_read_back_by_the_data_preparation(written):
  folder, defects = written
  expected = [(d.name, *d.box) for d in defects]
  assert frames.read_voc(folder / 'voc' / 'a' / '1.xml') == expected
  assert frames.read_voc(folder / 'voc' / '2.xml') == []
  names = frames.read_names(folder / 'yolo')
  assert names == CLASSES
  boxes = frames.read_yolo(folder / 'yolo' / 'a' / '1.txt', names, 20, 30)
  for (name, *edges), box in zip(expected, boxes, strict=True):
    assert name == box[0]
    np.testing.assert_allclose(edges, box[1:], atol=1e-5)
  size = ElementTree.parse(folder / 'voc' / 'a' / '1.xml').find('size')
  assert (size.find('width').text, size.find('height').text) == ('30', '20')


def test_coco(written, mask):
  folder, defects = written
  coco = json.loads((folder / 'coco.json').read_text())
  assert [i['file_name'] for i in coco['images']] == ['a/1.png', '2.png']
  names = {c['id']: c['name'] for c in coco['categories']}
  total = np.zeros((20, 30), bool)
  for defect, a in zip(defects, coco['annotations'], strict=True):
    left, top, right, bottom = defect.box
    assert a['bbox'] == [left, top, right - left, bottom - top]
    assert names[a['category_id']] == defect.name and a['image_id'] == 1
    inside = _decode(a['segmentation']['counts'], *a['segmentation']['size'])
    assert inside.sum() == a['area'] == defect.area
    total |= inside
  expected = mask > 127.5
  expected[18, 1] = False  # The speck.
  np.testing.assert_array_equal(total, expected)


def test_only_what_is_asked_for(tmp_path):
  regions.write(tmp_path, ['yolo'], CLASSES, [])
  assert [p.name for p in tmp_path.rglob('*')] == ['yolo', 'classes.txt']
