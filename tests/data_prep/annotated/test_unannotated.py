"""Folders of --clean and --defects."""

import base64
import collections
import json
import shlex
import subprocess
import sys

import pytest

from data_prep import inputs, options
from data_prep.annotated import layouts, unannotated
from data_prep.images.problems import Problems
from pegan_jax.common.errors import UserError
from handmade import YOLO, coco, labelme, make, marked_in, mask, read, voc


def flagged(*flags, shapes=True):
  said = json.loads(labelme()) | {'flags': dict.fromkeys(flags, True)}
  return json.dumps(said if shapes else said | {'shapes': []})


def test_masks_are_no_images_of_a_class(tmp_path):
  make(tmp_path, {'d/crack/1.jpg': None, 'd/crack/2_mask.jpg': None})
  assert unannotated.list_classes(tmp_path / 'd') == {'crack': [
      tmp_path / 'd' / 'crack' / '1.jpg', tmp_path / 'd' / 'crack' / '2_mask.jpg']}
  mask(tmp_path / 'd' / 'crack' / '1_mask.png')
  with pytest.raises(UserError, match='1_mask.png: pass the folder as --images'):
    unannotated.list_classes(tmp_path / 'd')


def test_clean_images_are_clean(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.txt': '', '2.jpg': None, '3.jpg': None,
                  'README.txt': 'clean', '3_mask.png': lambda path: mask(path, 0)})
  assert [path.name for path in unannotated.list_clean(tmp_path)] == [
      '1.jpg', '2.jpg', '3.jpg']


@pytest.mark.parametrize('name, content', [
    ('1_mask.png', mask), ('masks/1.png', mask), ('1.json', labelme()), ('1.xml', voc()),
    ('a.json', coco('1.jpg')), ('1.txt', f'0 {YOLO}')])
def test_clean_images_that_are_marked_are_refused(tmp_path, name, content):
  make(tmp_path, {'1.jpg': None, '2.jpg': None, name: content})
  with pytest.raises(UserError, match=f'{name} marks one: pass the folder as --images'):
    unannotated.list_clean(tmp_path)


@pytest.mark.parametrize('name, content', [
    ('crack/1.json', labelme()), ('crack/1.xml', voc()), ('crack/1.txt', f'0 {YOLO}'),
    ('a.json', coco('crack/1.jpg'))])
def test_crops_in_which_regions_are_marked_are_not_taken_as_whole(tmp_path, name, content):
  crops = {'crack': [tmp_path / 'crack' / '1.jpg']}
  make(tmp_path, {'crack/1.jpg': None, 'crack/1.yaml': 'gain: 3', name: content})
  with pytest.raises(UserError, match=f'are marked, the first by .*{name}: pass the folde'):
    unannotated.list_classes(tmp_path)
  assert unannotated.list_classes(tmp_path, 'classes') == crops
  assert marked_in(read(tmp_path)) == {'crack/1.jpg': {
      '0' if name.endswith('txt') else 'crack': 1}}
  (tmp_path / name).write_text(flagged('seen', shapes=False) if name.endswith('json')
                               else 'a caption' if name.endswith('txt') else '<camera/>')
  assert unannotated.list_classes(tmp_path) == crops


@pytest.mark.parametrize('files', [
    {'1.txt': '', '1.xml': voc()},
    {'a.json': coco('2.jpg'), 'b.json': coco('1.jpg'), 'c.json': coco('1.jpg')},
    {'x/3.jpg': None, 'y/3.jpg': None, 'labels/3.txt': f'0 {YOLO}'}])
def test_a_mark_counts_that_is_not_the_only_one_or_of_two_images(tmp_path, files):
  make(tmp_path, {'1.jpg': None, '2.jpg': None} | files)
  with pytest.raises(UserError, match='marks one: pass the folder as --images'):
    unannotated.list_clean(tmp_path)


@pytest.mark.parametrize('flag', ['defects', 'clean'])
def test_what_build_has_made_is_no_image_of_a_new_set(tmp_path, flag):
  list_images = {'clean': unannotated.list_clean, 'defects': (
      lambda *args, **more: [*unannotated.list_classes(*args, **more).values()][0])}[flag]
  make(tmp_path, {'ds/dataset_info.json': '{}', 'ds/features.json': '{}',
                  'ds/audit.json': '{}', 'ds/audit.png': None})
  for folder in (tmp_path, tmp_path / 'ds'):
    with pytest.raises(UserError, match=(
        f'--{flag} {folder} holds a data set that build has made, {tmp_path}/ds, .*name')):
      list_images(folder)
  make(tmp_path, {'pit/1.png': None})
  noted = collections.defaultdict(list)
  assert list_images(tmp_path, noted=noted) == [tmp_path / 'pit/1.png']
  assert len(noted['files of data sets that build has made, left out']) == 4


def test_regions_of_frames_that_give_no_defects_are_counted(tmp_path):
  make(tmp_path, {'d/crack/1.jpg': None, 'i/2.jpg': None, 'i/2.xml': voc(),
                  'i/3.jpg': None, 'i/3.xml': voc()})
  found = inputs.find(options.Options(defects=str(tmp_path / 'd'),
                                      images=str(tmp_path / 'i')), Problems())
  assert [len(paths) for note, paths in found.layout.noted.items()
          if 'which give no defects, as --defects' in note] == [2]


def test_images_inside_of_labelmes_files_are_told_with_what_saves_them(tmp_path):
  make(tmp_path, {'a.png': None})
  data = base64.b64encode((tmp_path / 'a.png').read_bytes()).decode()
  said = json.loads(labelme()) | {'imagePath': 'a.png', 'imageData': data}
  make(tmp_path, {'in/ö b.json': json.dumps(said)})
  with pytest.raises(UserError, match='b.json has its image in itself') as error:
    layouts.read(tmp_path / 'in', [])
  command = shlex.split(str(error.value).partition('by: ')[2].removesuffix('.'))
  subprocess.run([sys.executable, *command[1:]], check=True)
  assert marked_in(layouts.read(tmp_path / 'in', [])) == {'ö b.png': {'crack': 1}}


def test_a_part_that_is_marked_in_clean_images_has_its_remedy(tmp_path):
  make(tmp_path, {'c/1.png': None, 'c/1.xml': voc('part')})
  with pytest.raises(UserError, match='marks a part, and no defect, move such files'):
    unannotated.list_clean(tmp_path / 'c')
  (tmp_path / 'c/1.xml').rename(tmp_path / '1.xml')
  assert len(unannotated.list_clean(tmp_path / 'c')) == 1


@pytest.mark.parametrize('folder, is_told', [
    ('clean', True), ('clean/aussortiert', False), ('clean/NG', False)])
def test_what_is_put_aside_below_the_clean_ones_is_refused(tmp_path, folder, is_told):
  paths = [tmp_path / 'clean' / '1.png', tmp_path / folder / '2.png']
  if is_told:
    assert not unannotated.called_as_defects(paths, tmp_path / 'clean', {'crack'})
    return
  with pytest.raises(UserError, match=f'{folder}/2.png lies in a folder that says'):
    unannotated.called_as_defects(paths, tmp_path / 'clean', {'crack'})


@pytest.mark.parametrize('folders, said', [
    (['', 'bad_ones'], "'bad_ones'"), (['mit Riss', '_bad'], "'_bad', 'mit Riss'"),
    (['', 'good', 'train', 'line1', 'images'], '')])
def test_folders_below_the_clean_ones_are_told(tmp_path, folders, said):
  paths = [tmp_path / folder / f'{k}.png' for k, folder in enumerate(folders)]
  noted = unannotated.called_as_defects(paths, tmp_path, {'crack'})
  assert [note.partition(', as ')[2] for note in noted] == (
      [f'{said}: taken for clean'] if said else [])
  assert not said or all(path.parent != tmp_path for path in sum(noted.values(), []))
