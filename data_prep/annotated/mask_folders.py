"""Settles which classes folders give to the masks in them, or to those of their images."""

import collections
import os
import pathlib
import re
import shlex

from data_prep.annotated import file_names, folder_names, outer_folders, worded_names
from pegan_jax.common import class_names
from pegan_jax.common.errors import listed, UserError

# As of steel/images and steel/masks, and of raw beside masks.
_ONLY = ("masks whose class is the only folder around them all, '{}': where it is none, "
         'name it by --images, and that of the masks by --annotations')
_MIXED = ('images in folders each of which has empty masks, as {}: taken for classes, and '
          'images with an empty mask left out; where they are none, ' + folder_names.PARTS)
_UNKNOWN = ('images whose classes are folders of masks, as {}, of which none has two: '
            'where these are people, days or products, and no classes, put all masks into '
            'one folder, or ' + folder_names.PARTS)
_COUNTED = re.compile(r'([^\W\d_].*?)[ ._-]*\d+')
_CLEAN = 0.25  # Share of empty masks from which folders of both kinds are no classes.


def classes(read_from, folder, outer):
  """Returns {path of a mask: the class that its folder or its image's names, or ''}.

  Args:
    read_from: {image path: [(`marks.Mark`, `masks.Mask`), ...]}.
    folder: `folder.Folder` of the images; gets what is noted.
    outer: from `outer_folders.of`, and folders of images.

  Returns:
    Empty where the folders are no classes, so that empty masks in them are of clean
    images: cameras, and such as have marked and empty masks alike.
  """
  if not read_from:
    return {}
  found, of_images, noted, root = {}, {}, folder.noted, folder.root
  top = os.path.commonpath([  # Of folders that are named, each may be a class.
      os.path.abspath(mark.base) for some in read_from.values() for mark, _ in some])
  below = lambda mark: pathlib.PurePath(os.path.relpath(mark.path, top))
  in_files, in_names = _in_files(read_from), _in_names(read_from, noted)
  for path, some in read_from.items():
    place = outer_folders.without(path.relative_to(root), outer)
    of_images[path] = folder_names.class_of(place)
    for mark, _ in some:
      own = outer_folders.without(below(mark), outer)
      name = folder_names.class_of_mask(own, place)
      found[mark.path] = in_files.get(mark.path, '') if name == path.stem else (
          _agreed(name, in_names.get(mark.path, ''), mark.path))
      if name and any(map(folder_names.has_dated_class, (own, place))):
        noted[folder_names.DATED].append(path)
    if inner := folder_names.below_class(place):
      noted[f"images with masks in folders in that of a class, as '{inner[0]}' in that of "
            f"'{folder_names.class_of(place)}'"].append(path)
  if _are_no_classes(read_from, found, of_images, folder):
    return {}
  only = {*found.values()}
  if len(only) == 1 and '' not in only and not any(
      folder_names.is_in_class(path.relative_to(root))
      and only & {*below(mark).parent.parts}
      for path, some in read_from.items() for mark, _ in some):
    noted[_ONLY.format(*only)] += sorted(read_from)
  if _may_be_anything(read_from, found, root):
    noted[_UNKNOWN.format(listed([f"'{name}'" for name in sorted(only)], 2))] += sorted(
        read_from)
  elif folder_names.are_numbered(only - {''}):
    noted[folder_names.NUMBERED_MASKS] += sorted(
        path for path, some in read_from.items()
        if any(found[mark.path] for mark, _ in some))
  return found


def _may_be_anything(read_from, found, root):
  """Returns whether folders of masks part the images, and no name tells of a defect.

  So do masks_anna and masks_ben, or Deckel/masks and Rahmen/masks. Not so where
  --annotations names them, or one has empty masks: other notes tell of these.
  """
  names = {*found.values()}
  if len(names) < 2 or folder_names.are_numbered(names) or any(
      name == '' or class_names.is_defect(name) or class_names.has_clean_word(name)
      for name in names):
    return False
  return all(len({found[mark.path] for mark, _ in some}) == 1 and all(
      mask.values and not _is_named(mark, found[mark.path], root) for mark, mask in some)
             for some in read_from.values())


def _in_files(read_from):
  """Returns {path of a mask: the class in its name} in folders for each image.

  So 1/crack_0.png and 1/pit_1.png have them, where several such words are in several.
  """
  words, images = {}, {}
  for path, some in read_from.items():
    for mark, _ in some:
      found = _COUNTED.fullmatch(mark.path.stem)
      if mark.path.parent.name == path.stem and found and not (
          folder_names.is_kind(found[1])):
        words[mark.path] = found[1]
        images.setdefault(found[1], set()).add(path)
  return words if len(images) > 1 and min(map(len, images.values())) > 1 else {}


def _in_names(read_from, noted):
  """Returns {path of a mask: the class that its name adds to its image's}; and notes it."""
  names, found = collections.defaultdict(dict), {}
  for path, some in read_from.items():
    for mark, _ in some:
      names[mark.path.parent][mark.path] = mark.path.stem, file_names.bare(path)
  for of_folder in names.values():
    found |= worded_names.words(of_folder) or {}
  if classes_ := sorted({*found.values()} - {''}):
    noted['masks with a word beside the name of their image, which is taken for the class: '
          + listed(classes_, 5)] += sorted(path for path in found if found[path])
  return found


def _agreed(name, word, path):
  """Returns the class that a mask's folder or name says; UserError for two classes."""
  if not word or name.casefold() == word.casefold():
    return name
  if name and not class_names.names_no_kind(name):
    raise UserError(f"{path} is of the class '{name}' by its folder, and of '{word}' by "
                    'its name: move it or, where the folder is right, rename it.')
  return word


def _are_no_classes(read_from, found, of_images, folder):
  """Returns whether folders of images are cameras, items or products, and no classes.

  So are such that say so, as line1, and those of which each has marked images and clean
  ones, which have a mask that is empty. Of numbered ones, as kos01 in KolektorSDD, some may
  have marked images alone. Not so where one is called as a defect or as clean ones, or
  --annotations names it.

  Args:
    read_from, folder: as of `classes`.
    found: {path of a mask: class}.
    of_images: {image path: class by its own folder}.
  """
  empty, of_masks = collections.defaultdict(list), set()
  clean = {path for path in folder.images
           if folder_names.is_clean(path.relative_to(folder.root))}
  for path, some in read_from.items():
    if path in clean:
      continue
    names = {found[mark.path] for mark, _ in some}
    if names != {of_images[path]} or '' in names or any(
        _is_named(mark, *names, folder.root) for mark, _ in some):
      return False
    empty[of_images[path]].append(not any(mask.values for _, mask in some))
    of_masks |= {mark.path.parent for mark, _ in some}
  if not empty:
    return False
  are_places = all(map(folder_names.is_place, empty))
  are_mixed = folder_names.are_numbered(empty) or all(map(any, empty.values()))
  if not are_places and (not are_mixed or any(
      class_names.is_defect(name) or class_names.has_clean_word(name) for name in empty)):
    return False
  said = ' and '.join(f"'{name}'" for name in sorted(empty)[:2])
  share = sum(map(sum, empty.values())) / sum(map(len, empty.values()))
  if not are_places and (share < _CLEAN or clean):
    if all(map(any, empty.values())):
      folder.noted[_MIXED.format(said)] += sorted(read_from.keys() - clean)
    return False
  can_be_named = len(empty) > 1 and of_masks.isdisjoint(
      path.parent for path in read_from) and all(any(
          name in _parts(path, folder.root) for path in of_masks) for name in empty)
  remedy = (f'pass --annotations {shlex.join(map(str, sorted(of_masks)))}'
            if can_be_named else 'put the masks of each into a folder called so, and name '
            'these by --annotations')
  folder.noted[f'{folder_names.NO_CLASSES}, as {said}: where they are classes, {remedy}'
               ] += sorted(read_from.keys() - clean)
  return True


def _is_named(mark, name, root):
  """Returns whether --annotations names a folder of masks that is called as a class."""
  return name in _parts(mark.base, root)


def _parts(path, root):
  return pathlib.PurePath(os.path.relpath(path, root)).parts
