"""Several annotations of one image: one is used where they agree."""

import json

import pytest

from data_prep.annotated import file_kinds, other_marks, reasons, repeated
from pegan_jax.common.errors import UserError
from handmade import (BOX, HEIGHT, POLYGON, WIDTH, YOLO, coco, counts, labelme, make,
                      marked_in, mask, read, voc)

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
    'one of two': {'1.xml': voc(), '1.txt': f'0 {YOLO}\n0 0.75 0.33333333 0.25 0.33333333',
                   'classes.txt': 'crack'},
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
  assert counts(layout.left_out) == {reasons.SAME: 1}
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


def _coco(name, x, categories):
  """Two images, of which only one has a region, at x to x + 10."""
  found = json.loads(coco('1.jpg', '2.jpg'))
  del found['annotations'][x > 20]
  found['annotations'][0] |= {'bbox': [x, 5, 10, 10], 'category_id': categories.index(name)}
  return json.dumps(found | {'categories': [
      {'id': k, 'name': name} for k, name in enumerate(categories)]})


def test_files_of_coco_with_classes_of_their_own_are_read_together(tmp_path):
  make(tmp_path, {f'{k}.jpg': None for k in (1, 2)} | {
      'a.json': _coco('crack', 10, ['crack']), 'b.json': _coco('pit', 25, ['pit'])})
  layout = read(tmp_path)
  assert {(path.name, region.name, region.box.left) for path, image in layout.annotated
          for region in image.regions} == {('2.jpg', 'crack', 10), ('1.jpg', 'pit', 25)}
  assert counts(layout.noted) == {repeated.JOINED: 2} and not layout.left_out
  for other in (_coco('pit', 25, ['pit', 'crack']), _coco('pit', 12, ['pit'])):
    (tmp_path / 'b.json').write_text(other)
    with pytest.raises(UserError, match='twice, .* put what they mark into one file'):
      read(tmp_path)


@pytest.mark.parametrize('pit', [
    {'c.json': _coco('pit', 25, ['pit'])},
    {'2.json': labelme(label='pit')}])
def test_formats_with_classes_of_their_own_are_read_together(tmp_path, pit):
  """As boxes of one class by one person, and outlines of another by another."""
  make(tmp_path, {f'{k}.jpg': None for k in (1, 2)} | {
      f'{k}.xml': voc('crack', (2, 5, 8, 15)) for k in (1, 2)} | pit)
  layout = read(tmp_path)
  found = {(path.name, region.name) for path, image in layout.annotated
           for region in image.regions}
  assert {('1.jpg', 'crack'), ('2.jpg', 'crack')} < found and len(found) == 3
  assert counts(layout.noted)[repeated.JOINED] >= 1
  make(tmp_path, {'1.xml': voc('pit', (2, 5, 8, 15))})  # A class of both.
  with pytest.raises(UserError, match='twice, .* or name one --format'):
    read(tmp_path)


def test_numbers_are_no_classes_of_their_own_beside_names(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.xml': voc('crack', (2, 5, 8, 15)),
                  '1.txt': '0 0.75 0.33333333 0.25 0.33333333'})
  with pytest.raises(UserError, match='twice'):
    read(tmp_path)


@pytest.mark.parametrize('suffix, crack, pit', [
    ('xml', voc(), voc('pit', (25, 5, 35, 15))),
    ('txt', f'0 {YOLO}', '1 0.75 0.33333333 0.25 0.33333333')])
def test_folders_with_classes_of_their_own_are_read_together(tmp_path, suffix, crack, pit):
  make(tmp_path, {'1.jpg': None, '2.jpg': None, f'b/1.{suffix}': pit}
       | {f'a/{k}.{suffix}': crack for k in (1, 2)})
  layout = read(tmp_path)
  regions = dict(layout.annotated)[tmp_path / '1.jpg'].regions_in(HEIGHT, WIDTH)
  assert [(region.name, region.box.left) for region in regions] == [
      ('crack' if suffix == 'xml' else '0', 10), ('pit' if suffix == 'xml' else '1', 25)]
  assert counts(layout.noted)[repeated.JOINED] == 1 and not layout.left_out
  make(tmp_path, {f'b/2.{suffix}': crack})  # A class of both.
  with pytest.raises(UserError, match='twice, .* put what they mark into one file'):
    read(tmp_path)


@pytest.mark.parametrize('other', [
    {'b.json': _coco('pit', 25, ['pit'])},
    {'labels/1.txt': '0 0.75 0.33333333 0.25 0.33333333', 'labels/2.txt': f'0 {YOLO}'},
    {'masks/1.png': lambda path: mask(path, box=(25, 5, 35, 15))}])
def test_what_is_not_named_marks_no_background(tmp_path, other):
  make(tmp_path, {f'{k}.jpg': None for k in (1, 2)} | {
      'a.json': _coco('crack', 10, ['crack'])} | other)
  layout = read(tmp_path, 'a.json')
  assert {path.name: [(region.name, region.box) for region in image.regions]
          for path, image in layout.annotated} == {
              '1.jpg': [('', (25, 5, 35, 15))], '2.jpg': [('crack', BOX)]}
  assert counts(layout.noted) == {other_marks.NOTED: 1}


def test_what_is_not_named_is_no_clean_image_and_is_refused_where_it_is_damaged(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.xml': voc(), 'good/2.jpg': None,
                  'good/2.txt': f'0 {YOLO}'})
  layout = read(tmp_path, '1.xml')
  assert not layout.clean and [path.name for path in layout.unlabelled] == ['2.jpg']
  (tmp_path / 'good' / '2.txt').write_text('0 50 50 10 10')
  with pytest.raises(UserError, match='some cannot be read: .*good/2.txt cannot be read.*; '
                     'or move such files elsewhere'):
    read(tmp_path, '1.xml')
  assert [path.name for path in read(tmp_path, '1.xml', format='voc').clean] == ['2.jpg']


@pytest.mark.parametrize('folder', ['runs/detect/predict', 'runs/detect/exp3', 'predict2'])
def test_pictures_that_yolo_drew_into_are_refused(tmp_path, folder):
  make(tmp_path, {f'{folder}/1.jpg': None, f'{folder}/labels/1.txt': f'0 {YOLO}'})
  for images in ('', folder):
    with pytest.raises(UserError, match='is what a YOLO model writes: .* --format yolo'):
      read(tmp_path, images=images)
  assert read(tmp_path, format='yolo').format == 'yolo'
  (tmp_path / folder / 'labels').rename(tmp_path / folder / 'txt')
  file_kinds.refuse_guesses([tmp_path / folder / '1.jpg'], tmp_path)


def test_a_layout_is_called_by_the_files_that_are_used(tmp_path):
  make(tmp_path, {'1.jpg': None, 'a/1.xml': voc(), 'b/1.txt': f'0 {POLYGON}',
                  'data.yaml': 'names: [crack]'})
  layout = read(tmp_path)
  assert layout.format == 'yolo'
  assert [path.name for path in layout.left_out[reasons.SAME]] == ['1.xml']


@pytest.mark.parametrize('right', [40, 36])
def test_an_outline_around_the_whole_image_is_told(tmp_path, right):
  points = [[0, 0], [right, 0], [right, 30], [0, 30]]
  make(tmp_path, {'1.jpg': None, '1.json': json.dumps({
      'shapes': [{'label': 'crack', 'points': points, 'shape_type': 'polygon'}],
      'imagePath': '1.jpg', 'imageHeight': 30, 'imageWidth': 40})})
  layout = read(tmp_path)
  assert [why for why in layout.noted if 'outlines around all of' in why] == [
      'outlines around all of their image: nothing says where in it the defect is, so '
      'outline it, or remove them'] * (right == 40)


@pytest.mark.parametrize('names, count', [(('crack', 'crack'), 1), (('crack', 'pit'), 2)])
@pytest.mark.parametrize('kind', ['rectangle', 'polygon'])
def test_a_shape_that_is_drawn_twice_counts_once(tmp_path, names, count, kind):
  one, other = (json.loads(labelme(kind, name)) for name in names)
  make(tmp_path, {'1.jpg': None, '1.json': json.dumps(
      one | {'shapes': one['shapes'] + other['shapes']})})
  layout = read(tmp_path)
  (_, annotated), = layout.annotated
  assert len(annotated.regions) == count
  assert sum('counted once' in note for note in layout.noted) == (count == 1)
