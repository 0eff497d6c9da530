"""Parts images from more masks of images that are marked, as masks_old beside masks.

Their folders are called as those of no masks are; `unnamed_masks` finds them by their
pixels and the names of their images.
"""

import collections
import os
import pathlib
import shlex

import numpy as np

from data_prep.annotated import folder_names, reasons, unnamed_masks
from pegan_jax.annotations import components
from pegan_jax.annotations import masks as masks_lib

_MOST_NAMED = 3  # Folders that advice names.


def part(folder, fitted, unnamed_marks, named):
  """Returns a `Folder` without images that are more masks of others.

  One with the same pixels as the image's own says no more. Where another marks something,
  that is a problem, unless --annotations names what is to be read: then it is one of the
  unnamed marks.

  Args:
    folder: `folder.Folder`.
    fitted: `fitting.Fitted` of it.
    unnamed_marks: {image path: list of `Region`}; gets those of such masks.
    named: what --annotations names.
  """
  own = collections.defaultdict(list)
  for mark, path in fitted.labels + fitted.masks:
    own[path].append(mark)
  free = [path for path in folder.images if path not in own
          and not folder_names.is_clean(path.relative_to(folder.root))]
  found = dict(unnamed_masks.find(free, folder.images, folder.root))
  others = []
  for path, image in found.items():
    marked = masks_lib.read(path).marked()
    if named:
      folder.left_out[reasons.UNNAMED].append(path)
      unnamed_marks.setdefault(image, []).extend(components.pieces(marked))
    elif _is_same(marked, own[image]):
      folder.left_out[reasons.SAME].append(path)
    elif own[image] or marked.any():
      others.append(path)
  if others:
    folder.problems.add(_said(others, found, own, folder))
  return folder._replace(images=[path for path in folder.images if path not in found])


def _is_same(marked, marks):
  """Returns whether masks of an image, which are `Mark`s, mark the same pixels."""
  if not marks or any(mark.format != 'masks' for mark in marks):
    return False
  own = np.zeros_like(marked)
  for mark in marks:
    mask = masks_lib.read(mark.path)
    if (mask.height, mask.width) != own.shape:
      return False  # It is told where it is read.
    own |= mask.marked()
  return np.array_equal(own, marked)


def _said(others, found, own, folder):
  """Returns what is wrong with masks that mark images otherwise; see `part`."""
  path = next((path for path in others if own[found[path]]), None)
  if not path:
    return unnamed_masks.said(others[0], found[others[0]], folder.root)
  used = {mark.path for marks in own.values() for mark in marks}
  folders = _folders_of(used, [*found, *folder.images])
  return (
      f'{path} looks like a mask of {found[path]}, which {own[found[path]][0].path} '
      'marks in another way'
      + f', and so do {len(others) - 1} more files' * (len(others) > 1)
      + ': ' + f'pass --annotations {shlex.join(map(str, folders))}, by which such places '
      'are only kept clear of backgrounds, or the folders that are right, or '
      * bool(folders) + 'move such files to another place.')


def _folders_of(used, others):
  """Returns the folders that hold what marks images and none of the others, or []."""
  top = pathlib.Path(os.path.commonpath([path.parent for path in used]))
  for folders in ([top], sorted({path.parent for path in used})):
    if len(folders) <= _MOST_NAMED and not any(
        path.is_relative_to(folder) for path in others for folder in folders):
      return folders
  return []
