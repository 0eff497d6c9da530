"""Tells whether what a file says of an image may mark a place in it.

It may where it gives four numbers that may be a box in the image, or run lengths, by names
such as x and w or without any; or a value for a word such as bbox or polygon. Sizes, dates,
scores and words mark none.
"""

import functools
import json
import math
import re

import numpy as np

from data_prep.annotated import records
from data_prep.images import reading
from pegan_jax.common.errors import UserError

_MARKS = re.compile(
    r'b?box(es|2d)?|bndbox|bounding|obb|rect(angles?)?|poly(gons?|lines?)?|points?|'
    r'segment(s|ations?)|contours?|ellipses?|circles?|regions?|shapes|defects?|geometry|'
    r'wkt|rle|runs|encoded|masks?|bitmap|keypoints?|landmarks?|vertices|outlines?|xywh|'
    r'xyxy')
_IN_WORDS = re.compile('rle|runs|encoded|wkt|segmentations?|bitmap')
_NOTHING = ('', '-1', '0', 'nan', 'none', 'null', 'false')
_NUMBER = re.compile(r'(?<!\w)\d[\d.]*(?!\w)')  # Not that of crack_1.
# Names of numbers, without words such as bbox.
_X = re.compile(r'(c|center|centre|mid|min|start)?x(c|min|max|center|centre|start|tl|\d)?|'
                r'(min|top|bottom)?(left|right)x?|links|bx|col(umn)?1?')
_Y = re.compile(r'(c|center|centre|mid|min|start)?y(c|min|max|center|centre|start|tl|\d)?|'
                r'(top|bottom|upper|lower)y?|oben|by|row1?')
_SIDE = re.compile(r'[xy](max|br|end|\d)|(max|end)[xy]|w|h|width|height|right|bottom|'
                   r'rechts|unten|breite|h(ö|oe)he|r[xy]?|radius|diameter|length[12]?|'
                   r'(row|col(umn)?)2')
_FILLER = re.compile(r'b?box|bb|roi|rect|defect|region|obj(ect)?|px|pixels?|pos|coord|norm')
# How words begin that name numbers, and no places.
_NO_PLACES = re.compile(
    r'embed|feature|vector|score|prob|logit|conf|mean|std|hist|size|shape$|dim|resolution|'
    r'exif|gps|time|date|hash|gain|matrix|intrinsic|stat|colou?r|anchor|version')


def in_file(path, image):
  """Returns whether a file that is of one image may mark a place in it."""
  return marks(tree(path, image), image)


def tree(path, image):
  """Returns what a file of an image says; of .npy, whether it may be a mask, or boxes."""
  if path.suffix.lower() != '.npy':
    return records.tree(path)
  try:
    shape = np.load(path, mmap_mode='r').shape
  except (EOFError, OSError, ValueError):
    return None
  is_mark = sorted(shape[:2]) == sorted(_size(image)) or (
      len(shape) == 2 and 4 <= shape[1] <= 6)
  return {'mask': list(shape)} if is_mark else None


def marks(said, image, key='', least=4):
  """Returns whether a part of what is said of an image may mark a place in it.

  Args:
    said: a part of a `records.tree`.
    image: path of the image.
    key: what the part is called.
    least: numbers that it takes, 4 for a box; 2 are a point.
  """
  said = _parsed(said)
  if isinstance(said, dict):
    numbers = [(''.join(word for word in _words(name) if not _FILLER.fullmatch(word)),
                float(value)) for name, value in said.items() if records.is_number(value)]
    x, y, sides = ([number for name, number in numbers if kind.fullmatch(name)]
                   for kind in (_X, _Y, _SIDE))
    pairs = zip(sides, sides[1:] or sides)  # A circle has one.
    if x and y and (least == 2 or any(_may_be_box([x[0], y[0], *some], image)
                                      for some in pairs)):
      return True
    return any(has_word(name, value) or marks(value, image, name, least)
               for name, value in said.items())
  if not isinstance(said, list):
    return False
  numbers = []
  for value in [*_flat(said), None]:
    if records.is_number(value):
      numbers.append(float(value))
    elif value != '':  # Between the corners in Google's AutoML.
      if len(numbers) >= least and (len(numbers) < 4 or _may_be(numbers, image)) and not (
          any(map(_NO_PLACES.match, _words(key)))):
        return True
      numbers = []
      if isinstance(value, dict) and marks(value, image, key, least):
        return True
  return False


def _may_be(numbers, image):
  """Returns whether four of some numbers may be a box in an image, or all run lengths."""
  starts, lengths = numbers[::2], numbers[1::2]
  return _may_be_box(numbers, image) or (
      len(starts) == len(lengths) <= 32 and all(x == int(x) > 0 for x in numbers)
      and {*numbers} != {1} and all(
          start + length < after
          for start, length, after in zip(starts, lengths, starts[1:])))


def _may_be_box(numbers, image):
  """Returns whether four of some numbers may be a box in an image."""
  if min(numbers) < 0 or len(numbers) > 64 or {*numbers} <= {0, 1}:
    return False  # As features, histograms and lists of labels have it.
  height, width = _size(image)
  side = max(height, width, 100)  # Percent.
  return any(c > 0 and d > 0 and max(a, b, c, d) <= side  # All of an image is no place.
             and (width, height) not in ((c, d), (c - a, d - b))
             for a, b, c, d in zip(*(numbers[k:] for k in range(4))))


@functools.lru_cache(1000)
def _size(image):
  try:
    return reading.size(image)
  except UserError:
    return math.inf, math.inf


def has_word(key, value):
  """Returns whether a key is a word for marks, and its value says one."""
  words = _words(key)
  if not any(map(_MARKS.fullmatch, words)) or any(  # VIA has region_shape_attributes.
      _NO_PLACES.match(word) for word in words if word != 'shape'):
    return False
  value = _parsed(value)
  if isinstance(value, str):
    return value.strip().lower() not in _NOTHING and any(map(_IN_WORDS.fullmatch, words))
  return isinstance(value, (dict, list)) and bool(_NUMBER.search(str(value)))


def _words(name):
  """Returns the words in a name, as [box, x1] of box_x1 and boxX1."""
  name = re.sub('([a-z])([A-Z])', r'\1 \2', name).lower()
  return re.findall('[a-zö]+[0-9]*|[0-9]+', name)


def _flat(said):
  """Yields what is in a value, with lists taken apart."""
  said = _parsed(said)
  if isinstance(said, list):
    for value in said:
      yield from _flat(value)
  else:
    yield said


def _parsed(said):
  """Returns what a word says: JSON, a list of numbers, or itself."""
  if not isinstance(said, str) or len(said) < 2:
    return said
  if said[0] in '[{':
    try:
      return json.loads(said.replace("'", '"'))
    except (ValueError, RecursionError):
      pass
  words = re.split(r'[\s,;()\[\]]+', said.strip(' ()[],;'))
  return words if len(words) > 1 and all(map(records.is_number, words)) else said
