"""Several annotations of one image: one is used where they agree."""

import json

import pytest

from data_prep.annotated import file_kinds, repeated
from pegan_jax.common.errors import UserError
from handmade import POLYGON, YOLO, coco, counts, labelme, make, marked_in, read, voc

AGREE = {
    'boxes': {'1.xml': voc(), '1.txt': f'0 {YOLO}', 'classes.txt': 'crack'},
    'numbers for names': {'1.xml': voc(), '1.txt': f'0 {YOLO}'},
    'an outline': {'1.json': labelme('polygon'), '1.txt': f'0 {YOLO}',
                   'classes.txt': 'crack'},
    'outlines': {'1.json': labelme('polygon'), '1.txt': f'0 {POLYGON}',
                 'data.yaml': 'names: [crack]'},
    'one for many images': {'1.xml': voc(), 'c.json': coco('1.jpg')},
    'one format': {'a/1.xml': voc(), 'b/1.xml': voc()}}
DISAGREE = {
    'boxes': {'1.xml': voc(), '1.txt': '0 0.5 0.5 0.25 0.3', 'classes.txt': 'crack'},
    'names': {'1.xml': voc('pit'), '1.txt': f'0 {YOLO}', 'classes.txt': 'crack'},
    'one of none': {'1.xml': voc(), '1.txt': ''},
    'one of two': {'1.xml': voc(), '1.txt': f'0 {YOLO}\n0 {YOLO}', 'classes.txt': 'crack'},
    'a number for two names': {
        '1.json': json.dumps(json.loads(labelme()) | {'shapes': [
            {'label': name, 'points': [[x, 5], [x + 10, 15]], 'shape_type': 'rectangle'}
            for x, name in ((10, 'crack'), (25, 'pit'))]}),
        '1.txt': f'0 {YOLO}\n0 0.75 0.33333333 0.25 0.33333333'}}


@pytest.mark.parametrize('case', AGREE)
def test_of_those_that_agree_one_is_used(tmp_path, case):
  make(tmp_path, {'1.jpg': None} | AGREE[case])
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {repeated.SAME: 1}
  (_, annotated), = layout.annotated
  assert bool(annotated.regions[0].polygons) == case.startswith('an outline') or (
      case == 'outlines')


@pytest.mark.parametrize('case', DISAGREE)
def test_those_that_do_not_are_refused(tmp_path, case):
  make(tmp_path, {'1.jpg': None, '0.jpg': None, '0.xml': voc(), '0.txt': f'0 {YOLO}'}
       | DISAGREE[case])
  (tmp_path / '0.txt').unlink()
  with pytest.raises(UserError, match='annotates one image twice, 1.jpg in .*1.* and .*1'):
    read(tmp_path)


@pytest.mark.parametrize('folder', ['runs/detect/predict', 'runs/detect/exp3', 'predict2'])
def test_pictures_that_yolo_drew_into_are_refused(tmp_path, folder):
  make(tmp_path, {f'{folder}/1.jpg': None, f'{folder}/labels/1.txt': f'0 {YOLO}'})
  for images in ('', folder):
    with pytest.raises(UserError, match='is what a YOLO model writes: .* --format yolo'):
      read(tmp_path, images=images)
  assert read(tmp_path, format='yolo').format == 'yolo'
  (tmp_path / folder / 'labels').rename(tmp_path / folder / 'txt')
  file_kinds.refuse_guesses([tmp_path / folder / '1.jpg'])
