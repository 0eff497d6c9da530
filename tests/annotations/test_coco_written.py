"""COCO as we write it, and a real file of another program."""

import json
import os
import pathlib

import numpy as np
from pycocotools import mask as library
import pytest

from pegan_jax.annotations import coco, pixels
from pegan_jax.annotations.regions import Annotated, Box, Region

REAL = pathlib.Path(os.environ.get(
    'PEGAN_DATA', pathlib.Path(__file__).resolve().parents[3] / 'shared' / 'data'))


@pytest.fixture(name='images')
def _images():
  ring = np.ones((4, 7), bool)
  ring[1:3, 2:5] = False
  triangle = np.array([[1.5, 2], [9.5, 2], [9.5, 12]])
  return [
      Annotated('a/1.png', 20, 30, [
          Region('pa', Box(3, 2, 10, 6), ring),
          Region('sc', Box(0, 0, 30, 20), np.ones((20, 30), bool)),
          Region('sc', Box(1, 2, 10, 12), polygons=(triangle, triangle + 1)),
          Region('pa', Box(20, 10, 25, 15))]),
      Annotated('2.png', 20, 30, [])]


def test_what_is_written_is_as_cocos_documentation_says(tmp_path, images):
  coco.write(tmp_path / 'coco.json', images, ['pa', 'sc'])
  said = json.loads((tmp_path / 'coco.json').read_text())
  assert said['images'] == [
      {'id': 1, 'file_name': 'a/1.png', 'height': 20, 'width': 30, 'license': 1},
      {'id': 2, 'file_name': '2.png', 'height': 20, 'width': 30, 'license': 1}]
  assert said['categories'] == [{'id': 1, 'name': 'pa', 'supercategory': 'defect'},
                                {'id': 2, 'name': 'sc', 'supercategory': 'defect'}]
  assert said['info'] and [x['id'] for x in said['licenses']] == [1]
  ring, full, triangles, box = said['annotations']
  assert [a['id'] for a in said['annotations']] == [1, 2, 3, 4]
  assert [a['category_id'] for a in said['annotations']] == [1, 2, 2, 1]
  assert {(a['image_id'], a['iscrowd']) for a in said['annotations']} == {(1, 0)}
  assert ring['bbox'] == [3, 2, 7, 4] and ring['area'] == 28 - 6
  expected = np.zeros((20, 30), bool)
  expected[2:6, 3:10] = images[0].regions[0].mask
  np.testing.assert_array_equal(expected, pixels.decode(library.merge(
      library.frPyObjects(ring['segmentation'], 20, 30))))
  assert full['segmentation'] == [[30, 0, 30, 20, 0, 20, 0, 0]] and full['area'] == 600
  assert triangles['segmentation'][0] == [1.5, 2, 9.5, 2, 9.5, 12]
  assert triangles['area'] == 2 * 8 * 10 / 2
  assert box['segmentation'] == [] and box['area'] == 25


def test_a_real_file_of_another_program():
  path = REAL / 'DeepPCB' / 'annotations.json'
  if not path.is_file():
    pytest.skip(f'no real data: {path} is missing (set PEGAN_DATA)')
  said = json.loads(path.read_text())
  images = coco.read(path)
  assert len(images) == len(said['images'])
  assert sum(len(x.regions) for x in images) == len(said['annotations'])
  for image in images:
    assert len(image.regions_in(image.height, image.width)) == len(image.regions)
