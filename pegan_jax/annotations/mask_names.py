"""Reads the files that name the values of mask images."""

import csv
import pathlib
import re
from typing import NamedTuple

from pegan_jax.annotations import name_lines, text_files, yolo_names
from pegan_jax.annotations.regions import IGNORED
from pegan_jax.common.errors import UserError, reason

_IDS = ('id', 'value', 'index', 'label_id', 'class_id')  # Heads of a table.
_CLASSES = ('name', 'label', 'class', 'class_name', 'label_name')
_BACKGROUND = ('background', '_background_', '__background__', 'bg', 'unlabeled')


class Names(NamedTuple):
  """Classes of a mask's values, '' for the background.

  Attributes:
    path: file that says so.
    by_number: {number: name}.
    by_colour: {(red, green, blue): name}; empty where a file gives numbers.
  """
  path: pathlib.Path
  by_number: dict[int, str]
  by_colour: dict[tuple[int, int, int], str]

  def get(self, value):
    """Returns the class of a value; None if it has none."""
    return (self.by_colour if isinstance(value, tuple) else self.by_number).get(value)

  def for_values(self, values):
    """Returns the names for grey values, which are colours where not all are numbers.

    Raises:
      UserError: they may be either, and would not be the same.
    """
    greys = {colour[0]: name for colour, name in self.by_colour.items()
             if len({*colour}) == 1}
    if not greys.keys() >= {*values}:
      return self
    if self.by_number.keys() >= {*values}:
      if any(greys[value] != self.by_number[value] for value in values):
        raise UserError(f'{self.path} names the values of grey masks in two ways, by its '
                        'lines and by its greys: save the masks in its colours, or put the '
                        'lines in the order of their greys.')
      return self
    return self._replace(by_number=greys)


def names_in(folder):
  """Returns the `Names` that a file in a folder gives; None if no file does.

  These are: CVAT's and Pascal VOC's labelmap.txt, 'name:red,green,blue::'; a line for
  each number from 0, the background, in classes.txt, class_names.txt, labels.txt,
  label_map.txt or LabelMe's label_names.txt; classes.json or labels.json, {number: name},
  {name: number} or {name: [red, green, blue]}, and id2label.json of Hugging Face;
  Roboflow's _classes.csv, 'number, name', and classes.csv, 'id, name'; data.yaml of YOLO;
  class_dict.csv, 'name, r, g, b'; or CamVid's label_colors.txt, 'red green blue name'.

  Raises:
    UserError: such a file is damaged.
  """
  for name, parse in _NAME_FILES.items():
    path = pathlib.Path(folder, name)
    if path.is_file() and has_names(path):
      try:
        found = parse(path)
        for value, name in (pair for part in found or () for pair in part.items()):
          if not name.strip() and value not in (0, (0, 0, 0)):
            raise ValueError(f'the value {value} has an empty name')
      except ValueError as error:
        raise UserError(f'{path} cannot be read as the classes of masks: {reason(error)}.'
                        ) from None
      if found:
        return Names(path, *({value: '' if name.lower() in _BACKGROUND else name
                              for value, name in part.items()} for part in found))
  return None


def _colours_of_lines(path):
  numbers, colours = {}, {}
  for line in text_files.read(path).splitlines():
    if line.strip() and not line.startswith('#'):
      name, colour, *_ = [*line.rsplit(':', 3), '']
      numbers[len(numbers)] = name.strip()
      words = [word.strip() for word in colour.split(',')]
      if len(words) != 3 or not all(re.fullmatch(r'\d{1,3}', word) for word in words):
        raise ValueError(f"{line[:60]!r} is no name with a colour, as 'crack:255,0,0::'")
      colour = tuple(map(int, words))
      if max(colour) > 255 or colour in colours:
        raise ValueError(f'{line[:60]!r} has no colour of its own')
      colours[colour] = name.strip()
  return numbers, colours


def _lines(path):
  """Returns the names by number; None where the first is not the background's."""
  lines = [line.strip() for line in text_files.read(path).rstrip().splitlines()]
  lines = lines[1:] if lines[:1] == [IGNORED] else lines  # LabelMe's, of the value -1.
  lines = name_lines.bare(lines)
  if not lines or lines[0].lower() not in _BACKGROUND:
    return None  # Of something else, or from 1: nothing says which.
  return dict(enumerate(lines)), {}


def _rows(path):
  """Returns the names by number; None for a table of something else."""
  head, *rows = csv.reader(text_files.read(path).splitlines(), skipinitialspace=True)
  head = [cell.strip().lower() for cell in head]
  if head != ['pixel value', 'class'] and not _are_of_ids(head, rows):
    return None
  numbers = {text_files.whole(row[0]): row[1].strip() for row in rows if len(row) == 2}
  if len(numbers) < sum(map(bool, rows)):
    raise ValueError('a row has no number of its own and a name')
  return numbers, {}


def _are_of_ids(head, rows):
  """Returns whether a table gives each of several numbers another name, as 'id,name'."""
  rows = [row for row in rows if row]
  names = {row[1].strip() for row in rows if len(row) == 2 and row[0].isdecimal()}
  return len(head) == 2 and head[0] in _IDS and head[1] in _CLASSES and (
      0 < len(names) == len(rows))


def _yaml(path):
  """Returns the names by number; None where the first is not the background's."""
  names = yolo_names.of_yaml(path)
  if not names or names[0] and names[0].lower() not in _BACKGROUND:
    return None
  return {value: name for value, name in enumerate(names) if name or not value}, {}


def _colours_of_rows(path):
  """Returns the names by colour; None for a table of something else."""
  mark = next((mark for mark in ';\t' if mark in text_files.read(path)), ',')
  head, *rows = csv.reader(text_files.read(path).splitlines(), delimiter=mark,
                           skipinitialspace=True)
  if [cell.strip().lower() for cell in head] != ['name', 'r', 'g', 'b']:
    return None
  return _colours([(row[0], row[1:]) for row in rows if row])


def _colours_before_names(path):
  """Returns the names by colour; None where lines have other than 'red green blue name'."""
  rows = [line.split(None, 3) for line in text_files.read(path).splitlines()
          if line.strip()]
  if not all(len(row) == 4 and ''.join(row[:3]).isdecimal() for row in rows):
    return None
  return _colours([(name, colour) for *colour, name in rows])


def _colours(rows):
  """Returns what a file names of (name, [red, green, blue]), in text."""
  colours = {}
  for name, said in rows:
    colour = tuple(map(text_files.whole, said))
    if len(colour) != 3 or not 0 <= min(colour) <= max(colour) <= 255 or colour in colours:
      raise ValueError(f'{name!r} has no colour of its own, of three numbers up to 255')
    colours[colour] = name.strip()
  return {}, colours


def _json(path):
  said, numbers, colours = text_files.read_json(path), {}, {}
  if not isinstance(said, dict):
    raise ValueError('it is no object of names and numbers')
  for key, value in said.items():
    if isinstance(value, str):
      names, value, key = numbers, text_files.whole(key), value
    elif isinstance(value, list):
      names, value = colours, tuple(map(text_files.whole, value))
    else:
      names, value = numbers, text_files.whole(value)
    if value in names:
      raise ValueError(f'the value {value} has two names, {names[value]} and {key}')
    names[value] = key
  return numbers, colours


_NAME_FILES = {
    'labelmap.txt': _colours_of_lines, 'classes.txt': _lines, 'class_names.txt': _lines,
    'labels.txt': _lines, 'label_names.txt': _lines, 'label_map.txt': _lines,
    '_classes.csv': _rows, 'classes.csv': _rows, 'class_dict.csv': _colours_of_rows,
    'class_dict_seg.csv': _colours_of_rows, 'label_colors.txt': _colours_before_names,
    'classes.json': _json, 'labels.json': _json, 'id2label.json': _json,
    'data.yaml': _yaml, 'data.yml': _yaml}


def has_names(path):
  """Returns whether a file names the values of masks: by its own name and what it has."""
  return path.name in _NAME_FILES and not text_files.is_of_images(path) and (
      path.name != 'classes.csv' or bool(_rows(path)))
