"""Says which other folders to name where those that are named do not do.

A way is {flag of `build`: path, or paths, or None to leave it out}; it is told only where
it was tried, and reads the folders.
"""

import dataclasses
import os
import pathlib
import shlex

from data_prep.annotated import beside, clean_folders, folder_names
from data_prep.crops.cutting import BACKGROUND
from data_prep.images import reading
from data_prep.images.problems import Problems
from pegan_jax.common.errors import UserError


def tried(error, options, find):
  """Returns the `UserError` that says what is wrong, and the first way that does, if any.

  Args:
    error: `problems.Misnamed`.
    options: `options.Options` that it came of.
    find: function of options and `Problems`: what the folders hold, an `inputs.Found`.
  """
  way = next((way for way in _ways(error, options)
              if _reads(dataclasses.replace(options, **way), find)), None)
  return UserError(f'{error.said}: {_phrase(way, options) if way else error.advice}.')


def _reads(options, find):
  """Returns whether folders can be read, and hold defects and what may be background."""
  problems = Problems()
  with problems.collected():
    found = find(options, problems)
    return not problems and bool(found.crops or found.cut) and bool(
        found.clean or found.layout.annotated)
  return False


def _phrase(way, options):
  passed = [f'--{name} {shlex.join([value] if isinstance(value, str) else value)}'
            for name, value in way.items() if value]
  left = [f'--{name}' for name, value in way.items()
          if not value and getattr(options, name)]
  return f"pass {' '.join(passed)}" + f" in place of {' and '.join(left)}" * bool(left)


def _ways(error, options):
  root = pathlib.Path(error.root)
  if error.flag == 'images':
    return [{'annotations': (str(path),)} for path in beside.annotations_of(
        root, error.paths)]
  if not root.is_dir():
    return []
  paths = error.paths or reading.list_images(root)
  ways = _of_clean_inside(root, paths, options) + [
      {'clean': (path,)} for path in clean_folders.beside(root) if not options.clean]
  if not options.images and beside.annotations_of(root, paths):  # As MVTec's test/ has.
    above = os.path.normpath(os.path.join(root, os.pardir))
    ways.append({'images': above, 'defects': None})
  return ways


def _of_clean_inside(root, paths, options):
  """Returns the ways to name both crops and the clean folders inside of theirs.

  Args:
    root: path of the crops' folder.
    paths: of images below it.
    options: as of `tried`.
  """
  inside = sorted({str(root.joinpath(*parts)) for parts in (
      _down_to_clean(path.relative_to(root)) for path in paths) if parts})
  outside = [path for path in options.clean if not pathlib.Path(
      os.path.realpath(path)).is_relative_to(os.path.realpath(root))]
  as_images = {'images': str(root), 'defects': None, 'clean': tuple(outside)}
  named = {'clean': (*outside, *inside)}
  ways = [named, as_images] if len(inside) == 1 else [as_images, named]
  return [way for way in ways if inside and not ('images' in way and options.images)]


def _is_clean(name):
  return folder_names.is_clean_name(name) or name.casefold() == BACKGROUND


def _down_to_clean(place):
  parts = place.parent.parts
  return next((parts[:k + 1] for k, part in enumerate(parts) if _is_clean(part)), ())
