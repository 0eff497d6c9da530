"""Reads the images of cameras and steel lines, all by the same rules.

Rules, the same for every image of a set, wherever it is read:
- 16-bit grey and colour is scaled to 8 bits by one divisor for the whole set:
  `max_value / 255`, where `max_value` is 2^b - 1 for the smallest b of 8, 10, 12, 14, 16
  that holds the largest value found in any 16-bit file of the set. 8-bit files are
  untouched; a note says so where the set has 16-bit files as well. A file that breaks a
  set's rule, by a larger value or by colour in a grey set, is refused: nothing is clipped,
  and no colour dropped, in silence.
- A file is coloured if its channels differ by more than `scaling.COLOUR_TOLERANCE` grey
  levels on average, or by many in a part of it; a set is grey unless a file is coloured. So RGB files that show grey
  (JPEG chroma noise included) do not make a set RGB.
- Images are found by their names' extensions, and read by their content as `decoding`
  does. What is left out is told by reason.
"""

import functools
import io
import os
import pathlib
import re
import shlex
import warnings

import numpy as np
from PIL import ExifTags
from PIL import Image

from data_prep.images import decoding, scaling
from pegan_jax.common import listing, terminal
from pegan_jax.common.errors import UserError

EXTENSIONS = ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.tif', '.tiff', '.webp')

NO_IMAGE = 'no image: '
OTHER_FORMAT = 'an image format that is not read: '
TURNED = ('images that an EXIF tag turns: their annotations are taken to be of the '
          'upright image')
# Beside those that Pillow knows of.
_OTHERS = ('.heic', '.heif', '.hif', '.jxl', '.raw', '.dng', '.cr2', '.cr3', '.nef',
           '.arw', '.orf', '.raf', '.rw2', '.exr', '.svg', '.npy', '.mp4', '.avi')

ARCHIVES = ('.zip', '.7z', '.rar', '.tar', '.tgz', '.tar.gz')


def find_images(folder):
  """Finds the images under a folder, and what else lies there.

  Args:
    folder: path of an existing folder.

  Returns:
    (paths, left_out): sorted `pathlib.Path`s, chosen by file extension, and
    {reason: sorted paths} of the other files and of what `listing.walk` leaves out.

  Raises:
    UserError: the folder does not exist, is not a folder or cannot be listed, or an
      image's name is not UTF-8 or has control characters.
  """
  folder = pathlib.Path(folder)
  if not os.path.isdir(folder):  # Never an OSError.
    raise UserError(f'{folder} is not a folder: {remedy_for(folder)}.')
  found, left_out = [], {}
  for path in listing.walk(folder, left_out):
    if path.suffix.lower() in EXTENSIONS:
      check_name(path)
      found.append(path)
    else:
      left_out.setdefault(_why_not(path.suffix.lower()), []).append(path)
  return sorted(found), {why: sorted(left_out[why]) for why in sorted(left_out)}


def remedy_for(path):
  """Returns what to do where a path is no folder, as part of a sentence."""
  if not os.path.exists(path):
    return 'nothing is there, so correct the path'
  if str(path).lower().endswith(ARCHIVES):
    return 'unpack it, and name the folder that it gives'
  return f'name the folder that holds it, {shlex.quote(os.path.dirname(path) or os.curdir)}'


def list_images(folder):
  """Returns the paths of `find_images`.

  Standard error tells once of what is left out, except hidden and system files and
  those that are no images.
  """
  found, left_out = find_images(folder)
  told = [f'{why} ({len(paths)}, the first is {ascii(str(paths[0]))})'
          for why, paths in left_out.items()
          if not why.startswith((NO_IMAGE, listing.HIDDEN, listing.SYSTEM))]
  if told:
    _say_once(f'left out in {folder}: ' + '; '.join(told))
  return found


_say_once = functools.cache(terminal.say)  # A folder is listed more than once.


def is_picture_not_read(path):
  """Returns whether a file is of a format of images that is not read, by its suffix."""
  suffix = path.suffix.lower()
  return suffix not in EXTENSIONS and _why_not(suffix).startswith(OTHER_FORMAT)


@functools.cache
def _why_not(suffix):
  """Returns why files of another suffix are left out."""
  if suffix in _OTHERS or suffix in Image.registered_extensions():
    return OTHER_FORMAT + suffix
  return f'{NO_IMAGE}{ascii(suffix)[1:-1] or "a name without an extension"}'


def check_name(path):
  """Raises UserError for a path that no report or annotation could name."""
  try:
    str(path).encode()
  except UnicodeEncodeError:
    raise UserError(f'{str(path)!a} has bytes in its name that are not UTF-8: '
                    'rename it.') from None
  if re.search(r'[\x00-\x1f\x7f-\x9f]', str(path)):
    raise UserError(f'{str(path)!a} has control characters in its name: rename it.')


def name_below(path, folder):
  """Returns a path as it is below a folder, or its name where it is elsewhere."""
  if folder and path.is_relative_to(folder):
    return path.relative_to(folder).as_posix()
  return path.name


def probe(path):
  """Returns (coloured, largest) of one file.

  That is: whether its channels differ, and the largest pixel value of a 16-bit file
  (255 for all others). Eight-bit grey files are not decoded.

  Raises:
    UserError: the file cannot be read.
  """
  header = decoding.header(path)
  if header.grey and not header.deep:
    return False, 255
  pixels = decoding.decode(path)
  largest = int(pixels.max()) if header.deep else 255
  pixels = scaling.to_8_bits(pixels, scaling.max_value_for(largest))
  return scaling.is_coloured(pixels), largest


def is_turned(path):
  """Returns whether an EXIF tag says that an image is to be turned or mirrored."""
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    with Image.open(path) as image:
      return image.getexif().get(ExifTags.Base.Orientation) in range(2, 9)


def size(path):
  """Returns an image's (height, width), upright; decodes only PNG files, for EXIF.

  Raises:
    UserError: the file cannot be read.
  """
  header = decoding.header(path)
  return header.height, header.width


def read_image(path, grey, max_value=255):
  """Reads one image as 8 bits per channel.

  Args:
    path: an image file of any kind that `decoding` reads.
    grey: whether to return one channel, from a file that shows grey, or three.
    max_value: value of a 16-bit file that becomes 255 (see the module's rule), and
      the largest there may be. Eight-bit files ignore it.

  Returns:
    uint8 [H, W, 1] or [H, W, 3], upright.

  Raises:
    UserError: `decoding.decode` refuses the file, it holds values above `max_value`, or
      is coloured where `grey` is True.
  """
  pixels = decoding.decode(path)
  if pixels.dtype == np.uint16:
    check_largest(path, int(pixels.max()), max_value)
  pixels = scaling.to_8_bits(pixels, max_value)
  if grey and scaling.is_coloured(pixels):
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
    return image.copy()  # Not a view, which would keep a whole frame in memory.
  squeezed = image[:, :, 0] if image.shape[2] == 1 else image
  resized = Image.fromarray(squeezed).resize((size, size), Image.Resampling.BICUBIC)
  return np.asarray(resized).reshape(size, size, image.shape[2])


def small(image):
  """Returns uint8 [H, W, 1 or 3] whole, and grey, as uint8 [64, 64]."""
  grey = Image.fromarray(with_channels(image, 1)[:, :, 0])
  return np.asarray(grey.resize((64, 64), Image.Resampling.BOX))


def as_picture(image):
  """Returns uint8 [H, W] or [H, W, 1 or 3] as an `Image` of Pillow."""
  return Image.fromarray(image[:, :, 0] if image.shape[2:] == (1,) else image)


def encode_png(image):
  """Returns uint8 [H, W, 1 or 3] as PNG bytes."""
  buffer = io.BytesIO()
  as_picture(image).save(buffer, format='PNG')
  return buffer.getvalue()
