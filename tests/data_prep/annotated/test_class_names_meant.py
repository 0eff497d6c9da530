"""Classes that are none by their names, or may be one with another."""

import re
import shlex

import pytest

from data_prep import inputs
from data_prep.annotated import class_notes
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common import class_names
from handmade import YOLO, coco, counts, labelme, make, marked_in, mask, read, voc


def _said(folder, **more):
  problems = Problems()
  found = inputs.find(Options(images=str(folder), **more), problems)
  return problems.text() if problems else '', {*found.cut, *found.crops}


def _boxes(name):
  return {'1.jpg': None, '1.xml': voc(), '2.jpg': None, '2.xml': voc(name)}


def _shapes(name):
  return {'1.jpg': None, '1.json': labelme(), '2.jpg': None, '2.json': labelme(label=name)}


def _masks(name):
  return {f'{kind}/{of}/{k}.png': make for k, of in enumerate(['crack', name])
          for kind, make in (('images', None), ('masks', mask))}


def _crops(name):
  return {'crack/1.jpg': None, f'{name}/2.jpg': None}


@pytest.mark.parametrize('files, name', [
    (_boxes, 'good'), (_boxes, 'OK'), (_shapes, 'no defect'), (_boxes, 'unknown'),
    (_masks, 'unlabeled'), (_masks, 'old'), (_crops, 'unlabelled'),
    (_crops, 'to_sort'),
    (_crops, 'false_positive'), (_crops, 'Heatmaps'), (_crops, 'Pseudofehler'),
    (_crops, 'unsure'),
    (_crops, 'Unsorted 2'), (_crops, 'todo'), (_crops, 'good_unchecked'),
    (_crops, 'OK (to check)'), (_crops, 'backup'), (_crops, 'marked'), (_boxes, 'none'),
    (_shapes, 'NULL'), (_crops, '背景'), (_crops, 'docs'), (_crops, 'empty'),
    (_crops, 'neu'), (_crops, 'untitled folder'), (_crops, 'Grenzfälle'),
    (_crops, 'check again')])
def test_names_of_what_is_clean_or_undecided_are_no_classes_but_where_named(
    tmp_path, files, name):
  make(tmp_path, files(name))
  said, _ = _said(tmp_path)
  assert f"of the class '{name}', which" in said
  assert f'--skip_classes {class_names.as_flag([name])} to use' in said
  assert _said(tmp_path, skip_classes=(name,)) == ('', {'crack'})
  assert _said(tmp_path, classes=('crack',)) == ('', {'crack'})
  assert _said(tmp_path, classes=('crack', name)) == ('', {'crack', name})


def test_several_of_these_names_have_one_remedy(tmp_path):
  make(tmp_path, {f'{name}/{k}.jpg': None
                  for k, name in enumerate(['crack', 'dent', 'none', 'todo', 'unsure'])})
  said, _ = _said(tmp_path, skip_classes=('dent',))
  assert said.count('--skip_classes dent,none,todo,unsure to use nothing') == 2
  assert _said(tmp_path, skip_classes=('dent', 'none', 'todo', 'unsure')) == ('', {'crack'})


def test_regions_called_background_have_a_remedy_whatever_their_case(tmp_path):
  make(tmp_path, _shapes('Background'))
  said, _ = _said(tmp_path)
  assert "regions named 'Background'" in said and '--skip_classes Background.' in said
  assert _said(tmp_path, skip_classes=('Background',)) == ('', {'crack'})


@pytest.mark.parametrize('name', ['unknown_mark', 'review board', 'temper', 'okra',
                                  'pitted', 'misc', 'other', 'tmplate', 'good_crack',
                                  'marque', 'kos', 'void', 'skip', 'marks'])
def test_other_names_are_classes(tmp_path, name):
  make(tmp_path, _crops(name))
  assert _said(tmp_path) == ('', {'crack', name})
  assert not read(tmp_path).noted


@pytest.mark.parametrize('name', ['ohne Fehler', 'not cracked', '良品画像', 'i. O.', 'Goods',
                                  'sağlam parça', 'neg', 'TRUE_OK', 'Masterteile',
                                  'no defect detected', 'good_quality', 'sauber', 'czyste',
                                  'wolne od wad', '好的', '正品', 'approved', 'sağlıklı',
                                  'hata yok', 'peças boas', 'pulito'])
def test_words_for_what_is_clean(name):
  assert class_names.is_clean(name)
  assert not class_names.names_no_kind(name) and not class_names.is_undecided(name)


@pytest.mark.parametrize('name', ['no part', 'Golden Sample', 'reference', 'golden',
                                  'Gutmuster', 'Referenz', '空'])
def test_words_for_images_without_a_defect_are_no_class(tmp_path, name):
  make(tmp_path, _crops(name))
  said, _ = _said(tmp_path)
  assert f"'{name}'" in said
  assert _said(tmp_path, skip_classes=(name,)) == ('', {'crack'})
  flag, folder = shlex.split(re.search('pass (--clean .*) to use it so', said)[1])
  assert flag == '--clean' and _said(tmp_path, clean=(folder,)) == ('', {'crack'})


@pytest.mark.parametrize('name', ['with_defects', 'mit Fehler', 'avec défaut', 'z wadą',
                                  'con difetti', 's vadou', 'non buoni', 'iyi değil'])
def test_words_for_what_has_a_defect_of_no_known_kind(name):
  assert class_names.names_no_kind(name)
  assert not class_names.is_clean(name) and not class_names.is_undecided(name)


@pytest.mark.parametrize('name', [
    'False NG', 'incerto', 'à trier', 'Sin clasificar', 'zu prüfen', 'osäkra',
    'do sprawdzenia', 'k třídění',
    'belirsiz', 'не разобрано', '待确认', '保留', '미분류', 'chưa phân loại', 'غير معروف',
    'Papierkorb', 'löschen', 'ignore', 'Çöp', 'Корзина', '回收站', 'ゴミ箱', 'sauvegarde_2',
    'Neuer Ordner (3)', 'results', 'Kalibrierung', 'vis', 'debug_2',
    'new', 'neue Bilder', 'New batch', 'nouvelles images', 'nuevas', 'Новые', '新規',
    'markiert', 'marqué', 'Marcados', 'отмечено', 'annotated images', '标注'])
def test_words_for_what_is_no_kind_of_defect_are_known_in_many_languages(name):
  assert class_names.is_undecided(name)


@pytest.mark.parametrize('name', [
    'good_old', 'good_backup', 'ok (neu)', 'good_aug', 'aug_good', 'ok_flipped_2',
    'good_rot90', 'good_64x64'])
@pytest.mark.parametrize('crack', [{'crack/1.jpg': None}, {'1.jpg': None, '1.xml': voc()}])
def test_versions_of_clean_folders_are_clean_and_noted(tmp_path, name, crack):
  make(tmp_path, crack | {'good/2.jpg': None, f'{name}/3.jpg': None})
  layout = read(tmp_path)
  assert {path.parent.name for path in layout.clean} == {'good', name}
  note, = layout.noted
  assert f"'{name}': taken for clean" in note and counts(layout.noted) == {note: 1}


@pytest.mark.parametrize('names, said', [
    (['crack', 'crack (2)'], ["'crack' and 'crack (2)', which are 2 classes"]),
    (['crack', 'crack copy'], ["'crack' and 'crack copy'"]),
    (['crack', 'crack - Copy'], ["'crack' and 'crack - Copy'"]),
    (['crack', 'crack_aug'], ["'crack' and 'crack_aug'"]),
    (['pit', 'rot90_pit'], ["'pit' and 'rot90_pit'"]),
    (['Riss', 'Riss - Kopie'], ["'Riss' and 'Riss - Kopie'"]),
    (['crack', 'crack_2', 'pit'], ["'crack' and 'crack_2'"]),
    (['crack', 'crack_new', 'crack_todo'], ["'crack' and 'crack_new' and 'crack_todo'"]),
    (['crack', 'cracks', 'pits'], ["'crack' and 'cracks'"]),
    (['scratch', 'scratches'], ["'scratch' and 'scratches'"]),
    (['crack', 'crak', 'pit'], ["'crack' and 'crak'"]),
    (['scratch', 'scrtach'], ["'scratch' and 'scrtach'"]),
    (['dent', 'den', 'bent', 'cut', 'cup', 'type_a', 'type_b'], []),
    (['crack_1', 'crack_2'], ['differ by a number alone']),
    (['glass', 'glas_bubble', 'pit', 'crack_pit'], []), (['1', '2'], [])])
@pytest.mark.parametrize('files', [_crops, _shapes])
def test_classes_that_may_be_one_are_noted(tmp_path, names, said, files):
  for k, name in enumerate(names):
    make(tmp_path, {f'{name}/{k}.jpg': None} if files == _crops else
         {f'{k}.jpg': None, f'{k}.json': labelme(label=name)})
  if names == ['1', '2'] and files == _crops:
    said = ['differ by a number alone']
  layout = read(tmp_path)
  assert len(layout.noted) == len(said)
  for note, text in zip(layout.noted, said):
    assert text in note and len(layout.noted[note]) == len(
        [name for name in names if f"'{name}'" in note or 'alone' in note])


@pytest.mark.parametrize('sides, told', [
    ({'crack': [64], 'pit': [64], 'shots': [90, 50]}, ['shots']),
    ({'crack': [64], 'good': [64], 'my shots': [90]}, ['my shots']),
    ({'crack': [64], 'pit': [64], 'dent': [64, 90]}, []),
    ({'crack': [64], 'pit': [90], 'good': [64, 70]}, []),
    ({'crack': [64], 'pit': [90]}, []), ({'crack': [64], 'good': [90]}, [])])
def test_a_class_of_images_of_another_size_than_all_others_is_noted(sides, told):
  """It may be a folder of pictures that are none of a defect."""
  sizes = {f'{name}/{side}': (side, 64) for name, some in sides.items() for side in some}
  crops = {name: [path for path in sizes if path.startswith(name)] for name in sides}
  notes = class_notes.of_another_size(crops, crops.pop('good', []), sizes)
  for (note, paths), name in zip(notes.items(), told, strict=True):
    assert f"of the class '{name}', of which none has 64 x 64 pixels" in note
    assert note.endswith(f'--skip_classes {class_names.as_flag([name])}')
    assert paths == crops[name]


def test_crops_of_defects_that_may_be_one_class_are_noted(tmp_path):
  make(tmp_path, {'d/crack/1.jpg': None, 'd/crack (2)/2.jpg': None, 'c/3.jpg': mask})
  found = inputs.find(Options(defects=str(tmp_path / 'd'), clean=str(tmp_path / 'c')),
                      Problems())
  note, = found.layout.noted
  assert "'crack' and 'crack (2)', which are 2 classes" in note


@pytest.mark.parametrize('files, more', [
    (lambda name: voc(name), '.xml'), (lambda name: labelme(label=name), '.json')])
def test_folders_of_another_class_than_their_regions_are_noted(tmp_path, files, more):
  make(tmp_path, {f'images/{folder}/{k}.jpg': None
                  for k, folder in enumerate(['crack', 'crack', 'pit', 'cam'])}
       | {f'images/{folder}/{k}{more}': files(name) for k, (folder, name) in enumerate(
           [('crack', 'pit'), ('crack', 'crack'), ('pit', 'pit'), ('cam', 'pit')])})
  layout = read(tmp_path)
  assert marked_in(layout)['images/crack/0.jpg'] == {'pit': 1}
  note, = layout.noted
  assert note.startswith('images in the folder of a class of which they have no region')
  assert layout.noted[note] == [tmp_path / 'images/crack/0.jpg']


@pytest.mark.parametrize('labels, folders, said', [
    (['defect'] * 4, ['crack', 'crack', 'pit', 'pit'], True),
    (['defect'] * 4, ['crack'] * 4, False), (['pit'] * 4, ['crack', 'pit'] * 2, False),
    (['defect', 'dent'] * 2, ['crack', 'pit'] * 2, False)])
def test_folders_that_may_be_the_classes_of_regions_of_one_name_are_noted(
    tmp_path, labels, folders, said):
  make(tmp_path, {f'{folder}/{k}.jpg': None for k, folder in enumerate(folders)}
       | {f'{folder}/{k}.xml': voc(label)
          for k, (label, folder) in enumerate(zip(labels, folders))})
  found = {note: paths for note, paths in read(tmp_path).noted.items()
           if note.startswith("images in folders, as 'crack' and 'pit', all of whose")}
  assert len(found) == said
  for note, paths in found.items():
    assert 'by --format classes' in note and len(paths) == 4


@pytest.mark.parametrize('files, lacking, shifted', [
    ({'1.txt': f'1 {YOLO}', 'classes.txt': 'crack\npit\ndent'}, 'crack, dent', True),
    ({'1.txt': f'0 {YOLO}', 'data.yaml': 'names: [crack, pit]'}, 'pit', False),
    ({'1.txt': f'0 {YOLO}', 'classes.txt': 'crack\nbackground\ngood'}, '', False),
    ({'1.json': coco('1.jpg').replace('defects', 'pit')}, 'pit', False)])
def test_named_classes_without_a_region_are_noted(tmp_path, files, lacking, shifted):
  make(tmp_path, {'1.jpg': None} | files)
  found = [note for note in read(tmp_path).noted if 'there is no region' in note]
  assert len(found) == bool(lacking)
  for note in found:
    assert f'as {lacking}' in note and ('classes from 1' in note) == shifted


@pytest.mark.parametrize('other, told', [
    ((1, 1, 39, 29), True), ((10, 5, 22, 15), False), ((30, 5, 40, 15), False)])
def test_a_class_of_boxes_around_those_of_others_is_told(tmp_path, other, told):
  for k in range(3):
    both = voc().replace('</annotation>', '') + voc('ROI', other).partition('</size>')[2]
    make(tmp_path, {f'{k}.jpg': None, f'{k}.xml': both})
  assert counts(read(tmp_path).noted) == {
      "boxes of 'ROI' that hold those of other classes: where it is a part of what is "
      'photographed and no defect, take it out of the annotations': 3} if told else (
          not read(tmp_path).noted)


@pytest.mark.parametrize('name', [
    'unscratched', 'NOCORROSION', 'no_rust', 'konform', 'pezzi buoni', 'uncorroded'])
def test_what_has_no_defect_by_a_word_before_it_is_clean(name):
  assert class_names.is_clean(name)
  assert not class_names.is_clean(f'not {name}')


@pytest.mark.parametrize('name, other, may_be', [
    ('fresh', 'rotten', True), ('unpainted', 'painted', True),
    ('sans_peinture', 'peinture', True), ('nonwelded', 'weld', True),
    ('inpaint', 'crack', False), ('inclusion', 'scratch', False),
    ('unlabeled', 'labels', False), ('union', 'onion', False), ('no_label', 'label_ok', False),
    ('good', 'crack', False)])
def test_the_opposite_of_another_class_may_be_clean(tmp_path, name, other, may_be):
  assert class_names.may_be_clean(name, [name, other]) == may_be
  notes = class_notes.with_clean_words({name: [tmp_path / name / '1.png'], other: [
      tmp_path / other / '2.png']}, {}, [])
  assert any(f'--clean {tmp_path / name}' in note for note in notes) == may_be


@pytest.mark.parametrize('name', ['no_label', 'unlabelled', 'to_label'])
def test_what_nobody_has_labelled_is_undecided_and_not_clean(tmp_path, name):
  make(tmp_path, {f'{name}/1.png': None, 'labeled/crack/2.png': None,
                  'labeled/good/3.png': None})
  said, names = _said(tmp_path)
  assert f"the class '{name}', which is a name for what is undecided" in said
  assert names == {name, 'crack'}


@pytest.mark.parametrize('name, is_told', [
    ('combined', True), ('Mixed', True), ('crack+dent', True), ('dent & crack', True),
    ('crack und dent', True), ('crack_and_dent', True), ('combination', False),
    ('A+', False), ('sandy', False)])
@pytest.mark.parametrize('regions', [False, True])
def test_a_class_that_may_be_several_is_told(tmp_path, name, is_told, regions):
  """As MVTec's combined, and crack+dent beside dent."""
  for k, of in enumerate(['crack', 'dent', name]):
    make(tmp_path, {f'{"im" if regions else of}/{k}.jpg': None}
         | ({f'im/{k}.json': labelme(label=of)} if regions else {}))
  make(tmp_path, {'good/9.jpg': None})
  found = inputs.find(Options(images=str(tmp_path)), Problems())
  told = [paths for note, paths in found.layout.noted.items() if (
      f"the class '{name}', which may be several" in note)]
  assert [[path.name for path in paths] for paths in told] == [['2.jpg']] * is_told
  chosen = inputs.find(Options(images=str(tmp_path), classes=('crack', 'dent', name)),
                       Problems())
  assert not any('may be several' in note for note in chosen.layout.noted)
