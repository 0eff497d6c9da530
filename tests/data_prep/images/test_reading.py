"""Every format and mode reads as what it shows; bad files give one sentence."""

import os

import imagecodecs
import numpy as np
from PIL import Image
import pytest

from data_prep.images import reading, scaling
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

GREY = (np.arange(48, dtype=np.uint8).reshape(6, 8) * 5)


def _save(tmp_path, image, name, **options):
  path = tmp_path / name
  image.save(path, **options)
  return path


@pytest.mark.parametrize('suffix', ['png', 'bmp', 'tif', 'tiff', 'PNG'])
def test_lossless_formats_read_exactly(tmp_path, suffix):
  path = _save(tmp_path, Image.fromarray(GREY), f'Prüfung ß.{suffix}')
  assert reading.list_images(tmp_path) == [path]
  np.testing.assert_array_equal(reading.read_image(path, grey=True)[:, :, 0], GREY)
  assert reading.probe(path) == (False, 255)


@pytest.mark.parametrize('mode', ['L', 'LA', 'RGB', 'RGBA', 'P'])
def test_modes_that_show_grey_read_as_that_grey(tmp_path, mode):
  path = _save(tmp_path, Image.fromarray(GREY).convert(mode), 'a.png')
  np.testing.assert_array_equal(reading.read_image(path, grey=True)[:, :, 0], GREY)
  assert reading.read_image(path, grey=False).shape == (6, 8, 3)
  assert reading.probe(path) == (False, 255)


def test_one_bit_reads_as_black_and_white(tmp_path):
  path = _save(tmp_path, Image.fromarray(GREY > 99), 'a.png')
  np.testing.assert_array_equal(
      reading.read_image(path, grey=True)[:, :, 0], np.where(GREY > 99, 255, 0))


def test_alpha_is_ignored(tmp_path):
  clear = np.dstack([GREY, GREY, GREY, np.zeros_like(GREY)])
  path = _save(tmp_path, Image.fromarray(clear), 'a.png')
  np.testing.assert_array_equal(reading.read_image(path, grey=True)[:, :, 0], GREY)


def test_jpeg_is_close_and_its_chroma_noise_is_not_colour(tmp_path):
  path = _save(tmp_path, Image.fromarray(GREY).convert('RGB'), 'a.jpeg', quality=95)
  got = reading.read_image(path, grey=True)[:, :, 0].astype(int)
  assert np.abs(got - GREY).max() <= 12
  assert reading.probe(path) == (False, 255)


def test_colour_is_seen_and_kept(tmp_path):
  red = np.zeros((4, 5, 3), np.uint8)
  red[..., 0] = 200
  path = _save(tmp_path, Image.fromarray(red), 'a.png')
  assert reading.probe(path) == (True, 255)
  np.testing.assert_array_equal(reading.read_image(path, grey=False), red)
  with pytest.raises(UserError, match='a.png is coloured'):
    reading.read_image(path, grey=True)


@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_sixteen_bits_scale_by_the_sets_divisor(tmp_path, suffix):
  values = np.array([[0, 1, 2048], [4094, 4095, 5]], np.uint16)
  path = _save(tmp_path, Image.fromarray(values), f'a.{suffix}')
  assert reading.probe(path) == (False, 4095)
  # 2048 * 255 / 4095 = 127.53.
  np.testing.assert_array_equal(
      reading.read_image(path, grey=True, max_value=4095)[:, :, 0],
      [[0, 0, 128], [255, 255, 0]])


def test_sixteen_bit_colour_scales_like_grey(tmp_path):
  values = np.zeros((4, 5, 3), np.uint16)
  values[..., 0], values[..., 1] = 4095, 2048
  (tmp_path / 'a.png').write_bytes(imagecodecs.png_encode(values))
  assert reading.probe(tmp_path / 'a.png') == (True, 4095)
  np.testing.assert_array_equal(
      reading.read_image(tmp_path / 'a.png', False, 4095)[0, 0], [255, 128, 0])
  with pytest.raises(UserError, match='a.png is coloured'):
    reading.read_image(tmp_path / 'a.png', True, 4095)


def test_sixteen_bit_colour_that_shows_grey_is_grey(tmp_path):
  values = np.repeat(np.arange(20, dtype=np.uint16).reshape(4, 5, 1) * 200, 3, axis=2)
  (tmp_path / 'a.png').write_bytes(imagecodecs.png_encode(values))
  assert reading.probe(tmp_path / 'a.png') == (False, 3800)
  np.testing.assert_array_equal(
      reading.read_image(tmp_path / 'a.png', True, 4095)[..., 0],
      np.rint(values[..., 0] * (255 / 4095)))


def test_larger_values_are_never_clipped(tmp_path):
  path = _save(tmp_path, Image.fromarray(np.array([[0, 4096]], np.uint16)), 'a.png')
  for limit in (255, 4095):
    with pytest.raises(UserError, match=f'a.png .* up to 4096, .* up to {limit}:'):
      reading.read_image(path, grey=True, max_value=limit)


def test_sixteen_bit_file_with_eight_bit_values_is_untouched(tmp_path):
  path = _save(tmp_path, Image.fromarray(GREY.astype(np.uint16)), 'a.png')
  np.testing.assert_array_equal(reading.read_image(path, grey=True)[:, :, 0], GREY)


@pytest.mark.parametrize('largest, expected', [
    (0, 255), (255, 255), (256, 1023), (1023, 1023), (1024, 4095), (4096, 16383),
    (16384, 65535), (65535, 65535)])
def test_bit_depth_is_the_smallest_that_holds_the_largest(largest, expected):
  assert scaling.max_value_for(largest) == expected


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'bmp', 'tif'])
def test_truncated_file_names_itself(tmp_path, suffix):
  path = _save(tmp_path, Image.fromarray(np.kron(GREY, np.ones((20, 20), np.uint8))),
               f'a.{suffix}')
  data = path.read_bytes()
  path.write_bytes(data[:len(data) // 2])
  with pytest.raises(UserError, match=f'a.{suffix} cannot be read'):
    reading.read_image(path, grey=True)


@pytest.mark.parametrize('data', [b'', b'not an image', b'\x89PNG\r\n\x1a\n'])
def test_garbage_names_itself(tmp_path, data):
  (tmp_path / 'a.png').write_bytes(data)
  for read in (reading.probe, lambda path: reading.read_image(path, grey=True)):
    with pytest.raises(UserError, match='a.png cannot be read'):
      read(tmp_path / 'a.png')


@pytest.mark.parametrize('limit', [30, 10])  # Pillow warns, and fails above twice.
def test_bomb_is_refused_from_the_warning_on(tmp_path, monkeypatch, limit):
  path = _save(tmp_path, Image.fromarray(GREY), 'a.png')
  monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', limit)
  for read in (reading.probe, lambda path: reading.read_image(path, grey=True)):
    with pytest.raises(UserError, match='a.png unpacks to more than .* bomb'):
      read(path)


def test_the_frames_of_line_scan_cameras_are_no_bombs(tmp_path):
  path = _save(tmp_path, Image.new('1', (16384, 8192)), 'a.png')
  assert reading.size(path) == (8192, 16384)
  path = _save(tmp_path, Image.new('1', (16384, 16385)), 'a.png')
  with pytest.raises(UserError, match='more than 268,435,456 pixels'):
    reading.size(path)


def test_listing_recurses_sorts_and_skips_hidden(tmp_path):
  for name in ('b/z.png', 'b/a.JPG', 'a.tif', '._a.tif', '.git/x.png', 'notes.txt'):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
  names = [p.relative_to(tmp_path).as_posix() for p in reading.list_images(tmp_path)]
  assert names == ['a.tif', 'b/a.JPG', 'b/z.png']
  with pytest.raises(UserError, match='not a folder'):
    reading.list_images(tmp_path / 'missing')


def test_what_is_left_out_is_told_by_reason(tmp_path):
  for name in ('a.webp', 'a.JFIF', 'a.jpe', 'b.HEIC', 'c/d.gif', 'c/e.pgm', 'notes.txt',
               'f', 'g.\xe4', '._a.png', 'Thumbs.db'):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
  found, left_out = reading.find_images(tmp_path)
  assert [p.name for p in found] == ['a.JFIF', 'a.jpe', 'a.webp']
  assert {why: [p.name for p in paths] for why, paths in left_out.items()} == {
      'an image format that is not read: .heic': ['b.HEIC'],
      'an image format that is not read: .gif': ['d.gif'],
      'an image format that is not read: .pgm': ['e.pgm'],
      'no image: .txt': ['notes.txt'], 'no image: a name without an extension': ['f'],
      'no image: .\\xe4': ['g.\xe4'], listing.HIDDEN: ['._a.png'],
      listing.SYSTEM: ['Thumbs.db']}


def test_listing_tells_once_of_images_that_are_left_out(tmp_path, capsys):
  (tmp_path / 'a.png').touch()
  for name in ('b.txt', '.c.png', 'd.heic', 'e.heic'):
    (tmp_path / name).touch()
  (tmp_path / 'z.png').symlink_to('nowhere.png')
  for _ in range(2):
    assert reading.list_images(tmp_path) == [tmp_path / 'a.png']
  said = capsys.readouterr().err
  assert said.count('left out in') == 1 and said.count('\n') == 1
  assert 'not read: .heic (2, the first is' in said and 'leads nowhere (1' in said
  assert '.txt' not in said and 'hidden' not in said


def test_listing_refuses_names_that_no_report_can_hold(tmp_path):
  try:
    (tmp_path / os.fsdecode(b'\xff.png')).touch()
  except OSError:
    pytest.skip('this file system takes UTF-8 names only')
  with pytest.raises(UserError, match=r'udcff\.png.* not UTF-8: rename it'):
    reading.list_images(tmp_path)


def test_listing_refuses_names_of_several_lines(tmp_path):
  (tmp_path / 'a\nb.png').touch()
  with pytest.raises(UserError, match=r'a\\nb.png. has control characters'):
    reading.list_images(tmp_path)


def test_an_unreadable_file_is_not_called_damaged(tmp_path):
  with pytest.raises(UserError, match='a.png cannot be read: No such file'):
    reading.read_image(tmp_path / 'a.png', grey=True)


def test_square_crop_takes_the_centre():
  image = np.zeros((4, 10, 1), np.uint8)
  image[:, 3:7] = 9
  np.testing.assert_array_equal(
      reading.square_crop_resize(image, 4), np.full((4, 4, 1), 9))
  assert reading.square_crop_resize(image, 8).shape == (8, 8, 1)
  assert reading.square_crop_resize(np.zeros((9, 5, 3), np.uint8), 4).shape == (4, 4, 3)


def test_resize_is_antialiased():
  lines = np.zeros((64, 64, 1), np.uint8)
  lines[::2] = 200  # Picking every fourth row would give 200 or 0.
  got = reading.square_crop_resize(lines, 16).astype(int)
  assert np.abs(got[2:-2] - 100).max() <= 3


def test_png_round_trip(tmp_path):
  for image in (GREY[:, :, None], np.dstack([GREY] * 3)):
    (tmp_path / 'a.png').write_bytes(reading.encode_png(image))
    got = reading.read_image(tmp_path / 'a.png', grey=image.shape[2] == 1)
    np.testing.assert_array_equal(got, image)
