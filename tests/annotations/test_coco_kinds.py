"""COCO's files that mark nothing are told from those of objects."""

import json

from pegan_jax.annotations import coco, coco_kinds


def test_captions_are_no_objects(tmp_path):
  path = tmp_path / 'captions.json'
  said = {'images': [{'id': 1, 'file_name': '1.jpg'}],
          'annotations': [{'id': 1, 'image_id': 1, 'caption': 'rust'}]}
  path.write_text(json.dumps(said))
  assert coco_kinds.is_of_captions(path) and not coco.recognises(path)
  said['annotations'][0]['bbox'] = [1, 2, 3, 4]
  path.write_text(json.dumps(said))
  assert not coco_kinds.is_of_captions(path) and coco.recognises(path)


def test_lists_of_images_to_be_tested_say_nothing_of_them(tmp_path):
  said = {'images': [{'id': 1, 'file_name': '1.jpg'}], 'categories': []}
  for name, more, is_alone in (
      ('image_info_test2017.json', {'annotations': []}, True),
      ('image_info_test.json', {}, True), ('clean.json', {'annotations': []}, False),
      ('image_info_val.json', {'annotations': [{'image_id': 1}]}, False)):
    (tmp_path / name).write_text(json.dumps(said | more))
    assert coco_kinds.is_of_images_alone(tmp_path / name) == is_alone, name
