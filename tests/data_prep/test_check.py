"""--check and build say the same of what build refuses."""

import collections
import dataclasses
import re
import shlex

import numpy as np
import pytest
import tifffile

from data_prep import build, inputs
from data_prep.crops import cutting, pool
from data_prep.images.problems import Problems
from data_prep.options import Options
from data_prep.selection import copies, frame_search, near_duplicates
from raw_folders import pixels, save, texture, write_voc


def _images(folder, count=6, side=96, boxes=None, shift=0):
  """Saves images with the boxes [(name, left, top, right, bottom), ...] of each."""
  random = np.random.default_rng(5)
  ground = texture(random, side + count, side + count)
  for k in range(count):
    image = (ground[k * shift:k * shift + side, :side] if shift
             else texture(random, side, side)).copy()
    some = boxes if boxes else [('pa', 9, 9, 20, 20), ('sc', 60, 60, 80, 80)]
    for _, left, top, right, bottom in some:
      image[top:bottom, left:right] = 255
    save(image, folder / 'i' / f'{k}.png')
    write_voc(folder / 'i' / f'{k}.xml', some)


def _clean(folder, side=96):
  for k in range(4):
    save(texture(np.random.default_rng(90 + k), side, side), folder / 'c' / f'{k}.png')


def _both(folder):
  return ['--images', folder / 'i', '--clean', folder / 'c']


def _two_classes_in_one_window(folder):
  _images(folder)
  _clean(folder)
  return [*_both(folder), '--window_size', 96], 'have the same pixels as one of another'


def _windows_larger_than_images(folder):
  _images(folder)
  _clean(folder)
  return [*_both(folder), '--window_size', 500], 'have the same pixels as one of another'


def _one_place(folder):
  """Six frames of one place, moved by a pixel."""
  _images(folder, shift=1, boxes=[('pa', 9, 9, 20, 20)])
  _clean(folder)
  return _both(folder), 'images on one side only'


def _copies(folder):
  for k in range(3):
    save(texture(np.random.default_rng(1), 64, 64), folder / 'd' / 'pa' / f'{k}.png')
    save(texture(np.random.default_rng(9 + k), 64, 64), folder / 'd' / 'sc' / f'{k}.png')
  _clean(folder)
  return ['--defects', folder / 'd', '--clean', folder / 'c'], r'pa \(1\) has fewer'


def _no_clean_window_of_its_own(folder):
  """What is clean was photographed as a defect as well."""
  _clean(folder, 64)
  for k in range(4):
    for name, seed in (('pa', 90), ('sc', 70)):
      crop = texture(np.random.default_rng(seed + k), 64, 64)
      crop[k, k] = 0
      save(crop, folder / 'd' / name / f'{k}.bmp')
  return (['--defects', folder / 'd', '--clean', folder / 'c'],
          'There are no backgrounds.*; images that are clean are passed by --clean')


def _clean_here(marked):
  """One image in two kinds of files, whose bytes differ, of which one says it is clean."""
  def make(folder):
    _images(folder)
    _clean(folder)
    for k in range(4):
      save(texture(np.random.default_rng(70 + k), 64, 64), folder / 'd' / 'pa' / f'{k}.png')
    save(pixels(folder / marked), folder / 'c' / 'a.bmp')
    flags = {'d': '--defects', 'i': '--images'}[marked[0]], folder / marked[0]
    return [*flags, '--clean', folder / 'c'], (
        f'a.bmp is said to be clean, and the same image, .*{marked}, has a marked defect')
  return make


def _one_image_of_a_class(folder):
  _images(folder)
  write_voc(folder / 'i' / '0.xml', [('rare', 9, 9, 20, 20)])
  return ['--images', folder / 'i'], r'rare \(1\) has fewer'


def _out_is_there(folder):
  _images(folder)
  (folder / 'out').mkdir()
  return ['--images', folder / 'i', '--window_size', 32], 'out exists already: remove it'


@pytest.mark.parametrize('make', [
    _two_classes_in_one_window, _windows_larger_than_images, _one_place, _copies,
    _no_clean_window_of_its_own, _one_image_of_a_class, _out_is_there,
    _clean_here('d/pa/2.png'), _clean_here('i/2.png')])
def test_what_build_refuses_check_refuses(tmp_path, capsys, make):
  flags, words = make(tmp_path)
  flags = [*map(str, flags), '--out', str(tmp_path / 'out'), '--image_size', '32']
  assert build.main([*flags, '--per_class', '0', '--backgrounds', '0']) == 2
  refused = capsys.readouterr().err.removeprefix('error: ').rstrip()
  assert re.search(words, refused), refused
  assert build.main([*flags, '--check']) == 2
  said = capsys.readouterr().out
  assert '1 problem: ' in said and 'Go on with' not in said, said
  assert refused.partition(':')[0].rstrip('.') in said


def _copies_by_roboflow(folder):
  """All crops of a class are changed ones of one image."""
  for k in range(4):
    for name, file in (('pa', f'a_png.rf.{k}'), ('sc', f'b{k}_png.rf.0')):
      save(texture(np.random.default_rng(k + ord(name[0])), 64, 64),
           folder / 'd' / name / f'{file}.png')
  _clean(folder)
  return ['--defects', folder / 'd', '--clean', folder / 'c'], None


def _two_classes_in_all_images(folder):
  """Two images with both classes: one is train, the other test, whatever the seed."""
  _images(folder, count=2)
  _clean(folder)
  return _both(folder), None


def _one_image_of_a_class_and_one_place_of_others(folder):
  """One more class has one crop, and all crops of each other one are of one place."""
  side = 64
  for k in range(5):
    for name, seed in (('pa', 1), ('sc', 2), ('rare', 30 + k)):
      if name != 'rare' or not k:
        ground = texture(np.random.default_rng(seed), side + 5, side + 5)
        save(ground[k:k + side, k:k + side], folder / 'd' / name / f'{k}.png')
  _clean(folder)
  return ['--defects', folder / 'd', '--clean', folder / 'c'], None


def _full_of_marks(folder):
  _images(folder, boxes=[('pa', 40, 9, 56, 80)])
  return ['--images', folder / 'i'], None


@pytest.mark.parametrize('make, flags', [
    (_one_place, ['--at_most --no-near_duplicates']),
    (_copies, ['--at_most --skip_classes pa']),
    (_one_image_of_a_class, ['--at_most --skip_classes rare']),
    (_two_classes_in_one_window, ['--at_most --skip_classes sc']),
    (_copies_by_roboflow, ['--at_most --skip_classes pa']),
    (_one_image_of_a_class_and_one_place_of_others,
     ['--at_most --skip_classes rare --no-near_duplicates']),
    (_two_classes_in_all_images, ['--at_most']),
    (_full_of_marks, ['--window_size 36 --at_most'])])
def test_flags_that_a_refusal_names_build(tmp_path, capsys, make, flags):
  given, _ = make(tmp_path)
  given = [*map(str, given), '--image_size', '32']
  assert build.main([*given, '--out', str(tmp_path / 'out')]) == 2
  said = capsys.readouterr().err
  assert re.findall(r'pass (--[a-z].+?)(?=, |;|\.\n)', said) == flags, said
  for k, text in enumerate(flags):
    assert build.main([*given, *text.split(), '--out', str(tmp_path / f'{k}')]) == 0


@pytest.mark.parametrize('name, said', [
    ('c', "c/0.png lies in a folder called as the class 'c'"),
    ('scratch', 'Go on with:')])
def test_a_clean_folder_called_as_a_class_is_refused(tmp_path, capsys, name, said):
  _clean(tmp_path / 'c')
  for k in range(4):
    save(texture(np.random.default_rng(70 + k), 64, 96),
         tmp_path / 'd' / name / f'{k}.png')
  flags = ['--defects', tmp_path / 'd', '--clean', tmp_path / 'c', '--check', '--at_most']
  assert build.main([*map(str, flags)]) == 2 * (name == 'c')
  text = capsys.readouterr().out
  assert said in text
  if name != 'c':
    assert 'cut square around the centre: 4, the first is scratch/0.png; cut' in text


@pytest.mark.parametrize('known, unknown', [
    ([], 'good parts'), ([], 'set/A_good'), (['set/good'], 'set/good_bright')])
def test_a_folder_that_may_be_clean_is_named(tmp_path, capsys, known, unknown):
  """It lies beside that of the crops, or is one, and may show what clean images show."""
  for k in range(4):
    for name, seed in (('set/pa', 3), *((name, 70) for name in [*known, unknown])):
      image = texture(np.random.default_rng(seed + k), 64, 64)
      save(image[::-1] if name in known else image, tmp_path / name / f'{k}.png')
  flags = ['--images', str(tmp_path / 'set'), '--image_size', '32', '--at_most', '--out',
           str(tmp_path / 'out')]
  assert build.main(flags) == 2
  typed, = re.findall('pass (--clean .*), where these show no def', capsys.readouterr().err)
  assert shlex.split(typed)[1:] == [str(tmp_path / unknown)]
  assert build.main([*flags, *shlex.split(typed)]) == 0


def test_a_clean_folder_that_is_not_known_is_named_by_clean(tmp_path, capsys):
  for k in range(8):
    save(texture(np.random.default_rng(k), 64, 64),
         tmp_path / 'd' / ('riss', 'rein')[k % 2] / f'{k}.png')
  flags = ['--images', str(tmp_path / 'd'), '--at_most', '--image_size', '32', '--out',
           str(tmp_path / 'out')]
  assert build.main(flags) == 2
  assert 'as no folder is called as clean images are: pass a' in capsys.readouterr().err
  assert build.main([*flags, '--clean', str(tmp_path / 'd' / 'rein')]) == 0


def test_what_check_approves_is_built_by_its_command(tmp_path, capsys):
  _images(tmp_path)
  flags = ['--images', str(tmp_path / 'i'), '--window_size', '32', '--image_size', '32']
  assert build.main([*flags, '--check']) == 0
  said = capsys.readouterr().out
  assert '--per_class 0' in said
  assert 'less than --per_class 200 and --backgrounds 1000 ask for, and the comm' in said
  assert build.main([*flags, '--per_class', '0', '--backgrounds', '0', '--out',
                     str(tmp_path / 'out')]) == 0


@pytest.mark.parametrize('masks, flags', [
    ('i/masks', []), ('i/mine', ['--annotations', 'i/mine']),
    ('m', ['--annotations', 'm'])])
def test_float_masks_are_read_as_build_reads_them(tmp_path, capsys, masks, flags):
  for k in range(6):
    save(texture(np.random.default_rng(k), 96, 96), tmp_path / 'i' / 'images' / f'{k}.png')
    shades = np.zeros((96, 96), np.float32)
    shades[10:30, 10:30] = 1
    (tmp_path / masks).mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(tmp_path / masks / f'{k}.tif', shades)
  flags = [*flags[:1], *(str(tmp_path / flag) for flag in flags[1:]), '--image_size', '32',
           '--per_class', '0', '--backgrounds', '0']
  flags = ['--images', str(tmp_path / 'i'), *flags]
  assert build.main([*flags, '--check']) == 0
  assert 'defect: 6 masks' in capsys.readouterr().out
  assert build.main([*flags, '--out', str(tmp_path / 'out')]) == 0


@pytest.mark.parametrize('flags, status', [
    (['--check'], 0), (['--check', '--per_class', '0', '--backgrounds', '0'], 0),
    (['--out', 'x', '--per_class', '2'], 2)])
def test_flags_that_are_tried_do_not_repeat_the_searches(
    tmp_path, monkeypatch, capsys, flags, status):
  _images(tmp_path)
  searched = collections.Counter()
  for room, name in ((frame_search, 'find'), (near_duplicates, 'find_pairs'),
                     (copies, 'find'), (cutting, 'read_frames')):
    def counted(*some, search=getattr(room, name), key=f'{room.__name__}.{name}'):
      searched[key] += 1
      return search(*some)
    monkeypatch.setattr(room, name, counted)
  monkeypatch.chdir(tmp_path)
  assert build.main(['--images', 'i', '--window_size', '32', '--image_size', '32',
                     *flags]) == status
  assert {*searched.values()} == {1} and len(searched) == 4
  assert 'fewer than the 1000 asked for' in capsys.readouterr().err or not status


@pytest.mark.parametrize('asked, kept', [(2, 8), (40, 16)])
def test_the_tiles_of_other_flags_are_those_that_these_read(tmp_path, asked, kept):
  _images(tmp_path)
  _clean(tmp_path)
  options = Options(images=str(tmp_path / 'i'), clean=str(tmp_path / 'c'), image_size=32,
                    window_size=48, backgrounds=asked)
  found = inputs.find(options, Problems())
  every = dataclasses.replace(options, backgrounds=0)
  some, whole = pool.read(options, found), pool.read(every, found)
  assert len(some.tiles) == kept and len(whole.tiles) == 16
  assert list(map(repr, some.of(every).tiles)) == list(map(repr, whole.tiles))


def test_a_mistyped_class_of_one_image_is_to_be_given_its_name(tmp_path, capsys):
  _images(tmp_path)
  _clean(tmp_path)
  path = tmp_path / 'i' / '0.xml'
  path.write_text(path.read_text().replace('>pa<', '>patch<'))
  for k in range(1, 6):
    other = tmp_path / 'i' / f'{k}.xml'
    other.write_text(other.read_text().replace('>pa<', '>pacth<'))
  flags = ['--images', str(tmp_path / 'i'), '--clean', str(tmp_path / 'c'), '--at_most',
           '--image_size', '32', '--check']
  assert build.main(flags) == 2
  assert ("one to test on: give 'pacth' and 'patch' one name, where they are one class"
          in capsys.readouterr().out)
  path.write_text(path.read_text().replace('>patch<', '>pacth<'))
  assert build.main(flags) == 0
