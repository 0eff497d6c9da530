"""Tables and lists that say the class of images, or whether they are good."""

import pytest

from data_prep.annotated import reasons, unannotated
from pegan_jax.common.errors import UserError
from handmade import make, read, voc


@pytest.mark.parametrize('words, is_other', [
    ('012', True), (('crack', 'pit', 'ok'), True), (('train', 'val', 'test'), False),
    ('000', False), ('01', False), ('012345', False)])  # By folder; a number of each.
@pytest.mark.parametrize('folders', [['left', 'right'], ['left']])
def test_a_list_of_other_classes_than_the_folders_is_refused(
    tmp_path, words, is_other, folders):
  is_other |= words == '01' and len(folders) == 1
  names = [f'{folders[k % len(folders)]}/{k}.jpg' for k in range(6)]
  make(tmp_path, dict.fromkeys(names) | {'train.txt': ''.join(
      f'{name} {words[k % len(words)]}\n' for k, name in enumerate(names))})
  if is_other:
    with pytest.raises(UserError, match='train.txt gives the images of .* classes'):
      read(tmp_path)
  else:
    assert [*read(tmp_path).crops] == folders
  assert [*read(tmp_path, format='classes').crops] == folders


@pytest.mark.parametrize('name, text, word', [
    ('labels.csv', 'file,defect\n1.jpg,scratch\n2.jpg,scratch\n', 'scratch'),
    ('list.txt', '1.jpg scratch\n2.jpg dent\n', 'scratch'),
    ('labels.json', '{"1.jpg": "good", "2.jpg": "dent"}', 'dent'),
    ('labels.csv', 'file,label,split\n1.jpg,good,train\n2.jpg,OK,test\n', ''),
    ('labels.csv', 'file,label\n1.jpg,screw\n2.jpg,screw\n3.jpg,screw\n', ''),
    ('aoi.csv', 'file,Result\n1.jpg,OK\n2.jpg,not ok\n', 'not ok'),
    ('aoi.csv', 'file,is_defective\n1.jpg,0\n2.jpg,1\n', 'defective'),
    ('aoi.csv', 'file,NG\n1.jpg,False\n2.jpg,True\n', 'ng'),
    ('one_hot.csv', 'file,good,scratch\n1.jpg,1,0\n2.jpg,0,1\n', 'scratch'),
    ('one_hot.csv', 'file,good,scratch\n1.jpg,1,0\n2.jpg,1,0\n', ''),
    ('guesses.csv', 'file,pred_defect,defect_score\n1.jpg,1,0.8\n2.jpg,0,0.1\n', ''),
    ('train.csv', 'file,anomaly confidence,anomaly human-annotated\n1.jpg,1.0,yes\n', ''),
    ('shots.csv', 'file,fold,seed,ok\n1.jpg,0,1,1\n2.jpg,1,1,1\n', ''),
    ('{place}/1_label.txt', 'scratch', 'scratch'), ('{place}/1_label.txt', 'good', ''),
    ('tracker.csv', 'file,status,grade\n1.jpg,open,A\n2.jpg,done,B\n', ''),
    ('times.csv', 'file,time,operator\n1.jpg,2024-05-01 12:00:00,Li\n', ''),
    ('class_map.txt', '0 crack\n1 pit\n2 dent\n', ''),
    ('captions.json', '{"1.jpg": "a photo of clean steel", "2.jpg": "steel, grey, of it"}',
     '')])
@pytest.mark.parametrize('place', ['', 'good'])
def test_a_list_that_says_a_defect_of_a_clean_image_is_refused(
    tmp_path, place, name, text, word):
  name = name.format(place=place).lstrip('/')
  make(tmp_path, {f'{place}/{k}.jpg'.lstrip('/'): None for k in (1, 2, 3)} | {name: text})
  if place:
    make(tmp_path, {'pit/9.jpg': None, 'pit/9.xml': voc()})
  read_it = lambda **given: (read(tmp_path, **{k: 'voc' for k in given}).clean if place else
                             unannotated.list_clean(tmp_path, **given))
  if word:
    with pytest.raises(UserError, match=f"{name} says '{word}' of .*.jpg, which is clean"):
      read_it()
  else:
    assert len(read_it()) == 3
  assert len(read_it(format='classes')) == 3


def test_classes_that_are_told_by_one_column_each_may_be_at_odds(tmp_path):
  make(tmp_path, {f'{name}/{k}.jpg': None for name in ('crack', 'pit') for k in range(3)})
  (tmp_path / 'set.csv').write_text('file,crack,pit\n' + ''.join(
      f'{name}/{k}.jpg,{k % 2},{1 - k % 2}\n' for name in ('crack', 'pit')
      for k in range(3)))
  with pytest.raises(UserError, match='set.csv gives the images of .* classes'):
    read(tmp_path)


@pytest.mark.parametrize('name, text', [
    ('a.csv', 'file,Judge\n1.jpg,OK\n2.jpg,NG\n'),
    ('a.csv', '画像,判定\n1.jpg,良\n2.jpg,不良\n'),
    ('a.csv', 'file,left,right\n1.jpg,OK,OK\n2.jpg,OK,NG\n'),
    ('a.csv', 'file,is_ok\n1.jpg,true\n2.jpg,false\n'),
    ('a.csv', 'file,good,scuff,burr\n1.jpg,1,0,0\n2.jpg,0,1,0\n'),
    ('a.json', '{"lot": 7, "all": [{"file": "1.jpg", "r": {"final": "OK"}}, '
               '{"file": "2.jpg", "r": {"final": "NG"}}]}'),
    ('a.json', '{"1.jpg": {"checks": [{"s": "OK"}, {"s": "OK"}]}, '
               '"2.jpg": {"checks": [{"s": "NG"}, {"s": "OK"}]}}'),
    ('result_2.json', '{"station": 3, "inspection": {"result": "NG"}}')])
def test_verdicts_are_such_by_their_words_whatever_their_names(tmp_path, name, text):
  make(tmp_path, {'good/1.jpg': None, 'good/2.jpg': None, 'pit/9.jpg': None, name: text})
  with pytest.raises(UserError, match=f"{name} says '.*' of .*good/2.jpg, which is clean"):
    read(tmp_path)
  assert len(read(tmp_path, format='classes').clean) == 2
  (tmp_path / 'good').rename(tmp_path / 'crack')
  if name == 'a.csv' and ('Judge' in text or 'is_ok' in text):
    with pytest.raises(UserError, match='a.csv says .* of .*crack/1.jpg, which is in the'):
      read(tmp_path)
    assert len(read(tmp_path, format='classes').crops) == 2


@pytest.mark.parametrize('column', ['A,B', 'yes,no', 'normal,bright', 'ok,ok', '0.2,0.7'])
def test_other_tables_are_noted_and_nothing_more(tmp_path, column):
  one, two = column.split(',')
  make(tmp_path, {'good/1.jpg': None, 'good/2.jpg': None, 'pit/9.jpg': None,
                  'a.csv': f'file,x\n1.jpg,{one}\n2.jpg,{two}\n',
                  'list.txt': '1.jpg\n2.jpg'})
  layout = read(tmp_path)
  assert len(layout.clean) == 2
  assert [path.name for path in layout.noted[reasons.SPEAK]] == ['a.csv']
