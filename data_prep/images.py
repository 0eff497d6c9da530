"""Reads the images of cameras and steel lines, all by the same rules.

Rules, the same for every image of a set:
- 16-bit grey is scaled to 8 bits by one divisor for the whole set: `max_value / 255`,
  where `max_value` is 2^b - 1 for the smallest b of 8, 10, 12, 14, 16 that holds
  the largest value found in any 16-bit file of the set. 8-bit files are untouched.
  A file that breaks a set's rule, by a larger value or by colour in a grey set, is
  refused: nothing is clipped, and no colour dropped, in silence. So is 16-bit colour,
  of which Pillow keeps the high bytes only.
- A file is coloured if its channels differ by more than `COLOUR_TOLERANCE` grey
  levels on average over the pixels; a set is grey unless a file is coloured. So RGB
  files that show grey (JPEG chroma noise included) do not make a set RGB.
- Alpha is ignored, EXIF orientation is applied, of many pages the first is read.
"""

import functools
import io
import os
import pathlib
import warnings

import numpy as np
from PIL import ExifTags
from PIL import Image
from PIL import ImageOps

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import UserError

EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff')
FORMATS = ('JPEG', 'PNG', 'BMP', 'TIFF')
BIT_DEPTHS = (8, 10, 12, 14, 16)
COLOUR_TOLERANCE = 3.0


def list_images(folder):
  """Lists the images under a folder, as `files.walk` finds them.

  What is neither a file nor a folder, such as a broken link or a pipe, is left out,
  and standard error says how many of these there are.

  Args:
    folder: path of an existing folder.

  Returns:
    Sorted list of `pathlib.Path`, chosen by file extension; may be empty.

  Raises:
    UserError: the folder does not exist, is not a folder or cannot be listed, or an
      image's name is not UTF-8.
  """
  folder = pathlib.Path(folder)
  if not os.path.isdir(folder):  # Never an OSError.
    raise UserError(f'{folder} is not a folder.')
  skipped = []
  found = [path for path in files.walk(folder, skipped)
           if path.name.lower().endswith(EXTENSIONS)]
  for path in found:
    check_name(path)
  if skipped:
    _say_skipped(len(skipped), ascii(str(min(skipped))))
  return sorted(found)


@functools.cache  # A folder is listed more than once, and reported once.
def _say_skipped(count, first):
  terminal.say(f'left out what is neither a file nor a folder (broken links, links to a '
               f'folder above, pipes): {count}, the first is {first}')


def check_name(path):
  """Raises UserError for a path that is not UTF-8, which no report could name."""
  try:
    str(path).encode()
  except UnicodeEncodeError:
    raise UserError(f'{str(path)!a} has bytes in its name that are not UTF-8: '
                    'rename it.') from None


def _decode(path):
  """Returns the decoded, upright PIL image: mode L, RGB or I (16 bit)."""
  with warnings.catch_warnings():
    # Pillow warns about odd metadata, which does no harm, and about bombs.
    warnings.simplefilter('ignore')
    warnings.simplefilter('error', Image.DecompressionBombWarning)
    try:
      with Image.open(path, formats=FORMATS) as image:
        if _is_deep_colour(image):
          raise UserError(f'{path} has several channels of more than 8 bits, of which '
                          '8 bits would be read: save it as 16-bit grey without '
                          'alpha, or as 8-bit colour.')
        image.load()
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith('I'):
          image = image.convert('I')
          low, high = image.getextrema()
          if low < 0 or high > 65535:
            raise UserError(f'{path} holds values outside 0 to 65535: save it as '
                            '16-bit grey.')
          return image
        if image.mode == 'F':
          raise UserError(f'{path} holds floating-point pixels: save it as '
                          '8-bit or 16-bit grey.')
        if image.mode in ('1', 'L', 'LA', 'La'):
          return image.convert('L')
        if image.mode == 'P':  # By way of RGBA: a palette may carry alpha.
          image = image.convert('RGBA')
        return image.convert('RGB')
    except UserError:
      raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
      raise UserError(
          f'{path} unpacks to more than {Image.MAX_IMAGE_PIXELS} pixels, which '
          'is refused as a decompression bomb: cut it up or leave it out.'
      ) from None
    except Exception as error:  # Decoders raise nearly anything on bad bytes.
      if isinstance(error, OSError) and error.errno:  # From the file system.
        raise UserError(f'{path} cannot be read: {error.strerror}.') from None
      raise UserError(f'{path} cannot be read as an image: it is damaged, '
                      f'truncated or of another format ({error}).') from None


def _is_deep_colour(image):
  """Returns whether an open file's header says 16-bit colour or grey + alpha."""
  if image.format == 'PNG':
    place = image.fp.tell()
    image.fp.seek(0)
    depth, kind = image.fp.read(26)[24:]  # From IHDR, the first chunk.
    image.fp.seek(place)
    return depth == 16 and kind != 0
  if image.format == 'TIFF':
    depths = image.tag_v2.get(258, (1,))  # BitsPerSample, one for each channel.
    return len(depths) > 1 and max(depths) > 8
  return False


def probe(path):
  """Returns what one file means for the rules of its set.

  Args:
    path: an image file. Eight-bit grey files are not decoded.

  Returns:
    (coloured, largest): whether the channels differ, and the largest pixel
    value of a 16-bit file (255 for all others).

  Raises:
    UserError: the file cannot be read.
  """
  try:
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')
      warnings.simplefilter('error', Image.DecompressionBombWarning)
      with Image.open(path, formats=FORMATS) as image:
        if image.mode in ('1', 'L', 'LA') and not _is_deep_colour(image):
          return False, 255
  except Exception:  # _decode says what is wrong, in words.
    pass
  image = _decode(path)
  if image.mode == 'L':
    return False, 255
  pixels = np.asarray(image)
  if image.mode == 'I':
    return False, int(pixels.max())
  return _coloured(pixels), 255


def size(path):
  """Returns an image's (height, width), upright; decodes only PNG files, for EXIF.

  Raises:
    UserError: the file cannot be read.
  """
  try:
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')
      with Image.open(path, formats=FORMATS) as image:
        lies = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        return image.size if lies else image.size[::-1]
  except Exception:
    return _decode(path).size[::-1]  # Or says what is wrong, in words.


def _coloured(pixels):
  """Returns whether the channels of uint8 [H, W, 3] differ."""
  spread = pixels.max(axis=-1).astype(np.int16) - pixels.min(axis=-1)
  return bool(spread.mean() > COLOUR_TOLERANCE)


def max_value_for(largest):
  """Returns 2^b - 1 for the smallest usual bit depth b that holds `largest`."""
  return next(2**bits - 1 for bits in BIT_DEPTHS if largest < 2**bits)


def read_image(path, grey, max_value=255):
  """Reads one image as 8 bits per channel.

  Args:
    path: a JPEG, PNG, BMP or TIFF file of any mode.
    grey: whether to return one channel, from a file that shows grey, or three.
    max_value: value of a 16-bit file that becomes 255 (see the module's rule), and
      the largest there may be. Eight-bit files ignore it.

  Returns:
    uint8 [H, W, 1] or [H, W, 3], upright.

  Raises:
    UserError: the file is unreadable, truncated, a decompression bomb, holds values
      that are neither 8-bit nor 16-bit or above `max_value`, or is coloured where
      `grey` is True.
  """
  image = _decode(path)
  pixels = np.atleast_3d(np.asarray(image))
  if image.mode == 'I':
    check_largest(path, int(pixels.max()), max_value)
    pixels = np.rint(pixels * (255.0 / max_value)).astype(np.uint8)
  if grey and image.mode == 'RGB' and _coloured(pixels):
    raise UserError(f'{path} is coloured, and the other images are grey: '
                    'convert it to grey first.')
  return with_channels(pixels, 1 if grey else 3)


def check_largest(path, largest, max_value):
  """Raises UserError for a file whose `largest` value exceeds its set's `max_value`."""
  if largest > max_value:
    raise UserError(
        f'{path} holds values up to {largest}, and the other images up to '
        f'{max_value}: scale it as those are.')


def with_channels(image, channels):
  """Returns uint8 [H, W, 1 or 3] with 1 channel, ITU-R 601's luma, or with 3."""
  if image.shape[2] == channels:
    return image
  if channels == 3:
    return image.repeat(3, axis=2)
  return np.asarray(Image.fromarray(image).convert('L'))[:, :, None]


def square_crop_resize(image, size):
  """Cuts the centre square and resizes it with antialiasing (bicubic).

  Args:
    image: uint8 [H, W, C], C = 1 or 3.
    size: side S of the result in pixels.

  Returns:
    uint8 [S, S, C].
  """
  height, width = image.shape[:2]
  side = min(height, width)
  top, left = (height - side) // 2, (width - side) // 2
  image = image[top:top + side, left:left + side]
  if side == size:
    return np.ascontiguousarray(image)
  squeezed = image[:, :, 0] if image.shape[2] == 1 else image
  resized = Image.fromarray(squeezed).resize((size, size), Image.Resampling.BICUBIC)
  return np.asarray(resized).reshape(size, size, image.shape[2])


def encode_png(image):
  """Returns uint8 [H, W, 1 or 3] as PNG bytes."""
  buffer = io.BytesIO()
  squeezed = image[:, :, 0] if image.shape[2] == 1 else image
  Image.fromarray(squeezed).save(buffer, format='PNG')
  return buffer.getvalue()
