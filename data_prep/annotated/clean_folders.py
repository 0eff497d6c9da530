"""Refuses folders that are called as those of clean images are, and may be no such."""

import pathlib

from data_prep.annotated import folder_names
from pegan_jax.common.errors import UserError


def check(clean, named, root):
  """Raises UserError for a clean image in, or beside, what is a class elsewhere.

  So it is in clean/crack beside raw/crack, of cleaned images, and in crack/normal beside
  crack/dark, of lights.

  Args:
    clean: paths of images that are clean by their place.
    named: {class that folders name: a path of it}.
    root: path of the images' folder.
  """
  for path in clean:
    parts = path.relative_to(root).parent.parts
    k = next(k for k, part in enumerate(parts) if folder_names.is_clean_name(part))
    above = folder_names.class_of(pathlib.PurePath(*parts[:k], path.name))
    below = next((part for part in parts[k + 1:] if part in named), '')
    if below or above in named:
      name = below or above
      raise UserError(
          f"{path} is clean by its folder '{parts[k]}', and lies in one called '{name}' as "
          f'the class of {named[name]}: rename one of them, or name by --images a folder '
          'in which each class has one folder.')


def without_marked(clean, found, root, noted):
  """Returns the clean images but those in folders in which others have a mark.

  Args:
    clean: paths of images that are clean by their place.
    found: {image path: `Annotated`}.
    root: path of the images' folder.
    noted: as of `layouts.Layout`.
  """
  def folder(path):
    parts = path.relative_to(root).parent.parts
    return next((parts[:k + 1] for k, part in enumerate(parts)
                 if folder_names.is_clean_name(part)), None)
  marked = {folder(path) for path, annotated in found.items() if annotated.regions} - {None}
  if some := [path for path in clean if folder(path) in marked]:
    noted['images in a folder that is called as clean ones are, and in which others are '
          'marked: not taken for clean'] += some
  return [path for path in clean if folder(path) not in marked]
