"""Pictures into which boxes are drawn, beside the bare images: these are no class."""

import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFilter
import pytest

from data_prep import build, inputs
from data_prep.annotated import drawn_over
from data_prep.crops import pool
from data_prep.images.problems import Problems
from data_prep.options import Options
from data_prep.selection import drawn_pictures
from pegan_jax.common.errors import UserError
from handmade import make, voc

_BOX = (12, 10, 50, 44)


def _photograph(path, seed=0, change=lambda image: image, **how):
  """Saves a grey photograph [60, 80], of values from 70 to 170, changed."""
  noise = np.random.default_rng(seed).integers(0, 256, (60, 80), np.uint8)
  image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2))
  image = change(image.point(lambda value: min(170, max(70, value))).convert('RGB'))
  path.parent.mkdir(parents=True, exist_ok=True)
  image.save(path, **how)


def _drawn(colour, draw=lambda canvas, colour: canvas.rectangle(_BOX, outline=colour)):
  def change(image):
    draw(ImageDraw.Draw(image), colour)
    return image
  return change


def _board(image):
  return image.point(lambda value: 255 * (value > 120))


def _found(folder, drawn, bare=lambda image: image, suffix='.png', name='shown/{}', **how):
  for k in range(4):
    _photograph(folder / f'a/{k}{suffix}', k, bare)
    _photograph(folder / f'{name.format(k)}{suffix}', k, drawn, **how)
  return {path.relative_to(folder).as_posix(): other.relative_to(folder).as_posix()
          for path, other in drawn_over.find(sorted(folder.rglob('*.*'))).items()}


@pytest.mark.parametrize('colour', ['red', (0, 255, 0), 'yellow', 'white', 'black'])
@pytest.mark.parametrize('name', ['shown/{}', 'a/{}_boxed', 'b/vis_{}', 'b/{} (marked)'])
def test_they_are_found_by_related_names(tmp_path, colour, name):
  assert _found(tmp_path, _drawn(colour), name=name) == {
      f'{name.format(k)}.png': f'a/{k}.png' for k in range(4)}


@pytest.mark.parametrize('draw', [
    lambda canvas, colour: canvas.rectangle(_BOX, outline=colour, width=2),
    lambda canvas, colour: canvas.ellipse(_BOX, outline=colour),
    lambda canvas, colour: (canvas.rectangle(_BOX, outline=colour),
                            canvas.rectangle((12, 2, 30, 10), fill=colour)),
    lambda canvas, colour: canvas.polygon([(9, 9), (40, 12), (20, 50)], fill=colour)])
def test_marks_of_many_kinds_are_found_in_files_with_loss(tmp_path, draw):
  assert len(_found(tmp_path, _drawn('red', draw), suffix='.jpg', quality=75)) == 4


@pytest.mark.parametrize('change, bare', [
    (lambda image: image, lambda image: image),
    (lambda image: image.point(lambda value: value + 60), lambda image: image),
    (_drawn((20, 20, 20), lambda canvas, colour: canvas.ellipse(_BOX, fill=colour)),
     lambda image: image),
    (_drawn((255, 255, 255), lambda canvas, colour: canvas.ellipse(_BOX, fill=colour)),
     lambda image: image),
    (_drawn((0, 90, 40), lambda canvas, colour: canvas.ellipse(_BOX, fill=colour)),
     lambda image: image),
    (lambda image: _board(_drawn('white')(image)), _board)])
def test_other_images_of_one_place_are_none(tmp_path, change, bare):
  assert not _found(tmp_path, change, bare)


def _build(folder, **flags):
  problems = Problems()
  found = inputs.find(Options(images=str(folder / 'i'), **flags), problems)
  return problems.text(), found


def _classes(folder):
  for k in range(3):
    _photograph(folder / f'i/pit/{k}.png', k)
    _photograph(folder / f'i/good/{k}.png', k + 9)
    _photograph(folder / f'i/shown/{k}.png', k, _drawn('red'))


def test_a_class_of_them_is_refused_and_skipped_by_what_is_said(tmp_path):
  _classes(tmp_path)
  said, _ = _build(tmp_path)
  assert f"{tmp_path / 'i/shown/0.png'} is {tmp_path / 'i/pit/0.png'} with marks" in said
  assert 'so are 2 more images: pass --skip_classes shown, or move' in said
  said, found = _build(tmp_path, skip_classes=('shown',))
  assert not said and {*found.crops} == {'pit'}
  said, found = _build(tmp_path, format='classes')
  assert not said and {*found.crops} == {'pit', 'shown'}


def test_among_clean_images_and_a_class_they_are_to_be_moved(tmp_path):
  _classes(tmp_path)
  (tmp_path / 'i/shown').rename(tmp_path / 'c')
  said, _ = _build(tmp_path, clean=str(tmp_path / 'c'))
  assert f"{tmp_path / 'c/0.png'} is {tmp_path / 'i/pit/0.png'} with marks" in said
  assert 'images: move such pictures to another place' in said
  for k in range(3):
    (tmp_path / f'c/{k}.png').rename(tmp_path / f'i/pit/{k}_x.png')
  said, _ = _build(tmp_path)
  assert 'images: move such pictures' in said and '--format classes' in said


def test_those_that_are_not_used_are_left_out_and_counted(tmp_path):
  for k in range(3):
    _photograph(tmp_path / f'i/images/{k}.png', k)
    _photograph(tmp_path / f'i/shown/{k}.png', k, _drawn('red'))
    make(tmp_path, {f'i/images/{k}.xml': voc(size='<width>80</width><height>60</height>')})
  said, found = _build(tmp_path)
  assert not said and not found.layout.unlabelled and len(found.layout.annotated) == 3
  assert [path.parent.name for path in found.layout.left_out[drawn_over.LEFT_OUT]] == [
      'shown'] * 3


def _heat_map(image):
  """Lays half of a map over an image: blue far from a place, and red in it."""
  y, x = np.mgrid[:60, :80]
  near = np.exp(-((y - 20) ** 2 + (x - 30) ** 2) / 500.)
  colours = np.stack([255 * near, 160 * np.sin(np.pi * near), 255 * (1 - near)], axis=-1)
  return Image.blend(image, Image.fromarray(colours.astype(np.uint8)), 0.5)


def _sepia(image):
  return Image.merge('RGB', [image.getchannel(0).point(lambda v, part=part: int(v * part))
                             for part in (1, 0.8, 0.5)])


@pytest.mark.parametrize('change, count', [(_heat_map, 4), (_sepia, 0)])
@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_heat_maps_over_grey_images_are_such_and_other_colours_are_not(
    tmp_path, change, count, suffix):
  assert len(_found(tmp_path, change, suffix=suffix)) == count


def _refused_by_look(folder, **flags):
  options = Options(images=str(folder / 'i'), clean=str(folder / 'c'), image_size=32,
                    **flags)
  found = pool.read(options, inputs.find(options, Problems()))
  try:
    drawn_pictures.refuse(options, found)
  except UserError as error:
    return str(error)
  return ''


@pytest.mark.parametrize('change, is_drawn', [
    (_drawn('red'), True), (_heat_map, True), (_sepia, False),
    (lambda image: image.point(lambda value: value + 2), False)])
@pytest.mark.parametrize('to', ['i/zz', 'c'])
def test_under_other_names_in_any_folder_they_are_found_by_what_they_show(
    tmp_path, change, is_drawn, to):
  for k in range(6):
    _photograph(tmp_path / f'i/pit/{k}.png', k)
    _photograph(tmp_path / f'c/{k}.png', 20 + k)
    _photograph(tmp_path / f'{to}/{"dbfaec"[k] * 3}.png', k, change)
  said = _refused_by_look(tmp_path)
  remedy = 'pass --skip_classes zz, or move' if to == 'i/zz' else 'move'
  assert said.startswith(
      f"{tmp_path / to / 'aaa.png'} is {tmp_path / 'i/pit/3.png'} with marks drawn into "
      f'it, and so are 5 more images: {remedy} such pictures') == is_drawn
  assert bool(said) == is_drawn
  assert not _refused_by_look(tmp_path, format='classes')
  assert to == 'c' or not _refused_by_look(tmp_path, skip_classes=('zz',))


def test_build_and_check_refuse_them(tmp_path, capsys):
  for k in range(3):
    _photograph(tmp_path / f'i/pit/{k}.png', k)
    _photograph(tmp_path / f'i/zz/{"cab"[k]}.png', k, _drawn('red'))
    _photograph(tmp_path / f'i/good/{k}.png', 20 + k)
  for flag in (['--check'], ['--out', str(tmp_path / 'o')]):
    assert build.main(['--images', str(tmp_path / 'i'), *flag]) == 2
    assert 'i/pit/1.png with marks drawn into it' in ''.join(capsys.readouterr())
