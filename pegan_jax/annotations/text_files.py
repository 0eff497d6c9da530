"""Reads and writes the text files of annotations."""

import codecs
import csv
import io
import pathlib
import re

import numpy as np

from pegan_jax.common import json_text
from pegan_jax.common.errors import by_kind, like_first, reason, UserError

# What may stand before it: a declaration, comments.
_ROOT = re.compile(r'(?:\s|<\?.*?\?>|<!--.*?-->)*<([\w.:-]+)', re.DOTALL)
# UTF-32's mark begins as UTF-16's does.
_MARKS = ((codecs.BOM_UTF32_LE, 'utf-32'), (codecs.BOM_UTF32_BE, 'utf-32'),
          (codecs.BOM_UTF8, 'utf-8-sig'), (codecs.BOM_UTF16_LE, 'utf-16'),
          (codecs.BOM_UTF16_BE, 'utf-16'))
_XML = re.compile(rb'\s*<\?xml[^>]*?encoding\s*=\s*["\']([A-Za-z0-9._-]+)["\']')
# What programs mean: more characters than the standards of old had, and of 16 bits a
# line is not that can be read byte by byte.
_MEANT = {'gb2312': 'gb18030', 'gbk': 'gb18030', 'iso-8859-1': 'cp1252',
          'us-ascii': 'utf-8', 'ascii': 'utf-8', 'shift_jis': 'cp932', 'utf-16': 'utf-8'}

# A file's name, or four numbers in a row.
_OF_IMAGES = re.compile(r'\.(?:jpe?g|png|bmp|tiff?|webp)\b|'
                        r'(?:[-+.\d]+(?:[ \t]+|\s*,\s*)){3}[-+.\d]', re.IGNORECASE)

_SHOWN = 10
# Beyond any image's edge: to fill an outline takes memory by its length.
_FAR = 10**6
MOST_PIXELS = 2**28  # Of an image, as data_prep.images reads them.


def read(path):
  """Returns a file's text, in the encoding that it names itself or else in UTF-8.

  A byte order mark names UTF-8, UTF-16 or UTF-32, and the first line of XML any. Lines
  end in a line feed, whatever they ended in.

  Raises:
    UserError: the file cannot be read, or is of another encoding: which one, its bytes
      do not tell.
  """
  try:
    data = path.read_bytes()
  except OSError as error:
    raise UserError(f'{path} cannot be read: {error.strerror}.') from None
  encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
  codec = encoding or 'utf-8'
  if not encoding and (named := _XML.match(data)):
    encoding = named[1].decode().lower()
    codec = _MEANT.get(encoding, encoding)
  try:
    text = data.decode(codec)
  except (UnicodeError, LookupError):
    raise UserError(f'{path} is not {(encoding or "UTF-8").upper()} text' + (
        ', as it says' if encoding else '') + ': save it as UTF-8.') from None
  if '\0' in text:
    raise UserError(f'{path} is not UTF-8 text, but has zero bytes: save it as UTF-8.')
  return text.replace('\r\n', '\n').replace('\r', '\n')


def is_of_images(path):
  """Returns whether a file has what no names of classes have: images, or their boxes."""
  try:
    return bool(_OF_IMAGES.search(read(path)))
  except UserError:
    return False


def read_json(path):
  """Returns the value in a JSON file; UserError where it has none, or a key twice."""
  try:
    return json_text.parse(read(path), object_pairs_hook=_once, parse_int=_int)
  except ValueError as error:
    raise UserError(f'{path} cannot be read as JSON: {reason(error)}; export it again, '
                    'or remove it.') from None


def _int(digits):
  """Returns a whole number; Python refuses, in its own words, to read 5,000 digits."""
  return int(digits) if len(digits) < 400 else float(digits)


def _once(pairs):
  """Returns a dict of (key, value) pairs, of which Python would keep the last alone."""
  found = dict(pairs)
  if len(found) < len(pairs):
    keys = [key for key, _ in pairs]
    twice = next(key for key in keys if keys.count(key) > 1)
    raise ValueError(f'one object has the key {twice!r} twice')
  return found


def keys_of_json(path):
  """Returns the keys of the object in a JSON file; none for another file or value."""
  if path.suffix.lower() != '.json':
    return set()
  try:
    said = read_json(path)
  except UserError:
    return set()
  return set(said) if isinstance(said, dict) else set()


def columns_of_csv(path):
  """Returns the names in the first row of a .csv file, a set; none for another file."""
  if path.suffix.lower() != '.csv':
    return set()
  try:
    text = read(path)
  except UserError:  # Its first line may tell all the same, and reading says what is wrong.
    try:
      text = path.read_text('latin-1').removeprefix('ï»¿')
    except OSError:
      return set()
  try:
    return {name.strip().lstrip('#') for row in csv.reader([text.partition('\n')[0]])
            for name in row}
  except csv.Error:
    return set()


def rows_of_csv(path):
  """Returns the rows of a CSV file, lists of text; ValueError where it is none."""
  # A row may have more than 131,072 characters, csv's own limit, which is of the process.
  limit = csv.field_size_limit(2**30)
  try:
    return [*csv.reader(io.StringIO(read(path), newline=''))]
  except csv.Error as error:
    raise ValueError(str(error)) from None
  finally:
    csv.field_size_limit(limit)


def read_xml(path):
  """Returns the text of an XML file; UserError for one that declares entities."""
  text = read(path)
  if '<!DOCTYPE' in text or '<!ENTITY' in text:
    raise UserError(f'{path} declares XML entities, which annotations do not need: remove '
                    'the declaration.')
  return text


def root_of_xml(path):
  """Returns the first element's name in an .xml file; '' where nothing says it."""
  if path.suffix.lower() != '.xml':
    return ''
  try:
    found = _ROOT.match(read(path))
  except UserError:
    return ''
  return found[1] if found else ''


# In place of Python's words for it.
STRANGE = 'a value in it is of another kind than the format has there'


class Misfits(ValueError):
  """Names the first few kinds of `all`, sentences without a full stop, and how many more.

  Attributes:
    all: the sentences.
    found: what the other items gave.
  """

  def __init__(self, all_of_them, found):
    self.all, self.found, kinds = all_of_them, found, by_kind(all_of_them)
    more = sum(map(len, kinds[_SHOWN:]))
    super().__init__('; '.join(
        [some[0] + f' ({like_first(some)})' * (len(some) > 1) for some in kinds[:_SHOWN]]
        + [f'and {more} more'] * bool(more)))


class PartlyRead(UserError):
  """Says what is wrong in a file of many images; `images` are what else it holds."""

  def __init__(self, message, images):
    super().__init__(message)
    self.images = images


def each(function, items):
  """Returns [function(item) for each item].

  Raises:
    Misfits: the function raised ValueError, or `Misfits`, for some of the items.
  """
  found, misfits = [], []
  for item in items:
    try:
      found.append(function(item))
    except ValueError as error:
      misfits += getattr(error, 'all', [str(error)])
  if misfits:
    raise Misfits(misfits, found)
  return found


def short(line):
  """Returns a line in quotes, the first of a long one."""
  return repr(line if len(line) <= 60 else line[:57] + '...')


def number(said):
  """Returns a number, which may be text, as float.

  Raises:
    ValueError: it is none, not finite, or beyond a million.
  """
  try:
    found = float('nan' if isinstance(said, bool) else said)
  except (OverflowError, TypeError, ValueError):
    found = np.nan
  if not abs(found) <= _FAR:
    text = repr(said)
    raise ValueError(f'{text if len(text) <= 40 else text[:37] + "..."} stands where a '
                     'number up to a million should')
  return found


def whole(said):
  """Returns a whole number, which may be text or have a point, as int; or ValueError."""
  found = number(said)
  if found != int(found):
    raise ValueError(f'{said!r} stands where a whole number should')
  return int(found)


def points(said):
  """Returns [[x, y], ...] as float [n, 2]; ValueError for anything else."""
  if not (isinstance(said, list) and all(
      isinstance(point, (list, tuple)) and len(point) == 2 for point in said)):
    raise ValueError('a point is not an x and a y')
  return np.array([[number(x) for x in point] for point in said]).reshape(-1, 2)


def lengths(words):
  """Returns run lengths in words as a list of int; ValueError for anything else."""
  if not all(word.strip().isdecimal() and len(word) < 20 for word in words):
    raise ValueError('its run lengths are not all whole numbers')
  return [int(word) for word in words]


def name_of(said):
  """Returns the name of a file in what may be its path, of Windows too; '' for none."""
  return pathlib.PureWindowsPath(said.strip()).name if isinstance(said, str) else ''


def decode_runs(lengths, height, width):
  """Returns the pixels of run lengths, in row order and outside first, as bool [h, w].

  Raises:
    ValueError: they are no lengths, do not fill the image, or the image is too large.
  """
  if min(height, width) < 1 or height * width > MOST_PIXELS:
    raise ValueError(f'a size of {width} x {height} is none of an image')
  if not isinstance(lengths, list) or any(
      type(n) is not int or n < 0 for n in lengths) or sum(lengths) != height * width:
    raise ValueError(f'its run lengths do not fill {width} x {height} pixels')
  return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(height, width)


def write(path, text):
  """Writes text as UTF-8, into a new folder if there is none."""
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(text, 'utf-8')


def beside(path, image, suffix):
  """Returns the path under `path` for the annotations of an `Annotated`."""
  return path / pathlib.PurePosixPath(image.file).with_suffix(suffix)
