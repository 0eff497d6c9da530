"""Finds what may annotate a folder of images, and lies beside it or above."""

import itertools
import os
import pathlib
import re

from data_prep.annotated import folder_names
from pegan_jax import annotations

_SAMPLE = 5  # Images whose names are sought.
_MOST = 20  # Files of a folder that are opened.


def annotations_of(root, paths):
  """Lists the folders and files beside a folder that may annotate its images.

  So do labels/ for images/, labels/train for images/train or train/images, and masks/crack
  for defects/crack or test/crack: such as have files of the images' names, or one for many
  images.

  Args:
    root: path of the images' folder.
    paths: of the images.
  """
  places = [path.relative_to(root) for path in paths[::-(-len(paths) // _SAMPLE) or 1]]
  outer, name = ('', *pathlib.Path(os.path.abspath(root)).parts)[-2:]
  rests = [outer] * folder_names.is_split(outer)
  # Above a set that has train/ itself, and above a folder called data, lie other sets.
  if not outer.lower().startswith('data') and (
      not folder_names.key_of(outer) if folder_names.is_split(name) else
      not folder_names.is_kind(name) and (
          folder_names.is_kind(outer) or folder_names.is_split(outer))):  # A class.
    rests.append(name)
  levels = [(_above(root), pathlib.PurePath())] + [
      (_above(_above(root)), pathlib.PurePath(rest)) for rest in rests]
  found = []
  for level, rest in levels:
    here = [path for path in listed(level) if not _is_above(path, root)]
    found += _of_many(here)
    for folder in filter(os.path.isdir, here):
      inner = folder / rest if os.path.isdir(folder / rest) else folder
      if any(_has(inner, place) for place in places) or _of_many(listed(inner)):
        found.append(inner)
  return found


def _above(folder):
  """Returns the path of the folder that a folder lies in, by its name."""
  return pathlib.Path(os.path.normpath(os.path.join(folder, os.pardir)))


def listed(folder):
  """Returns the paths in a folder but hidden ones, sorted; none where it is closed."""
  try:
    return sorted(path for path in folder.iterdir() if not path.name.startswith('.'))
  except OSError:
    return []


def _is_above(path, root):
  return pathlib.Path(os.path.realpath(root)).is_relative_to(os.path.realpath(path))


def _of_many(paths):
  """Returns the files that annotate many images."""
  files = itertools.islice((path for path in paths if path.suffix.lower() in (
      '.json', '.xml', '.csv') and path.is_file()), _MOST)
  return [path for path in files if any(
      annotations.recognises(name, path) for name in annotations.MANY)]


def _has(folder, place):
  """Returns whether a folder has a file with the name of an image and another ending."""
  begins = re.compile(re.escape(place.stem) + r'[\W_]')
  return any(begins.match(path.name) for inner in {folder, folder / place.parent}
             for path in listed(inner))
