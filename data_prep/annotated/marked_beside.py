"""Refuses images that are used as whole, and that something beside their folder marks.

So labels/ beside images/ does, and a list in the folder above, where images/ is named.
"""

import collections
import os
import pathlib
import re
import shlex

from data_prep.annotated import beside, file_kinds, folder_names, matching, unread
from data_prep.annotated import labels as labels_lib
from data_prep.images import reading
from data_prep.images.problems import Problems
from pegan_jax import annotations
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

_SUFFIXES = ('.txt', '.xml', '.json', '.csv')
_SAMPLE = 5  # Images whose names are sought in folders,
_MOST = 500  # and in files.
_FOLDERS = 50  # Where there are more, no set is, but all sorts of things.
_LARGEST = 1 << 27  # Bytes; anything may lie in the folder above.
_OF_IMAGES = re.compile(rf'{folder_names.IMAGES}|data(?:sets?)?|defects|rgb|png|jpegimages|'
                        r'(?:.*[ _-])?originals?(?:[ _-].*)?|inputs?')


def refuse(flag, folder, paths, are_clean):
  """Raises UserError where something beside a folder, or above, marks its images.

  A file of the name of one of them that is of another image as well marks nothing here.

  Args:
    flag: the option that named the folder.
    folder: path of it.
    paths: of its images.
    are_clean: whether they are taken to show no defect.
  """
  root = pathlib.Path(os.path.abspath(folder))
  images = [root / path.relative_to(folder) for path in paths]
  for level in _levels(root):
    if others := _files(level, root, images):
      _refuse(flag, folder, images, level, others, are_clean)


def _levels(root):
  """Returns the folders above one: one, and more where that is a part of a set.

  Above a folder called data lies anything.
  """
  levels = [root.parent]
  while len(levels) < 3 and not levels[-1].name.lower().startswith('data') and (
      folder_names.is_split(levels[-1].name) or folder_names.is_kind(levels[-1].name)):
    levels.append(levels[-1].parent)
  return [level for level in levels if level != level.parent]


def _files(level, root, images):
  """Returns the files in a folder, and in such below it, that may mark images of another.

  The latter are called as those of masks and labels are, or have files of their names.
  """
  here = beside.listed(level)
  if sum(map(pathlib.Path.is_dir, here)) > _FOLDERS:
    return []
  stems = [path.stem.encode() for path in images[::-(-len(images) // _MOST)]]
  names = [path.stem + suffix for path in images[::-(-len(images) // _SAMPLE)]
           for suffix in _SUFFIXES if path.parent == root]
  found = []
  for path in here:
    if path.is_file() and path.suffix.lower() in _SUFFIXES and _mentions(path, stems):
      found.append(path)
    elif path.is_dir() and not root.is_relative_to(path):
      is_of_masks = folder_names.is_mask_folder(pathlib.PurePath(path.name, 'x'))
      if is_of_masks or _is_of_labels(path.name) or _may_mark(path, names, stems):
        found += [file for file in listing.walk(path)
                  if is_of_masks or file.suffix.lower() in _SUFFIXES]
  return sorted(found)


def _mentions(path, words):
  """Returns whether a file has one of some words, given as bytes."""
  try:
    if path.stat().st_size > _LARGEST:
      return False
    text = path.read_bytes()
  except OSError:
    return False
  return any(word in text for word in words)


def _may_mark(folder, names, stems):
  """Returns whether a folder has files of images' names, or a JSON of them, no image."""
  try:
    files = [path for path in folder.iterdir() if path.suffix.lower() in (
        *_SUFFIXES, *reading.EXTENSIONS)]
  except OSError:
    return False
  return not any(path.suffix.lower() in reading.EXTENSIONS for path in files) and (
      any((folder / name).is_file() for name in names) or any(
          _mentions(path, stems) for path in files[:_SAMPLE]
          if path.suffix.lower() == '.json'))


def _is_of_labels(name):
  return folder_names.is_kind(name) and not _OF_IMAGES.fullmatch(name.lower())


def _refuse(flag, folder, images, level, others, are_clean):
  """Raises UserError where some of the files in a folder mark images; see `refuse`."""
  every = [*images, *({*reading.list_images(level)} - {*images, *others})]
  own, left_out, problems = {*images}, collections.defaultdict(list), Problems()
  marks = [mark for mark in file_kinds.marks_of(
      others, level, {*annotations.READ, 'masks'}, left_out, problems)
           if mark.annotated or mark.format == 'masks'
           or mark.format and annotations.recognises(mark.format, mark.path)]
  fitted = [(mark, some[0]) for mark, some in zip(
      marks, matching.match(marks, every, level)[0]) if len(some) == 1 and some[0] in own]
  for mark, path in fitted:
    if mark.format == 'masks' and masks_lib.is_mask(mark.path) and (
        masks_lib.read(mark.path).values):
      _raise(flag, folder, mark.path, path, level, are_clean)
  for labels in matching.rounds(pair for pair in fitted if pair[0].format != 'masks'):
    found = labels_lib.read(labels, collections.defaultdict(list), problems)
    for mark, path in labels:
      if path in found and found[path].regions:
        _raise(flag, folder, mark.path, path, level, are_clean)
  if are_clean:
    counts = collections.Counter(path.name for path in every)
    said = [(file, {path: said for path, said in of_images.items()
                    if counts[path.name] == 1}, loose)
            for file, of_images, loose in unread.said(
                file_kinds.may_mark(left_out), every, level)]
    unread.refuse_of_clean(said, images, every, level)


def _raise(flag, folder, file, image, level, are_clean):
  what = ('for images without defects' if are_clean else
          'for crops, which are used as whole')
  reads = 'which reads it' + ', and what is annotated as empty is clean' * are_clean
  raise UserError(
      f'{flag} {folder} is {what}, and {file} marks one, {image.relative_to(level)}: pass '
      f'--images {shlex.quote(str(level))} in its place, {reads}, or say by --format '
      'classes that it marks nothing.')
