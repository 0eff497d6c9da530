"""Refuses masks that are saved in a format of images that is not read, as GIF."""

import pathlib

from data_prep.annotated import file_names, folder_names, matching
from data_prep.annotated.marks import Mark
from data_prep.images import reading
from pegan_jax.common.errors import UserError


def refuse(left_out, paths, root, named=(), marked=()):
  """Raises UserError where pictures that are not read are masks of images by their names.

  Args:
    left_out: {reason: [paths]} of files that are not used.
    paths: of the images that have no mark.
    root: their folder.
    marked: paths of those that have one: of what may be of these, too, nothing is said.
    named: what --annotations names, in which all that has an image's name is a mask of it.
  """
  pictures = sorted({path for some in left_out.values() for path in some
                     if reading.is_picture_not_read(path)})
  marks = [mark for path in pictures if (mark := _mark(path, root, named))]
  if not marks or not paths:
    return
  for mark, found in zip(marks, matching.match(marks, [*paths, *marked], root)[0]):
    if found and not {*found} & {*marked}:
      raise UserError(
          f'{mark.path} is a mask of {found[0]} by its name, and {mark.path.suffix} is not '
          'read: save such masks as PNG, in the same folder and under the same names.')


def _mark(path, root, named):
  """Returns the `Mark` of a picture; None for one that is no mask by its name."""
  for base in map(pathlib.Path, named):
    if path.is_relative_to(base):
      return Mark('masks', path,
                  path.relative_to(base if base != path else base.parent), base)
  if not path.is_relative_to(root):
    return None
  place = path.relative_to(root)
  return Mark('masks', path, place, root) if (
      folder_names.is_mask_folder(place)
      or file_names.stem_of_mask(place) != file_names.bare(place)) else None
