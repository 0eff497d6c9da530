"""Refuses folders that are called as those of clean images are, and may be no such."""

import itertools
import os
import pathlib
import re
import shlex

from data_prep.annotated import folder_names
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

_MOST = 3  # Folders that advice names.


def check_above(clean, crops, root):
  """Raises UserError for a clean image in the folder of a class of crops.

  So it is in crack/normal beside crack/dark, of two lights, and in screw/good beside
  screw/scratch, of two products.

  Args:
    clean: paths of images that are clean by their place.
    crops: {class: paths}.
    root: path of the images' folder.
  """
  found = {}
  for path in clean:
    parts = _folder(path, root)
    name = folder_names.class_of(pathlib.PurePath(*parts[:-1], path.name))
    if name in crops:
      found.setdefault(root.joinpath(*parts), (path, name))
  if found:
    folder, (path, name) = next(iter(found.items()))
    others = any(root.joinpath(*_folder(path, root)) not in found for path in clean)
    raise UserError(
        f"{path} is clean by its folder '{folder.name}', and lies in one called '{name}' "
        f"as the class of {crops[name][0]}: where '{name}' is the class and it shows no "
        f'defect, move {_listed(found)} out of the folders of classes, as to '
        f'{_targets(found, root)}; where it shows one, '
        'rename such folders' + ', and pass images without by --clean' * (not others)
        + _inner(folder, clean, [*itertools.chain(*crops.values())]) + '.')


def _targets(folders, root):
  """Returns where folders of clean images can be moved to, as part of a sentence."""
  good = root / 'good'
  return _listed([good] if len(folders) == 1 and not good.exists() else [
      good / f'{k + 1}' for k in range(len(folders))])


def _inner(folder, clean, crops):
  """Returns what to do where the folders beside one of clean images are the classes.

  Args:
    folder: one of clean images.
    clean, crops: paths of all clean images and of all others.
  """
  outer = folder.parent
  names = sorted({path.relative_to(outer).parts[0] for path in crops
                  if outer in path.parent.parents})
  if not names:
    return ''
  left_out = sum(outer not in path.parents for path in [*clean, *crops])
  return (f"; where the folders beside it, as '{names[0]}', are the classes, pass --images "
          f'{shlex.quote(str(outer))}' + f', which leaves out the {left_out} images '
          'outside of it: build a set of each folder that is of one product' * bool(
              left_out))


def check_lights(clean, named):
  """Raises UserError for images called 'normal' where all others are of lights, as dark.

  Args:
    clean: as of `check_above`.
    named: {class: a path of it}.
  """
  path = next((path for path in clean if path.parent.name.lower() == 'normal'), None)
  if path and named and all(map(folder_names.is_light, named)):
    raise UserError(
        f"{path} is clean by its folder 'normal', which may be a light, as "
        f"'{min(named)}' is: call it 'good' where it shows no defect, and 'plain' where it "
        'shows one.')


def check_below(clean, named, root, noted):
  """Raises UserError for a clean image in a folder of its own that speaks of a defect.

  So it is in clean/crack beside crack, and, where good has images beside it, in
  good/rejected and good/todo; good/late is noted there.

  Args:
    clean, named, root: as of `check_lights` and `check_above`.
    noted: as of `folder.Layout`.
  """
  with_images = {path.parent for path in clean}
  called, of_defects = {}, {}
  for path in clean:
    parts = _folder(path, root)
    below = path.relative_to(root).parent.parts[len(parts):]
    if name := next((name for name in below if name in named), ''):
      called.setdefault(_down_to(path, name), (path, parts[-1]))
    elif root.joinpath(*parts) in with_images:
      if name := next((name for name in below if class_names.is_defect(name)
                       or class_names.is_undecided(name)), ''):
        of_defects.setdefault(_down_to(path, name), (path, parts[-1]))
      elif name := folder_names.outer_class_of(pathlib.PurePath(*below, path.name)):
        noted[f"images in '{name}', a folder in that of clean images, '{parts[-1]}': taken "
              'for clean'].append(path)
  if called:
    folder, (path, good) = next(iter(called.items()))
    raise UserError(
        f"{path} is clean by its folder '{good}', and lies in one called '{folder.name}' "
        f'as the class of {named[folder.name]}: rename {_listed(called)} or, where it '
        'shows a defect, move it away.')
  if of_defects:
    folder, (path, good) = next(iter(of_defects.items()))
    raise UserError(
        f"{path} is clean by its folder '{good}', and lies in one called '{folder.name}': "
        f"move {_listed(of_defects)} out of '{good}' or, where it shows no defect, rename "
        'it.')


def check_beside(clean, below, in_all, root):
  """Raises UserError for a clean image in a folder called as one below a class.

  So it is in clean/crack beside raw/crack: crack may be a defect, and may be a camera. In
  good/cam1 and crack/cam1, whose names differ from others by a number alone, it is none;
  nor is left, where each of several classes has such a folder.

  Args:
    clean, root: as of `check_above`.
    below: {name of a folder below a class's: (class, a path in it)}.
    in_all: names of those that lie in each of several classes.
  """
  below = {name: of for name, of in below.items()
           if name not in in_all or class_names.is_defect(name)}
  found = {}
  for path in clean:
    parts = _folder(path, root)
    for part in path.relative_to(root).parent.parts[len(parts):]:
      if part in below and not re.search(r'\d', part):
        found.setdefault(_down_to(path, part), (path, parts[-1]))
  if found:
    folder, (path, good) = next(iter(found.items()))
    name, other = below[folder.name]
    raise UserError(
        f"{path} is clean by its folder '{good}', and '{folder.name}' is a folder of the "
        f"class '{name}' too ({other}): where '{folder.name}' is a defect, rename "
        f'{_listed(found)}, or move away what shows one; where it is none, as a camera or '
        'a line is, say so by --format classes.')


def with_word(crops):
  """Returns the folders of crops, sorted, whose names have a word for clean, as A_good's.

  Args:
    crops: {class: paths}.
  """
  return sorted({folder for name in crops if class_names.may_be_clean(name, crops)
                 for folder in of_class(name, crops[name])})


def of_class(name, paths):
  """Returns the folders, sorted text, of the crops of a class."""
  return sorted({str(next((folder for folder in path.parents
                           if folder.name.startswith(name)), path.parent))
                 for path in paths})


def may_be(paths):
  """Returns the folders of crops that may be of clean ones, by their names.

  So are UD beside CD in SDNET2018, of cracked decks and such that are not, sans_fissure,
  and OK_cam2.

  Args:
    paths: of the crops.

  Returns:
    Sorted list of text.
  """
  beside = {}
  for folder in {path.parent for path in paths}:
    beside.setdefault((folder.parent, folder.name[1:]), []).append(folder)
  found = {folder for (_, rest), some in beside.items() for folder in some
           if rest and len(some) == 2 and folder.name[0] == 'U'}
  found |= {folder for some in beside.values() for folder in some
            if class_names.has_clean_word(folder.name)}
  return sorted(map(str, found))


def unannotated(annotated, rest, root):
  """Returns folders of images without an annotation in which none has one: new_parts.

  Not so what is called as a part of a set, a camera, or what has a defect or is undecided.

  Args:
    annotated, rest: paths of images with and without an annotation.
    root: path of their folder.

  Returns:
    Sorted list of text, empty where there are more than three.
  """
  marked = {folder for path in annotated for folder in path.parents}
  found = set()
  for path in rest:
    parts = path.relative_to(root).parent.parts
    above = (root.joinpath(*parts[:k + 1]) for k in range(len(parts)))
    folder = next((folder for folder in above if folder not in marked), None)
    if folder and not any(of(part) for part in parts for of in (
        folder_names.is_split, folder_names.is_place, class_names.is_defect,
        class_names.is_undecided)):
      found.add(folder)
  return sorted(map(str, found)) if len(found) <= _MOST else []


def beside(root):
  """Returns the folders beside one that are called as those of clean images are, as str."""
  above = os.path.normpath(os.path.join(root, os.pardir))
  try:
    names = sorted(os.listdir(above))
  except OSError:  # It may be closed to us.
    return []
  return [path for path in (os.path.join(above, name) for name in names)
          if folder_names.is_clean_name(os.path.basename(path)) and os.path.isdir(path)
          and not os.path.samefile(path, root)]


def note_versions(clean, root, noted):
  """Notes clean images in a folder such as good_old; arguments of `check_below`."""
  for path in clean:
    name = ([*_folder(path, root)] or [''])[-1]
    if folder_names.is_clean_version(name):
      noted[f"images in '{name}': taken for clean, as its name has such a word"
            ].append(path)


def _down_to(path, name):
  """Returns the folder of a name that a path lies in."""
  return next(folder for folder in path.parents if folder.name == name)


def _listed(folders):
  """Returns folders as part of a sentence: all of them, as each is to be changed."""
  return ' and '.join(shlex.quote(str(folder)) for folder in sorted(folders))


def _folder(path, root):
  """Returns the parts of the folder that says that an image is clean; () for none."""
  parts = path.relative_to(root).parent.parts
  return next((parts[:k + 1] for k, part in enumerate(parts)
               if folder_names.is_clean_name(part)), ())


def of(clean, root):
  """Returns the folders, sorted text, that say that images are clean; see `check_above`."""
  return sorted({str(root.joinpath(*_folder(path, root))) for path in clean})


def without_marked(clean, found, root, noted):
  """Returns the clean images but those in folders in which others have a mark.

  Args:
    clean: paths of images that are clean by their place.
    found: {image path: `Annotated`}.
    root: path of the images' folder.
    noted: as of `folder.Layout`.
  """
  marked = {_folder(path, root) for path, annotated in found.items()
            if annotated.regions} - {()}
  noted['images in a folder that is called as clean ones are, and in which others are '
        'marked: not taken for clean'] += [
            path for path in clean if _folder(path, root) in marked]
  return [path for path in clean if _folder(path, root) not in marked]
