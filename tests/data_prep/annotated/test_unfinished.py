"""Tests of annotations that mark nothing, where images may only not be marked yet."""

import json
import pathlib

import pytest

from data_prep import inputs
from data_prep.annotated import unfinished
from data_prep.images.problems import Problems
from data_prep.options import Options
from handmade import coco, labelme, make, read, voc
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError

ROOT = pathlib.Path('set')


def _noted(marks, name='im_{}.png'):
  """Returns which numbers are noted; `marks` has x for a marked image, . for an empty."""
  regions = [Region('crack', Box(1, 1, 5, 5))]
  found = unfinished.of_empty([
      (ROOT / name.format(k), Annotated('', 9, 9, regions * (mark == 'x')))
      for k, mark in enumerate(marks)], [], ROOT)
  return [[int(''.join(filter(str.isdigit, path.stem))) for path in paths]
          for paths in found.values()]


@pytest.mark.parametrize('marks, noted', [
    ('x' * 10 + '.' * 4, [[10, 11, 12, 13]]),  # By number: not 1, 10, 11, 2.
    ('x' * 10 + '..', []), ('x' * 10 + '.' * 11, [[*range(10, 21)]]),
    ('x.' * 10, []), ('xx.x.x.xx.x...', []), ('xx.x.x.xx.x' + 'xx.' * 9 + '.' * 9,
                                             [[*range(37, 47)]]),
    ('....' + 'x' * 10, []), ('xx...', [[2, 3, 4]]), ('x' * 12, [])])
def test_the_last_ones_by_name_or_most_are_noted(marks, noted):
  assert _noted(marks) == noted


def test_words_in_names_and_folders_of_clean_ones_say_that_they_are_clean():
  assert _noted('x' * 10 + '.' * 4, 'good/im_{}.png') == []
  words = dict.fromkeys(range(10), 'crack') | dict.fromkeys(range(10, 14), 'plain')
  regions = [Region('crack', Box(1, 1, 5, 5))]
  assert not unfinished.of_empty([
      (ROOT / f'{word}_{k}.png', Annotated('', 9, 9, regions * (word == 'crack')))
      for k, word in words.items()], [], ROOT)


def test_a_few_without_a_mark_beside_a_folder_of_clean_ones_are_noted():
  regions = [Region('crack', Box(1, 1, 5, 5))]
  some = [(ROOT / 'line' / f'{k}.png', Annotated('', 9, 9, regions * (k not in (3, 5))))
          for k in range(12)]
  good = [(ROOT / 'good' / f'{k}.png', Annotated('', 9, 9, [])) for k in range(4)]
  for annotated, clean in ((some + good, []), (some, [path for path, _ in good])):
    (note, paths), = unfinished.of_empty(annotated, clean, ROOT).items()
    assert 'beside one of clean images' in note and [p.stem for p in paths] == ['3', '5']
  assert not unfinished.of_empty(some, [], ROOT)


def test_a_half_finished_folder_is_told(tmp_path):
  make(tmp_path, {f'{k}.jpg': None for k in range(12)} | {
      f'{k}.xml': voc('crack') if k < 8 else '<annotation><size/></annotation>'
      for k in range(12)})
  noted = inputs.find(Options(images=str(tmp_path)), Problems()).layout.noted
  (paths,) = [paths for note, paths in noted.items() if 'last by their names' in note]
  assert [path.stem for path in paths] == ['10', '11', '8', '9']


@pytest.mark.parametrize('folder', ['todo', 'unlabelled', 'noch offen', '未标注'])
def test_empty_annotations_of_what_nobody_has_looked_at_are_of_no_clean_image(
    tmp_path, folder):
  empty = labelme().replace('"shapes": [', '"shapes": [], "was": [')
  make(tmp_path, {f'{of}/{k}.jpg': None for of in ('done', folder) for k in range(4)}
       | {f'done/{k}.json': labelme() if k else empty for k in range(4)}
       | {f'{folder}/{k}.json': empty for k in range(4)})
  layout = read(tmp_path)
  assert counts_of_marks(layout) == {'done': [0, 1, 1, 1]}
  (left_out,) = [paths for why, paths in layout.left_out.items()
                 if 'nobody has looked at' in why]
  assert len(left_out) == 4


def counts_of_marks(layout):
  found = {}
  for path, image in layout.annotated:
    found.setdefault(path.parent.name, []).append(len(image.regions))
  return found


def test_coco_annotator_says_what_is_deleted_and_not_begun(tmp_path):
  said = json.loads(coco(*(f'{k}.jpg' for k in range(6))))
  said['images'][0]['deleted'] = True
  said['images'][1]['annotated'] = False  # And has a mark.
  for k in (2, 3):
    said['images'][k]['annotated'] = k == 3
    said['annotations'][k]['deleted'] = True
  make(tmp_path, {f'{k}.jpg': None for k in range(6)} | {'coco.json': json.dumps(said)})
  layout = read(tmp_path)
  assert {path.stem: [region.name for region in image.regions]
          for path, image in layout.annotated} == {
              '1': ['crack'], '3': [''], '4': ['crack'], '5': ['crack']}
  assert {path.stem for path in layout.unlabelled} == {'0', '2'}


def test_what_is_to_be_ignored_is_of_no_class_and_no_background(tmp_path):
  said = json.loads(coco('0.jpg', '1.jpg'))
  said['annotations'][0]['ignore'] = 1
  shape = json.loads(labelme())
  shape['shapes'][0]['flags'] = {'ignore': True, 'other': True}
  for folder, files in (('coco', {'coco.json': json.dumps(said)}), (
      'labelme', {'0.json': json.dumps(shape), '1.json': labelme()})):
    make(tmp_path / folder, {f'{k}.jpg': None for k in range(2)} | files)
    layout = read(tmp_path / folder)
    assert [[region.name for region in image.regions]
            for _, image in layout.annotated] == [[''], ['crack']]
    assert any('__ignore__' in note for note in layout.noted)


def test_one_place_as_two_classes_is_told(tmp_path):
  said = json.loads(labelme())
  said['shapes'].append(said['shapes'][0] | {'label': 'pit'})
  make(tmp_path, {f'{k}.jpg': None for k in range(3)} | {
      '0.json': json.dumps(said), '1.json': labelme(), '2.json': labelme(label='pit')})
  (paths,) = [paths for note, paths in read(tmp_path).noted.items()
              if "same box as 'crack' and as 'pit'" in note]
  assert [path.name for path in paths] == ['0.jpg']


@pytest.mark.parametrize('folder, is_refused', [
    ('NG', True), ('defekt', True), ('cracks', True), ('NG/day1', True), ('line1', False),
    ('NG/good', False), ('cameras', False)])
def test_what_is_annotated_as_clean_in_a_folder_of_defects_is_refused(
    tmp_path, folder, is_refused):
  empty = '<annotation><size/></annotation>'
  make(tmp_path, {f'{folder}/{k}.jpg': None for k in range(9)} | {
      f'{folder}/{k}.xml': voc('crack') if k != 4 else empty for k in range(9)} | {
          'ok/a.jpg': None, 'ok/a.xml': empty})
  find = lambda: inputs.find(Options(images=str(tmp_path)), Problems())
  if is_refused:
    with pytest.raises(UserError, match=f'4.jpg is annotated as clean, and lies in '
                                        f"'{folder.split('/', maxsplit=1)[0]}'"):
      find()
  else:
    assert len(find().layout.clean) == 2
