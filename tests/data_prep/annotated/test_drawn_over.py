"""Pictures into which boxes are drawn, beside the bare images: these are no class."""

import numpy as np
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFilter
import pytest

from data_prep import inputs
from data_prep.annotated import drawn_over
from data_prep.images.problems import Problems
from data_prep.options import Options
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
