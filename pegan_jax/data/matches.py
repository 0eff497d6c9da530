"""Reads which defect classes go with each background, from `--mode match`."""

import numpy as np

from pegan_jax.common import files, provenance
from pegan_jax.common.errors import UserError

FILE = 'matches.json'


def digest(info):
  """Returns a digest of the data set's matches, or None where it has none."""
  path = info.folder / FILE
  return provenance.of_files(info.folder, [path]) if path.is_file() else None


def load(info, split):
  """Reads the probabilities of the classes for each background.

  Args:
    info: `data.DataInfo`; the file is in its folder.
    split: 'train' or 'test'.

  Returns:
    float32 [n, C], in the order in which the split has its n backgrounds; each has a
    class, and each class a background.

  Raises:
    UserError: the file is missing or damaged, or belongs to another data set.
  """
  path = info.folder / FILE
  try:
    found = files.read_json(path)
    classes, rows = found['classes'], np.array(found[split], np.float32)
  except FileNotFoundError as e:
    raise UserError(
        f'the data set at {str(info.folder)!r} has no {FILE}: make it with the same '
        'command and --mode match, or pass --config.match=False') from e
  except (ValueError, KeyError, TypeError, OverflowError) as e:
    raise UserError(f'{path} is damaged: run --mode match again') from e
  if found.get('content') != info.content:
    raise UserError(f'{path} is of another data set: run --mode match again')
  if classes != info.classes:
    raise UserError(f'{path} is of other classes: run --mode match again')
  if not rows.size:
    return rows.reshape(0, len(classes))
  if not (rows.shape[1:] == (len(classes),) and np.isfinite(rows).all()
          and (rows >= 0).all() and rows.any(0).all() and rows.any(1).all()):
    raise UserError(f'{path} is damaged, as its rows are no shares of the '
                    f'{len(classes)} classes: run --mode match again')
  return rows


def check_count(info, split, rows, count):
  """Raises UserError unless `load` gave one row for each of `count` backgrounds."""
  if len(rows) != count:
    raise UserError(
        f'{info.folder / FILE} is of {len(rows)} backgrounds, and the {split} split '
        f'has {count}: run --mode match again')
