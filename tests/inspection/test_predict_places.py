"""--mode predict of a segmenter: windows made one map, boxes, pictures, bad input."""

import csv
import json

import numpy as np
from PIL import Image
import pytest

from inspection import worlds
from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import asked, kept as inspectors
from pegan_jax.inspection.localise import kept, overlay
from pegan_jax.inspection.localise.predict import stitch
from pegan_jax.metrics.found_boxes import Found


class Bright:
  """A segmenter by whose scores a pixel is a defect's as far as it is white."""

  def scores(self, state, images):
    del state
    return images[..., 0] / np.float32(255)


@pytest.fixture
def workdir(tmp_path, monkeypatch):
  """That of a segmenter of windows of 16, which are not resized."""
  data = {'classes': ['a'], 'image_size': 16, 'channels': 1, 'max_value': 255, 'window': 16}
  folder = tmp_path / 'run'
  folder.mkdir()
  (folder / 'inspector.json').write_text(json.dumps({'config': {'task': 'localise'}}))
  trained = inspectors.Trained(Bright(), None, {'dataset': data}, '')
  monkeypatch.setattr(kept, 'restore', lambda workdir: trained)
  monkeypatch.setattr(kept, 'tested', lambda workdir: (None, ['it is a test']))
  return folder


@pytest.fixture
def frames(tmp_path):
  """A frame of 56x40 with a white and a grey mark, and one of 20x16 without."""
  folder = tmp_path / 'new'
  (folder / 'deeper').mkdir(parents=True)
  pixels = np.full((40, 56), 51, np.uint8)
  pixels[3:24, 24:50], pixels[33:39, 4:9] = 255, 153
  Image.fromarray(pixels).save(folder / 'marks.png')
  Image.new('L', (20, 16), 102).save(folder / 'deeper' / 'none.bmp')
  return folder


@pytest.mark.parametrize('shape, side', [
    ((16, 16), 16), ((40, 56), 16), ((17, 100), 16), ((9, 30), 16), ((33, 33), 7)])
def test_windows_of_one_map_give_that_map(shape, side):
  whole = np.random.default_rng(0).random(shape, np.float32)
  windows = [(box, whole[box.slices]) for box in asked.cover(*shape, side)]
  np.testing.assert_allclose(stitch(windows, shape), whole, atol=1e-6)
  # Constants stay, whatever the size of the scores.
  windows = [(box, np.full((8, 8), 0.25, np.float32)) for box, _ in windows]
  np.testing.assert_allclose(stitch(windows, shape), 0.25, atol=1e-6)


def test_a_window_counts_most_in_its_middle():
  one, other = np.ones((4, 4), np.float32), np.zeros((4, 4), np.float32)
  found = stitch([(Box(0, 0, 4, 4), one), (Box(2, 0, 6, 4), other)], (4, 7))
  # Columns 2 and 3 are the third and last of the first, the first and second of the other.
  np.testing.assert_allclose(found[0], [1, 1, 2 / 3, 1 / 3, 0, 0, 0], atol=1e-6)


def test_boxes_are_where_the_marks_are(workdir, frames, tmp_path, capsys):
  found = worlds.ask(workdir, frames, answers=tmp_path / 'a.csv',
                     pictures=str(tmp_path / 'seen'))
  none, marks = frames / 'deeper' / 'none.bmp', frames / 'marks.png'
  white, grey = Box(24, 3, 50, 24), Box(4, 33, 9, 39)
  assert [(path, [x.box for x in boxes]) for path, _, boxes in found] == [
      (none, []), (marks, [white, grey])]
  said = capsys.readouterr()
  assert said.out == (f'{none}  0.400  no box\n'
                      f'{marks}  1.000  at 24,3,50,24, the surest of 2 boxes\n')
  assert 'note of --mode inspect on this inspector: it is a test' in said.err
  with (tmp_path / 'a.csv').open(newline='') as f:
    assert list(csv.reader(f)) == [
        ['file', 'left', 'top', 'right', 'bottom', 'score', 'image_score'],
        [str(none), '', '', '', '', '', '0.400000'],
        [str(marks), '24', '3', '50', '24', '1.000000', '1.000000'],
        [str(marks), '4', '33', '9', '39', '0.600000', '1.000000']]
  assert {p.relative_to(tmp_path / 'seen').as_posix()
          for p in (tmp_path / 'seen').rglob('*.png')} == {
              f'{kind}/{name}' for kind in ('masks', 'overlays')
              for name in ('marks.png', 'deeper/none.png')}
  mask = np.asarray(Image.open(tmp_path / 'seen' / 'masks' / 'marks.png'))
  expected = np.zeros((40, 56), np.uint8)
  expected[white.slices] = expected[grey.slices] = 255
  np.testing.assert_array_equal(mask, expected)
  # The same again, of what is surer; the table is replaced, the folder is not.
  (_, _, _), (_, _, boxes) = worlds.ask(
      workdir, frames, answers=tmp_path / 'a.csv', threshold=0.7)
  assert [x.box for x in boxes] == [white]
  with pytest.raises(UserError, match='seen exists already: move it away'):
    worlds.ask(workdir, frames, pictures=str(tmp_path / 'seen'))


def test_an_overlay_shows_pixels_and_boxes():
  image = np.full((60, 80, 1), 100, np.uint8)
  inside = np.zeros((60, 80), bool)
  inside[20:50, 30:70] = True
  drawn = overlay.draw(image, inside, [Found(Box(30, 20, 70, 50), 0.9)])
  assert drawn.shape == (60, 80, 3) and drawn.dtype == np.uint8
  for edge in (drawn[20, 40], drawn[49, 40], drawn[30, 30], drawn[30, 69]):
    assert edge.tolist() == [255, 220, 0]
  assert drawn[30, 40, 0] > 130 > 100 > drawn[30, 40, 1]  # Red, and the image below.
  assert (drawn[52:] == 100).all() and (drawn[:, :25] == 100).all()
  assert (drawn[8:20, 30:60] != 100).any()  # The score.


@pytest.mark.parametrize('settings, said', [
    ({'threshold': 0.0}, 'threshold is 0'), ({'threshold': np.nan}, 'threshold is nan'),
    ({'window_size': -1}, 'window_size is -1'),
    ({'pictures': '{frames}/seen'}, 'lies in .*, which is read'),
    ({'pictures': '{frames}'}, 'lies in .*, which is read'),
    ({'answers': '{frames}/a.txt'}, 'must be a .csv file'),
    ({'answers': '{frames}/classes.csv'}, 'not an earlier output')])
def test_what_makes_no_sense_is_refused(workdir, frames, settings, said):
  (frames / 'classes.csv').write_text('file,left,top,right,bottom,class,probability\n')
  before = sorted(frames.parent.rglob('*'))
  with pytest.raises(UserError, match=said):
    worlds.ask(workdir, frames, **{
        key: value.format(frames=frames) if isinstance(value, str) else value
        for key, value in settings.items()})
  assert sorted(frames.parent.rglob('*')) == before


def test_images_that_cannot_be_asked_about(workdir, frames, tmp_path):
  (tmp_path / 'empty').mkdir()
  with pytest.raises(UserError, match='no images in'):
    worlds.ask(workdir, tmp_path / 'empty')
  seen = tmp_path / 'seen'
  Image.new('RGB', (16, 16), 'red').save(frames / 'red.png')
  with pytest.raises(UserError, match='red.png is coloured'):
    worlds.ask(workdir, frames, pictures=str(seen))
  assert not seen.exists() and not list(tmp_path.glob('.seen*'))
  Image.new('L', (16, 16)).save(frames / 'marks.bmp')
  with pytest.raises(UserError, match='would have one picture, marks.png: rename one'):
    worlds.ask(workdir, frames, pictures=str(seen))


def test_a_classifier_draws_nothing(tmp_path, frames):
  with pytest.raises(UserError, match='names classes and marks nothing'):
    worlds.ask(tmp_path, frames, pictures=str(tmp_path / 'seen'))
