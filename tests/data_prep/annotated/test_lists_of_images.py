"""Lists of images and tables beside them: told, refused, or known to agree."""

import collections
import re

import pytest

from data_prep import inputs
from data_prep.annotated import class_notes, unannotated, unread
from data_prep.images import survey
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common.errors import UserError
from handmade import counts, make, read, voc

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
  unannotated.list_classes(tmp_path / 'a', '--defects', noted=noted)
  unannotated.list_clean(tmp_path / 'b', noted=noted)
  assert counts(noted) == {unread.LISTS: 2, unread.NOTED: 1}


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
  def remedy(crops, regions=(), clean=None):
    (note, paths), = class_notes.with_clean_words(crops, regions, clean).items()
    assert paths
    return note.partition('defect, ')[2]

  assert remedy({'Good Weld': [one], 'pit': [two]}) == f"pass --clean '{one.parent}'"
  assert remedy({'Good Weld': [one, two]}) == (
      'move them into one folder, and pass that by --clean')
  assert remedy({'Good Weld': [one]}, clean='c') == 'move them into c'
  assert remedy({}, {'weldOK': one}) == 'pass --skip_classes weldOK'
  assert not class_notes.with_clean_words(
      {name: [one] for name in ('not good', 'crack', 'good', 'GOODYEAR')}, {}, None)


def test_a_marked_class_with_a_word_for_clean_is_noted(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.xml': voc('Good Weld')})
  found = inputs.find(Options(images=tmp_path), Problems())
  [paths] = [paths for note, paths in found.layout.noted.items() if 'Good Weld' in note]
  assert paths == [tmp_path / '1.jpg']
  [note] = [note for note in found.notes(survey.read([tmp_path / '1.jpg']))
            if 'Good Weld' in note]
  assert note.endswith("--skip_classes 'Good Weld': 1, the first is 1.jpg")
