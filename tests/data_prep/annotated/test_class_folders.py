"""Which folders are classes by their names, and which are not."""

import contextlib

import pytest

from data_prep.annotated import unannotated
from pegan_jax.common.errors import UserError
from handmade import YOLO, make, marked_in, mask, read


@pytest.mark.parametrize('clean, crop, name', [
    ('raw/clean/crack/1.jpg', 'crack/1.jpg', 'crack'),
    ('crack/normal/1.jpg', 'crack/dark/1.jpg', 'crack'),
    ('crack/normal/1.jpg', 'crack/severe/1.jpg', 'crack'),
    ('bolt/normal/1.jpg', 'bolt/light/1.jpg', 'bolt')])
def test_a_clean_folder_in_a_class_or_above_it_is_refused(tmp_path, clean, crop, name):
  make(tmp_path, {clean: None, crop: None})
  with pytest.raises(UserError, match='is clean by its folder .*, and lies in one called '
                     f"'{name}' as the class of .*{crop}"):
    read(tmp_path)


@pytest.mark.parametrize('name, words', [
    ('rejected later', "lies in one called 'rejected later': move"), ('late', ''),
    ('aussortiert', "lies in one called 'aussortiert': move"), ('todo', "called 'todo'"),
    ('2024-05-01', ''), ('train', '')])
@pytest.mark.parametrize('marked', [True, False])
def test_a_folder_below_a_clean_one_is_noted_or_refused(tmp_path, name, words, marked):
  make(tmp_path, {'good/1.jpg': None, f'good/{name}/2.jpg': None, 'crack/3.jpg': None}
       | ({'crack/3.txt': f'0 {YOLO}', 'classes.txt': 'crack'} if marked else {}))
  if words:
    with pytest.raises(UserError, match=words):
      read(tmp_path)
    return
  layout = read(tmp_path)
  assert [path.name for path in layout.clean] == ['1.jpg', '2.jpg']
  notes = [note for note in layout.noted if 'taken for clean' in note]
  assert notes == ["images in 'late', a folder in that of clean images, 'good': taken for "
                   'clean'] * (name == 'late')


@pytest.mark.parametrize('bad, classes', [
    (['NG/crack', 'NG/hole'], ['crack', 'hole']),
    (['bolt/Fehler/crack', 'nut/Fehler/hole'], ['crack', 'hole']),
    (['line/defective/a/x', 'line/defective/b'], ['a', 'b']),
    (['NG/crack'], ['NG']), (['NG/crack', 'NG/hole', 'NG'], ['NG']),
    (['NG/cam1', 'NG/cam2'], ['NG']), (['NG/dark', 'NG/bright'], ['NG']),
    (['crack/deep', 'crack/flat'], ['crack'])])
@pytest.mark.parametrize('masked', [True, False])
def test_a_word_for_any_defect_is_no_class_around_several(tmp_path, bad, classes, masked):
  for k, folder in enumerate(bad):
    good = 'OK' if folder.count('/') == 1 or len(bad) == 3 else f"{folder.split('/')[0]}/OK"
    make(tmp_path, {f'{folder}/{k}.png': None, f'{good}/{k + 9}.jpg': None}
         | ({f'{folder}/{k}_mask.png': mask} if masked else {}))
  layout = read(tmp_path)
  assert sorted(layout.crops or {region.name for _, image in layout.annotated
                                 for region in image.regions}) == classes
  assert len(layout.clean) == len(bad)
  if not masked and bad[0] == 'NG/crack':
    assert [*read(tmp_path, format='classes').crops] == ['NG']


def test_normal_beside_lights_alone_may_be_a_light(tmp_path):
  make(tmp_path, {'part1/normal/1.jpg': None, 'part1/light/1.jpg': None})
  with pytest.raises(UserError, match="'normal', which may be a light, as 'light' is"):
    read(tmp_path)
  assert set(read(tmp_path, format='classes').crops) == {'light'}
  make(tmp_path, {'part2/pit/1.jpg': None})
  assert set(read(tmp_path).crops) == {'light', 'pit'}


def test_a_folder_with_marks_is_not_clean_whatever_its_name(tmp_path):
  """As of two lights, normal and dark."""
  make(tmp_path, {'normal/1.jpg': None, 'normal/1.txt': f'0 {YOLO}', 'normal/2.jpg': None,
                  'good/3.jpg': None, 'ok/4.jpg': None, 'ok/4.txt': ''})
  layout = read(tmp_path)
  assert layout.clean == [tmp_path / 'good/3.jpg']
  assert layout.unlabelled == [tmp_path / 'normal/2.jpg']
  assert sum('not taken for clean' in note for note in layout.noted) == 1


def test_clean_images_of_class_folders_go_by_many_names(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'no_defect/2.jpg': None, 'NODefect_images/3.jpg':
                  None, 'good/cam1/4.jpg': None, 'crack/cam1/5.jpg': None})
  layout = read(tmp_path)
  assert list(layout.crops) == ['crack'] and len(layout.clean) == 3
  (note, paths), = layout.noted.items()
  clean = ' '.join(f'{tmp_path}/{name}' for name in ('NODefect_images', 'good', 'no_defect'))
  assert note == ("images in folders in that of their class, as 'crack' for 'crack/cam1'; "
                  'where the inner folders are the classes, pass --images '
                  f'{tmp_path}/crack --clean {clean}, '
                  "or put them beside 'crack', as 'cam1'")
  assert [path.name for path in paths] == ['5.jpg']


@pytest.mark.parametrize('files, classes', [
    ('line1/OK/1 line1/NG/2 line2/NG/3', {'NG': 2}),  # Only one has both.
    ('line1/good/1 line1/crack/2 line2/pit/3 line2/crack/4', {'crack': 2, 'pit': 1}),
    ('screw/good/1 screw/scratch/2', {'scratch': 1}),
    ('nut/good/1 nut/scratch/2 screw/scratch/3', {'scratch': 2}),
    ('line1/normal/1 line1/crack/2 line2/crack/3', {'crack': 2}),
    ('camA/crack/2 cam_b/pit/3 camA/pit/4 good/1', {'crack': 1, 'pit': 2}),
    ('line1/good/1 line2/pit/2', {'pit': 1}),
    ('line1/normal/1 line1/light_scratch/2', {'light_scratch': 1}),
    ('train/line1/ok/1 train/line1/crack/2 test/line2/crack/3', {'crack': 2}),
    ('crack/cam1/2 good/cam1/1', {'crack': 1})])
def test_folders_of_lines_and_products_are_no_classes(tmp_path, files, classes):
  make(tmp_path, {f'{name}.jpg': None for name in files.split()})
  layout = read(tmp_path)
  assert {name: len(paths) for name, paths in layout.crops.items()} == classes
  assert [path.stem for path in layout.clean] == ['1']
  assert any('the class is the next folder' in note or 'in that of their class' in note
             for note in layout.noted)


def test_masks_of_parts_of_a_set_are_of_no_class_of_their_name(tmp_path):
  make(tmp_path, {f'{part}/{k}.{kind}': of for k, part in enumerate(('traincrop', 'testcrop'))
                  for kind, of in (('jpg', None), ('png', mask))})
  assert {region.name for _, image in read(tmp_path).annotated
          for region in image.regions} == {'defect'}


@pytest.mark.parametrize('date', [
    '2024-05-01', '20240501', '2024_05', '2024/05/01', '2024.05.01', '2024/05-01'])
def test_dates_are_no_classes(tmp_path, date):
  make(tmp_path, {f'{date}/good/1.jpg': None, f'{date}/crack/2.jpg': None,
                  f'crack/{date}/3.jpg': None, '2024-13/4.jpg': None, '07/5.jpg': None})
  layout = read(tmp_path)
  assert {name: [path.stem for path in paths] for name, paths in layout.crops.items()} == {
      'crack': ['2', '3'], '2024-13': ['4'], '07': ['5']}
  assert [path.stem for path in layout.clean] == ['1']


def test_masks_in_folders_of_dates_are_of_no_class_of_that_name(tmp_path):
  make(tmp_path, {f'2024-05-0{k}/{kind}/{k}.png': of for k in (1, 2)
                  for kind, of in (('images', None), ('masks', mask))})
  assert {region.name for _, image in read(tmp_path).annotated
          for region in image.regions} == {'defect'}


def test_a_folder_below_a_clean_one_and_below_a_class_is_not_guessed(tmp_path):
  """Of clean/crack and raw/crack, crack may be a defect, and of left it may be a side."""
  make(tmp_path, {'clean/crack/1.jpg': None, 'raw/a/2.jpg': None, 'raw/crack/3.jpg': None})
  with pytest.raises(UserError, match="1.jpg is clean by its folder 'clean', and 'crack' "
                     "is a folder of the class 'raw' too .*3.jpg.* --format classes"):
    read(tmp_path)
  layout = read(tmp_path, format='classes')
  assert [path.name for path in layout.clean] == ['1.jpg'] and len(layout.crops['raw']) == 2


@pytest.mark.parametrize('crops, clean, classes', [
    ('crack/left crack/right pit/left pit/right', 'good/left', ['crack', 'pit']),
    ('NG/left', 'good/left', []), ('raw/left', 'good/left', []),
    ('crack/left pit/right', 'good/left', []),
    ('raw/crack worn/crack', 'good/crack', [])])
def test_but_one_below_each_class_and_the_clean_one_is_of_none(
    tmp_path, crops, clean, classes):
  make(tmp_path, {f'{folder}/{k}.jpg': None
                  for k, folder in enumerate([clean, *crops.split()])})
  with contextlib.nullcontext() if classes else pytest.raises(
      UserError, match=f"and '{clean[5:]}' is a folder of the class"):
    layout = read(tmp_path)
    assert [*layout.crops] == classes and len(layout.clean) == 1
    assert any('images in folders in that of their class' in note for note in layout.noted)


@pytest.mark.parametrize('parts', [
    ['train'], ['train', 'val'], ['images/test', 'images/train'], ['train_set', 'valdata'],
    ['2024-05-01', '2024-05-02'], ['2024/05/01'], ['train/2024-05-01', 'val/2024-06-01']])
def test_crops_in_parts_of_a_set_have_the_classes_below(tmp_path, parts):
  files = [f'{part}/{name}/1.png' for name in ('crack', 'pit') for part in parts]
  make(tmp_path, {**dict.fromkeys(files), 'note.txt': 'x'})
  assert unannotated.list_classes(tmp_path) == {
      name: [tmp_path / part / name / '1.png' for part in parts]
      for name in ('crack', 'pit')}
  assert list(unannotated.list_classes(tmp_path, 'classes')) == sorted(
      {part.split('/')[0] for part in parts})
  (tmp_path / parts[0] / 'dent').mkdir()
  with pytest.raises(UserError, match=f'{parts[0]}/dent holds no images of its own'):
    unannotated.list_classes(tmp_path)


def test_a_part_of_a_set_is_no_class_beside_classes(tmp_path):
  make(tmp_path, {'train/crack/1.png': None, 'pit/1.png': None})
  with pytest.raises(UserError, match='train is called as a part of a set is'):
    unannotated.list_classes(tmp_path)


def test_words_for_kinds_are_classes_of_crops_beside_others(tmp_path):
  make(tmp_path, {'label/front/1.png': None, 'crack/train/1.png': None})
  assert list(unannotated.list_classes(tmp_path)) == ['crack', 'label']


@pytest.mark.parametrize('name', [
    'good', 'OK', 'no_defect', 'defect-free', 'screw/good', 'Negative', 'ok_front',
    'Non-cracked', 'intact', 'good_parts', 'without_defects', 'pass'])
def test_a_clean_folder_is_no_class_of_defects(tmp_path, name):
  make(tmp_path, {'crack/1.jpg': None, f'{name}/2.jpg': None})
  with pytest.raises(UserError, match="holds .*2.jpg, and "
                     f"'{name.split('/')[-1]}' .* pass that folder as --clean"):
    unannotated.list_classes(tmp_path)


@pytest.mark.parametrize('files', [
    {'kind1/images/1.jpg': None, 'kind1/masks/1.png': mask, 'kind2/images/2.jpg': None,
     'kind2/masks/2.png': lambda path: mask(path, box=(1, 2, 3, 4))},
    {'kind1/1.jpg': None, 'kind2/2.jpg': None}])
def test_classes_that_are_numbers_of_something_are_noted(tmp_path, files):
  make(tmp_path, files)
  (note, paths), = read(tmp_path).noted.items()
  assert 'differ by a number alone' in note and len(paths) == 2


@pytest.mark.parametrize('images, masks', [
    ('Original', 'GroundTruth'), ('Defect_images', 'Mask_images')])
def test_words_for_images_are_no_class(tmp_path, images, masks):
  make(tmp_path, {f'{images}/1.jpg': None, f'{masks}/1.png': mask})
  assert marked_in(read(tmp_path)) == {f'{images}/1.jpg': {'defect': 1}}


def test_words_for_images_are_classes_of_crops_that_have_no_other(tmp_path):
  make(tmp_path, {'Defect_images/1.jpg': None, 'NODefect_images/2.jpg': None})
  layout = read(tmp_path)
  assert list(layout.crops) == ['Defect_images'] and len(layout.clean) == 1


@pytest.mark.parametrize('said', ['', 'classes'])
@pytest.mark.parametrize('more', [{}, {'good/3.jpg': None}])
def test_an_only_folder_of_images_names_no_class(tmp_path, said, more):
  make(tmp_path, {'images/1.jpg': None, 'images/2.jpg': None} | more)
  with pytest.raises(UserError, match="one folder of images, 'images', which is called so"):
    read(tmp_path, format=said)


@pytest.mark.parametrize('name, text, is_refused', [
    ('classes.txt', 'good\ncrack\npit\n', True),
    ('labels.csv', 'id,name\n0,good\n1,crack\n2,pit\n', True),
    ('README', '0 good\n1 crack\n2 pit\n', True),
    ('README.md', 'Classes: 0 = good, 1 = crack, 2 = pit\n', True),
    ('names.json', '{"0": "good", "1": "crack", "2": "pit"}', True),
    ('README.md', '0. Install\n1. Run\n2. Look\n', False),
    ('README.md', 'Made in 2020 by camera 1 and 2.\n', False)])
def test_folders_of_numbers_that_a_file_names(tmp_path, name, text, is_refused):
  make(tmp_path, {f'{k}/{k}a.png': None for k in range(3)} | {name: text})
  if is_refused:
    with pytest.raises(UserError, match=f'{name} seems to name the classes of .* by '
                       "numbers, as '0': call each as its class is"):
      read(tmp_path)
  assert [*read(tmp_path, format='classes' * is_refused).crops] == ['0', '1', '2']
