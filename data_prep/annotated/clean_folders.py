"""Refuses folders that are called as those of clean images are, and may be no such."""

import pathlib
import re

from data_prep.annotated import folder_names
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError


def check_above(clean, named, root):
  """Raises UserError for a clean image in the folder of a class of crops.

  So it is in crack/normal beside crack/dark, of two lights, and in screw/good beside
  screw/scratch, of two products.

  Args:
    clean: paths of images that are clean by their place.
    named: {class: a path of it}.
    root: path of the images' folder.
  """
  for path in clean:
    parts = _folder(path, root)
    name = folder_names.class_of(pathlib.PurePath(*parts[:-1], path.name))
    if name in named:
      raise UserError(_said(path, parts[-1], name, named))


def check_lights(clean, named):
  """Raises UserError for images called 'normal' where all others are of lights, as dark.

  The arguments are those of `check_above`.
  """
  path = next((path for path in clean if path.parent.name.lower() == 'normal'), None)
  if path and named and all(map(folder_names.is_light, named)):
    raise UserError(
        f"{path} is clean by its folder 'normal', which may be a light, as "
        f"'{min(named)}' is: call it 'good' where it shows no defect, or name by --images "
        'a folder in which each class has one folder.')


def check_below(clean, named, root, noted):
  """Raises UserError for a clean image in a folder of its own that speaks of a defect.

  So it is in clean/crack beside crack, and, where good has images beside it, in
  good/rejected; good/late is noted there.

  Args:
    clean, named, root: as of `check_above`.
    noted: as of `layouts.Layout`.
  """
  with_images = {path.parent for path in clean}
  for path in clean:
    parts = _folder(path, root)
    below = path.relative_to(root).parent.parts[len(parts):]
    if name := next((name for name in below if name in named), ''):
      raise UserError(_said(path, parts[-1], name, named))
    if root.joinpath(*parts) in with_images:
      if name := next(filter(class_names.is_defect, below), ''):
        raise UserError(
            f"{path} is clean by its folder '{parts[-1]}', and lies in one called '{name}': "
            f"move '{name}' out of that folder or, where it shows no defect, rename it.")
      if name := folder_names.outer_class_of(pathlib.PurePath(*below, path.name)):
        noted[f"images in '{name}', a folder in that of clean images, '{parts[-1]}': taken "
              'for clean'].append(path)


def check_beside(clean, below, root):
  """Raises UserError for a clean image in a folder called as one below a class.

  So it is in clean/crack beside raw/crack: crack may be a defect, and may be a camera. In
  good/cam1 and crack/cam1, whose names differ from others by a number alone, it is none.

  Args:
    clean, root: as of `check_above`.
    below: {name of a folder below a class's: (class, a path in it)}.
  """
  for path in clean:
    parts = _folder(path, root)
    for part in path.relative_to(root).parent.parts[len(parts):]:
      if part in below and not re.search(r'\d', part):
        name, other = below[part]
        raise UserError(
            f"{path} is clean by its folder '{parts[-1]}', and '{part}' is a folder of the "
            f"class '{name}' too ({other}). If '{part}' is a defect, name by --images a "
            'folder in which each class has one folder; if it is none, as a camera or a '
            'line is, say so by --format classes.')


def _said(path, folder, name, named):
  return (f"{path} is clean by its folder '{folder}', and lies in one called '{name}' as "
          f'the class of {named[name]}: rename one of them, or name by --images a folder '
          'in which each class has one folder.')


def _folder(path, root):
  """Returns the parts of the folder that says that an image is clean; () for none."""
  parts = path.relative_to(root).parent.parts
  return next((parts[:k + 1] for k, part in enumerate(parts)
               if folder_names.is_clean_name(part)), ())


def without_marked(clean, found, root, noted):
  """Returns the clean images but those in folders in which others have a mark.

  Args:
    clean: paths of images that are clean by their place.
    found: {image path: `Annotated`}.
    root: path of the images' folder.
    noted: as of `layouts.Layout`.
  """
  marked = {_folder(path, root) for path, annotated in found.items()
            if annotated.regions} - {()}
  noted['images in a folder that is called as clean ones are, and in which others are '
        'marked: not taken for clean'] += [
            path for path in clean if _folder(path, root) in marked]
  return [path for path in clean if _folder(path, root) not in marked]
