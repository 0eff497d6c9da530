"""One rule for a set, and a sentence for each file that differs from the others."""

import numpy as np
from PIL import Image
import pytest

from data_prep.images import survey
from pegan_jax.common.errors import UserError


def _save(folder, **named):
  paths = []
  for name, array in named.items():
    paths.append(folder / f'{name}.png')
    Image.fromarray(np.asarray(array)).save(paths[-1])
  return paths


GREY = np.full((20, 30), 90, np.uint8)
DEEP = np.full((20, 30), 4000, np.uint16)
RED = np.dstack([GREY + 90, GREY, GREY])


def test_a_set_of_one_kind_has_no_notes(tmp_path):
  for k, (array, grey, most) in enumerate(
      [(GREY, True, 255), (DEEP, True, 4095), (RED, False, 255)]):
    paths = _save(tmp_path, a=array, b=array[5:])
    found = survey.read(paths)
    sizes = dict(zip(paths, [(20, 30), (15, 30)]))
    assert found[:3] == (grey, most, sizes) and not found.notes
    assert found.brightest == ((None, 255) if most == 255 else (paths[0], 4000))


def test_one_colour_picture_in_a_grey_set_is_told(tmp_path):
  found = survey.read(_save(tmp_path, a=GREY, b=GREY, c=RED))
  note, = found.notes
  assert not found.grey and '1 of 3 images are coloured' in note and 'c.png' in note


def test_eight_bits_among_sixteen_are_told(tmp_path):
  found = survey.read(_save(tmp_path, a=DEEP, b=GREY, c=DEEP))
  note, = found.notes
  assert '1 of 3 images have 8 bits, the first is' in note and 'b.png' in note
  assert 'divided by 16.0588' in note  # 4095 / 255.


def test_sixteen_bit_files_with_eight_bit_values_are_no_other_depth(tmp_path):
  found = survey.read(_save(tmp_path, a=GREY, b=GREY.astype(np.uint16)))
  assert found.max_value == 255 and not found.notes


def test_a_dead_pixel_that_sets_the_bit_depth_is_told(tmp_path):
  dead = DEEP.copy()
  dead[3, 4] = 65535
  found = survey.read(_save(tmp_path, a=DEEP, b=dead))
  note, = found.notes
  assert found.max_value == 65535
  assert 'only 1 of 1200 16-bit values exceed 4095' in note and 'b.png' in note
  dead[:2] = 65535  # Many are no faulty pixels.
  assert not survey.read(_save(tmp_path, a=DEEP, b=dead)).notes


def test_files_of_fewer_bits_than_the_set_they_join_are_told(tmp_path, capsys):
  paths = _save(tmp_path, a=GREY, b=DEEP)
  survey.say_depths(paths, 255)
  survey.say_depths(paths[1:], 4095)
  assert not capsys.readouterr().err
  survey.say_depths(paths, 4095)
  assert '1 of 2 images have 8 bits' in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named(tmp_path):
  (tmp_path / 'a.png').write_bytes(b'x')
  with pytest.raises(
      UserError, match='a.png cannot be read as an image.* save it again as '):
    survey.read([tmp_path / 'a.png'])


def test_a_coloured_mark_in_one_picture_of_a_grey_set_is_told(tmp_path):
  def marked(path):
    pixels = np.full((300, 400, 3), 120, np.uint8)
    pixels[70:110, 200:240] = 255, 0, 0  # 1.3% of the picture.
    Image.fromarray(pixels).save(path)
  grey = np.full((300, 400), 120, np.uint8)
  for name in 'ab':
    Image.fromarray(grey).save(tmp_path / f'{name}.png')
  marked(tmp_path / 'c.png')
  found = survey.read([tmp_path / f'{name}.png' for name in 'abc'])
  note, = found.notes
  assert not found.grey and '1 of 3 images are coloured' in note and 'c.png' in note


def test_pictures_that_are_transparent_in_part_are_told(tmp_path):
  seen = np.full_like(GREY, 255)
  hidden = seen.copy()
  hidden[5:9, 5:9] = 0
  paths = _save(tmp_path, a=GREY, b=np.dstack([GREY, seen]), c=np.dstack([GREY, hidden]))
  note, = survey.read(paths).notes
  assert '1 of 3 images are transparent in part' in note and 'c.png' in note
  assert survey.read(_save(tmp_path, d=np.dstack([RED, hidden]))).notes


def test_files_in_colour_are_known(tmp_path):
  paths = _save(tmp_path, a=GREY, b=RED, c=np.dstack([GREY] * 3))
  assert survey.read(paths).coloured == {paths[1]}
