"""Reads text of any kind as what it says of each image that it names.

What is said is a tree of dicts, lists and words or numbers. Of JSON and YAML it is what
they hold, of XML {tag or attribute: values}, of a row of a table or of words {header:
cell}, and {'': cells} without a header.
"""

import collections
import csv
import gzip
import json
import re
from xml.etree import ElementTree
import zlib

import yaml

from pegan_jax.annotations import text_files
from pegan_jax.common.errors import UserError

_NAME = re.compile(r'(?:image|img|file|frame|pic|photo|sample|external)?[ _-]?'
                   r'(?:id|name|file|path|image|key)|image|img|file|frame', re.IGNORECASE)
# By Label Studio in front, and behind by Severstal of the class.
_ADDED = re.compile(r'^[0-9a-f]{8}-|_\d+$')
_YAML = ('.yaml', '.yml')
_LOADER = getattr(yaml, 'CBaseLoader', yaml.BaseLoader)
_ANCHOR = re.compile(r'(?<!\S)[&*]\w')  # It may stand for text that grows without end.
_IMAGE = re.compile(r'(\.(?:jpe?g|png|bmp|tiff?|webp|jfif)["\']?)\s+', re.IGNORECASE)


def _text(path):
  """Returns a file's text; '' for what is none."""
  try:
    if path.suffix.lower() == '.gz':
      with gzip.open(path) as file:
        return file.read().decode('utf-8', 'replace')
    with path.open('rb') as file:  # A film is not read to its end.
      head = file.read(4096)
    if b'\0' in head and not head.startswith((b'\xff\xfe', b'\xfe\xff')):
      return ''
    return text_files.read(path)
  except UserError:  # Excel's, of another encoding than UTF-8.
    return path.read_bytes().decode('latin-1') if path.is_file() else ''
  except (EOFError, OSError, zlib.error):
    return ''


def tree(path):
  """Returns what a text file says; None for another, and for one of nothing but depths."""
  text = _text(path)
  try:
    said = _parsed(path, text)
  except (ValueError, RecursionError, ElementTree.ParseError, yaml.YAMLError):
    said = None
  if not isinstance(said, (dict, list)) and text.strip():
    said = _rows(text)
  if isinstance(said, list) and all(isinstance(x, str) for x in said):
    said = [{'': [word]} for word in said]  # JSON's list of names.
  return None if _is_deep(said) else said


def _parsed(path, text):
  """Returns what JSON, XML or YAML says; None for text of another kind."""
  if text.lstrip()[:1] in ('{', '['):
    return _json(text)
  if text.lstrip()[:1] == '<' and '<!ENTITY' not in text:
    return _of_element(ElementTree.fromstring(text.strip()))
  if path.suffix.lower() in _YAML and not _ANCHOR.search(text):
    first, *more = yaml.load_all(text, _LOADER)
    return [first, *more] if more else first
  return None


def _is_deep(said, left=99):
  values = said.values() if isinstance(said, dict) else said
  return not left or isinstance(said, (dict, list)) and any(
      _is_deep(value, left - 1) for value in values)


def _json(text):
  try:
    return json.loads(text)
  except ValueError:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _of_element(element):
  """Returns an XML element's attributes and children, or its text if it has none."""
  found = dict(element.attrib)
  for child in element:
    found.setdefault(child.tag.rpartition('}')[2] + ' ', []).append(_of_element(child))
  found = {key.strip(): value[0] if isinstance(value, list) and len(value) == 1 else value
           for key, value in found.items()}
  return found or (element.text or '').strip()


def _rows(text):
  """Returns the rows of a table, or of words."""
  lines = [line for line in text.splitlines() if line.strip()]
  mark = next((mark for mark in '\t;,|' if mark in lines[0] and mark in lines[-1]), None)
  if mark:  # 'a/1.jpg 1,2,3,4', as Keras has it.
    lines = [_IMAGE.sub(rf'\1{mark}', line) for line in lines]
  rows = [[cell.strip(' "\'') for cell in _cells(line, mark)] for line in lines]
  head = rows[0]
  if len(rows) > 1 and len({*head}) == len(head) > 1 and (
      mark or len(head) > 2 and {*map(len, rows)} == {len(head)}) and not any(
          is_number(cell) or _IMAGE.search(cell + ' ') for cell in head):
    return [dict(zip(head, row)) for row in rows[1:]]
  return [{'': row} for row in rows]


def _cells(line, mark):
  """Returns the parts of a line between marks that are not in quotes."""
  if mark is None or '"' not in line or len(line) > csv.field_size_limit():
    return line.split(mark)
  return next(csv.reader([line], delimiter=mark))


def is_number(said):
  """Returns whether a value is a finite number, or text of one."""
  try:
    return not isinstance(said, (bool, dict, list)) and abs(float(said)) < 1e12
  except (OverflowError, TypeError, ValueError):
    return False


def of_images(said, paths):
  """Returns ({image: list of what is said of it alone}, dicts that name no image).

  An image is named by its file's name or, where a file names none so, by that without a
  suffix: as a key among others, below a key such as id, or in a column of such names. Where
  no name is found, the numbers of frames count images.

  Args:
    said: a `tree`.
    paths: of all images.
  """
  for by_stem in (False, True):
    names = collections.defaultdict(list)
    for path in paths:
      name = path.stem if by_stem else path.name
      names[name].append(path)
      names[f'{path.parent.name}/{name}'].append(path)
    found = _Found({name: tuple(some) for name, some in names.items()}, by_stem)
    parts = _with_names(said, names) if by_stem else said
    if every := found.walk(parts):
      return found.of_all(parts, every)
  frames = {}  # CVAT's backups number the images.
  for one in _dicts(said):
    frames.setdefault(str(one.get('frame')), []).append(one)
  return {path: frames[str(k)] for k, path in enumerate(sorted(paths))
          if str(k) in frames}, []


def _with_names(said, names):
  """Returns rows with the column that has most names of images called 'image'."""
  if not (isinstance(said, list) and said and all(isinstance(x, dict) for x in said)):
    return said
  if all(row.keys() == {''} for row in said):
    rows = [dict(enumerate(row[''])) for row in said]
  else:
    rows = said
  counts = collections.Counter(
      key for row in rows for key, cell in row.items()
      if isinstance(cell, str) and cell.strip() in names
      and (not cell.isdigit() or len(cell) > 2 or _NAME.fullmatch(str(key))
           or key == 0 and len(row) > 4))  # Else it may count, as epochs and classes.
  key, count = max(counts.items(), key=lambda pair: pair[1], default=(None, 0))
  if count * 2 <= len(rows):
    return said
  return [{'image': row.get(key, '')} | (
      {'': [cell for k, cell in row.items() if k != key]} if isinstance(key, int)
      else {k: cell for k, cell in row.items() if k != key}) for row in rows]


class _Found:
  """Collects what a tree says of each image: the largest parts that name one alone."""

  def __init__(self, names, by_stem):
    self.names, self.by_stem = names, by_stem
    self.said, self.of_none = {}, []

  def find(self, word, key=''):
    """Returns the images that a word names, of several the one in the folder it says."""
    if not isinstance(word, str) or self.by_stem and not _NAME.fullmatch(key):
      return ()
    *_, folder, name = ['', *word.strip().replace('\\', '/').rsplit('/', 2)]
    return self.names.get(f'{folder}/{name}') or self.names.get(name) or (
        () if self.by_stem else self.names.get(_ADDED.sub('', name), ()))

  def walk(self, said, key=''):
    """Returns the tuples of images that are named in a part of the tree."""
    if isinstance(said, dict):
      are_names = self.by_stem and sum(
          k in self.names and (not k.isdigit() or isinstance(value, (dict, list)))
          for k, value in said.items()) * 2 > len(said)
      parts = [({*filter(None, [self.find(k, 'id' if are_names else '')]),
                 *self.walk(value, str(k))}, value) for k, value in said.items()]
    elif isinstance(said, list):
      parts = [(self.walk(value, key), value) for value in said]
    else:
      return {*filter(None, [self.find(said, key)])}
    every = set().union(*(images for images, _ in parts))
    if len(every) > 1:
      for images, value in parts:
        if len(images) == 1 and not (isinstance(value, str) and self.find(value, key)):
          self.add(*images, value)
        elif not images:
          self.of_none.append(value)
    return every

  def add(self, images, value):
    for path in images:
      self.said.setdefault(path, []).append(value)

  def of_all(self, said, every):
    """Returns the result of `of_images`, by what names an image of its own record's number.

    COCO has that: {'id': 1, 'file_name': ...} and {'image_id': 1, 'bbox': ...}.
    """
    if len(every) == 1:
      for value in said if isinstance(said, list) else [
          value if self.find(key, 'id') else {key: value} for key, value in said.items()]:
        self.add(*every, value)
    ids = {str(value['id']): path for path, values in self.said.items()
           for value in values if isinstance(value, dict) and 'id' in value}
    loose = []
    for one in _dicts(self.of_none):
      if path := ids.get(str(one.get('image_id'))):
        self.said[path].append(one)
      elif 'image_id' not in one:
        loose.append(one)
    return self.said, loose


def _dicts(said):
  """Yields the dicts in a tree, but those within one that has 'image_id'."""
  if isinstance(said, dict):
    yield said
  if isinstance(said, (dict, list)) and 'image_id' not in said:
    for value in said.values() if isinstance(said, dict) else said:
      yield from _dicts(value)
