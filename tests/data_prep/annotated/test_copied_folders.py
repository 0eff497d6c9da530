"""Folders that are copies of others beside them: told, and their images counted once."""

import collections
import shutil

import pytest

from data_prep import inputs
from data_prep.annotated import gathered_folders, unannotated, versions
from data_prep.images.problems import Problems
from data_prep.options import Options
from handmade import counts, image, make, marked_in, mask, read, voc

_CRACKS = {f'crack/{k}.jpg': lambda path, k=k: image(path, 20 + k) for k in range(2)}
_SETS = [_CRACKS | {'pit/1.jpg': None},
         {'crack/1.jpg': None, 'crack/1_mask.png': mask},
         {'crack/images/1.jpg': None, 'crack/Annotations/1.xml': voc()}]


@pytest.mark.parametrize('name', [
    'crack', 'crack_2', 'crack2', 'photocopy', 'copy', 'cracked', 'kopiert', 'new', '(2)'])
def test_other_names_are_no_copies(name):
  assert versions.original(name) == name


@pytest.mark.parametrize('name', [
    '{} (copy)', '{} (another copy)', '{} (3rd copy)', '{} - Copy', '{} - Copy (2)',
    '{} copy 3', '{}_copy', '{} (2)', '{}(1)', '{} - Kopie',
    '{} – kopie', '{} - Copia', '{} - Kopya',
    '{} — копия', '{} - 副本', '{} - コピー', '{}_backup', '{}_old', '{}.bak', 'Copy of {}',
    'Copy (2) of {}', 'copy_of_{}', 'Kopie von {}', 'Copia de {}', 'Copia di {}',
    'Cópia de {}', 'Copie de {}', 'Kopia av {}', 'Kopi af {}',
    'Копия {}', 'backup of {}_old'])
def test_words_for_copies_are_known_before_and_behind_a_name(name):
  assert versions.original(name.format('crack_2')) == 'crack_2'


@pytest.mark.parametrize('files', _SETS)
@pytest.mark.parametrize('copy', ['crack (copy)', 'Copy of crack', 'crack_old'])
def test_a_copied_folder_is_left_out_and_told(tmp_path, files, copy):
  make(tmp_path, files)
  before = read(tmp_path)
  shutil.copytree(tmp_path / 'crack', tmp_path / copy)
  layout = read(tmp_path)
  assert repr(layout._replace(noted=before.noted)) == repr(before)
  (note, paths), = ((note, paths) for note, paths in layout.noted.items()
                    if note not in before.noted)
  assert f"of '{copy}', a copy of 'crack' beside it: left out" in note
  assert paths == sorted(path for path in (tmp_path / copy).rglob('*') if path.is_file())


@pytest.mark.parametrize('name, change', [
    ('9.jpg', lambda path: image(path)), ('0.jpg', lambda path: image(path, 9))])
def test_a_copy_that_has_something_of_its_own_is_kept_and_noted(tmp_path, name, change):
  make(tmp_path, _SETS[0])
  copy = tmp_path / 'copy of crack'
  shutil.copytree(tmp_path / 'crack', copy)
  change(copy / name)
  layout = read(tmp_path)
  assert counts(layout.crops) == {
      'copy of crack': len([*copy.iterdir()]), 'crack': 2, 'pit': 1}
  (own, paths), (two, _) = layout.noted.items()
  assert own.startswith("files by which 'copy of crack' differs from 'crack' beside it")
  assert paths == [copy / name]
  assert "'copy of crack' and 'crack', which are 2 classes" in two


@pytest.mark.parametrize('folder', ['good', 'images'])
def test_a_copy_of_images_with_a_file_of_its_own_is_told_and_another_folder_is_not(
    tmp_path, folder):
  make(tmp_path, {f'{part}/{k}.jpg': lambda path, k=k, n=n: image(path, 20 + k, 20 + n)
                  for n, part in enumerate(['good', 'images', f'{folder}_old'])
                  for k in range(3)} | {f'images/{k}.xml': voc(size='') for k in range(3)})
  assert not [note for note in read(tmp_path).noted if 'by which' in note]
  for k in range(3):
    shutil.copy(tmp_path / folder / f'{k}.jpg', tmp_path / f'{folder}_old/{k}.jpg')
  image(tmp_path / f'{folder}_old/9.jpg')
  (note, paths), = ((note, paths) for note, paths in read(tmp_path).noted.items()
                    if 'by which' in note)
  assert note.startswith(f"files by which '{folder}_old' differs from '{folder}' beside")
  assert paths == [tmp_path / f'{folder}_old/9.jpg']


def test_masks_that_are_those_of_others_are_kept_with_their_images(tmp_path):
  make(tmp_path, {'images/1.jpg': None, 'images_old/1.jpg': lambda path: image(path, 20),
                  'masks/1.png': lambda path: mask(path, 0, size=(40, 20))})
  make(tmp_path, {'masks_old/1.png': lambda path: mask(path, 0, size=(40, 20)),
                  'masks (copy)/1.png': lambda path: mask(path, 0, size=(40, 20)),
                  'images/1.jpg': lambda path: image(path, 20, 40),
                  'images_old/1.jpg': lambda path: image(path, 20, 40)})
  image(tmp_path / 'images/2.jpg')
  image(tmp_path / 'images_old/3.jpg')
  notes = [note for note in read(tmp_path).noted if 'byte by byte' in note]
  assert len(notes) == 1 and "'masks (copy)'" in notes[0]


def test_a_copy_of_a_whole_set_and_one_of_defects_are_left_out(tmp_path):
  make(tmp_path / 'set', _SETS[0] | {'good/1.jpg': lambda path: image(path, 40)})
  shutil.copytree(tmp_path / 'set', tmp_path / 'set - Copy')
  assert counts(read(tmp_path).crops) == {'crack': 2, 'pit': 1}
  shutil.copytree(tmp_path / 'set/crack', tmp_path / 'set/Kopie von crack')
  found = inputs.find(Options(defects=str(tmp_path / 'set'),
                              clean=str(tmp_path / 'set/good')), Problems())
  assert counts(found.crops) == {'crack': 2, 'pit': 1}
  assert counts(found.layout.noted) == {
      "files of 'Kopie von crack', a copy of 'crack' beside it: left out, as each is there "
      'too, byte by byte': 2}


@pytest.mark.parametrize('more, left', [
    ({}, {'crack', 'pit'}), ({'all/new': 9}, {'all', 'crack', 'pit'}),
    ({'all/new': 9, 'every/new': 8}, {'all', 'every', 'crack', 'pit'}),
    ({'pit 2/1': 3}, {'crack', 'pit', 'pit 2'})])
def test_a_folder_that_gathers_those_of_classes_is_left_out_and_told(tmp_path, more, left):
  """But not one that has an image of its own, nor a copy of one class."""
  sides = {'crack/1': 1, 'crack/2': 2, 'pit/3': 3, 'good/4': 4}
  sides |= {f'{name}/{file[-1]}': side for file, side in sides.items()
            for name in ('all', 'every')} | more
  make(tmp_path, {f'{file}.jpg': lambda path, side=side: path.parent.mkdir(
      exist_ok=True) or path.write_bytes(bytes([side] * 9)) for file, side in sides.items()})
  crops, noted = {}, collections.defaultdict(list)
  for path in sorted(tmp_path.glob('*/*.jpg')):
    crops.setdefault(path.parent.name, []).append(path)
  found = gathered_folders.without(crops, crops.pop('good'), noted)
  assert found == {name: crops[name] for name in left}
  assert sorted(noted.values()) == [crops[name] for name in ('all', 'every')
                                    if name not in left]


def test_what_is_left_out_so_is_told_of_images_and_of_defects(tmp_path):
  make(tmp_path, {f'{name}/{k}.jpg': lambda path, k=k: image(path, 20 + k)
                  for k, names in enumerate([('crack', 'all'), ('pit', 'all')])
                  for name in names})
  assert [*read(tmp_path).crops] == [*unannotated.list_classes(tmp_path)] == [
      'crack', 'pit']
  assert [len(some) for note, some in read(tmp_path).noted.items() if 'left out' in note
          ] == [2]
