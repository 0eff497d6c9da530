"""Decodes image files exactly: 8 bits as uint8, more as uint16, upright.

Pillow reads most of them. Of 16-bit colour it would keep the high bytes only, and TIFF
of other depths, signs or whites it misreads: there imagecodecs reads PNG, and tifffile
TIFF.

Alpha is ignored (`is_hidden_in_part` tells where it says something), EXIF orientation is
applied. What would lose something is refused in
one sentence: several pages (except thumbnails and the second picture that telephones
put into a JPEG file), floating-point, negative or larger values, channels that are
neither grey nor RGB.
"""

import contextlib
import logging
import threading
from typing import NamedTuple
import warnings

import numpy as np
from PIL import ExifTags
from PIL import Image
import tifffile

from pegan_jax.common import stand_ins
from pegan_jax.common.errors import UserError

_FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP', 'TIFF')
_GREY_MODES = ('1', 'L', 'LA', 'La', 'I', 'I;16', 'I;16B')
_WHITE_0, _BLACK_0, _RGB = 0, 1, 2  # TIFF's kinds of pixels: grey with white as 0...
_ALPHA, _UNSAID = 2, 0  # Its kinds of extra channels, and 1 for premultiplied alpha.
_REDUCED, _MASK = 1, 4  # Bits of its NewSubfileType.
_ON_ITS_SIDE = (5, 6, 7, 8)  # EXIF's orientations.

Image.MAX_IMAGE_PIXELS = 2**28  # In the whole process; 16,384 x 16,384: 0.8 GB of colour.

# It logs what it then raises or puts right.
logging.getLogger('tifffile').setLevel(logging.CRITICAL)


class Header(NamedTuple):
  """Describes a file by what it says of itself: upright size in pixels, and kind."""
  height: int
  width: int
  grey: bool  # By its mode; a colour file may show grey.
  deep: bool  # Whether a channel has more than 8 bits.
  alpha: bool  # Whether it has alpha, which may say nothing.


def header(path):
  """Returns a file's `Header`; decodes only PNG files, for EXIF.

  Raises:
    UserError: the file cannot be read.
  """
  with _explained(path):
    kind = _kind(path)
    if kind == 'tiff':
      with tifffile.TiffFile(path) as file:
        page = _only_page(file, path)
        shape = page.imagelength, page.imagewidth
        turned = _orientation(page) in _ON_ITS_SIDE
        grey, deep = page.photometric in (_WHITE_0, _BLACK_0), _is_deep(page)
        alpha = bool({1, _ALPHA} & {*page.extrasamples})
    else:
      with _open(path) as image:
        shape, turned = image.size[::-1], _exif_orientation(image) in _ON_ITS_SIDE
        grey = image.mode in _GREY_MODES
        deep = image.mode.startswith('I') or kind == 'deep png'
        alpha = image.has_transparency_data
    return Header(*(shape[::-1] if turned else shape), grey, deep, alpha)


def is_hidden_in_part(path):
  """Returns whether a file's alpha differs within the picture, so that it may mark a part.

  Raises:
    UserError: the file cannot be read.
  """
  with _explained(path):
    if _kind(path) == 'tiff':
      with tifffile.TiffFile(path) as file:
        page = _only_page(file, path)
        alpha = np.moveaxis(page.asarray(), 0 if page.axes == 'SYX' else -1, -1)[..., -1]
        return bool(alpha.min() < alpha.max())
    with _open(path) as image:
      least, most = image.convert('RGBA').getchannel('A').getextrema()
      return least < most


def count_pixels(path):
  """Returns how many pixels a file has by its head; 0 where that is not to be read."""
  try:
    with _without_warnings(), Image.open(path) as image:
      return image.width * image.height
  except Exception:  # What is wrong is told where the file is decoded.
    return 0


def decode(path):
  """Decodes one image.

  Returns:
    uint8 or uint16 [H, W, 1 or 3], upright.

  Raises:
    UserError: the file is unreadable, truncated, a decompression bomb, or would lose
      something; see the module.
  """
  with _explained(path):
    kind = _kind(path)
    if kind == 'tiff':
      with tifffile.TiffFile(path) as file:
        page = _only_page(file, path)
        if not _is_for_pillow(page):
          return _upright(_decode_tiff(page, path), _orientation(page))
      # Pillow turns TIFF upright, and nothing else; by a path it would map and not turn.
      with open(path, 'rb') as file, _open(file) as image:
        return _decode_shallow(image)
    with _open(path) as image:
      orientation = _exif_orientation(image)
      if kind == 'deep png':
        # Heavy, and for few files.
        import imagecodecs  # pylint: disable=import-outside-toplevel
        pixels = imagecodecs.png_decode(path.read_bytes())
        pixels = pixels[..., :1 if pixels.shape[2] < 3 else 3]
      else:
        pixels = _decode_shallow(image)
      return _upright(pixels, orientation)


@contextlib.contextmanager
def _explained(path):
  """Turns whatever a decoder raises into a `UserError` about `path`."""
  with _without_warnings():
    try:
      yield
    except UserError:
      raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
      raise UserError(
          f'{path} unpacks to more than {Image.MAX_IMAGE_PIXELS:,} pixels, which '
          'is refused as a decompression bomb: cut it up or leave it out.'
      ) from None
    except Exception as error:  # Decoders raise nearly anything on bad bytes.
      if isinstance(error, OSError) and error.errno:  # From the file system.
        raise UserError(f'{path} cannot be read: {error.strerror}.') from None
      raise UserError(f'{path} cannot be read as an image: ' + (stand_ins.of(path) or (
          f'it is {_what_is(path)} ({error}): save it again as PNG or JPEG, or remove it'
      )) + '.') from None


_decoding, _lock = contextlib.ExitStack(), threading.Lock()
_threads = 0  # How many are decoding.


@contextlib.contextmanager
def _without_warnings():
  """Silences Pillow's warnings while any thread is in here; those of bombs are raised.

  It warns about odd metadata, which does no harm. Filters are the whole process's, so that
  each thread's own would be put back in the wrong order.
  """
  global _threads
  with _lock:
    _threads += 1
    if _threads == 1:
      _decoding.enter_context(warnings.catch_warnings())
      warnings.simplefilter('ignore')
      warnings.simplefilter('error', Image.DecompressionBombWarning)
  try:
    yield
  finally:
    with _lock:
      _threads -= 1
      if not _threads:
        _decoding.close()


def _what_is(path):
  """Returns what a file that cannot be read is."""
  try:
    found = 'HEIC' if path.read_bytes()[4:8] == b'ftyp' else None  # A telephone's.
    with Image.open(path) as image:
      found = image.format
  except Exception:
    pass
  if found in (None, *_FORMATS):
    return 'damaged, truncated or of another format'
  return f'of the format {found}, which is not read, whatever its name says'


def _kind(path):
  """Returns 'tiff', 'deep png' for what Pillow would halve, or '' by a file's head."""
  with open(path, 'rb') as file:
    head = file.read(26)
  if head[:4] in (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+'):
    return 'tiff'
  # In IHDR, the first chunk, 16 bits and anything but grey.
  deep = head.startswith(b'\x89PNG') and head[24:25] == b'\x10' and head[25:] != b'\0'
  return 'deep png' if deep else ''


def _open(path):
  """Opens a file of one picture, by its path or open itself, with Pillow."""
  image = Image.open(path, formats=_FORMATS)
  count = getattr(image, 'n_frames', 1)
  if count > 1 and image.format not in ('MPO', 'TIFF'):  # JPEG with a preview; see below.
    image.close()
    _refuse_pages(path, count)
  return image


def _refuse_pages(path, count):
  raise UserError(f'{path} holds {count} pictures, of which one would be read: save each '
                  'as a file of its own.')


def _decode_shallow(image):
  """Returns the pixels of an open file that Pillow reads exactly."""
  image.load()
  if image.mode.startswith('I'):
    return np.asarray(image)[:, :, None].astype(np.uint16)
  if image.mode in ('P', 'PA'):  # A palette may carry alpha.
    image = image.convert('RGBA')
  mode = 'L' if image.mode in _GREY_MODES else 'RGB'
  return np.atleast_3d(np.asarray(image if image.mode == mode else image.convert(mode)))


def _only_page(file, path):
  """Returns the page of an open TIFF file that is no thumbnail and no mask."""
  pages = [page for page in file.pages if not page.subfiletype & (_REDUCED | _MASK)]
  if len(pages) > 1:
    _refuse_pages(path, len(pages))
  page = (pages or file.pages)[0]
  if page.imagewidth * page.imagelength > Image.MAX_IMAGE_PIXELS:
    raise Image.DecompressionBombError
  ends = np.add(page.dataoffsets, page.databytecounts)
  if not len(ends) or not min(page.databytecounts) or (
      max(ends) > file.filehandle.size):  # Some codecs fill up what is missing.
    raise ValueError('pixels are missing')
  return page


def _is_deep(page):
  return page.bitspersample > 8 or page.sampleformat != tifffile.SAMPLEFORMAT.UINT


def _is_for_pillow(page):
  """Returns whether a TIFF page has few bits, odd colours or JPEG, which Pillow reads."""
  return not _is_deep(page) and (
      page.photometric not in (_WHITE_0, _BLACK_0, _RGB) or page.bitspersample < 8
      or page.compression in (6, 7) or 1 in page.extrasamples)


def _orientation(page):
  return page.tags.valueof('Orientation', default=1)


def _exif_orientation(image):
  return image.getexif().get(ExifTags.Base.Orientation, 1)


def _decode_tiff(page, path):
  """Returns the pixels of a page that tifffile reads, uint8 or uint16 [H, W, 1 or 3]."""
  extra, axes = list(page.extrasamples), page.axes
  channels = page.samplesperpixel - len(extra)
  if page.sampleformat not in (tifffile.SAMPLEFORMAT.UINT, tifffile.SAMPLEFORMAT.INT):
    raise UserError(f'{path} holds floating-point pixels: save it as 8-bit or 16-bit '
                    'grey or RGB.')
  kinds = {_WHITE_0: 1, _BLACK_0: 1, _RGB: 3}
  # An extra channel that says nothing is alpha in RGB, and in grey another picture.
  if kinds.get(page.photometric) != channels or axes not in ('YX', 'YXS', 'SYX') or (
      extra not in ([], [_ALPHA]) and (extra, channels) != ([_UNSAID], 3)):
    raise UserError(f'{path} holds neither grey nor RGB, but {page.samplesperpixel} '
                    f'channels of kind {page.photometric.name} in the order {axes}: '
                    'save it as one of these.')
  pixels = page.asarray()
  pixels = np.moveaxis(pixels, 0, -1) if axes == 'SYX' else np.atleast_3d(pixels)
  pixels = pixels[..., :channels]
  if page.photometric == _WHITE_0:
    pixels = 2**page.bitspersample - 1 - pixels
  if pixels.dtype == np.uint8:
    return pixels
  if pixels.min() < 0 or pixels.max() > 65535:
    raise UserError(f'{path} holds values outside 0 to 65535: save it as 16-bit grey or '
                    'RGB.')
  return pixels.astype(np.uint16)


def _upright(pixels, orientation):
  """Turns stored pixels [H, W, C] by the value of EXIF's orientation, 1 to 8."""
  if orientation in _ON_ITS_SIDE:
    pixels = pixels.swapaxes(0, 1)
  if orientation in (2, 3, 6, 7):
    pixels = pixels[:, ::-1]
  if orientation in (3, 4, 7, 8):
    pixels = pixels[::-1]
  return np.ascontiguousarray(pixels)
