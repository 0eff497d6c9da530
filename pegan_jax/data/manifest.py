"""Writes and reads manifest.csv, which says how each generated image was made."""

import csv
import pathlib
import statistics

from pegan_jax.annotations import regions
from pegan_jax.common.errors import UserError

FILE = 'manifest.csv'

_MADE_BY = ('seed', 'step', 'strength', 'mask', 'boxes', 'asked', 'size', 'reference',
            'accepted', 'tries', 'reasons')

# A row per crop: its file and class, and the name of the background under it, '' for an
# image from noise.
CROPS = ('file', 'class', 'background', *_MADE_BY)

# A row per defect on a frame: the frame's file, the class, the name of the image under it,
# the window's corner, and how much larger than the data set's windows it is.
FRAMES = ('file', 'class', 'background', 'left', 'top', 'scale', *_MADE_BY)


def file_of(name, i):
  """Returns the file of crop i of a class, relative to the folder of images."""
  return f'{name}/{i:05d}.png'


def write(folder, columns, rows):
  """Writes the manifest of a folder of images.

  Args:
    folder: folder of the images.
    columns: `CROPS` or `FRAMES`.
    rows: dicts of these columns. `mask` is 'generator' for the generator's own mask,
      'change' for how much an image was changed, or ''; `boxes` are as
      `boxes_to_text` gives them, and so is `asked`, the box of the region that was asked
      for; `size` is the area that is visible, in parts of that region's. `reference` names
      the training image whose defect the generator was shown. The rest is
      `acceptance.Verdict.columns`. What a row lacks is ''.
  """
  with pathlib.Path(folder, FILE).open('w', newline='', encoding='utf-8') as f:
    writer = csv.DictWriter(f, columns)
    writer.writeheader()
    writer.writerows(rows)


def read(path):
  """Reads a manifest of crops or of frames: a list of its rows, dicts of text.

  Raises:
    UserError: it cannot be read, or does not name files and classes.
  """
  return _read(path, ('file', 'class'))


def read_backgrounds(path):
  """Reads which background each crop was painted on.

  Args:
    path: path of a manifest of crops.

  Returns:
    {image's file: name of its background, '' where it has none}.

  Raises:
    UserError: it cannot be read, or lacks these columns.
  """
  return {row['file']: row['background'] or '' for row in _read(path)}


def read_boxes(path):
  """Reads where each crop's defect is.

  Args:
    path: path of a manifest of crops.

  Returns:
    {image's file: `Box` of the region asked for; if there is none, the one around all of
    its boxes; None where it has none either}.

  Raises:
    UserError: as `read_backgrounds`, or what should be a box is none.
  """
  found = {}
  for row in _read(path):
    try:
      found[row['file']] = regions.hull(regions.boxes_from_text(
          row.get('asked') or row.get('boxes') or ''))
    except ValueError as e:
      raise UserError(f'{path} has no boxes in the row of {row["file"]}: put that back, '
                      'or move it away') from e
  return found


def sizes(rows):
  """Returns {class: median of `size`} of rows that have one and are not rejected."""
  found = {}
  for row in rows:
    if row.get('size') and row.get('accepted') != 'no':
      found.setdefault(row['class'], []).append(float(row['size']))
  return {name: statistics.median(some) for name, some in found.items()}


def read_rejected(path):
  """Reads which images were not accepted, or show a defect that was not: a set of files.

  Args:
    path: path of a manifest of crops or of frames. One of an earlier version, which does
      not say, rejects none.

  Raises:
    UserError: it cannot be read, or does not name files.
  """
  return {row['file'] for row in _read(path, ('file',)) if row.get('accepted') == 'no'}


def _read(path, columns=('file', 'background')):
  """Returns the rows of a manifest that has some columns."""
  try:
    with path.open(newline='', encoding='utf-8') as f:
      reader = csv.DictReader(f)
      if {*columns} <= set(reader.fieldnames or ()):
        return list(reader)
  except OSError as e:
    raise UserError(f'{path} cannot be read: {e.strerror}') from e
  except (csv.Error, UnicodeDecodeError):
    pass
  raise UserError(f'{path} is no manifest of --mode generate, which has the column'
                  f'{"s" * (len(columns) > 1)} {" and ".join(columns)}: put that back, or '
                  'move it away')
