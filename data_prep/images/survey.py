"""Settles the rules of a set of images, and says which files differ from the others."""

import pathlib
from typing import NamedTuple

import numpy as np

from data_prep.images import decoding, parallel, scaling
from data_prep.images.progress import progress
from pegan_jax.common import terminal

# No more 16-bit values than these, or than this share of a set's, may be faulty pixels.
_FEW, _SHARE = 3, 1e-5
_SQUARE = 0.75  # Least share of an image that its square has.


class Kind(NamedTuple):
  """Describes what one file means for the rules of its set."""
  size: tuple[int, int]
  coloured: bool = False
  hidden: bool = False  # In part, by alpha.
  deep: bool = False
  largest: int = 255  # 255 in 8-bit files.
  values: int = 0  # Number of 16-bit values.
  above: tuple[int, ...] = (0,) * len(scaling.BIT_DEPTHS)  # How many exceed each depth.


def kind_of(path, whole=False):
  """Returns the `Kind` of a file; eight-bit grey files are decoded only with `whole`.

  Raises:
    UserError: the file cannot be read.
  """
  header = decoding.header(path)
  size = header.height, header.width
  hidden = header.alpha and decoding.is_hidden_in_part(path)
  shallow = header.grey and not header.deep
  if shallow and not whole:
    return Kind(size, hidden=hidden)
  pixels = decoding.decode(path)
  if not header.deep:
    return Kind(size, not shallow and scaling.is_coloured(pixels), hidden)
  largest = int(pixels.max())
  scaled = scaling.to_8_bits(pixels, scaling.max_value_for(largest))
  return Kind(size, scaling.is_coloured(scaled), hidden, True, largest, pixels.size, tuple(
      int(np.count_nonzero(pixels >= 2**bits)) for bits in scaling.BIT_DEPTHS))


class Survey(NamedTuple):
  """The rules that settle how every image of a set is read.

  Attributes:
    grey: whether none of them is coloured.
    max_value: the 16-bit value that becomes 255.
    sizes: {path: its (height, width) in pixels} of all that can be read.
    brightest: a file with the largest 16-bit value, or None, and that value.
    notes: sentences about files that differ from the others in kind.
    coloured: the files that are.
  """
  grey: bool
  max_value: int
  sizes: dict[pathlib.Path, tuple[int, int]]
  brightest: tuple[pathlib.Path | None, int]
  notes: list[str]
  coloured: frozenset


def read(paths, what='checking images'):
  """Reads the kind of every file of a set; returns its `Survey`; see `kinds_of`."""
  return settle(kinds_of(paths, what))


def kinds_of(paths, what='checking images'):
  """Reads the kind of every file of a set; returns {path: `Kind`}.

  Args:
    paths: image files.
    what: the work, for people.

  Raises:
    UserError: a file cannot be read.
  """
  paths = list(paths)
  return dict(zip(paths, progress(
      parallel.each_file(kind_of, paths), what, len(paths))))


def settle(kinds):
  """Returns the `Survey` of {path: `Kind`}."""
  brightest, largest = None, 255
  for path, kind in kinds.items():
    if kind.largest > largest:
      brightest, largest = path, kind.largest
  max_value = scaling.max_value_for(largest)
  return Survey(not any(kind.coloured for kind in kinds.values()), max_value,
                {path: kind.size for path, kind in kinds.items()}, (brightest, largest),
                _notes(kinds, max_value, brightest),
                frozenset(path for path, kind in kinds.items() if kind.coloured))


def _notes(kinds, max_value, brightest):
  """Returns sentences about the files, {path: `Kind`}, that differ from the others."""
  notes = []
  coloured = [path for path, kind in kinds.items() if kind.coloured]
  if 0 < len(coloured) < len(kinds) / 2:
    notes.append(f'{len(coloured)} of {len(kinds)} images are coloured, the first is '
                 f'{coloured[0]}, so all are read as colour: convert or remove these if '
                 'the set is grey')
  if hidden := [path for path, kind in kinds.items() if kind.hidden]:
    notes.append(f'{len(hidden)} of {len(kinds)} images are transparent in part, the first '
                 f'is {hidden[0]}, and are read as if they were not: where that marks '
                 'defects, save it as masks')
  flat = [path for path, kind in kinds.items() if not kind.deep]
  if max_value == 255:
    return notes
  if flat:
    notes.append(_say_depths(flat, len(kinds), max_value))
  values = sum(kind.values for kind in kinds.values())
  above = np.sum([kind.above for kind in kinds.values()], axis=0)
  for bits, count in zip(scaling.BIT_DEPTHS, above):
    if 0 < count <= max(_FEW, _SHARE * values):
      notes.append(f'only {count} of {values} 16-bit values exceed {2**bits - 1}, the '
                   f'largest is in {brightest}, and make {max_value} the value that '
                   'becomes 255: mend them if they are faulty, or all images are dark')
      break
  return notes


def without_square(paths, sizes):
  """Returns the paths of images of which a square is less than three quarters.

  Args:
    paths: image files; one that cannot be read is none of them.
    sizes: as of `Survey`.
  """
  return [path for path in paths
          if path in sizes and min(sizes[path]) < _SQUARE * max(sizes[path])]


def say_depths(paths, max_value):
  """Says on standard error if files have 8 bits, and the set they join has more.

  Args:
    paths: image files; their headers are read.
    max_value: of that set.

  Raises:
    UserError: a file cannot be read.
  """
  if max_value > 255:
    flat = [path for path in paths if not decoding.header(path).deep]
    if flat:
      terminal.say('note: ' + _say_depths(flat, len(paths), max_value))


def _say_depths(flat, total, max_value):
  return (f'{len(flat)} of {total} images have 8 bits, the first is {flat[0]}: their '
          f'values are kept, and those of 16-bit images divided by {max_value / 255:g}')
