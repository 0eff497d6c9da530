"""Recognises how a folder's images are annotated, and brings the two together."""

import collections
import os
import pathlib

from data_prep.annotated import built_sets, checks, class_folders, class_notes
from data_prep.annotated import clean_folders, copied_folders, file_kinds, fitting
from data_prep.annotated import folder_names, mask_images, mentions
from data_prep.annotated import labels as labels_lib
from data_prep.annotated import other_marks, other_masks, other_pictures, outer_folders
from data_prep.annotated import pixel_boxes, reasons, repeated, sidecars, unnamed_masks
from data_prep.annotated import unread, unread_masks
from data_prep.annotated.folder import Folder
from data_prep.images import reading
from data_prep.images.problems import Problems
from pegan_jax import annotations as annotations_lib
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.common import class_names, listing
from pegan_jax.common.errors import UserError

FORMATS = (*annotations_lib.READ, 'masks', 'mvtec', 'classes')


def read(images, annotations=(),
         format='',  # pylint: disable=redefined-builtin
         problems=None, uses=lambda name: True, only_folders=False, apart=()):
  """Reads what a folder of images holds.

  Args:
    images: the images' folder.
    annotations: paths of what annotates them, folders or files; none where that lies
      beside or below the images.
    format: `FORMATS`, joined by '+', that are to be read; '' for all that are there.
    problems: `Problems`; gets what cannot be read or does not fit, and the layout is
      without it. None: all of it is raised, in one error.
    uses: function of a class name: whether it is of a class that is used, and so must
      be one that a class can have.
    only_folders: whether annotations that can be read, and mark nothing, are left out.
    apart: folders that may lie in that of the images, and hold clean ones: these are
      not in the layout.

  Returns:
    A `Layout`.

  Raises:
    UserError: there are no images, or nothing annotates them, or something marks one of
      those that are `apart`.
  """
  if problems is None:
    problems = Problems()
    layout = read(images, annotations, format, problems, uses, only_folders, apart)
    problems.check()
    return layout
  wanted = _wanted(format)
  folder, named = _list(images, annotations, apart, problems)
  left_out = folder.left_out
  if not format:
    file_kinds.refuse_guesses(folder.all_images, folder.root)
  marks = [mark for found, base in named
           for mark in file_kinds.marks_of(found, base, wanted, left_out, problems)]
  if not format:
    pixel_boxes.refuse(marks, folder.images)
  fitted = _without_clean(fitting.fit(marks, folder, annotations), folder, apart)
  marked = {mark.path for mark, _ in fitted.labels + fitted.masks}
  if only_folders:
    left_out['annotations that mark nothing, of images in class folders'] += sorted(marked)
  if only_folders or not marked:
    problems.check()
    if not format:
      unread_masks.refuse(left_out, folder.images, folder.root, annotations)
    if annotations and not only_folders:
      unread.refuse_nothing(annotations, left_out[file_kinds.SUBMISSIONS])
    if format and 'classes' not in wanted:
      raise UserError(f'--images {folder.root} holds nothing of --format {format}.')
    return _of_classes(folder, format)
  left_out.pop(file_kinds.NAMES, None)
  unnamed_marks = _unnamed_marks(folder, wanted)
  if not format:
    folder = other_masks.part(folder, fitted, unnamed_marks, annotations)
  return _of_annotations(folder, fitted, unnamed_marks,
                         annotations[0] if annotations else images, uses, not format)


def _without_clean(fitted, folder, apart):
  """Returns `fitting.Fitted` without the marks of clean images, which mark nothing.

  Args:
    fitted: `fitting.Fitted`.
    folder: `Folder`, with the images that --clean names.
    apart: as of `read`, the paths of their folders.

  Raises:
    UserError: a defect is marked in one.
  """
  if not (clean := set(folder.named_clean)):
    return fitted
  own = [[pair for pair in pairs if pair[1] in clean] for pairs in fitted]
  marked = [(mark, path) for labels in own[:2] for found in [
      labels_lib.read(labels, collections.defaultdict(list), folder.problems)]
            for mark, path in labels if path in found and found[path].regions]
  marked += [(mark, path) for mark, path in own[2] if masks_lib.read(mark.path).values]
  if marked:
    mark, path = marked[0]
    raise UserError(f"--clean {' '.join(map(str, apart))} is for images without defects, "
                    f'and {mark.path} marks one in {path}: move that image, or name '
                    'another folder by --clean.')
  return fitting.Fitted(*([pair for pair in pairs if pair[1] not in clean]
                          for pairs in fitted))


def _said(folder):
  """Returns what files that are not read say of a folder's images, see `unread.said`."""
  files = file_kinds.may_mark(folder.left_out) + [
      path for why, some in folder.left_out.items() if why.startswith(reading.OTHER_FORMAT)
      for path in some]
  return unread.said(files, folder.all_images, folder.root)


def _of_classes(folder, format):  # pylint: disable=redefined-builtin
  """Returns the `Layout` of class folders, without annotations."""
  root, paths = folder.root, folder.images
  said = [] if format else _said(folder)
  if not format:
    unread.refuse_of_classes(said, paths, root)
    unnamed_masks.refuse(paths, paths, root, folder.noted)
  crops, clean = class_folders.read(
      root, paths, format, unread.data_files(folder.left_out), folder.left_out,
      folder.noted)
  if not format:
    unread.refuse_of_clean(said, clean + folder.named_clean, folder.all_images, root)
    unread.note(said, folder.noted, folder.all_images)
    mentions.note(folder.left_out, folder.noted, folder.all_images)
    sidecars.note(clean + folder.named_clean, folder.left_out, folder.noted,
                  unread.OF_ONE)
  return folder.layout('classes', clean=clean, crops=crops)


def _of_annotations(folder, fitted, unnamed_marks, where, uses, all_formats):
  """Returns the `Layout` of images with annotations.

  Args:
    folder: `Folder`.
    fitted: `fitting.Fitted`.
    unnamed_marks: from `_unnamed_marks`.
    where: what holds the annotations, for errors.
    uses: as of `read`.
    all_formats: whether no format is named, so that what is not read may mark something.
  """
  root, noted = folder.root, folder.noted
  labels, masks = fitted.labels, fitted.masks
  found, formats = _regions(folder, fitted, where, uses)
  other_marks.add(unnamed_marks, found, noted)
  clean, rest = _unmarked(folder, found, labels + masks, unnamed_marks)
  class_notes.of_unmarked_folders(
      found, rest, root, outer_folders.places(folder.images, root), str(where) != str(root),
      noted)
  if all_formats:
    unread_masks.refuse(folder.left_out, clean + rest, root, marked=found)
    unnamed_masks.refuse(clean, folder.images, root, noted)
    said = _said(folder)
    unread.refuse_of_clean(said, clean + folder.named_clean, folder.all_images, root, {
        region.name for annotated in found.values() for region in annotated.regions})
    unread.refuse_of_marked(said, found)
    unread.note(said, noted, folder.all_images)
    mentions.note(folder.left_out, noted, folder.all_images)
    sidecars.note(
        clean + folder.named_clean, folder.left_out, noted, unread.OF_ONE)
  if _kind_of_masks(masks) == 'mvtec':  # Its train has no defects.
    outer_folders.note_products(
        [path for path in found if found[path].regions], root, noted)
  else:
    _note_parts(found, root, noted)
  names = [name for name in FORMATS if name in formats]
  return folder.layout(' + '.join(names + [_kind_of_masks(masks)] * bool(masks)),
                       annotated=sorted(found.items()), clean=clean, unlabelled=rest)


def _unnamed_marks(folder, wanted):
  """Reads what files in a `Folder` mark that --annotations does not name.

  That some of them cannot be read is one problem.

  Args:
    folder: `Folder`.
    wanted: names of the formats to read.

  Returns:
    {image path: list of `Region` without a name}.
  """
  not_read, ignored = Problems(), collections.defaultdict(list)
  marks = list(file_kinds.marks_of(
      folder.left_out[reasons.UNNAMED], folder.root, wanted, ignored, not_read))
  unsure = fitting.doubtful(marks)
  found = other_marks.read(
      [mark for mark in marks if mark.format and mark.path not in unsure], folder.images,
      folder.root, lambda labels: labels_lib.fit(
          labels_lib.read(labels, ignored, not_read), ignored, not_read))
  if not_read:
    folder.problems.add(
        f'--annotations does not name all that marks images of {folder.root}, no place of '
        f"which is background, and some cannot be read: {not_read[0].rstrip('.')}; or "
        'move such files elsewhere, or name by --format what is to be read.')
  return found


def _unmarked(folder, found, marked, unnamed_marks):
  """Returns (those that are clean by their place, others) of images that have no mark.

  Args:
    folder: `Folder`.
    found: {image path: `Annotated`}.
    marked: list of (`Mark`, image path), some of which may be wrong.
    unnamed_marks: from `_unnamed_marks`.
  """
  root = folder.root
  gone = {path for some in folder.left_out.values() for path in some}
  gone |= {path for _, path in marked}
  rest = [path for path in folder.images if path not in found and path not in gone]
  clean = [path for path in rest if folder_names.is_clean(path.relative_to(root))
           and not unnamed_marks.get(path)]
  clean = clean_folders.without_marked(clean, found, root, folder.noted)
  clean_folders.check_below(clean, {
      region.name: path for path, annotated in found.items()
      for region in annotated.regions if not region.name.isdigit()}, root, folder.noted)
  clean_folders.note_versions(clean, root, folder.noted)
  return clean, sorted(set(rest) - set(clean))


def _list(images, annotations, apart, problems):
  """Lists the images of a folder, and what may annotate them.

  Args:
    images, annotations, apart, problems: as of `read`.

  Returns:
    The `Folder`, which leaves out the files that are neither, and a list of (paths of
    files, their folder) that may annotate its images.
  """
  root, left_out = pathlib.Path(images), collections.defaultdict(list)
  noted = collections.defaultdict(list)
  paths = checks.list_images(images, '--images')
  for why, some in reading.find_images(root)[1].items():
    if not why.startswith(reading.NO_IMAGE):  # Of those, marks are told apart later.
      left_out[why] += some
  made = built_sets.files(root, paths)
  left_out[built_sets.LEFT_OUT] += sorted(made)
  left_out[file_kinds.CONVERTED] += file_kinds.converted(paths)
  copies = made.union(left_out[file_kinds.CONVERTED],
                      *copied_folders.find(root, noted).values())
  paths, masks = file_kinds.part([path for path in paths if path not in copies], root)
  named = [file_kinds.files_at(pathlib.Path(path), root, [*paths, *copies])
           for path in dict.fromkeys(annotations) or [root]]
  inside = {os.path.realpath(path) for found, _ in named for path in found}
  paths = [path for path in paths if os.path.realpath(path) not in inside]
  left_out[reasons.UNNAMED] += sorted(
      path for path in {*masks, *listing.walk(root)} - {*paths} - copies
      if os.path.realpath(path) not in inside)
  clean = checks.inside(paths, apart)
  return Folder(root, sorted({*paths} - {*clean}), clean, left_out, noted, problems), named


def _regions(folder, fitted, where, uses):
  """Reads labels and masks; see `_of_annotations`.

  Returns:
    {image path: `Annotated`}, and the formats of the labels that are used.
  """
  root, noted, problems = folder.root, folder.noted, folder.problems
  outer = outer_folders.of([path.relative_to(root) for path in folder.images])
  if outer and fitted.masks:
    noted[outer_folders.note(outer)] += sorted({path for _, path in fitted.masks})
  only = outer_folders.only(folder.images, [mark for mark, _ in fitted.masks], root)
  found = labels_lib.read(fitted.labels, noted, problems)
  with problems.collected():
    other_pictures.refuse_in_labels(fitted.labels)
  checks.check_names(found, where, uses, problems)  # Before an image is opened.
  found = labels_lib.fit(found, noted, problems)
  unnoted = collections.defaultdict(list)
  again = lambda labels: labels_lib.fit(
      labels_lib.read(labels, unnoted, problems), unnoted, problems)
  used = repeated.merge(fitted, found, again, folder, where)
  unfit = {path for _, path in fitted.labels} - found.keys()
  found |= mask_images.read(
      [(mark, path) for mark, path in fitted.masks if path not in unfit], found, folder,
      outer, only)
  checks.check_names(found, where, uses, problems)
  places = {path: outer_folders.without(path.relative_to(root), outer) for path in found}
  class_notes.of_regions(found, uses, places, noted)
  _leave_out_empty(found, places, folder.left_out)
  return found, {mark.format for mark in used.values()}


def _leave_out_empty(found, places, left_out):
  """Moves images whose annotation marks nothing, and whose folder says another thing.

  That is that they show a defect, or that nobody has looked at them.
  """
  named = {region.name for annotated in found.values() for region in annotated.regions}
  named -= {''}  # Of void, which is no folder's.
  for path in sorted(found):
    name = folder_names.class_of(places[path])
    if found[path].regions or not (name in named or class_names.is_undecided(name)):
      continue
    left_out["images in a class's folder whose annotation is empty" if name in named else
             'images in a folder that is called as one of what nobody has looked at, whose '
             'annotation is empty'].append(path)
    del found[path]


def _note_parts(found, root, noted):
  """Notes images that lie in parts of a set, such as train and val."""
  parts = {part for path in found for part in path.relative_to(root).parent.parts
           if folder_names.is_split(part)}
  if len(parts) > 1:
    noted[f"images of {', '.join(sorted(parts))}: all are split anew, whatever their "
          'folder; to keep one out, name another by --images'] += sorted(found)


def _wanted(said):
  names = [name.strip() for name in said.split('+')] if said else FORMATS
  for name in names:
    if name not in FORMATS:
      raise UserError(f"--format {said} names none of {', '.join(FORMATS)}, or several "
                      "of them joined by '+'.")
  return {*names, 'masks'} if 'mvtec' in names else set(names)


def _kind_of_masks(masks):
  of_mvtec = any(
      'ground_truth' in (mark.base.name, *mark.path.relative_to(mark.base).parts)
      for mark, _ in masks)
  return 'mvtec' if of_mvtec else 'masks'
