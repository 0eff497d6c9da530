"""Names of folders: parts of a set, dates and classes, by rules."""

import pathlib

import pytest

from data_prep.annotated import dates, folder_names, set_parts
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError
from handmade import YOLO, counts, make, marked_in, mask, read

# Defects are called so.
CLASSES = ['fold', 'folds', 'split', 'part', 'parts', 'PARTS', 'set', 'set screw', 'batch',
           'batch number', 'test mark', 'testpiece', 'part_missing', 'valve', 'development',
           'settling', 'missing_label', 'frame_bent', 'ghost image', 'type_20', '6061',
           'M2024', '2024 alloy', '123456', 'A', 'okra', 'gutter',
           'copy', 'ok (burnt)', 'radio', 'lose', 'red', 'loi', 'slab', 'hole', 'bun',
           'loch', 'pęknięcie', 'трещина', 'çizik', '裂纹', '크랙', 'kratzer']
# So defects of no known kind are.
BAD = ['NG', 'n.i.O.', 'nicht i.O.', 'hatalı', 'bozuk', 'zły', 'vadný', 'hibás', 'dårlig',
       'underkänd', 'afkeur', 'брак', '不良', '不合格', '불량', 'lỗi', 'não_conforme', 'kharab']


@pytest.mark.parametrize('name, parts', [
    ('train', {('role', 'tr', '')}), ('TRAINING', {('role', 'tr', '')}),
    ('train_256', {('role', 'tr', '256')}),
    ('training 256x256', {('role', 'tr', '256.256')}),
    ('trainA', {('role', 'tr', 'a')}), ('test_b', {('role', 'te', 'b')}),
    ('dev', {('role', 'de', '')}), ('trainval', {('role', 'tr', ''), ('role', 'va', '')}),
    ('fold_01', {('fold', '', '1')}), ('Fold 1', {('fold', '', '1')}),
    ('part2', {('part', '', '2')}), ('batch-3', {('batch', '', '3')}),
    ('setA', {('set', '', 'a')}), ('subset0', {('subset', '', '0')}),
    ('train_set', {('role', 'tr', '')}),
    ('train_fold_2', {('role', 'tr', ''), ('fold', '', '2')}),
    ('stage1_test', {('role', 'te', ''), ('stage', '', '1')})]
                         + [(name, set()) for name in CLASSES])
def test_parts_of_a_set_are_words_with_numbers_or_letters(name, parts):
  assert set_parts.of(name) == parts


@pytest.mark.parametrize('one, other, at_odds', [
    ('train', 'val', True), ('train', 'training', False), ('trainA', 'trainB', True),
    ('train', 'train_256', False), ('fold_1', 'fold_2', True), ('fold_1', 'train', False),
    ('fold_1', 'fold1', False), ('trainval', 'val', False), ('crack', 'train', False)])
def test_parts_are_at_odds_where_both_tell_another_of_a_kind(one, other, at_odds):
  assert set_parts.are_at_odds(set_parts.of(one), set_parts.of(other)) == at_odds


@pytest.mark.parametrize('folder, length', [
    ('2024-05-01', 1), ('20240501', 1), ('240501', 1), ('24-05-01', 1), ('01.05.2024', 1),
    ('1.5.2024', 1), ('01052024', 1), ('2024_05', 1), ('05-2024', 1), ('2024', 1),
    ('2024-05-01_12-30-00', 1), ('20240501T1230', 1), ('2024/05', 2), ('2024/05/01', 3)]
                         + [(name, 0) for name in CLASSES])
def test_dates_are_such_in_many_ways(folder, length):
  assert dates.length((*folder.split('/'), 'x')) == length


@pytest.mark.parametrize('name, key', [
    ('images', ''), ('images_256', '256'), ('train_masks_2', 'train_2'),
    ('labels-val', 'val'), ('2024-05-01_images', '2024-05-01'),
    ('masks_240501', '240501'), ('crack_masks', 'crack'), ('crack', 'crack'),
    ('cam1_labels', 'cam1'),
    ('labels_cam1', 'cam1'), ('JPEGImages_new', 'new'), ('label_missing', 'missing')])
def test_a_key_is_what_folders_of_images_and_annotations_share(name, key):
  assert folder_names.key_of(name) == key


@pytest.mark.parametrize('name', [
    'good', 'good_2', 'OK2', 'test_good', 'good_train', 'good_20240501', '2024-05-01 good',
    'i.O.', 'io', 'Gut', '良品', '00_good', '0 gut', 'bon', 'Free', '정상', 'good - Kopie',
    'good (2)', 'Good copy 3', 'ok - Copy (2)', '良品 - 副本',
    'good_old', 'good_backup', 'good-new', 'ok (neu)', 'Gut_alt', 'good_old_2',
    'einwandfrei', 'Fehlerlos', 'Bonnes pièces', 'hatasız', 'HATASIZ', 'sağlam', 'kusursuz',
    'integro',
    'íntegro', 'bom', 'sem_defeito', 'goed', 'godkänd', 'hyvä', 'bună', 'jó', 'dobrý',
    'v pořádku', '合格', '正常', 'годный', 'Норма', '양품', 'tốt', 'không lỗi', 'accha', 'ＯＫ'])
def test_clean_folders_go_by_numbers_dates_and_parts_too(name):
  assert folder_names.is_clean_name(name)
  assert not any(map(folder_names.is_clean_name, CLASSES))


def test_words_for_what_is_bad_name_no_kind():
  assert [name for name in BAD + CLASSES if class_names.names_no_kind(name)] == BAD


@pytest.mark.parametrize('name', CLASSES)
def test_names_of_defects_are_classes(name):
  place = pathlib.PurePath('train_256', '240501', name, '1.png')
  assert folder_names.class_of_crop(place) == name


@pytest.mark.parametrize('folder', [
    'train_256', 'trainA', 'fold_1', 'batch_3', 'set_a', 'dev', 'train_set', '01.05.2024',
    '240501', '2024', 'data_1'])
def test_folders_of_parts_and_dates_are_no_classes_of_masks(tmp_path, folder):
  make(tmp_path, {f'{folder}/images/1.png': None, f'{folder}/masks/1.png': mask})
  assert marked_in(read(tmp_path)) == {f'{folder}/images/1.png': {'defect': 1}}


@pytest.mark.parametrize('one, other', [
    ('fold_1/{}', 'fold_2/{}'), ('{}/trainA', '{}/trainB'),
    ('01.05.2024/{}', '02.05.2024/{}'),
    ('240501_{}', '240502_{}'), ('{}_1', '{}_2')])
def test_parts_and_dates_keep_equal_names_apart(tmp_path, one, other):
  for k, form in enumerate((one, other)):
    make(tmp_path, {form.format('images') + '/1.png': None,
                    form.format('labels') + '/1.txt': f'{k} {YOLO}'})
  make(tmp_path, {'classes.txt': 'crack\npit'})
  assert marked_in(read(tmp_path)) == {one.format('images') + '/1.png': {'crack': 1},
                                       other.format('images') + '/1.png': {'pit': 1}}
  (tmp_path / other.format('images') / '1.png').rename(tmp_path / '1.png')
  (tmp_path / one.format('labels') / '1.txt').unlink()
  (tmp_path / '1.png').unlink()
  with pytest.raises(UserError, match='fits 1 of the annotations'):
    read(tmp_path)


def test_a_date_is_no_part_of_a_class_and_that_is_noted(tmp_path):
  make(tmp_path, {'crack_20240501/1.jpg': None, 'crack_20240502/2.jpg': None})
  layout = read(tmp_path)
  assert [*layout.crops] == ['crack'] and counts(layout.noted) == {folder_names.DATED: 2}
  for k in (1, 2):
    mask(tmp_path / f'crack_2024050{k}/{k}_mask.png')
  layout = read(tmp_path)
  assert marked_in(layout)['crack_20240501/1.jpg'] == {'crack': 1}
  assert layout.noted[folder_names.DATED]


def test_folders_of_a_part_and_a_class_at_once_are_refused(tmp_path):
  make(tmp_path, {'train_crack/1.jpg': None, 'test_crack/2.jpg': None, 'good/3.jpg': None})
  with pytest.raises(UserError, match="at once, as 'test_crack' and 'train_crack': put"):
    read(tmp_path)
  assert len(read(tmp_path, format='classes').crops) == 2
  make(tmp_path, {'pit/4.jpg': None})
  assert len(read(tmp_path).crops) == 3


@pytest.mark.parametrize('good, bad, rework', [
    ('iO', 'niO', 'Nacharbeit'), ('Gutteile', 'Schlechtteile', 'Nacharbeit'),
    ('bonnes', 'mauvaises', 'retouches'), ('conformes', 'non conformes', 'rebuts'),
    ('Buoni', 'Scarti', 'rilavorazione'), ('buenas', 'malas', 'retrabajo'),
    ('dobre', 'złe', 'poprawki'), ('boas', 'ruins', 'retrabalho'),
    ('sem defeitos', 'de\u0301fauts', 'rework'), ('良品', '坏件', '返工')])
def test_words_for_good_bad_and_rework_are_no_classes(tmp_path, good, bad, rework):
  """Those alone are: iO, niO and Nacharbeit. A word from macOS has its accents apart."""
  names = {f'{good}/1.jpg': [], f'{bad}/a/2.jpg': 'a', f'{bad}/b/3.jpg': 'b'}
  make(tmp_path, dict.fromkeys([*names, f'{rework}/a/4.jpg', f'{rework}/b/5.jpg']))
  layout = read(tmp_path)
  assert {*layout.crops} == {'a', 'b'} and counts(layout.crops) == {'a': 2, 'b': 2}
  assert len(layout.clean) == 1 and "as '" in [*layout.noted][0]
  make(tmp_path, {f'{rework}/6.jpg': None})  # It may be a class then.
  assert {*read(tmp_path).crops} == {'a', 'b', rework}


@pytest.mark.parametrize('name', ['train', 'validation', 'TEST'])
@pytest.mark.parametrize('format_', ['', 'classes'])
def test_no_class_is_called_as_a_part_of_a_set(tmp_path, name, format_):
  make(tmp_path, {f'{name}/1.jpg': None})
  with pytest.raises(UserError, match=f'named after it, as .*/{name}/crack;') as error:
    read(tmp_path, format=format_)
  assert '--format' not in str(error.value)
  (tmp_path / name / 'crack').mkdir()
  (tmp_path / name / '1.jpg').rename(tmp_path / name / 'crack' / '1.jpg')
  assert [*read(tmp_path, format=format_).crops] == ['crack']


@pytest.mark.parametrize('names', [('trainA', 'trainB'), ('batch_1', 'batch_2')])
def test_parts_alone_are_classes_only_where_that_is_said(tmp_path, names):
  make(tmp_path, {f'{name}/1.jpg': None for name in names})
  with pytest.raises(UserError, match=f"'{names[0]}' are classes, pass --format classes"):
    read(tmp_path)
  assert (*read(tmp_path, format='classes').crops,) == names


@pytest.mark.parametrize('folder', ['Source Images', 'photos', 'Bilder', 'imágenes'])
@pytest.mark.parametrize('masks', ['masks', 'GT_masks', 'lbl', 'masques'])
def test_the_only_folder_of_images_is_no_class(tmp_path, folder, masks):
  make(tmp_path, {f'{folder}/1.jpg': None, f'{masks}/1.png': mask})
  assert marked_in(read(tmp_path)) == {f'{folder}/1.jpg': {'defect': 1}}
  make(tmp_path, {f'{folder}/pit/2.jpg': None, f'{masks}/2.png': mask})
  assert marked_in(read(tmp_path))[f'{folder}/pit/2.jpg'] == {'pit': 1}


def test_nor_is_one_in_which_images_have_an_empty_mask(tmp_path):
  make(tmp_path, {f'raw/{k}.jpg': None for k in (1, 2)} | {'Masken/1.png': mask})
  assert marked_in(read(tmp_path)) == {'raw/1.jpg': {'raw': 1}}
  make(tmp_path, {'Masken/2.png': lambda path: mask(path, 0)})
  layout = read(tmp_path)
  assert marked_in(layout) == {'raw/1.jpg': {'defect': 1}, 'raw/2.jpg': {}}
  assert not layout.left_out
  make(tmp_path, {'good/3.jpg': None})  # Then it is one of several.
  assert marked_in(read(tmp_path)) == {'raw/1.jpg': {'raw': 1}}


def test_the_only_folder_around_all_masks_is_told(tmp_path):
  make(tmp_path, {'alu/images/1.jpg': None, 'alu/masks/1.png': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'alu/images/1.jpg': {'alu': 1}}
  note, = layout.noted
  assert "the only folder around them all, 'alu'" in note
  layout = read(tmp_path, images='alu')
  assert marked_in(layout) == {'images/1.jpg': {'defect': 1}}


@pytest.mark.parametrize('name', ['missing_label', 'broken_mask', 'ghost_image'])
@pytest.mark.parametrize('image, of_mask', [
    ('{}/1.jpg', '{}/1_mask.png'), ('images/{}/1.jpg', 'masks/{}/1.png'),
    ('images/1.jpg', 'masks/{}/1.png')])
def test_a_class_may_end_in_a_word_for_masks(tmp_path, name, image, of_mask):
  make(tmp_path, {image.format(name): None, of_mask.format(name): mask,
                  image.format('pit').replace('1', '2'): None,
                  of_mask.format('pit').replace('1', '2'): mask})
  assert marked_in(read(tmp_path))[image.format(name)] == {name: 1}
