"""What is told of the numbers in a COCO file."""

import json

import pytest

from pegan_jax.annotations import coco, coco_numbers


@pytest.mark.parametrize('change, is_told', [
    (lambda box, k: box, True), (lambda box, k: box[:2] + [box[0] - 1, box[3]], False),
    (lambda box, k: [0, 0] + box[2:], False), (lambda box, k: box if k else None, False)])
def test_boxes_that_may_be_two_corners_are_told(tmp_path, change, is_told):
  boxes = [change([10 + k, 20, 30 + k, 44], k) for k in range(10)]
  said = {'categories': [{'id': 1, 'name': 'pit'}],
          'images': [{'id': k, 'file_name': f'{k}.png'} for k in range(11)],
          'annotations': [{'image_id': k, 'category_id': 1, 'bbox': box}
                          for k, box in enumerate(boxes) if box]}
  (tmp_path / 'a.json').write_text(json.dumps(said), 'utf-8')
  told = [image.file for image in coco.read(tmp_path / 'a.json')
          if coco_numbers.CORNERS in image.notes]
  assert told == [f'{k}.png' for k in range(10)] * is_told


@pytest.mark.parametrize('outlines, is_told', [
    ([[10, 20, 40, 60]], True), ([[10, 20]], True), ([[]], False), ([], False),
    ([[10, 20, 40, 20, 40, 60]], False), ([[10, 20], [10, 20, 40, 20, 40, 60]], False)])
def test_outlines_of_two_points_are_told(tmp_path, outlines, is_told):
  said = {'categories': [{'id': 1, 'name': 'pit'}],
          'images': [{'id': k, 'file_name': f'{k}.png'} for k in range(2)],
          'annotations': [
              {'image_id': 0, 'category_id': 1, 'bbox': [10, 20, 30, 40],
               'segmentation': outlines},
              {'image_id': 1, 'category_id': 1, 'bbox': [10, 20, 30, 40],
               'segmentation': [[10, 20, 40, 20, 40, 60]]}]}
  (tmp_path / 'a.json').write_text(json.dumps(said), 'utf-8')
  told = [image.file for image in coco.read(tmp_path / 'a.json')
          if coco_numbers.POINTS in image.notes]
  assert told == ['0.png'] * is_told
