"""--mode predict: windows, what they are answered, and what cannot be asked."""

import csv

import numpy as np
from PIL import Image
import pytest

from inspection import worlds
from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import asked, images, inspector


@pytest.fixture
def by_brightness(monkeypatch):
  """An inspector with windows of 16 that knows dark and bright, by the mean of a crop."""
  described = {'classes': ['dark', 'bright'], 'image_size': 16, 'channels': 1,
               'max_value': 255, 'window': 16}
  def probabilities(pixels):
    mean = pixels.reshape(len(pixels), -1).mean(1) / 255
    return np.stack([1 - mean, mean], 1)
  monkeypatch.setattr(inspector, 'load', lambda workdir: (probabilities, described))
  monkeypatch.setattr(inspector, 'tested', lambda workdir: (None, []))
  return described


def _rows(path):
  with path.open(newline='') as f:
    return list(csv.reader(f))


class TestWindows:
  """An image is covered by windows of the size that the data set was cut with."""

  @pytest.fixture
  def frame(self, tmp_path):
    """A frame of 56x40 of grey 51, with a white mark as large as a window."""
    pixels = np.full((40, 56), 51, np.uint8)
    pixels[8:24, 24:40] = 255
    Image.fromarray(pixels).save(tmp_path / 'frame.png')
    return tmp_path / 'frame.png'

  def test_of_a_frame(self, by_brightness, frame, tmp_path, capsys):
    assert worlds.ask(tmp_path, frame, answers=tmp_path / 'a.csv') == [
        (frame, 'bright', 1)]
    head, *rows = _rows(tmp_path / 'a.csv')
    assert head == ['file', 'left', 'top', 'right', 'bottom', 'class', 'probability',
                    'p_dark', 'p_bright']
    assert [row[1:5] for row in rows] == [
        [str(x) for x in (left, top, left + 16, top + 16)]
        for top in (0, 8, 16, 24) for left in range(0, 41, 8)]
    assert rows[9] == [str(frame), '24', '8', '40', '24', 'bright', '1.000000',
                       '0.000000', '1.000000']
    assert rows[0][5:] == ['dark', '0.800000', '0.800000', '0.200000']
    assert rows[8][5:] == ['bright', '0.600000', '0.400000', '0.600000']  # Half of it.
    said = capsys.readouterr()
    assert said.out == (f'{frame}  bright  1.000  at 24,8,40,24, the surest of 24 windows: '
                        'dark 19, bright 5\n')
    assert 'note: the windows of 1 images are not of one class' in said.err
    worlds.ask(tmp_path, frame, window_size=40)
    assert 'note' not in capsys.readouterr().err  # Each of two windows is dark.

  def test_of_a_window_and_of_less(self, by_brightness, tmp_path, capsys):
    by_brightness['window'] = 32
    for name, size in (('whole.png', (32, 32)), ('less.png', (24, 16))):
      Image.new('L', size, 204).save(tmp_path / name)
    worlds.ask(tmp_path, tmp_path / 'whole.png', tmp_path / 'less.png',
             answers=tmp_path / 'a.csv')
    assert [row[1:6] for row in _rows(tmp_path / 'a.csv')[1:]] == [
        ['0', '0', '32', '32', 'bright'], ['0', '0', '16', '16', 'bright'],
        ['8', '0', '24', '16', 'bright']]
    said = capsys.readouterr()
    assert '1 images are smaller than a window of 32x32' in said.err
    assert said.out.splitlines()[0] == f'{tmp_path}/whole.png  bright  0.800'

  def test_none_are_known_of_whole_files(self, by_brightness, frame, tmp_path, capsys):
    by_brightness['window'] = None
    assert worlds.ask(tmp_path, frame, answers=tmp_path / 'a.csv')[0][1] == 'dark'
    assert _rows(tmp_path / 'a.csv')[1][1:5] == ['8', '0', '48', '40']  # The centre.
    assert '1 images were cut square and brought to 16x16' in capsys.readouterr().err
    assert worlds.ask(tmp_path, frame, window_size=16)[0][1:] == ('bright', 1)
    with pytest.raises(UserError, match='window_size is -1'):
      worlds.ask(tmp_path, frame, window_size=-1)

  def test_blocks_may_end_within_an_image(
      self, by_brightness, frame, tmp_path, monkeypatch):
    monkeypatch.setattr(asked, '_BLOCK', 7)
    assert worlds.ask(tmp_path, frame, frame, answers=tmp_path / 'a.csv') == [
        (frame, 'bright', 1)] * 2
    rows = _rows(tmp_path / 'a.csv')[1:]
    assert len(rows) == 48 and rows[:24] == rows[24:]

  def test_all_images_are_checked_before_the_first_answer(
      self, by_brightness, frame, tmp_path, capsys, monkeypatch):
    """A damaged one, one of another depth, a coloured one, one that is too large."""
    worlds.ask(tmp_path, frame, answers=tmp_path / 'a.csv')
    before = (tmp_path / 'a.csv').read_bytes()
    capsys.readouterr()
    bad = tmp_path / 'bad'
    bad.mkdir()
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 3000)
    (bad / 'a.png').write_bytes(b'no image')
    Image.fromarray(np.full((16, 16), 4000, np.uint16)).save(bad / 'b.png')
    Image.new('RGB', (16, 16), 'red').save(bad / 'c.png')
    Image.new('L', (60, 60)).save(bad / 'd.png')
    for k in range(8):
      (bad / f'e{k}.png').write_bytes(frame.read_bytes()[:60])
    inputs = frame, bad, frame
    with pytest.raises(UserError, match='12 of 14 images cannot be used, see above: mend '
                       'or remove them, or leave them out with --config.skip_bad=true'):
      worlds.ask(tmp_path, *inputs, answers=tmp_path / 'a.csv')
    said = capsys.readouterr()
    *lines, last = said.err.splitlines()
    assert [line.split()[0] for line in lines] == [
        f'{bad}/{name}.png' for name in ('a', 'b', 'c', 'd', *(f'e{k}' for k in range(6)))]
    assert last == 'and 2 more' and not said.out
    for line, word in zip(lines, ('damaged', 'up to 4000', 'is coloured', '3,000 pixels')):
      assert word in line
    assert (tmp_path / 'a.csv').read_bytes() == before
    assert not list(tmp_path.glob('*.part'))
    # Or named, counted and left out.
    assert worlds.ask(tmp_path, *inputs, answers=tmp_path / 'a.csv', skip_bad=True) == [
        (frame, 'bright', 1)] * 2
    *lines, last, _ = capsys.readouterr().err.splitlines()
    assert len(lines) == 12 and 'e7.png' in lines[-1]
    assert last == 'note: 12 of 14 images cannot be used, see above, and are skipped'
    assert len(_rows(tmp_path / 'a.csv')) == 1 + 2 * 24
    with pytest.raises(UserError, match='12 of 12 images .*: none is left'):
      worlds.ask(tmp_path, bad, skip_bad=True)
    with pytest.raises(UserError, match='a.png cannot be read .*; mend or remove it, or '
                       'leave it out with --config.skip_bad=true'):
      worlds.ask(tmp_path, frame, bad / 'a.png')

  @pytest.mark.parametrize('height,width,side', [
      (7, 7, 7), (8, 15, 8), (64, 65, 7), (100, 31, 10), (12, 40, 13), (5, 3, 1)])
  def test_what_is_half_as_long_lies_whole_in_one(self, height, width, side):
    windows = asked.cover(height, width, side)
    side = min(side, height, width)
    assert windows[0][:2] == (0, 0) and windows[-1][2:] == (width, height)
    assert len(set(windows)) == len(windows)
    assert {(box.width, box.height) for box in windows} == {(side, side)}
    long = max(1, side // 2)
    for top in range(height - long + 1):
      for left in range(width - long + 1):
        mark = Box(left, top, left + long, top + long)
        assert any(mark.overlap(box) == long**2 for box in windows)


def test_the_window_that_a_data_set_was_cut_with(tmp_path):
  """Known from where its records lie; whole files have no place in a frame."""
  for names, window in ((['a/1.png', 'b/2[0].png'], None),
                        (['a/1.png', 'f/2.png[0,8,16,24]'], 16)):
    splits = {'train': [{'image': np.zeros((16, 16, 1), np.uint8), 'label': 'a',
                         'source': name, 'group': 0} for name in names]}
    info = dataset.load_info(worlds.write_dataset(tmp_path / str(window), splits))
    train = images.Images(None, None, names, None)
    assert images.window(info, train) == window


@pytest.mark.parametrize('paths,answers,words', [
    ((), '', 'config.images is empty'),
    (('/nowhere.png',), '', '/nowhere.png'),
    ((__file__,), '/nowhere/a.csv', '/nowhere/a.csv: there is no such folder'),
    ((__file__,), '', "no inspector in '.*': train one with --mode inspect")])
def test_what_cannot_be_asked(tmp_path, paths, answers, words):
  with pytest.raises(UserError, match=words):
    worlds.ask(tmp_path, *paths, answers=answers)
