"""Every kind of file gives its exact pixels, upright, or one sentence."""

import struct
import zlib

import imagecodecs
import numpy as np
from PIL import Image
import pytest
import tifffile

from data_prep.images import decoding
from pegan_jax.common.errors import UserError

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (9, 14), dtype=np.uint8)
RGB = RANDOM.integers(0, 256, (9, 14, 3), dtype=np.uint8)
DEEP = RANDOM.integers(0, 4096, (9, 14), dtype=np.uint16)
DEEP_RGB = RANDOM.integers(0, 4096, (9, 14, 3), dtype=np.uint16)
DEEP_RGBA = np.dstack([DEEP_RGB, DEEP])
SMOOTH = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)  # For JPEG.


def _check(path, want, most=0):
  """Compares a file, and what its header says, with [H, W] or [H, W, C]."""
  got, header = decoding.decode(path), decoding.header(path)
  want = np.atleast_3d(want)
  assert got.shape == want.shape and got.dtype == want.dtype
  assert np.abs(got.astype(int) - want).max() <= most
  assert got.flags.c_contiguous
  assert header[:2] == got.shape[:2]
  assert header.deep == (got.dtype == np.uint16)
  assert not header.grey or got.shape[2] == 1


@pytest.mark.parametrize('stored, want', [
    (DEEP, DEEP), (np.dstack([DEEP, DEEP[::-1]]), DEEP), (DEEP_RGB, DEEP_RGB),
    (DEEP_RGBA, DEEP_RGB)])
def test_sixteen_bit_png(tmp_path, stored, want):
  (tmp_path / 'a.png').write_bytes(imagecodecs.png_encode(stored))
  _check(tmp_path / 'a.png', want)


@pytest.mark.parametrize('bits', [1, 2, 4])
def test_grey_png_of_few_bits_reaches_white(tmp_path, bits):
  values = GREY >> (8 - bits)
  rows = np.unpackbits(values[..., None], axis=-1)[..., 8 - bits:].reshape(9, -1)
  data = b''.join(b'\0' + row.tobytes() for row in np.packbits(rows, axis=1))
  (tmp_path / 'a.png').write_bytes(b'\x89PNG\r\n\x1a\n' + b''.join(
      _chunk(name, content) for name, content in (
          (b'IHDR', struct.pack('>IIBBBBB', 14, 9, bits, 0, 0, 0, 0)),
          (b'IDAT', zlib.compress(data)), (b'IEND', b''))))
  _check(tmp_path / 'a.png', values * np.uint8(255 // (2**bits - 1)))


def _chunk(name, content):
  return (struct.pack('>I', len(content)) + name + content
          + struct.pack('>I', zlib.crc32(name + content)))


def _planes(pixels):
  return {'data': np.moveaxis(pixels, -1, 0), 'photometric': 'rgb',
          'planarconfig': 'separate'}


@pytest.mark.parametrize('want, stored', [
    (GREY, {'data': GREY}),
    (GREY, {'data': 255 - GREY, 'photometric': 'miniswhite'}),
    (np.where(GREY > 99, 0, 255).astype(np.uint8),
     {'data': GREY > 99, 'photometric': 'miniswhite'}),
    (GREY, {'data': GREY, 'tile': (16, 16), 'compression': 'lzw'}),
    (GREY, {'data': GREY, 'compression': 'jpeg2000'}),
    (GREY, {'data': GREY, 'bigtiff': True}),
    (RGB, {'data': RGB, 'photometric': 'rgb', 'compression': 'deflate'}),
    (RGB, _planes(RGB)),
    (DEEP, {'data': DEEP}),
    (DEEP, {'data': DEEP, 'byteorder': '>'}),
    (DEEP, {'data': 65535 - DEEP, 'photometric': 'miniswhite'}),
    (DEEP, {'data': DEEP, 'tile': (16, 16), 'compression': 'zstd', 'predictor': True}),
    (DEEP, {'data': DEEP, 'rowsperstrip': 4, 'compression': 'lzw'}),
    (DEEP, {'data': np.dstack([DEEP, DEEP_RGB[..., 0]]), 'photometric': 'minisblack',
            'planarconfig': 'contig', 'extrasamples': ['unassalpha']}),
    (DEEP, {'data': DEEP.astype(np.int16)}),
    (DEEP, {'data': DEEP.astype(np.uint32)}),
    (DEEP, {'data': DEEP, 'imagej': True}),
    (DEEP_RGB, {'data': DEEP_RGB, 'photometric': 'rgb'}),
    (DEEP_RGB, {'data': DEEP_RGB, 'photometric': 'rgb', 'tile': (16, 16)}),
    (DEEP_RGB, _planes(DEEP_RGB)),
    *((DEEP_RGB, {'data': DEEP_RGBA, 'photometric': 'rgb', 'extrasamples': [extra]})
      for extra in ('unassalpha', 'unspecified'))])
def test_tiff(tmp_path, want, stored):
  tifffile.imwrite(tmp_path / 'a.tif', **stored)
  _check(tmp_path / 'a.tif', want)


@pytest.mark.parametrize('kind', [0, 1])  # White, or black, is 0.
def test_tiff_of_12_packed_bits(tmp_path, kind):
  bits = (DEEP[..., None] >> np.arange(11, -1, -1)) & 1
  data = np.packbits(bits.astype(np.uint8).reshape(9, -1), axis=1).tobytes()
  tags = [(256, 3, 1, 14), (257, 3, 1, 9), (258, 3, 1, 12), (259, 3, 1, 1),
          (262, 3, 1, kind), (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 9),
          (279, 4, 1, len(data))]
  (tmp_path / 'a.tif').write_bytes(
      struct.pack('<2sHI', b'II', 42, 8 + len(data)) + data + struct.pack('<H', len(tags))
      + b''.join(struct.pack('<HHII', *tag) for tag in tags) + bytes(4))
  _check(tmp_path / 'a.tif', DEEP if kind else 4095 - DEEP)


@pytest.mark.parametrize('image, options', [
    (Image.fromarray(GREY).quantize(8), {}),
    (Image.fromarray(RGB), {'compression': 'packbits'}),
    (Image.fromarray(GREY > 99), {'compression': 'group4'})])
def test_tiff_of_other_kinds(tmp_path, image, options):
  image.save(tmp_path / 'a.tif', **options)
  _check(tmp_path / 'a.tif', image.convert('L' if image.mode == '1' else 'RGB'))


@pytest.mark.parametrize(
    'name', ['a.jfif', 'a.jpe', 'a.JPG', 'a.tif', 'png.jpg', 'tif.png'])
def test_names_do_not_matter_and_jpeg_is_close(tmp_path, name):
  options = {'a.tif': {'compression': 'jpeg'}, 'png.jpg': {'format': 'PNG'},
             'tif.png': {'format': 'TIFF'}}.get(name, {'format': 'JPEG', 'quality': 95})
  Image.fromarray(SMOOTH).save(tmp_path / name, **options)
  _check(tmp_path / name, SMOOTH, 0 if name in ('png.jpg', 'tif.png') else 30)


def test_cmyk_jpeg_is_not_inverted(tmp_path):
  smooth = np.dstack([SMOOTH // 2 + 20, SMOOTH // 2 + 60, SMOOTH // 2 + 40])
  Image.fromarray(smooth).convert('CMYK').save(tmp_path / 'a.jpg', quality=95)
  _check(tmp_path / 'a.jpg', smooth, 12)


def test_webp(tmp_path):
  rgba = np.dstack([RGB, GREY])
  for pixels in (RGB, rgba):
    Image.fromarray(pixels).save(tmp_path / 'a.webp', lossless=True, exact=True)
    _check(tmp_path / 'a.webp', RGB)


def _turned(pixels, orientation):
  """What is seen of stored pixels, by the table of the EXIF standard."""
  return [pixels, np.fliplr(pixels), np.rot90(pixels, 2), np.flipud(pixels),
          pixels.swapaxes(0, 1), np.rot90(pixels, -1),
          np.rot90(pixels, 2).swapaxes(0, 1), np.rot90(pixels)][orientation - 1]


@pytest.mark.parametrize('orientation', range(1, 9))
def test_every_orientation_of_every_format_is_upright(tmp_path, orientation):
  exif = Image.Exif()
  exif[0x0112] = orientation
  for name, options in (('a.png', {}), ('a.webp', {'lossless': True}), ('a.tif', {}),
                        ('b.tif', {'compression': 'tiff_lzw'})):
    for pixels in (GREY, RGB) if name != 'a.webp' else (RGB,):
      Image.fromarray(pixels).save(tmp_path / name, exif=exif, **options)
      _check(tmp_path / name, _turned(pixels, orientation))
  palette = Image.fromarray(GREY).quantize(8)
  for options in ({}, {'compression': 'tiff_lzw'}):
    palette.save(tmp_path / 'p.tif', exif=exif, **options)
    _check(tmp_path / 'p.tif', _turned(np.asarray(palette.convert('RGB')), orientation))
  bits = Image.fromarray(GREY > 99)
  bits.save(tmp_path / '1.tif', exif=exif)
  _check(tmp_path / '1.tif', _turned(np.asarray(bits.convert('L')), orientation))
  for pixels in (SMOOTH, np.dstack([SMOOTH] * 3)):
    for name in ('a.jpg', 'j.tif'):
      Image.fromarray(pixels).save(tmp_path / name, exif=exif, **(
          {'quality': 95} if name == 'a.jpg' else {'compression': 'jpeg'}))
      _check(tmp_path / name, _turned(pixels, orientation), 30)
  Image.fromarray(DEEP).save(tmp_path / '16.png', exif=exif)
  _check(tmp_path / '16.png', _turned(DEEP, orientation))
  png = imagecodecs.png_encode(DEEP_RGB)
  (tmp_path / 'rgb16.png').write_bytes(
      png[:33] + _chunk(b'eXIf', exif.tobytes()[6:]) + png[33:])
  _check(tmp_path / 'rgb16.png', _turned(DEEP_RGB, orientation))
  for pixels in (DEEP, DEEP_RGB):
    tifffile.imwrite(
        tmp_path / '16.tif', pixels, extratags=[(274, 3, 1, orientation, True)])
    _check(tmp_path / '16.tif', _turned(pixels, orientation))


def test_an_orientation_that_there_is_not_turns_nothing(tmp_path):
  exif = Image.Exif()
  exif[0x0112] = 9
  Image.fromarray(GREY).save(tmp_path / 'a.png', exif=exif)
  _check(tmp_path / 'a.png', GREY)


@pytest.mark.parametrize('stored, words', [
    ({'data': DEEP.astype(np.float32)}, 'floating-point'),
    ({'data': DEEP.astype(np.float16)}, 'floating-point'),
    ({'data': DEEP.astype(np.complex64)}, 'floating-point'),
    ({'data': (GREY.astype(int) - 128).astype(np.int8)}, 'outside 0 to 65535'),
    ({'data': DEEP.astype(np.int16) - 9}, 'outside 0 to 65535'),
    ({'data': DEEP.astype(np.uint32) + 65536}, 'outside 0 to 65535'),
    ({'data': np.dstack([GREY] * 2), 'photometric': 'minisblack',
      'planarconfig': 'contig'}, 'neither grey nor RGB, but 2 channels'),
    ({'data': np.dstack([GREY] * 5), 'photometric': 'minisblack',
      'planarconfig': 'contig'}, 'but 5 channels'),
    ({'data': DEEP_RGBA, 'photometric': 'rgb', 'extrasamples': ['assocalpha']},
     'but 4 channels of kind RGB'),
    ({'data': DEEP_RGBA, 'photometric': 'separated'}, 'of kind SEPARATED'),
    ({'data': np.stack([DEEP] * 16), 'photometric': 'minisblack', 'volumetric': True,
      'tile': (16, 16, 16)}, 'in the order ZYX'),
    ({'data': np.stack([DEEP] * 3), 'photometric': 'minisblack'}, 'holds 3 pictures'),
    ({'data': np.stack([GREY] * 2), 'imagej': True}, 'holds 2 pictures')])
def test_what_would_lose_something_is_refused(tmp_path, stored, words):
  tifffile.imwrite(tmp_path / 'a.tif', **stored)
  with pytest.raises(UserError, match=words) as error:
    decoding.decode(tmp_path / 'a.tif')
  assert str(error.value).count('a.tif') == 1


@pytest.mark.parametrize('name', ['a.png', 'a.webp'])
def test_animations_are_refused(tmp_path, name):
  Image.fromarray(RGB).save(tmp_path / name, save_all=True,
                            append_images=[Image.fromarray(RGB[::-1])])
  for read in (decoding.header, decoding.decode):
    with pytest.raises(UserError, match=f'{name} holds 2 pictures, .* save each'):
      read(tmp_path / name)


def test_thumbnails_and_previews_are_not_missed(tmp_path):
  with tifffile.TiffWriter(tmp_path / 'a.tif') as file:
    file.write(DEEP)
    file.write(DEEP[::2, ::2], subfiletype=1)
  _check(tmp_path / 'a.tif', DEEP)
  Image.fromarray(SMOOTH).save(
      tmp_path / 'a.jpg', format='MPO', save_all=True, quality=95,
      append_images=[Image.fromarray(SMOOTH[::-1])])
  _check(tmp_path / 'a.jpg', SMOOTH, 30)


def test_the_format_of_a_file_that_is_not_read_is_told(tmp_path):
  Image.fromarray(GREY).save(tmp_path / 'a.png', format='GIF')
  with pytest.raises(UserError, match='a.png cannot be .*of the format GIF'):
    decoding.decode(tmp_path / 'a.png')
  (tmp_path / 'a.jpg').write_bytes(b'\0\0\0\x18ftypheic' + bytes(90))
  with pytest.raises(UserError, match='a.jpg cannot be .*of the format HEIC'):
    decoding.decode(tmp_path / 'a.jpg')


@pytest.mark.parametrize('compression', [None, 'lzw', 'jpeg'])
def test_tiff_without_some_of_its_pixels_is_refused(tmp_path, compression):
  """Codecs would fill up what is missing."""
  path = tmp_path / 'a.tif'
  pixels = np.kron(GREY, np.ones((9, 9), np.uint8))
  tifffile.imwrite(path, pixels, compression=compression)
  whole = path.read_bytes()
  for data in (whole[:-9], whole[:len(whole) // 2], whole[:9], b'II*\0', b''):
    path.write_bytes(data)
    with pytest.raises(UserError, match='a.tif cannot be read as an image'):
      decoding.decode(path)


def test_tiff_with_an_empty_tile_is_refused(tmp_path):
  path = tmp_path / 'a.tif'
  tifffile.imwrite(path, np.tile(DEEP, (4, 4)), tile=(16, 16), compression='deflate')
  with tifffile.TiffFile(path, mode='r+') as file:
    tag = file.pages.first.tags['TileByteCounts']
    tag.overwrite((0, *tag.value[1:]))
  with pytest.raises(UserError, match='pixels are missing'):
    decoding.decode(path)


@pytest.mark.parametrize('content, words', [
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n',
     r"a.png .* Git LFS .*: run git -C '.*a set' lfs pull\."),
    (b'/annex/objects/SHA256E-s1--1.png\n', "run git -C '.*a set' annex get ."),
    (b'<!DOCTYPE html><html><title>Quota exceeded</title>' + b' ' * 9000,
     'web page, as a download gives that failed: download it again'),
    (b'', 'it is empty: copy or download it again')])
def test_what_stands_in_for_an_image_is_to_be_fetched(tmp_path, content, words):
  path = tmp_path / 'a set' / 'a.png'
  path.parent.mkdir()
  path.write_bytes(content)
  with pytest.raises(UserError, match=words):
    decoding.decode(path)


@pytest.mark.parametrize('alpha, is_told', [
    (np.full_like(GREY, 255), False), (np.full_like(GREY, 9), False),
    (np.where(np.arange(14) < 3, 0, 255).astype(np.uint8) + 0 * GREY, True)])
@pytest.mark.parametrize('suffix', ['png', 'tif', 'webp'])
@pytest.mark.parametrize('colour', [GREY, RGB])
def test_alpha_that_differs_within_the_picture_is_found(
    tmp_path, alpha, is_told, suffix, colour):
  path = tmp_path / f'a.{suffix}'
  if suffix == 'webp' and colour is GREY:
    colour = np.dstack([GREY] * 3)
  Image.fromarray(np.dstack([colour, alpha])).save(path)
  assert decoding.is_hidden_in_part(path) == is_told
  if suffix != 'webp' or is_told:  # It leaves out alpha that says nothing.
    assert decoding.header(path).alpha


def test_alpha_of_deep_files_is_found(tmp_path):
  (tmp_path / 'a.png').write_bytes(imagecodecs.png_encode(DEEP_RGBA << 4))
  tifffile.imwrite(tmp_path / 'a.tif', DEEP_RGBA, photometric='rgb',
                   extrasamples=['unassalpha'])
  Image.fromarray(GREY).save(tmp_path / 'b.png')
  for name, want in (('a.png', True), ('a.tif', True), ('b.png', False)):
    assert decoding.header(tmp_path / name).alpha == want
    assert not want or decoding.is_hidden_in_part(tmp_path / name)
