"""Folders around those of classes, as of lines and products: none of a class."""

import pathlib
import re

import pytest

from data_prep import inputs
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common.errors import UserError
from handmade import counts, image, make, marked_in, mask, read


@pytest.mark.parametrize('name', ['line1', 'Line 2', 'camA', 'cam_b', 'Kamera-1',
                                  'Station3', 'production_line_1', 'lot 7'])
@pytest.mark.parametrize('flag', ['images', 'defects'])
def test_folders_called_as_places_are_no_classes_unless_it_is_said(tmp_path, name, flag):
  make(tmp_path, {f'd/{name}/{k}.jpg': lambda path, k=k: image(path, 20 + k)
                  for k in range(2)} | {'c/1.jpg': lambda path: image(path, 50)})
  flags = {flag: str(tmp_path / 'd'), 'clean': str(tmp_path / 'c')}
  find = lambda **more: counts(inputs.find(Options(**flags, **more), Problems()).crops)
  with pytest.raises(UserError, match=rf"'{name}'.* not what they show: .* as \S+/crack, "
                     'or say by --format classes') as error:
    find()
  assert find(format='classes') == {name: 2}
  folder = pathlib.Path(re.search(r'as (\S+/crack)', str(error.value))[1])
  (tmp_path / 'd' / name).rename(folder)
  assert find() == {'crack': 2}


@pytest.mark.parametrize('name', ['lined', 'lines', 'line', 'camber1', 'sides', 'lot',
                                  'day dent', 'pit1', 'linea'])
def test_other_folders_with_such_letters_are_classes(tmp_path, name):
  make(tmp_path, {f'{name}/1.jpg': None})
  assert counts(read(tmp_path).crops) == {name: 1}


def test_products_of_mvtec_are_told_with_the_flag_for_one(tmp_path):
  make(tmp_path, {f'{name}/{file}': of for name in ('nut', 'screw') for file, of in {
      'train/good/1.png': None, 'test/pit/1.png': None,
      'ground_truth/pit/1_mask.png': mask if name == 'nut' else
      lambda path: mask(path, box=(1, 2, 3, 4))}.items()})
  note, = read(tmp_path).noted
  assert note.startswith("images of 2 products, as 'nut': classes of one name are one")
  assert note.endswith(f'pass --images {tmp_path}/nut')
  layout = read(tmp_path, images='nut')
  assert marked_in(layout) == {'test/pit/1.png': {'pit': 1}} and not layout.noted


@pytest.mark.parametrize('folder', [
    'Faulty parts', 'bad', 'crack data', 'Kunde/Fehlerbilder', 'archive/archive', 'a/b/c',
    'bad/train', 'dirt/images'])
@pytest.mark.parametrize('masked', [True, False])
def test_whatever_holds_all_and_good_is_no_class(tmp_path, folder, masked):
  files = {f'{folder}/{name}/{k}.png': None for k, name in enumerate(
      ['crack', 'pit', 'ok'])}
  make(tmp_path, files | {f'{folder}/{name}/{k}_mask.png': mask for k, name in enumerate(
      ['crack', 'pit']) if masked})
  layout = read(tmp_path)
  assert sorted({region.name for _, image in layout.annotated for region in image.regions}
                if masked else layout.crops) == ['crack', 'pit']
  assert [path.stem for path in layout.clean] == ['2']


def test_a_folder_in_one_of_its_name_is_that_one(tmp_path):
  """So casting512x512/casting512x512 is, beside casting/casting/train, as unpacked."""
  make(tmp_path, {f'{folder}/{name}/{k}.png': None for k, (folder, name) in enumerate(
      (folder, name) for folder in ('a/a/train', 'b/b') for name in ('def', 'ok'))})
  layout = read(tmp_path)
  assert counts(layout.crops) == {'def': 2} and len(layout.clean) == 2
  assert any("folders that are no classes, as 'b'" in note for note in layout.noted)


def test_inner_folders_are_the_classes_by_the_flags_that_are_said(tmp_path):
  make(tmp_path, {f'{name}/1.jpg': lambda path, k=k: image(path, 20 + k)
                  for k, name in enumerate(['nut/pit', 'nut/dent', 'screw/pit', 'good'])})
  note, = read(tmp_path).noted
  flags = re.search(r'pass --images (\S+) --clean (\S+), or', note)
  found = inputs.find(Options(images=flags[1], clean=flags[2]), Problems())
  assert counts(found.crops) == {'dent': 1, 'pit': 1} and len(found.clean[0][0]) == 1


@pytest.mark.parametrize('more', [
    ['new_batch/crack', 'new_batch/pit', 'new_batch/good'], ['neu/crack', 'neu/pit'],
    ['Nachlieferung/crack'], ['neu/crack', 'neu/good', 'neu/dent']])
@pytest.mark.parametrize('above', ['', 'train/'])
def test_a_folder_whose_folders_lie_beside_it_too_is_a_part_of_the_set(
    tmp_path, above, more):
  files = [*(above + name for name in ('crack', 'pit', 'good')), *more]
  make(tmp_path, {f'{name}/{k}.jpg': None for k, name in enumerate(files)})
  layout, names = read(tmp_path), [name.rpartition('/')[2] for name in files]
  assert counts(layout.crops) == {name: names.count(name) for name in {*names} - {'good'}}
  assert len(layout.clean) == names.count('good')
  assert any(f"are no classes, as '{more[0].partition('/')[0]}'" in note
             for note in layout.noted)


@pytest.mark.parametrize('folders', [
    ['crack/cam1', 'cam1', 'good'], ['pit/dark', 'dark', 'good'], ['scratch/dent', 'dent'],
    ['pit/one', 'one', 'pit'], ['pit/hole', 'crack']])
def test_one_that_may_be_a_class_is_one(tmp_path, folders):
  make(tmp_path, {f'{name}/{k}.jpg': None for k, name in enumerate(folders)})
  assert folders[0].partition('/')[0] in read(tmp_path).crops
