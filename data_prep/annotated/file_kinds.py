"""Says what the files beside images may be."""

import collections
import os
import pathlib
import re
import shlex

from data_prep.annotated import (
    file_names, folder_names, reasons, unnamed_masks, worded_names)
from data_prep.annotated.marks import Mark
from data_prep.images import reading
from pegan_jax import annotations
from pegan_jax.annotations import (
    coco_kinds, mask_names, masks, severstal, text_files, yolo_names)
from pegan_jax.common import listing, stand_ins
from pegan_jax.common.errors import UserError

# What a file is by its suffix where no other format recognises it: a damaged one is told.
_BY_SUFFIX = {'.txt': 'yolo', '.xml': 'voc'}
_POINTERS = ('.json', '.xml', '.txt', '.csv')  # What may stand in for such is told.
_SAMPLE = 5  # Images of a folder that are opened.
_GUESSES = re.compile(r'(?:.*/)?(?:runs/[^/]+/[^/]+|(?:predict|track)\d*)')
TO_TEST = 'lists of images to be tested, which do not say what these show'
SUBMISSIONS = 'submissions to a challenge, which hold what somebody guessed'
CAPTIONS = "files of COCO's captions, which mark nothing"
PANOPTIC = "files of COCO's panoptic segments, which are not read"
NAMES = 'files of the names of classes, which nothing uses'


# Of labelme_json_to_dataset.
_CONVERTED = {'img.png', 'label.png', 'label_viz.png'}
CONVERTED = 'images that LabelMe made of a file that is there, in a folder as 1_json'


def part(paths, root):
  """Parts images from masks that lie among them: in folders of masks, or beside.

  Args:
    paths: all images under a folder.
    root: path of that folder.

  Returns:
    (images, masks): lists of paths. A mask beside an image has few values, and its name
    and '_mask', or its name and another suffix.

  Raises:
    UserError: one is called as a mask is, is none by its pixels, and no photograph.
  """
  found = {path for path in paths if folder_names.is_mask_folder(path.relative_to(root))}
  found -= _photographs(found, paths)
  found |= _in_drawn_folders(paths, found, root)
  if len(found) == len(paths):  # The images' folder itself is called so.
    found = set()
  by_name = {}
  for path in paths:
    by_name.setdefault((path.parent, path.stem), []).append(path)
  names = by_name.keys() | {(path.parent, file_names.number_of_image(path))
                            for path in paths}
  beside = [path for path in paths if file_names.stem_of_mask(path) != path.stem
            and (path.parent, file_names.stem_of_mask(path)) in names]
  twins = []
  for some in by_name.values():
    exact = [path for path in some if path.suffix.lower() in ('.png', '.bmp')]
    if exact and len(some) - len(exact) == 1 and not any(
        _are_one_drawing(path, *({*some} - {*exact})) for path in exact):
      twins += exact
  for path in beside + twins:
    if masks.is_mask(path):
      found.add(path)
    elif not unnamed_masks.is_photograph(path):
      mask = masks.read(path)  # Or it says why it cannot be one.
      if path in twins:
        continue  # A drawing, perhaps.
      raise UserError(f'{path} is called as a mask of the image beside it, and has '
                      f'{len(mask.values)} values but 0, where a mask has up to '
                      f'{masks.FEW}: save it with one for each class, or give it a name of '
                      'its own.')
  return [path for path in paths if path not in found], sorted(found)


def _are_one_drawing(one, other):
  """Returns whether two images have few values, and are one in two formats."""
  if not (masks.is_mask(one) and masks.is_mask(other)):
    return False
  one, other = masks.read(one).marked(), masks.read(other).marked()
  return one.shape == other.shape and bool((one == other).mean() > 0.99)


def _photographs(found, paths):
  """Returns what is no mask, in folders called so: of masks to wear, or of a car GT."""
  names = {file_names.bare(path) for path in paths if path not in found}
  alone = {path for path in found if not names & {
      file_names.bare(path), file_names.stem_of_mask(path), path.parent.name}}
  labelled = {path for path in found if any(
      path.with_name(name + suffix).is_file() for name in (path.stem, path.name)
      for suffix in ('.json', '.txt', '.xml'))}
  return set(filter(unnamed_masks.is_photograph, alone | labelled))


def _in_drawn_folders(paths, known, root):
  """Returns the images in folders that are by their names of masks, and by their pixels.

  Args:
    paths, root: as of `part`.
    known: set of those of the paths that are known to be masks.
  """
  names, below, folders = collections.Counter(), {}, set()
  for path in paths:
    above = [root / place for place in [*path.relative_to(root).parents][:-1]]
    folders |= {*above}
    if path not in known:
      names.update(_names_of(path))
      for folder in above:
        below.setdefault(folder, []).append(path)
  found = set()
  for folder in folder_names.with_word_for_masks({*below}) | (
      below.keys() & folder_names.with_mask_and_class(folders)):
    some = below[folder]
    sample = some[::max(1, len(some) // _SAMPLE)][:_SAMPLE]
    own = collections.Counter(name for path in some for name in _names_of(path))
    shared = {name for path in sample
              for name in _names_of(path) | {
                  file_names.stem_of_mask(path), worded_names.image_of(path.stem, names)}}
    if any(names[name] > own[name] for name in shared) and not any(
        map(unnamed_masks.is_photograph, sample)):
      found |= {*some}
  return found


def _names_of(path):
  """Returns what an image shares with its mask: its name, and its number as a tuple."""
  number = file_names.number(path)
  return {file_names.bare(path), (number,)} if number else {file_names.bare(path)}


def converted(paths):
  """Returns those of paths that LabelMe converted a file beside to, as 1_json/label.png."""
  return [path for path in paths if path.name in _CONVERTED
          and path.parent.name.endswith('_json') and path.parent.with_name(
              path.parent.name.removesuffix('_json') + '.json').is_file()]


def refuse_guesses(paths, root):
  """Raises UserError for images that YOLO has drawn boxes into, by the names of folders.

  Args:
    paths: of images.
    root: path of their folder.
  """
  drawn = [folder for folder in sorted({path.parent for path in paths})
           if _GUESSES.fullmatch(folder.absolute().as_posix())
           and os.path.isdir(folder / 'labels')]
  if not drawn:
    return
  below = {_outermost(folder.relative_to(root)) for folder in drawn}
  whole = any(not place.parts for place in below) or all(
      path.parent in drawn for path in paths)
  raise UserError(
      f'{drawn[0]} is what a YOLO model writes: pictures with boxes drawn into them, and '
      'labels that are its guesses: ' + (
          'name a folder without it by --images' if whole else
          f'move {shlex.join(str(root / place) for place in sorted(below))} out of {root}')
      + ' or, where the pictures are bare and the labels true, say so by --format yolo.')


def _outermost(place):
  """Returns the folder of all runs of YOLO's, or that of one where there is none."""
  k = next((k for k, part in enumerate(place.parts) if part == 'runs'), len(place.parts))
  return pathlib.PurePath(*place.parts[:k + 1])


def files_at(path, root, paths):
  """Lists what may annotate images at a path that --annotations names.

  Args:
    path: path of a folder or a file.
    root, paths: the images' folder, and the images there that are no masks.

  Returns:
    (sorted paths, the folder that they count from).
  """
  if os.path.isdir(path):
    found = set(listing.walk(path))
    if pathlib.Path(os.path.realpath(root)).is_relative_to(os.path.realpath(path)):
      real = {os.path.realpath(path) for path in paths}
      found = {path for path in found if os.path.realpath(path) not in real}
    return sorted(found), path
  if not os.path.isfile(path):
    inside = pathlib.Path(root) / path
    raise UserError(f'--annotations {path} is not a folder or a file: nothing is there, so '
                    + (f'pass --annotations {shlex.quote(str(inside))}.'
                       if os.path.exists(inside) else 'correct the path.'))
  return [path], path.parent


def marks_of(found, base, wanted, left_out, problems):
  """Yields a `Mark` for each file, or image of a file, that may annotate an image.

  Args:
    found, base: from `files_at`.
    wanted: names of the formats to read.
    left_out: {reason: [paths]}; gets the other files.
    problems: `Problems`; gets what cannot be read.
  """
  known = {path for paths in left_out.values() for path in paths}
  is_given = not wanted.issuperset(annotations.READ)  # By --format.
  for path in found:
    place, suffix = pathlib.PurePath(path.relative_to(base)), path.suffix.lower()
    if suffix in reading.EXTENSIONS:
      if folder_names.is_of_objects(place):
        left_out['masks of single objects, beside those of classes'].append(path)
      elif 'masks' in wanted:
        yield Mark('masks', path, place, base)
      else:
        left_out['annotations of another format than --format'].append(path)
      continue
    if suffix in _POINTERS and os.path.getsize(path) and (said := stand_ins.of(path)):
      problems.add(f'{path} cannot be read: {said}.')
      continue
    name = _format_of(path)
    if suffix == '.json' and not name and wanted.intersection(
        annotations.formats_of(suffix)):
      with problems.collected():
        text_files.read_json(path)  # It may be damaged.
    if name and name not in wanted:
      left_out['annotations of another format than --format'
               if annotations.READ[name].recognises(path)
               else reasons.OTHERS].append(path)
    elif not name and coco_kinds.is_of_captions(path):
      left_out[CAPTIONS].append(path)
    elif not name and coco_kinds.is_panoptic(path):
      left_out[PANOPTIC].append(path)
    elif name == 'coco' and coco_kinds.is_of_images_alone(path):
      left_out[TO_TEST].append(path)
    elif name in annotations.MANY:
      for image in _images_of(path, name, problems):
        yield Mark(name, path, pathlib.PurePath(image.file), path.parent, image)
    elif name or suffix == '.json' and not is_given and not _names_classes(path):
      yield Mark(name, path, place, base)
    elif severstal.is_submission(path):
      left_out[SUBMISSIONS].append(path)
    elif path not in known:
      left_out[NAMES if _names_classes(path) else reasons.OTHERS].append(path)


def may_mark(left_out):
  """Returns the files that are left out, and may mark images in a way that is not read."""
  return left_out[reasons.OTHERS] + list(
      filter(coco_kinds.has_segments, left_out[PANOPTIC]))


def _images_of(path, name, problems):
  """Returns what can be read of a file of many images; the rest is a problem."""
  with problems.collected():
    try:
      return annotations.READ[name].read(path)
    except text_files.PartlyRead as error:
      problems.add(error)
      return error.images
  return []


def _names_classes(path):
  return yolo_names.has_names(path) or mask_names.has_names(path)


def _format_of(path):
  """Returns the format of a file by its suffix and what it begins with or has; or ''."""
  suffix = path.suffix.lower()
  if suffix == '.txt' and _names_classes(path):
    return ''
  expected = _BY_SUFFIX.get(suffix, '')
  return next((name for name, module in annotations.READ.items()
               if name != expected and module.recognises(path)), expected)
