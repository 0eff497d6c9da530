"""What the sources of a data set hold together."""

import json
import re
import shlex
import types
import zlib

import numpy as np
import pytest

from data_prep import inputs
from data_prep.annotated import class_notes
from data_prep.crops import pool as pool_lib
from data_prep.crops import cutting, window_size
from data_prep.images import survey
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common.errors import UserError
from raw_folders import read_built, run_build, save, texture


@pytest.mark.parametrize('files', [
    {f'im/{name}/{k}.txt': '' for name in ('crack', 'pit') for k in range(3)},
    {'im/coco.json': json.dumps({
        'images': [{'id': k, 'file_name': f'crack/{k}.png'} for k in range(3)],
        'annotations': [], 'categories': [{'id': 1, 'name': 'crack'}]})}])
@pytest.mark.parametrize('given', ['', 'defects', 'format'])
def test_annotations_that_mark_nothing_leave_class_folders(tmp_path, files, given):
  for seed, place in enumerate(('im/crack', 'im/pit', 'good', 'defects/pit')):
    for k in range(3):
      save(texture(np.random.default_rng(9 * seed + k), 32, 32),
           tmp_path / place / f'{k}.png')
  for name, text in files.items():
    (tmp_path / name).write_text(text)
  options = Options(
      images=str(tmp_path / 'im'), clean=str(tmp_path / 'good'),
      **{given: {'defects': str(tmp_path / 'defects'), 'format': 'classes'}[given]}
      if given else {})
  found = inputs.find(options, Problems())
  marked = {path for path, _ in found.layout.annotated} | set(found.layout.clean)
  if given == 'defects':  # Then they say what is clean.
    assert set(found.crops) == {'pit'} and len(marked) in (3, 6)
  else:
    assert set(found.crops) == {'crack', 'pit'} and not marked
    assert sum(map(len, found.layout.left_out.values())) == len(files)


@pytest.mark.parametrize('given, files, classes', [
    ('images', {}, {'pit', 'hole'}), ('defects', {}, {'pit', 'hole'}),
    ('images', {'pit/0.txt': '0 0.5 0.5 0.5 0.5'}, {'0'}),
    ('images', {'pit/0.txt': '0 0.5 0.5 0.5 0.5', 'xyz/0.txt': ''}, {'0'})])
@pytest.mark.parametrize('clean', ['xyz', 'background'])
def test_clean_images_may_lie_below_others(tmp_path, given, files, classes, clean):
  for seed, place in enumerate(('pit', 'hole', clean)):
    for k in range(3):
      save(texture(np.random.default_rng(9 * seed + k), 32, 32),
           tmp_path / 'd' / place / f'{k}.png')
  for name, text in files.items():
    (tmp_path / 'd' / name.replace('xyz', clean)).write_text(text)
  options = Options(**{given: str(tmp_path / 'd')}, clean=str(tmp_path / 'd' / clean))
  options.check_inputs()
  found = inputs.find(options, Problems())
  assert {*found.crops, *found.cut} == classes
  (paths, _, _), = found.clean
  assert [path.parent.name for path in paths] == [clean] * 3
  assert not {*paths} & {*found.frames}


@pytest.mark.parametrize('name, mark', [
    ('labels/good/0.txt', '0 0.5 0.5 0.5 0.5'), ('a.json', json.dumps({
        'images': [{'id': 1, 'file_name': 'good/0.png'}],
        'categories': [{'id': 1, 'name': 'pit'}],
        'annotations': [{'image_id': 1, 'category_id': 1, 'bbox': [1, 1, 9, 9]}]}))])
def test_what_is_marked_below_clean_is_refused(tmp_path, name, mark):
  for place in ('good', 'other'):
    save(texture(np.random.default_rng(0), 32, 32), tmp_path / 'd' / place / '0.png')
  (tmp_path / 'd' / name).parent.mkdir(parents=True, exist_ok=True)
  (tmp_path / 'd' / name).write_text(mark)
  options = Options(images=str(tmp_path / 'd'), clean=str(tmp_path / 'd' / 'good'))
  with pytest.raises(UserError, match=f'{name} marks one in .*good/0.png: move that image'):
    inputs.find(options, Problems())


@pytest.mark.parametrize('name, clean, is_told', [
    ('half_done.json', 3, True), ('image_info_test.json', 0, False)])
def test_images_that_may_not_be_marked_yet_are_told_or_left_out(
    tmp_path, name, clean, is_told):
  for k in range(5):
    save(texture(np.random.default_rng(k), 32, 32), tmp_path / f'{k}.png')
  box = {'image_id': 0, 'category_id': 1, 'bbox': [1, 1, 9, 9]}
  for file, images, boxes in (('coco.json', [0, 1], [box, box | {'image_id': 1}]),
                              (name, [2, 3, 4], [])):
    (tmp_path / file).write_text(json.dumps({
        'images': [{'id': k, 'file_name': f'{k}.png'} for k in images],
        'categories': [{'id': 1, 'name': 'pit'}], 'annotations': boxes}))
  layout = inputs.find(Options(images=str(tmp_path)), Problems()).layout
  assert (len(layout.clean), len(layout.unlabelled)) == (clean, 3 - clean)
  assert [len(some) for note, some in layout.noted.items()
          if 'more than half' in note] == [3] * is_told


@pytest.mark.parametrize('side, is_told', [(96, False), (32, True)])
def test_crops_that_lie_in_a_larger_box_are_told(tmp_path, side, is_told):
  save(texture(np.random.default_rng(0), 96, 96), tmp_path / '1.png')
  (tmp_path / '1.txt').write_text('0 0.5 0.5 0.9 0.9\n')
  options = Options(images=str(tmp_path), window_size=side, image_size=32)
  notes = pool_lib.read(options, inputs.find(options, Problems())).notes
  found = [note for note in notes if note.startswith('crops that lie in a larger box')]
  assert len(found) == is_told and all(' of 9; nothing says' in note for note in found)


def test_classes_below_a_folder_of_defects_are_found_by_naming_that(tmp_path):
  for k, place in enumerate(('NG/crack', 'NG/hole', 'OK')):
    save(texture(np.random.default_rng(k), 32, 32), tmp_path / place / '0.png')
  def find(defects):
    return inputs.find(
        Options(defects=str(defects), clean=str(tmp_path / 'OK')), Problems())
  found = find(tmp_path)
  assert [*found.crops] == ['NG']
  assert f"name {tmp_path / 'NG'} by --defects" in min(found.layout.noted)
  assert [*find(tmp_path / 'NG').crops] == ['crack', 'hole']


def _sdnet(folder):
  """Cracked and uncracked concrete of two kinds, with the same names of files."""
  for seed, place in enumerate(('D/CD', 'D/UD', 'P/CP', 'P/UP')):
    for k in range(3):
      save(texture(np.random.default_rng(9 * seed + k), 32, 32),
           folder / place / f'{k}.png')


def test_folders_that_may_be_clean_are_named_in_one_command(tmp_path, capsys):
  _sdnet(tmp_path / 'i')
  flags = ['--images', tmp_path / 'i', '--per_class', 0, '--backgrounds', 0]
  for more in ([], ['--check']):
    assert run_build(tmp_path, *flags, *more) == 2
    said = re.search('pass (--clean .*?), where these', ''.join(capsys.readouterr()))[1]
    assert shlex.split(said) == [
        '--clean', str(tmp_path / 'i/D/UD'), str(tmp_path / 'i/P/UP')]
  assert run_build(tmp_path, *flags, *shlex.split(said)) == 0
  built = read_built(tmp_path / 'out')[0]
  named = sorted((label, source) for some in built.values() for label, source, *_ in some)
  assert [label for label, _ in named] == ['D'] * 3 + ['P'] * 3 + ['background'] * 3 * 2
  assert {source.split('/')[0] for label, source in named if label == 'background'} == {
      'UD', 'UP'}


def test_folders_of_clean_images_are_told_apart_and_may_not_hold_each_other(tmp_path):
  assert cutting.clean_roots(['a/good', 'b/good', 'c/good', 'd'], 'e/good') == [
      'good (clean)', 'good (clean 2)', 'good (clean 3)', 'd']
  assert cutting.clean_roots(['a/good', 'b/good'], None) == ['good', 'good (clean)']
  _sdnet(tmp_path)
  for some in (['D', 'D/UD'], ['D', 'D']):
    with pytest.raises(UserError, match='--clean .* is, or lies in, --clean'):
      Options(images='x', clean=[tmp_path / name for name in some]).check_inputs()


@pytest.mark.parametrize('name, box', [
    ('sans fissure', None), ('OK_cam2', None), ('无裂纹', None), ('more parts', '0.5 0.5 1 1'),
    ('more parts', '0.5 0.5 0.6 0.6')])
def test_folders_that_may_be_clean_are_the_first_remedy(tmp_path, capsys, name, box):
  """As classes by their names, or beside images that have all the annotations."""
  root = tmp_path / 'i'
  folder = root / name
  for seed, place in enumerate([root / 'images', folder]):
    for k in range(3):
      save(texture(np.random.default_rng(9 * seed + k), 64, 64), place / f'{seed}{k}.png')
      if box and not seed:
        (place / f'0{k}.txt').write_text(f'0 {box}\n')
  if not box:
    (root / 'images').rename(root / 'crack')
  flags = ['--images', root, '--per_class', 0, '--window_size', 32]
  for more in ([], ['--check']):
    assert run_build(tmp_path, *flags, '--backgrounds', 20, *more) == 2 or more and box
    said = ''.join(capsys.readouterr())
    found = re.search('pass --clean (.*?)(?:, where these|:)', said)[1]
    assert shlex.split(found) == [str(folder)]
  assert run_build(tmp_path, *flags, '--backgrounds', 0, '--clean', folder,
                   '--no-near_duplicates') == 0
  built = read_built(tmp_path / 'out')[0]
  assert {source.split('/')[0] for some in built.values() for label, source, *_ in some
          if label == 'background'} >= {name}


def test_masks_of_the_ground_are_to_be_inverted_first(tmp_path, capsys):
  for k in range(3):
    save(texture(np.random.default_rng(k), 32, 32), tmp_path / 'i' / 'images' / f'{k}.png')
    save(np.where(np.arange(1024).reshape(32, 32) < 99, 0, 255).astype(np.uint8),
         tmp_path / 'i' / 'masks' / f'{k}.png')
  for more in ([], ['--check']):
    assert run_build(tmp_path, '--images', tmp_path / 'i', '--per_class', 0,
                     '--backgrounds', 0, *more) == 2
    assert 'no room for backgrounds: invert the masks, most of which mark more than' in (
        ''.join(capsys.readouterr()))


def test_other_commas_between_classes_get_a_remedy():
  with pytest.raises(UserError, match='than those between names: pass --classes .裂纹,划痕.'):
    inputs._choose(  # pylint: disable=protected-access
        Options.of({'classes': '裂纹，划痕'}), {'裂纹', '划痕', '凹坑'})


@pytest.mark.parametrize('coloured, noted', [
    ({'crack/0', 'crack/1', 'crack/2'}, 3), ({'good/0', 'good/1', 'good/2', 'good/3'}, 4),
    ({'crack/0', 'crack/1'}, 0), ({'crack/0', 'crack/1', 'crack/2', 'good/1'}, 0), ((), 0)])
def test_colour_that_tells_defects_from_clean_images_is_noted(tmp_path, coloured, noted):
  for name in (f'{of}/{k}' for of in ('crack', 'good') for k in range(4)):
    image = texture(np.random.default_rng(zlib.crc32(name.encode())), 32, 32)
    save(np.dstack([image, image // 2, image]) if name in coloured else image,
         tmp_path / f'{name}.png')
  found = inputs.find(Options(images=str(tmp_path)), Problems())
  kinds = survey.read(path for path, _ in found.files)
  told = [note for note in found.notes(kinds) if 'where none of the others is' in note]
  assert len(told) == bool(noted)
  assert not noted or f'else images of one kind: {noted}, the first is' in told[0]


@pytest.mark.parametrize('odd', ['colour', 'deep'])
@pytest.mark.parametrize('used', [True, False])
def test_what_is_not_used_does_not_decide_the_kind_of_the_set(tmp_path, odd, used):
  """As previews in colour beside grey frames with masks."""
  images = {name: texture(np.random.default_rng(zlib.crc32(name.encode())), 96, 96)
            for name in ('im/0', 'im/1', 'im/2', 'rest/0', 'rest/1', 'rest/2', 'rest/3')}
  for name, image in images.items():
    other = {'colour': np.dstack([image, image // 2, image]),
             'deep': image.astype(np.uint16) * 16}[odd]
    save(other if name in ('rest/0', 'rest/1') else image, tmp_path / f'{name}.png')
    if name[:2] == 'im' or used and name == 'rest/3':
      mark = np.zeros((96, 96), np.uint8)
      mark[40:60, 30:50] = 255
      save(mark, tmp_path / 'masks' / f'{name}.png')
  (tmp_path / 'masks').rename(tmp_path.parent / f'{tmp_path.name}_masks')
  options = Options(images=str(tmp_path), reject_score=0.0, per_class=0, backgrounds=0,
                    annotations=(str(tmp_path.parent / f'{tmp_path.name}_masks'),))
  pool = pool_lib.read(options, inputs.find(options, Problems()))
  assert pool.reader.grey and pool.reader.max_value == 255
  left, = (paths for why, paths in pool.found.layout.left_out.items()
           if 'in colour or of more bits' in why)
  assert [path.relative_to(tmp_path).as_posix() for path in left] == [
      'rest/0.png', 'rest/1.png']
  assert not any('coloured' in note or '8 bits' in note for note in pool.notes)


@pytest.mark.parametrize('side, told', [
    (32, '2 of 3 of crack'), (48, '2 of 3 of crack'), (50, ''), (64, '')])
def test_classes_whose_regions_are_cut_are_told(side, told):
  regions = {'crack': [(20, 'mask'), (50, 'mask'), (90, 'box')],
             'pit': [(10, 'box'), (90, 'box'), (8, 'box')], 'other': [(99, 'box')]}
  notes = window_size.note_long(
      types.SimpleNamespace(regions=regions, cut={'crack', 'pit'}), side)
  assert len(notes) == bool(told)
  assert not told or f'several crops: {told}; ' in notes[0] and '--window_size, as 50' in notes[0]


@pytest.mark.parametrize('lengths, told', [
    ([1, 3, 4, 40], '2 of 4 of crack'), ([3, 3, 4, 9], ''), ([40, 4], ''), ([3, 3], '')])
def test_specks_beside_larger_regions_are_told(lengths, told):
  notes = class_notes.of_specks({
      'crack': [(length, 'mask') for length in lengths], '': [(1, 'mask'), (90, 'mask')]})
  assert [note.partition('a defect: ')[2].partition(';')[0] for note in notes] == (
      [told] if told else [])
