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
