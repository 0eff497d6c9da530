"""Where the names of YOLO's classes come from, and which are refused."""

import pytest

from annotations.yolo_files import read_text
from pegan_jax.annotations import yolo, yolo_names
from pegan_jax.common.errors import UserError


def test_names_lie_up_to_the_root_and_may_be_labelimgs(tmp_path):
  folder = tmp_path / 'a' / 'b' / 'c' / 'd' / 'e'
  folder.mkdir(parents=True)
  (folder / '1.txt').write_text('0 0.5 0.5 0.2 0.2\n')
  name = lambda root: [image.regions[0].name for image in yolo.read(root)]
  for of_a_program in ('predefined_classes.txt', 'labels.txt'):
    (tmp_path / of_a_program).write_text('dog\n')
    assert name(tmp_path) == ['dog'] and name(folder) == ['0']
  (tmp_path / 'classes.txt').write_text('crack\n')
  (folder / 'args.yaml').write_text('names: null\n')
  assert name(tmp_path) == ['crack']
  assert yolo.names_of([folder / '1.txt'], tmp_path) == {
      folder: (['crack'], tmp_path / 'classes.txt')}


def test_names_in_two_folders_above_each_other_must_agree(tmp_path):
  folder = tmp_path / 'set' / 'labels'
  folder.mkdir(parents=True)
  (folder / '1.txt').write_text('0 0.5 0.5 0.2 0.2\n')
  (folder / 'classes.txt').write_text('dent\npit\n')
  of = lambda: yolo.names_of([folder / '1.txt'], folder.parent)[folder]
  for above in ('predefined_classes.txt', '../classes.txt'):  # Of a program; of other sets.
    (folder.parent / above).write_text('dog\n')
  assert of() == (['dent', 'pit'], folder / 'classes.txt')
  (folder.parent / 'data.yaml').write_text('names: [pit, dent]\n')
  with pytest.raises(UserError, match='data.yaml and .*classes.txt name the classes diff'):
    of()
  (folder.parent / 'data.yaml').write_text('names: [dent, pit]\n')
  assert of()[0] == ['dent', 'pit']


def test_names_of_one_part_of_a_set_are_those_of_others_that_have_none(tmp_path):
  paths = [tmp_path / part / '1.txt' for part in ('train', 'val')]
  for path in paths:
    path.parent.mkdir()
    path.write_text('0 0.5 0.5 0.2 0.2\n')
  (tmp_path / 'train/classes.txt').write_text('crack\n')
  found = yolo.names_of(paths, tmp_path)
  assert found[tmp_path / 'val'] == (['crack'], tmp_path / 'train/classes.txt')
  (tmp_path / 'test').mkdir()
  (tmp_path / 'test/classes.txt').write_text('pit\n')
  more = tmp_path / 'test/1.txt'
  more.write_text('')
  assert yolo.names_of([*paths, more], tmp_path)[tmp_path / 'val'] == (None, None)


@pytest.mark.parametrize('index', [-1, 2])
def test_a_class_without_a_name_is_refused_where_there_are_names(tmp_path, index):
  with pytest.raises(UserError, match=f'class {index}, and 2 are named, from 0'):
    read_text(tmp_path, f'{index} 0.5 0.5 0.1 0.1', 'crack\npit\n')
  (tmp_path / 'classes.txt').unlink()
  assert read_text(tmp_path, '2 0.5 0.5 0.1 0.1').regions[0].name == '2'


@pytest.mark.parametrize('file, named, typed', [
    ('classes.txt', 'crack\npit\n', 'unused\ncrack\npit\n'),
    ('data.yaml', 'names: [crack, pit]', 'names: [unused, crack, pit]')])
def test_classes_that_count_from_1_are_refused_with_what_to_type(
    tmp_path, file, named, typed):
  (tmp_path / file).write_text(named)
  for k in (1, 2):
    (tmp_path / f'{k}.txt').write_text(f'{k} 0.5 0.5 0.2 0.2\n')
  with pytest.raises(
      UserError, match=f"count classes from 1: .*{file} .* 0, as 'unused', be"):
    yolo.read(tmp_path)
  (tmp_path / file).write_text(typed)
  assert [image.regions[0].name for image in yolo.read(tmp_path)] == ['crack', 'pit']
  (tmp_path / file).write_text(named)
  for k in (1, 2):
    (tmp_path / f'{k}.txt').write_text(f'{k - 1} 0.5 0.5 0.2 0.2\n')
  assert [image.regions[0].name for image in yolo.read(tmp_path)] == ['crack', 'pit']


def test_a_name_that_is_there_twice_is_refused(tmp_path):
  with pytest.raises(UserError, match="classes.txt has 'pit' twice"):
    read_text(tmp_path, '', 'pit\ncrack\n pit\n')


@pytest.mark.parametrize('text', [
    '0 crack\n1 pit', '0: crack\n1: pit', '"crack"\n"pit"', "0\t'crack'\n1\t'pit'"])
def test_names_stand_behind_numbers_or_in_quotes(tmp_path, text):
  assert read_text(tmp_path, '1 0.5 0.5 0.1 0.1', text).regions[0].name == 'pit'


@pytest.mark.parametrize('text, words', [
    ('1 crack\n2 pit', 'numbers its lines, and not from 0'),
    ('10 mm\n20 mm', 'numbers its lines, and not from 0'),
    ('# names\ncrack\npit', "has the line '# names', and the numbers of classes count")])
def test_lines_that_may_be_no_names_are_refused(tmp_path, text, words):
  with pytest.raises(UserError, match=words):
    read_text(tmp_path, '1 0.5 0.5 0.1 0.1', text)


def test_names_are_not_boxes_and_have_no_gap(tmp_path):
  (tmp_path / 'deep').mkdir()
  (tmp_path / 'deep' / 'classes.txt').write_text('another')
  (tmp_path / 'obj.names').write_text('\ufeffcrack\n pit \n', 'utf-8')
  image = read_text(tmp_path, '1 0.5 0.5 1 1')
  assert image.regions[0].name == 'pit'
  with pytest.raises(UserError, match='classes.txt has an empty line'):
    read_text(tmp_path, '', 'crack\n\npit\n')
  (tmp_path / 'classes.txt').write_bytes(b'\xff')
  with pytest.raises(UserError, match='is not UTF-8 text'):
    yolo.read(tmp_path)


@pytest.mark.parametrize('text', [
    'train: ../train/images\nnc: 2\nnames: [crack, no]\n',  # Roboflow.
    'path: ./\nnames:\n  0: crack\n  1: no\n',  # CVAT, Ultralytics.
    "names:\n- crack\n- 'no'\nroboflow:\n  license: CC BY 4.0\n"])
@pytest.mark.parametrize('place', ['data.yaml', 'sub/data.yml', 'sub/train/x.yaml'])
def test_names_of_a_yaml_file_beside_or_above(tmp_path, text, place):
  labels = tmp_path / 'sub' / 'train' / 'labels'
  labels.mkdir(parents=True)
  (labels / 'a.txt').write_text('1 0.5 0.5 1 1')
  (tmp_path / place).write_text(text)
  for path in (labels, labels.parent, labels / 'a.txt'):
    image, = yolo.read(path)
    assert image.regions[0].name == 'no'


@pytest.mark.parametrize('text, words', [
    ('nc: 3\nnames: [a, b]', "it says 'nc: 3' and has 2 names"),
    ('names: a.names', 'neither a list nor numbers with names'),
    ('names: {0: a, x: b}', "'x' stands where a number"),
    ('names: ' + '[' * 3000 + ']' * 3000, 'cannot be read as the names of classes'),
    ('names: [a, [b]]', 'neither a list'),
    ('names: {-1: a}', 'not from 0 to'),
    ('names: [a, b]\nkpt_shape: [17, 3]', 'key points'),
    ('names: [a, b', 'data.yaml'),
    ('names: [a, a]', "has 'a' twice")])
def test_names_that_cannot_be_are_refused(tmp_path, text, words):
  (tmp_path / 'data.yaml').write_text(text)
  with pytest.raises(UserError, match=words) as error:
    read_text(tmp_path, '0 0.5 0.5 1 1')
  assert 'data.yaml' in str(error.value) and '\n' not in str(error.value)


def test_names_have_gaps_and_two_files_agree(tmp_path):
  (tmp_path / 'data.yaml').write_text('names: {0: a, 2: c}')
  assert read_text(tmp_path, '2 0.5 0.5 1 1').regions[0].name == 'c'
  for index, why in ((1, 'which has no name'), (3, 'and 3 are named, from 0')):
    with pytest.raises(UserError, match=f'is of class {index}, {why}'):
      read_text(tmp_path, f'{index} 0.5 0.5 1 1')
  (tmp_path / 'data.yaml').write_text('names: [a, c]')
  assert read_text(tmp_path, '1 0.5 0.5 1 1', 'a\nc\n').regions[0].name == 'c'
  with pytest.raises(UserError, match='data.yaml and .*classes.txt name the classes di'):
    read_text(tmp_path, '1 0.5 0.5 1 1', 'a\nb\n')


def test_files_that_cannot_be_read_are_told_with_all_others(tmp_path):
  (tmp_path / 'a.txt').write_bytes(b'\x80')
  (tmp_path / 'b.txt').write_text('0 0.5 0.5 0.1 0.1')
  names = yolo.names_of(sorted(tmp_path.iterdir()), tmp_path)
  assert names == {tmp_path: (None, None)}  # Where each is read, its fault is told.


@pytest.mark.parametrize('name, text, is_found', [
    ('clases.txt', 'rayon\nabolladura\n', True), ('x.names', '0 pit\n1 broken tooth', True),
    ('clases.txt', 'rayon\n', False), ('clases.txt', 'rayon\nrayon\n', False),
    ('notes.txt', 'a line of more words\nand one more\n', False),
    ('train.txt', 'a.jpg\nb.jpg\n', False),
    ('1.txt', '0 .1 .1 .1 .1\n1 .1 .1 .1 .1', False)])
@pytest.mark.parametrize('place', ['', 'labels'])
def test_files_that_may_name_classes(tmp_path, place, name, text, is_found):
  folder = tmp_path / 'labels'
  folder.mkdir()
  path = tmp_path / place / name
  path.write_text(text)
  found = yolo_names.may_name(folder, tmp_path, 2, {folder / '2.txt'})
  assert found == (path if is_found else None)
  assert yolo_names.may_name(folder, tmp_path, 2, {path}) is None
