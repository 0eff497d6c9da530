"""Lists the folders of --defects and --clean, which nothing annotates."""

import collections
import os
import pathlib
import shlex

from data_prep.annotated import built_sets, checks, copied_folders, file_kinds, fitting
from data_prep.annotated import folder_names, gathered_folders, matching, mentions
from data_prep.annotated import said_by_names, unnamed_masks, unread
from data_prep.annotated import labels as labels_lib
from data_prep.images import reading
from data_prep.images.problems import Misnamed, Problems
from pegan_jax import annotations
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.common import class_names, listing
from pegan_jax.common.errors import listed, UserError


def list_clean(folder, format='', tags=(),  # pylint: disable=redefined-builtin
               noted=None):
  """Lists the images of --clean, without empty masks beside them.

  Args:
    folder: path of the folder.
    format: as of --format; where it is given, a file marks nothing unless it is surely of
      a kind that is read.
    tags: as of `labels.read`.
    noted: as of `folder.Layout`; gets files that speak of the images.

  Raises:
    UserError: there are none, or something in the folder marks a defect, or may.
  """
  root, left_out = pathlib.Path(folder), collections.defaultdict(list)
  noted = collections.defaultdict(list) if noted is None else noted
  images = checks.list_images(folder, '--clean')
  made = built_sets.files(root, images, '--clean')
  images, masks = file_kinds.part([path for path in images if path not in made], root)
  problems = Problems()
  marks = _marks(root, {*images, *masks} | made, left_out, problems)
  marked = [path for path in masks if masks_lib.read(path).values]
  unsure = {mark.path for mark in marks if not _is_sure(mark)} if format else (
      fitting.doubtful(marks))
  marked += _marked([mark for mark in marks if mark.path not in unsure], images, root,
                    problems, tags)
  problems.check()
  if marked:
    raise UserError(f'--clean {folder} is for images without defects, and {marked[0]} '
                    'marks one: pass the folder as --images, where what is annotated as '
                    'empty is clean; where it marks a part, and no defect, move such files '
                    'to another folder.')
  if not format:
    unnamed_masks.refuse(images, images, root, noted, '--clean')
    said = unread.said(file_kinds.may_mark(left_out) + sorted(unsure), images, root)
    unread.refuse_of_clean(said, images, images, root)
    unread.note(said, noted, images)
    mentions.note(left_out, noted, images)
  if made:
    noted[built_sets.NOTE] += sorted(made)
  return images


def called_as_defects(paths, folder, classes):
  """Returns {what is noted: paths} of images of --clean in folders called as defects.

  Args:
    paths: of all its images.
    folder: path of --clean.
    classes: names of those of the set.

  Raises:
    UserError: a folder is called as a class.
  """
  by_name = collections.defaultdict(list)
  for path in paths:
    for name in path.relative_to(folder).parent.parts:
      by_name[name].append(path)
  if name := min(by_name.keys() & classes, default=''):
    raise UserError(f'--clean {folder} is for images without defects, and '
                    f"{by_name[name][0]} lies in a folder called as the class '{name}': "
                    'name a folder without it by --clean or, where it shows no defect, '
                    'rename it.')
  bad = {path for name in by_name
         if class_names.names_no_kind(name) or class_names.is_undecided(name)
         for path in by_name[name]}
  if 0 < len(bad) < len(paths):
    raise UserError(f'--clean {folder} is for images without defects, and {min(bad)} lies '
                    'in a folder that says that it has one or is put aside, as others do '
                    'not: name a folder without it by --clean or, where it shows no '
                    'defect, rename it.')
  others = sorted(name for name in by_name if not (
      folder_names.is_clean_name(name) or folder_names.is_split(name)
      or folder_names.is_place(name) or folder_names.is_kind(name)))
  return {f'images of --clean in folders of its own, as {listed([*map(repr, others)], 3)}: '
          'taken for clean': sorted({path for name in others for path in by_name[name]})
          } if others else {}


def called_as_defects_by_name(paths, classes):
  """Returns {what is noted: paths} where all clean images are called as defects are.

  Args:
    paths: of all images that are taken for clean.
    classes: names of those of the set.

  Raises:
    UserError: some of them are, as good/NOK_1.png beside good/OK_1.png.
  """
  known, called, unsure = {name.casefold() for name in classes}, {}, []
  for path in paths:
    name, (word, is_sure) = said_by_names.bare(path), said_by_names.defect(path)
    if name.casefold() in known or is_sure:
      called[path] = word or name
    elif word or said_by_names.class_in(path, known):
      unsure.append(path)
  noted = {'clean images whose names have a word for a defect, or that of a class, as '
           'others have not: taken for clean; where they show one, move them away': unsure
           } if 0 < len(unsure) < len(paths) else {}
  if 0 < len(called) < len(paths):
    path = min(called)
    raise UserError(
        f"{path} is taken for clean, and its name says '{called[path]}', as those of "
        f'{len(called)} of {len(paths)} clean images say that they show a defect: move '
        'these away or, where they show none, rename them.')
  return noted | ({'images whose names say that they show a defect: taken for clean, as '
                   'all of them do': sorted(called)} if called else {})


def _marks(root, images, left_out, problems):
  """Returns the `Mark`s of all files below a folder but its images."""
  return list(file_kinds.marks_of(sorted({*listing.walk(root)} - images), root,
                                  set(annotations.READ), left_out, problems))


def _is_sure(mark):
  """Returns whether a mark is of a format by more than its file's suffix."""
  return bool(mark.annotated) or annotations.recognises(mark.format, mark.path)


def _marked(marks, images, root, problems, tags=()):
  """Returns the paths of the marks that have a region in an image."""
  marks, marked = [mark for mark in marks if mark.format], []
  matches = zip(marks, matching.match(marks, images, root)[0])
  for labels in matching.rounds((mark, path) for mark, some in matches for path in some):
    found = labels_lib.read(labels, collections.defaultdict(list), problems, tags)
    marked += [mark.path for mark, path in labels
               if path in found and found[path].regions]
  return marked


def list_classes(folder, format='',  # pylint: disable=redefined-builtin
                 apart=(), noted=None):
  """Lists the images in the class folders of --defects.

  Args:
    folder: holds one folder per class, or parts of a set, as train, that do.
    format: as of --format; where it is given, no image is a mask but by its name, and no
      other file marks anything.
    apart: folders of clean images that may lie there, and are of no class.
    noted: as of `list_clean`.

  Returns:
    {class name: sorted paths}, classes sorted.

  Raises:
    UserError: no class folders, an empty one, or one named like the background; or
      something marks regions of the crops, which are used as whole.
  """
  folder = pathlib.Path(folder)
  if not os.path.isdir(folder):
    raise UserError(f'--defects {folder} is not a folder: {reading.remedy_for(folder)}.')
  noted = collections.defaultdict(list) if noted is None else noted
  copies = copied_folders.find(folder, noted)
  paths = reading.list_images(folder)
  made = built_sets.files(folder, paths, '--defects')
  copied = made.union(*copies.values())
  if made:
    noted[built_sets.NOTE] += sorted(made)
  paths, masks = file_kinds.part([path for path in paths if path not in copied], folder)
  if masks := sorted({*masks} - {*checks.inside(masks, apart)}):
    raise UserError(f'--defects {folder} holds masks of its crops, the first is '
                    f'{masks[0]}: pass the folder as --images, which reads them.')
  if not format:
    _refuse_marked_crops(folder, paths, copied, noted)
  paths = sorted({*paths} - {*checks.inside(paths, apart)})
  found, folders = _by_folder(paths, folder, format)
  copies = {*copies, *(path.parent for path in made)}
  folders = [path for path in folders if not any(map(path.is_relative_to, copies))]
  for clean in map(os.path.realpath, apart):
    folders = [path for path in folders if path in found or not (
        path.resolve().is_relative_to(clean)
        or pathlib.PurePath(clean).is_relative_to(path.resolve()))]
  _check_class_folders(folder, folders, found, format)
  classes = {}
  for path in folders:
    classes.setdefault(path.name, []).extend(found[path])
  classes = gathered_folders.without(classes, [], noted)
  if not format:
    deeper = any(path.parent not in found for path in paths)
    checks.check_places(
        classes, f'--defects {folder}', folder, '; where the folders below are the '
        f'classes, pass --images {shlex.quote(str(folder))} in place of --defects' * deeper)
    noted.update(said_by_names.check_crops(classes))
  return {name: sorted(classes[name]) for name in sorted(classes)}


def _refuse_marked_crops(folder, paths, copied, noted):
  """Raises UserError where something marks regions of crops; else notes what names them.

  Args:
    folder, noted: as of `list_classes`.
    paths: of the crops.
    copied: paths of images in folders that are copies of others.
  """
  unnamed_masks.refuse(paths, paths, folder, noted, '--defects')
  unsure = Problems()  # What cannot be read marks nothing: a crop's folder is enough.
  left_out = collections.defaultdict(list)
  marks = _marks(folder, {*paths} | copied, left_out, unsure)
  if marked := _marked(filter(_is_sure, marks), paths, folder, unsure):
    raise UserError(f'--defects {folder} holds crops in which regions are marked, the '
                    f'first by {marked[0]}: pass the folder as --images, which reads them, '
                    'or say by --format classes that they mark nothing.')
  others = file_kinds.may_mark(left_out) + sorted(
      {mark.path for mark in marks if not _is_sure(mark)})
  said = unread.said(others, paths, folder)
  unread.refuse_of_classes(said, paths, folder)
  unread.note(said, noted, paths)


def _check_class_folders(root, folders, found, format):  # pylint: disable=redefined-builtin
  """Raises UserError for folders that are not each of one class.

  Args:
    root, format: as of `list_classes`, the first as `folder`.
    folders, found: from `_by_folder`.
  """
  if not folders:
    raise UserError(f'--defects {root} holds no class folders: put each '
                    "class's images in a folder named after it.")
  places = [path.relative_to(root) for paths in found.values() for path in paths]
  if clean := [place for place in sorted(places) if folder_names.is_clean(place)]:
    name = next(filter(folder_names.is_clean_name, clean[0].parts))
    raise Misnamed(
        f"--defects {root} holds {root / clean[0]}, and '{name}' is a name for images "
        'without defects', 'pass that folder as --clean and the others as --defects, or '
        'rename it',
        'defects', root, [root / place for place in clean])
  checks.check_classes({path.name: found.get(path, []) for path in folders},
                       f'--defects {root}')
  for path in folders:
    if path not in found:
      raise UserError(f'--defects {path} holds no images of its own '
                      f"({', '.join(reading.EXTENSIONS)}): put some there, or remove it.")
    if folder_names.is_split(path.name) and not format:
      raise UserError(f"--defects {path} is called as a part of a set is: put each class's "
                      'images in a folder named after it, or say by --format classes that '
                      'it is a class.')


def _by_folder(paths, root, format):  # pylint: disable=redefined-builtin
  """Parts crops by the folders of classes, which may lie in one or more as train and val.

  Args:
    paths: of all images.
    root: path of their folder.
    format: as of --format; where it is given, the folders in `root` are of classes.

  Returns:
    ({folder: paths}, list of all folders there, also of those without images).
  """
  parts = {path: path.relative_to(root).parent.parts for path in paths}
  parts, depth = {path: some for path, some in parts.items() if some}, 0
  if not format:
    depth = min((min(folder_names.outside_of_classes(some), len(some) - 1)
                 for some in parts.values()), default=0)
  found, folders, real = {}, [root], root.resolve()
  for path, some in parts.items():
    found.setdefault(root.joinpath(*some[:depth + 1]), []).append(path)
  for _ in range(depth + 1):
    folders = sorted(path for folder in folders for path in folder.iterdir()
                     if path.is_dir() and not path.name.startswith('.')
                     and not real.is_relative_to(path.resolve()))  # Not a link upwards.
  return found, folders
