"""Tags and flags of images without shapes."""

import json

import pytest

from data_prep.annotated import fitting, unannotated
from pegan_jax.common.errors import UserError
from handmade import HEIGHT, WIDTH, counts, labelme, make, marked_in, read, voc


def flagged(*flags, shapes=True):
  said = json.loads(labelme()) | {'flags': dict.fromkeys(flags, True)}
  return json.dumps(said if shapes else said | {'shapes': []})


def tagged(tag, shapes='', name='1.jpg'):
  return (f'<annotations><image name="{name}" width="{WIDTH}" height="{HEIGHT}">'
          f'<tag label="{tag}"/>{shapes}</image></annotations>')


def test_a_flag_that_marked_images_have_too_is_no_defect(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.json': flagged('seen'), '2.jpg': None,
                  '2.json': flagged('seen', 'OK', shapes=False)})
  assert marked_in(read(tmp_path)) == {'1.jpg': {'crack': 1}, '2.jpg': {}}
  make(tmp_path, {'2.json': flagged('seen', 'crack', shapes=False)})
  with pytest.raises(UserError, match='2.json has no shapes, but the tag or flag crack, w'):
    read(tmp_path)


def test_a_word_that_voc_does_not_know_is_no_defect_where_marked_images_have_it(tmp_path):
  more = '<object_count>1</object_count>'
  make(tmp_path, {'1.jpg': None, '1.xml': voc().replace('<object>', f'{more}<object>'),
                  '2.jpg': None, '2.xml': f'<annotation>{more}</annotation>'})
  assert marked_in(read(tmp_path)) == {'1.jpg': {'crack': 1}, '2.jpg': {}}


def test_a_tag_of_a_clean_image_is_known_from_marked_ones(tmp_path):
  make(tmp_path, {'1.jpg': None, 'a.xml': tagged('cam 1')})
  assert unannotated.list_clean(tmp_path, tags={'cam 1'}) == [tmp_path / '1.jpg']
  with pytest.raises(UserError, match=r'a.xml \(1.jpg\) has no shapes, but the tag or '):
    unannotated.list_clean(tmp_path)
  make(tmp_path, {f'{k}.jpg': None for k in (2, 3)} | {
      f'{k}.xml': tagged('cam 1', name=f'{k}.jpg') for k in (2, 3)})
  with pytest.raises(UserError, match=r'2.jpg\) and 2 more have no shapes, but') as error:
    unannotated.list_clean(tmp_path)
  assert '\n' not in str(error.value)


@pytest.mark.parametrize('make_mark', [
    lambda name, k: (f'{name}/{k}.json', flagged(name, shapes=False)),
    lambda name, k: (f'{name}{k}.xml', tagged(name, name=f'{name}/{k}.jpg'))])
def test_a_flag_says_no_more_than_the_folder_called_so(tmp_path, make_mark):
  for k, name in enumerate(('crack', 'pit', 'good')):
    mark_name, text = make_mark(name, k)
    make(tmp_path, {f'{name}/{k}.jpg': None, mark_name: text})
  layout = read(tmp_path)
  assert {name: len(paths) for name, paths in layout.crops.items()} == {
      'crack': 1, 'pit': 1}
  assert layout.clean == [tmp_path / 'good' / '2.jpg']
  assert counts(layout.left_out) == {fitting.REPEATED: 3}


@pytest.mark.parametrize('tag, is_clean', [
    ('reviewed', True), ('crack', False), ('NG', False), ('defective', False)])
def test_a_tag_that_marked_images_have_may_be_of_a_defect(tmp_path, tag, is_clean):
  def of(label, flag):
    said = json.loads(labelme(label=label)) | {'flags': {flag: True}}
    return json.dumps(said if label else said | {'shapes': []})
  make(tmp_path, {'1.jpg': None, '1.json': of('crack', tag),
                  '2.jpg': None, '2.json': of('', tag)})
  if is_clean:
    assert marked_in(read(tmp_path)) == {'1.jpg': {'crack': 1}, '2.jpg': {}}
  else:
    with pytest.raises(UserError, match=f'2.json has no shapes, but the tag or flag {tag}'):
      read(tmp_path)
