"""Finds the columns of a file that say a class of images, or whether they are good."""

import collections
import re

from data_prep.annotated import folder_names, records
from data_prep.images import reading
from pegan_jax.common import class_names

CLASS = {'label', 'labels', 'class', 'classes', 'category', 'defect', 'defects', 'anomaly',
         'target', 'verdict', 'klasse', 'kategorie', 'fehler'}
_TRUE, _FALSE = ('1', '1.0', 'true', 'yes', 'x'), ('', '0', '0.0', 'false', 'no')
_OF_NONE = re.compile('pred|guess|ok|good|pass|true|yes|todo|count|id$|confidence|score|'
                      'annotated')
_GUESS = re.compile('pred|guess|count|id$')
_SAYS_NOTHING = re.compile(
    r'|no|none|false|nan|null|n/?a|-|negative|pass(ed)?|unlabell?ed|[0-9a-f]{10,}|'
    r'[\d\s:./+TZ-]+|.*[/\\].*|.*\.\w{2,4}|(\S+\s+){3,}\S+', re.IGNORECASE)


def classes(said, classes):
  """Returns {column: {image: the class that it says}} of the columns that say one.

  These have a word of `CLASS` in their names, or are called as a class or a defect is.

  Args:
    said: as of `records.of_images`.
    classes: names of others, which hold whether an image is of that class.
  """
  found = collections.defaultdict(dict)
  flags = _flags(said, classes)
  for image, value in _rows(said):
    if not isinstance(value, dict):
      found[''][image] = value if isinstance(value, str) else ''
      continue
    for name, word in _cells(value):
      if isinstance(word, list) and not name:  # Of a row without a header.
        found[''] |= {image: word for word in [_only_word(word)] if word is not None}
      elif name in flags:
        found[''] |= {image: flags[name]} if str(word).lower() in _TRUE else {}
      elif CLASS & words_of(name) and 'annotated' not in words_of(name):
        found[name][image] = word
  return {name: {image: str(word).strip() for image, word in column.items()
                 if isinstance(word, (str, int, float))}
          for name, column in found.items()}


def verdicts(said):
  """Returns {column: {image: word}} of columns that call images good or defective.

  Whatever their names, their words do so, such as OK and NG, and nothing else; or they
  are called as clean images are, and have but true and false.
  """
  columns = collections.defaultdict(dict)
  for image, value in _rows(said):
    for name, word in _cells(value) if isinstance(value, dict) else ():
      if isinstance(word, (str, int, float)) and not _GUESS.search(name.lower()):
        columns[name][image] = str(word).strip()
  found = {}
  for name, column in columns.items():
    words = {word.lower() for word in column.values()} - {''}
    if words <= {*_TRUE, *_FALSE} and any(
        map(class_names.is_clean, [name.lower(), *words_of(name)])):
      found[name] = {image: 'not ok' if word.lower() in _FALSE else 'ok'
                     for image, word in column.items() if word}
    elif any(map(_is_bad, words)) and all(
        class_names.is_clean(word) or _is_bad(word) or _SAYS_NOTHING.fullmatch(word)
        for word in words):
      found[name] = column
  return found


def says_nothing(word):
  """Returns whether a word tells of no class, as a number, a path or a part of a set."""
  return bool(_SAYS_NOTHING.fullmatch(word)) or folder_names.is_split(word)


def _is_bad(word):
  return class_names.is_defect(word) and word not in ('true', 'yes', 'todo')


def _rows(said):
  """Yields (image, part) of what is said of each, with lists of such taken apart.

  Several rows of a name that several folders have, as 1.png, tell nothing of one image.
  """
  count = collections.Counter(id(value) for values in said.values() for value in values
                              if isinstance(value, dict))
  for image, values in said.items():
    if len(values) > 1 and all(count[id(value)] > 1 for value in values):
      continue
    for value in values:
      for part in value if isinstance(value, list) else [value]:
        yield image, part


def _cells(value, name=''):
  """Yields (name, word) of what is in a dict at any depth; lists in it count from 0.

  A list without a name, of a row without a header, is one word.
  """
  for key, part in value.items():
    inner = f'{name} {key}'.strip()
    if isinstance(part, list) and inner:
      part = dict(enumerate(part))
    if isinstance(part, dict):
      yield from _cells(part, inner)
    else:
      yield inner, part


def _only_word(row):
  """Returns the one cell of a row that is no image's name, or else no number; or None."""
  words = [x for x in row if not str(x).lower().endswith(reading.EXTENSIONS)]
  words = words if len(words) == 1 else [x for x in words if not records.is_number(x)]
  return words[0] if len(words) == 1 else None


def _flags(said, classes):
  """Returns {column: class or word for a defect} of columns that are but true or false."""
  found, others = {}, set()
  for _, value in _rows(said):
    for name, word in _cells(value) if isinstance(value, dict) else ():
      words = [str(name).lower(), *sorted(words_of(name))]
      if str(word).lower() not in (*_TRUE, *_FALSE) or any(map(_OF_NONE.match, words)):
        others.add(name)
      elif word := next((word for word in words if class_names.is_defect(word)
                         or word in classes and not class_names.is_clean(word)), None):
        found[name] = word
  return {name: word for name, word in found.items() if name not in others}


def words_of(name):
  """Returns the words in the name of a column."""
  return {*re.findall('[a-z]+', str(name).lower())}
