"""Refuses text files of boxes in pixels, which are no YOLO labels, as DeepPCB's."""

import contextlib
import itertools

from pegan_jax.annotations import key_points, text_files
from pegan_jax.common.errors import UserError

_SAMPLE = 50  # Files that are read.
_LARGEST = 2  # Numbers above are no fractions, see `yolo`.
_ORDERS = ("'left top right bottom class'", "'class left top right bottom'",
           'a class and four more')


def refuse(marks, paths):
  """Raises UserError where all labels are text files of five whole numbers, in pixels.

  Args:
    marks: list of `marks.Mark`.
    paths: of the images.
  """
  if any(mark.format != 'yolo' for mark in marks):
    return
  found = {}
  for mark in marks[:_SAMPLE]:
    if lines := _lines(mark.path):
      found[mark.path] = lines
  boxes = {path: rows for path, lines in found.items() if (rows := _rows(lines))}
  rows = [*itertools.chain(*boxes.values())]
  if not rows or len(boxes) < len(found) / 2 or (
      max(sorted(row)[-2] for row in rows) <= _LARGEST):  # Beside the class.
    return
  raise UserError(
      f'{min(boxes)}, and what else is labelled here, has five numbers in pixels for each '
      f"box, {_order(rows)}, where YOLO has 'class cx cy w h' in fractions: write them as "
      f'COCO, by the names of the images, and move these files away{_templates(paths)}.')


def _lines(path):
  """Returns the lines of a text file that have something; none where it cannot be read."""
  with contextlib.suppress(UserError):
    return [line for line in text_files.read(path).splitlines() if line.strip()]
  return []


def _rows(lines):
  """Returns five whole numbers for each line; none where one has something else."""
  rows = [line.replace(',', ' ').split() for line in lines]
  if not all(len(row) == 5 and all(map(key_points.is_number, row)) for row in rows):
    return []
  rows = [[float(word) for word in row] for row in rows]
  return rows if all(x == int(x) >= 0 for row in rows for x in row) else []


def _order(rows):
  """Returns what the numbers are, as it seems."""
  behind = max(row[4] for row in rows) < max(row[0] for row in rows)
  boxes = [row[:4] if behind else row[1:] for row in rows]
  corners = all(right > left and bottom > top for left, top, right, bottom in boxes)
  return f'as it seems {_ORDERS[2 if not corners else 0 if behind else 1]}'


def _templates(paths):
  """Returns what to do with the images of DeepPCB that show no defect."""
  of_test = {path.stem.removesuffix('_test') for path in paths
             if path.stem.endswith('_test')}
  temp = [path for path in paths if path.stem.endswith('_temp')
          and path.stem.removesuffix('_temp') in of_test]
  return ('; of DeepPCB, they are of the images called _test, and those called _temp, as '
          f'{temp[0]}, show no defect: put the latter into a folder called good'
          ) if temp else ''
