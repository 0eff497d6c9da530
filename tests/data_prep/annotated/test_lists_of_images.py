"""Lists of images and tables beside them: told, refused, or known to agree."""

import collections
import re

import pytest

from data_prep import inputs
from data_prep.annotated import class_notes, reasons, unannotated, unread
from data_prep.images import survey
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common.errors import UserError
from handmade import counts, image, make, mask, read, voc

def _other(path):  # Than those of `make`.
  image(path, height=32)


IMAGES = {f'{place}/{k}.jpg': None for place in ('good', 'crack') for k in range(10, 14)}


@pytest.mark.parametrize('name, text', [
    ('good/BAD.txt', '11.jpg\n12.jpg\n'), ('bad_images.txt', 'good/11.jpg\n'),
    ('good/Ausschuss.csv', 'file,note\n11.jpg,look at it\n'),
    ('bad.json', '["good/11.jpg", "good/12.jpg"]')])
def test_a_list_called_bad_of_some_clean_images_is_refused(tmp_path, name, text):
  make(tmp_path, IMAGES | {name: text})
  with pytest.raises(UserError, match=f'{re.escape(name)} lists .*good/11.jpg, which is '):
    read(tmp_path)
  assert len(read(tmp_path, format='classes').clean) == 4


@pytest.mark.parametrize('name, text, is_told', [
    ('good/exclude.txt', '11.jpg\n', True), ('crack/x.txt', '11.jpg\n12.jpg\n', True),
    ('skip.json', '["good/11.jpg", "crack/12.jpg"]', True),
    ('good/all.txt', '10.jpg\n11.jpg\n12.jpg\n13.jpg\n', False),
    ('train.txt', 'good/11.jpg\ncrack/11.jpg\n', False),
    ('defects.txt', 'crack/11.jpg\ncrack/12.jpg\n', True)])
def test_a_list_of_some_images_is_told(tmp_path, name, text, is_told):
  make(tmp_path, IMAGES | {name: text})
  layout = read(tmp_path)
  assert len(layout.clean) == 4 and len(layout.crops['crack']) == 4
  assert layout.noted.get(unread.LISTS, []) == [tmp_path / name] * is_told


def test_lists_beside_crops_and_clean_images_are_told(tmp_path):
  make(tmp_path, {'a/crack/1.jpg': None, 'a/crack/2.jpg': None, 'a/crack/no.txt': '1.jpg',
                  'b/1.jpg': None, 'b/2.jpg': None, 'b/no.txt': '2.jpg',
                  'b/grades.csv': 'file,grade\n1.jpg,A\n2.jpg,B\n'})
  noted = collections.defaultdict(list)
  unannotated.list_classes(tmp_path / 'a', noted=noted)
  unannotated.list_clean(tmp_path / 'b', noted=noted)
  assert counts(noted) == {unread.LISTS: 2, reasons.SPEAK: 1}


@pytest.mark.parametrize('row, agrees', [
    ('{place}/{k}.jpg  {number}.0  {word}', True),
    ('{place}/{k}.jpg  {other}  {word}', False)])
@pytest.mark.parametrize('others', ['good', 'pit'])
def test_a_table_whose_numbers_say_the_folders_agrees_with_them(
    tmp_path, row, agrees, others):
  """As ELPV's: a share of defects, and the kind of the cell, which is no class."""
  names = [(place, k) for place in ('crack', others) for k in range(10, 18)]
  make(tmp_path, {f'{place}/{k}.jpg': None for place, k in names} | {
      'labels.csv': '\n'.join(row.format(
          place=place, k=k, number=int(place == 'crack'), other=k % 3,
          word=('mono', 'poly')[k % 2]) for place, k in names)})
  if agrees:
    layout = read(tmp_path)
    assert len(layout.crops['crack']) == len(layout.crops.get('pit', layout.clean)) == 8
  else:
    with pytest.raises(UserError, match="labels.csv (gives the images|says 'mono' of)"):
      read(tmp_path)


def test_classes_with_a_word_for_clean_are_noted_with_what_takes_them_so(tmp_path):
  one, two = tmp_path / 'a' / 'Good Weld' / '1.png', tmp_path / 'b' / 'Good Weld' / '2.png'
  def remedy(crops, regions=(), clean=()):
    (note, paths), = class_notes.with_clean_words(crops, regions, clean).items()
    assert paths
    return note.partition('defect, ')[2]

  assert remedy({'Good Weld': [one], 'pit': [two]}) == f"pass --clean '{one.parent}'"
  assert remedy({'Good Weld': [one, two]}) == f"pass --clean '{one.parent}' '{two.parent}'"
  assert remedy({'Good Weld': [one]}, clean=['c']) == f"pass --clean c '{one.parent}'"
  assert remedy({}, {'weldOK': one}) == 'pass --skip_classes weldOK'
  assert not class_notes.with_clean_words(
      {name: [one] for name in ('not good', 'crack', 'good', 'GOODYEAR')}, {}, ())


def test_a_marked_class_with_a_word_for_clean_is_noted(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.xml': voc('Good Weld')})
  found = inputs.find(Options(images=tmp_path), Problems())
  [paths] = [paths for note, paths in found.layout.noted.items() if 'Good Weld' in note]
  assert paths == [tmp_path / '1.jpg']
  [note] = [note for note in found.notes(survey.read([tmp_path / '1.jpg']))
            if 'Good Weld' in note]
  assert note.endswith("--skip_classes 'Good Weld': 1, the first is 1.jpg")


@pytest.mark.parametrize('names, clean, refused', [
    (['good/OK_1.jpg', 'good/NOK_2.jpg'], None, True),
    (['good/1.jpg', 'good/crack 2.jpg'], None, True),
    (['good/1_defect.jpg', 'good/2.jpg'], None, True),
    (['good/nok_1.jpg', 'good/NOK_2.jpg'], None, False),
    (['good/1.jpg', 'good/defect_free_2.jpg'], None, False),
    (['good/1.jpg', 'good/crack_test_line_2.jpg'], None, False),
    (['good/part000_OK.jpg', 'good/part001_NOK.jpg'], None, True),
    (['good/cam1_top_1.jpg', 'good/cam1_NG_top_1.jpg'], None, True),
    (['good/Teil 2 n.i.O..jpg', 'good/Teil 3 i.O..jpg'], None, True),
    (['good/line_a_no_defect_1.jpg', 'good/line_a_defects_1.jpg'], None, True),
    (['good/NC_mill_top_1.jpg', 'good/lot_NG_side_OK_2.jpg'], None, False),
    (['good/without_defect_2.jpg', 'good/line_x_fault_free_2.jpg'], None, False),
    (['c/1.jpg', 'c/Crack_2.jpg'], 'c', True), (['c/nok/1.jpg', 'c/nok/2.jpg'], 'c', False),
    (['c/nok/1.jpg', 'c/2.jpg'], 'c', True)])
def test_clean_images_called_as_defects_are_refused_unless_all_are(
    tmp_path, names, clean, refused):
  make(tmp_path, {'crack/1.jpg': None, 'crack/2.jpg': None} | dict.fromkeys(names, _other))
  options = Options(images=tmp_path, clean=clean and str(tmp_path / clean))
  if refused:
    with pytest.raises(
        UserError, match='is taken for clean, and its name|as others do not'):
      inputs.find(options, Problems())
  else:
    assert len(inputs.find(options, Problems()).clean[0][0]) == 2


@pytest.mark.parametrize('names, count', [
    (['1', 'cam1-pit-000'], 1), (['1', 'cam_nc_top'], 1), (['pit_a_1', 'pit_b_2'], 0),
    (['1', 'fresh_pitted_2'], 0), (['1', 'crack/cracks_2'], 1), (['1', 'a_pits_2'], 0)])
def test_words_for_defects_in_names_of_clean_images_are_noted(tmp_path, names, count):
  found = unannotated.called_as_defects_by_name(
      [tmp_path / f'{name}.jpg' for name in names], {'pit', 'crack'})
  assert sum(map(len, found.values())) == count


@pytest.mark.parametrize('names, refused, noted', [
    (['crack/OK_0', 'crack/1'], "its name says 'OK', as those of 1 of 2", 0),
    (['crack/part0_OK', 'crack/part1_NOK'], "its name says 'OK'", 0),
    (['crack/OK_0', 'crack/OK_1'], '', 2), (['crack/normal_light_cam_0', 'crack/1'], '', 1),
    (['crack/crack_0', 'crack/pit_1', 'pit/pit_2', 'pit/pit_3'], "its name says 'pit'", 0),
    (['crack/hole_0', 'crack/pit_1', 'pit/2', 'pit/3'], '', 1),
    (['crack/cam_no_ok_1', 'crack/free_2_standing_post'], '', 1)])
@pytest.mark.parametrize('flag', ['images', 'defects'])
def test_crops_called_as_something_else_are_told(tmp_path, names, refused, noted, flag):
  make(tmp_path, {f'd/{name}.jpg': None for name in names} | {'c/1.png': _other})
  options = Options(**{flag: str(tmp_path / 'd')}, clean=str(tmp_path / 'c'))
  if refused:
    with pytest.raises(UserError, match=refused):
      inputs.find(options, Problems())
  else:
    found = inputs.find(options, Problems()).layout.noted
    assert sum(
        len(paths) for note, paths in found.items() if 'crops whose' in note) == noted


@pytest.mark.parametrize('names, words', [
    (['Cr_1', 'Cr_2', 'PS_1', 'PS_2'], 'Cr and PS'), (['Cr_1', 'Cr_2', 'PS_1'], ''),
    (['1', '2', '3', '4'], ''), (['a_1', 'a_2', 'a_3'], ''),
    (['ab_a_1', 'ab_a_2', 'ab_b_1', 'ab_b_2'], ''),
    ([f'IMG_{name}_00{k}' for k, name in enumerate(['pit', 'crack'] * 2)], 'crack and pit'),
    ([f'2023 line {name}{k}' for k, name in enumerate(['pit', 'dent'] * 2)],
     'dent and pit')])
def test_files_of_one_folder_whose_names_have_words_of_classes_are_told(
    tmp_path, names, words):
  make(tmp_path, {f'all/{name}.jpg': None for name in names} | {'good/1.jpg': _other})
  found = inputs.find(Options(images=tmp_path), Problems())
  said = [note for note in found.layout.noted if 'the only class' in note]
  assert [len(found.layout.noted[note]) for note in said] == [4] * bool(words)
  assert all(f'as {words}: ' in note for note in said)
  with pytest.raises(UserError) as error:
    (tmp_path / 'all').rename(tmp_path / 'train')
    inputs.find(Options(images=tmp_path / 'train'), Problems())
  assert f"train/{(words or 'crack').split()[0]}" in str(error.value)
  assert (f"as the files' names say {words};" in str(error.value)) == bool(words)


def test_a_word_for_images_before_a_number_does_not_count(tmp_path):
  make(tmp_path, {'images/img_1.jpg': None, 'images/img_2.jpg': None,
                  'masks/mask_1.png': mask, 'masks/mask_2.png': mask})
  layout = read(tmp_path)
  assert {path.name for path, image in layout.annotated if image.regions} == {
      'img_1.jpg', 'img_2.jpg'}


@pytest.mark.parametrize('word, header', [
    ('pit', 'file,label\n'), ('Pit', 'file,class\n'), ('good', 'file,label\n'),
    ('pit', '')])
def test_one_crop_of_which_a_list_says_another_class_is_refused(tmp_path, word, header):
  rows = {f'{name}/{name}{k}.jpg': name for name in ('crack', 'pit') for k in range(6)}
  table = header + ''.join(f'{file},{name}\n' for file, name in rows.items())
  make(tmp_path, dict.fromkeys(rows) | {'labels.csv': table})
  assert sorted(read(tmp_path).crops) == ['crack', 'pit']
  (tmp_path / 'labels.csv').write_text(
      table.replace('crack/crack2.jpg,crack', f'crack/crack2.jpg,{word}'), 'utf-8')
  for of in (lambda **more: read(tmp_path, **more).crops,
             lambda **more: unannotated.list_classes(tmp_path, **more)):
    with pytest.raises(UserError, match=f"labels.csv says '{word}' of .*crack2.jpg, and "
                                        'another class than its folder of 1 of 12 crops'):
      of()
    assert {name: len(paths) for name, paths in of(format='classes').items()} == {
        'crack': 6, 'pit': 6}


@pytest.mark.parametrize('files, rows', [
    (['train/crack/1', 'train/pit/2', 'train/good/3', 'test/4', 'test/5'],
     ['4.jpg,crack', '5.jpg,crack']),
    (['crack/1', 'pit/1', 'good/1'], ['1.jpg,good', '1.jpg,pit', '1.jpg,crack'])])
def test_what_is_of_no_class_or_of_several_folders_is_not_at_odds(tmp_path, files, rows):
  """As in Kaggle's sample_submission.csv, and where files are numbered anew per folder."""
  make(tmp_path, {f'{file}.jpg': None for file in files}
       | {'a.csv': '\n'.join(['id,label', *rows])})
  layout = read(tmp_path)
  assert sorted(layout.crops) == ['crack', 'pit'] and len(layout.clean) == 1
  assert any('nothing that they say is used' in note for note in layout.noted)
