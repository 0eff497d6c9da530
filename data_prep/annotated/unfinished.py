"""Notes images that are annotated as clean, and may only not be marked yet."""

import collections
import pathlib
import re

from data_prep.annotated import folder_names, said_by_names
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

_LEAST = 3  # Images without a mark, and with one before them.
_CHANCE = 1e-3  # Of as many without a mark at the end, by their share before.
_REMEDY = (': taken for clean; where some are only not marked yet, mark them, or take '
           'them away')


def of_empty(annotated, clean, root):
  """Returns what to note, {note: paths}, of annotations that mark nothing.

  So may all be where most are so, or the last ones by name: people mark one after another.

  Args:
    annotated: list of (image path, `Annotated`).
    clean: paths of images that are clean by their folder, besides.
    root: path of the images' folder; what is clean by its folder there is not noted.
  """
  by_name = collections.defaultdict(list)
  for path, image in annotated:
    if not folder_names.is_clean(path.relative_to(root)):
      by_name[path.parent, said_by_names.bare(path)].append((path, not image.regions))
  empty = [path for path, image in annotated if not image.regions]
  if beside := _beside_clean(annotated, clean, root):
    return {'images whose annotation marks nothing, in a folder of which most are marked, '
            'beside one of clean images' + _REMEDY: beside}
  if 2 * len(empty) > len(annotated):
    return {'images whose annotation marks nothing, more than half of all' + _REMEDY: empty}
  last = [path for some in by_name.values() for path in _last(some)]
  return {'images whose annotation marks nothing, which are the last by their names'
          + _REMEDY: sorted(last)} if last else {}


def _beside_clean(annotated, clean, root):
  """Returns paths without a mark in folders of marked images, where others are of clean."""
  by_folder, has_clean = collections.defaultdict(list), bool(clean)
  for path, image in annotated:
    if folder_names.is_clean(path.relative_to(root)):
      has_clean = True
    else:
      by_folder[path.parent].append((path, not image.regions))
  return sorted(
      path for some in by_folder.values()
      if has_clean and len(some) >= 2 * _LEAST and 2 * sum(no for _, no in some) < len(some)
      for path, is_empty in some if is_empty)


def refuse_in_bad(paths, root, classes):
  """Raises UserError where images without a mark lie in a folder called as defects are.

  Args:
    paths: of images that are annotated as clean.
    root: path of the images' folder.
    classes: names of those of the set.
  """
  known = {name.casefold() for name in classes}
  for path in sorted(paths):
    for name in reversed(path.relative_to(root).parent.parts):
      if folder_names.is_clean_name(name):
        break
      if class_names.names_no_kind(name) or said_by_names.class_in(
          pathlib.PurePath(name), known):
        raise UserError(
            f"{path} is annotated as clean, and lies in '{name}', a folder called as "
            'defects are: mark what it shows, or move it away or, where it shows none, '
            'into a folder called good.')


def _last(some):
  """Returns the paths at the end that are empty, where that is hardly by chance."""
  some = sorted(some, key=lambda pair: [  # 9 before 10.
      (int(part or 0), '') if k % 2 else (0, part)
      for k, part in enumerate(re.split('([0-9]+)', pair[0].name))])
  count = next((k for k, (_, is_empty) in enumerate(reversed(some)) if not is_empty), 0)
  before = [is_empty for _, is_empty in some[:len(some) - count]]
  share = (1 + sum(before)) / (2 + len(before))
  if count < _LEAST or before.count(False) < _LEAST or share ** count > _CHANCE:
    return []
  return [path for path, _ in some[-count:]]
