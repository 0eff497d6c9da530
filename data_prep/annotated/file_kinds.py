"""Says what the files beside images may be, and which image each is of."""

import collections
import contextlib
import filecmp
import os
import pathlib

import numpy as np

from data_prep.annotated import folder_names, matching, places, unnamed_masks
from data_prep.annotated.folder_names import Mark
from data_prep.images import reading
from pegan_jax import annotations
from pegan_jax.annotations import coco, masks, severstal, text_files, yolo
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

# What a file is by its suffix where no other format recognises it: a damaged one is told.
_BY_SUFFIX = {'.txt': 'yolo', '.xml': 'voc'}
_SAMPLE = 5  # Images of a folder that are opened.
SUBMISSIONS = 'submissions to a challenge, which hold what somebody guessed'
RESPELLED = ('images whose annotations spell their names in another way, by case, accents, '
             '%20 or a backslash: taken for the same')
CAPTIONS = "files of COCO's captions, which mark nothing"
PANOPTIC = "files of COCO's panoptic segments, which are not read"
REPEATED = 'annotations that say of an image what its folder is called, and no more'
SAME = 'annotations that say of an image no more than another file'
ABSENT = 'images that are listed without a mark, and are not there'
OTHERS = 'files that are neither images nor annotations'
NAMES = 'files of the names of classes, which nothing uses'


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
  found |= _in_drawn_folders([path for path in paths if path not in found], root)
  if len(found) == len(paths):  # The images' folder itself is called so.
    found = set()
  by_name = {}
  for path in paths:
    by_name.setdefault((path.parent, path.stem), []).append(path)
  beside = [path for path in paths if folder_names.stem_of_mask(path) != path.stem
            and (path.parent, folder_names.stem_of_mask(path)) in by_name]
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
  names = {folder_names.bare(path) for path in paths if path not in found}
  alone = {path for path in found if not names & {
      folder_names.bare(path), folder_names.stem_of_mask(path), path.parent.name}}
  labelled = {path for path in found if any(
      path.with_name(name + suffix).is_file() for name in (path.stem, path.name)
      for suffix in ('.json', '.txt', '.xml'))}
  return set(filter(unnamed_masks.is_photograph, alone | labelled))


def _in_drawn_folders(paths, root):
  """Returns the images in folders that are by their names of masks, and by their pixels."""
  names, below = collections.Counter(map(folder_names.bare, paths)), {}
  for path in paths:
    for place in [*path.relative_to(root).parents][:-1]:
      folder = root / place
      below.setdefault(folder, []).append(path)
  found = set()
  for folder in folder_names.with_word_for_masks({*below}):
    some = below[folder]
    sample = some[::max(1, len(some) // _SAMPLE)][:_SAMPLE]
    own = collections.Counter(map(folder_names.bare, some))
    if any(names[name] > own[name] for name in map(folder_names.stem_of_mask, sample)
           ) and not any(map(unnamed_masks.is_photograph, sample)):
      found |= {*some}
  return found


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
    raise UserError(f'--annotations {path} is not a folder or a file.')
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
    name = _format_of(path)
    if suffix == '.json' and not name and wanted & {'coco', 'labelme'}:
      with problems.collected():
        text_files.read_json(path)  # It may be damaged.
    if name and name not in wanted:
      left_out['annotations of another format than --format'
               if annotations.READ[name].recognises(path) else OTHERS].append(path)
    elif not name and coco.is_of_captions(path):
      left_out[CAPTIONS].append(path)
    elif not name and coco.is_panoptic(path):
      left_out[PANOPTIC].append(path)
    elif name in annotations.MANY:
      for image in _images_of(path, name, problems):
        yield Mark(name, path, pathlib.PurePath(image.file), path.parent, image)
    elif name or suffix == '.json' and not is_given and not _names_classes(path):
      yield Mark(name, path, place, base)
    elif severstal.is_submission(path):
      left_out[SUBMISSIONS].append(path)
    elif path not in known:
      left_out[NAMES if _names_classes(path) else OTHERS].append(path)


def may_mark(left_out):
  """Returns the files that are left out, and may mark images in a way that is not read."""
  return left_out[OTHERS] + list(filter(coco.has_segments, left_out[PANOPTIC]))


def _is_picture(mark, mixed, found):
  """Returns whether an image among annotations is no mask.

  Args:
    mark: `Mark` of the image.
    mixed: whether annotations of another kind lie in its folder; then the place and the
      pixels decide.
    found: paths of the images that it may be of; no mask is the same file.
  """
  return mixed and not (
      folder_names.is_mask_folder(mark.place) or masks.is_mask(mark.path)
      or folder_names.stem_of_mask(mark.place) != mark.place.stem) or any(
          filecmp.cmp(mark.path, path, shallow=False) for path in found)


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
  return yolo.has_names(path) or masks.has_names(path)


def _format_of(path):
  """Returns the format of a file by its suffix and what it begins with or has; or ''."""
  suffix = path.suffix.lower()
  if suffix == '.txt' and _names_classes(path):
    return ''
  expected = _BY_SUFFIX.get(suffix, '')
  return next((name for name, module in annotations.READ.items()
               if name != expected and module.recognises(path)), expected)


def doubtful(marks):
  """Returns the files, of one image each, that no format recognises, nor others beside."""
  unsure = {mark.path: mark.format for mark in marks
            if not mark.annotated and mark.format != 'masks'
            and not annotations.recognises(mark.format, mark.path)}
  sure = {mark.format for mark in marks
          if mark.path not in unsure and os.path.getsize(mark.path)}
  return {path for path, name in unsure.items() if name not in sure}


def fit(marks, paths, root, named, left_out, noted, problems):
  """Brings marks and images together.

  A mark of no image or of several, or a second label of an image, is a problem.

  Args:
    marks: list of `Mark`.
    paths: of the images.
    root: the images' folder.
    named: paths of what annotates them, for errors; none where that lies in root.
    left_out: {reason: [paths]}; gets what is not used.
    noted: as of `layouts.Layout`; gets what fits by a looser spelling.
    problems: `Problems`; gets what does not fit.

  Returns:
    (labels, masks): lists of (`Mark`, image), of which an image has one label at most.
  """
  where = f"--annotations {' '.join(map(str, named))}" if named else root
  fitted, orphans = ([], []), []
  labels = [mark for mark in marks if mark.format != 'masks']
  masks = [mark for mark in marks if mark.format == 'masks']
  unsure = set() if named else doubtful(labels)  # What is named is said to annotate.
  mixed = {base for base in {mark.base for mark in masks}
           if any(mark.path.is_relative_to(base) for mark in labels)}
  for some, out in zip((labels, masks), fitted):
    matches, respelled = matching.match(some, paths, root)
    noted[RESPELLED] += respelled
    for mark, found in zip(some, matches):
      if mark.format == 'masks' and _is_picture(mark, mark.base in mixed, found):
        left_out['copies of images, beside their annotations'].append(mark.path)
      elif len(found) > 1:
        first, second = sorted(path.relative_to(root) for path in found)[:2]
        problems.add(f'{where} has one annotation, {mark.place}, for two images, '
                     f'{first} and {second}: add or remove one.')
      elif found and mark.path in unsure and not places.in_file(mark.path, found[0]):
        left_out[OTHERS].append(mark.path)
      elif found:
        out.append((mark, found[0]))
      elif mark.annotated and not mark.annotated.regions:
        left_out[ABSENT].append(mark.path)
      elif not mark.annotated and mark.format != 'masks' and not annotations.recognises(
          mark.format, mark.path):
        left_out[OTHERS].append(mark.path)
      else:
        orphans.append(mark)
  if orphans:
    problems.add(f'No image in {root} fits {len(orphans)} of the annotations in {where}, '
                 f'the first is {orphans[0].place}{_file_of(orphans[0])}: add the images, '
                 'remove what annotates them, or name its own folder by --annotations'
                 f'{_nearest(orphans[0], paths)}.')
  labels = {}
  for mark, path in fitted[0]:
    if _repeats_folder(mark, path.relative_to(root)):
      left_out[REPEATED].append(mark.path)
    elif not mark.format:
      with problems.collected():
        text_files.read_json(mark.path)  # Where it is damaged, that is the problem.
        problems.add(f'{mark.path} is JSON for {path.name}, but of none of the kinds '
                     f"{annotations.kinds('.json')}: export it as one of these or, "
                     'where it marks nothing, name by --format what is to be read.')
    elif path in labels:
      other = labels[path]
      if kept := _one_of(other, mark):
        labels[path] = kept
        left_out[SAME].append((mark if kept is other else other).path)
        continue
      problems.add(f'{where} annotates one image twice, {path.relative_to(root)} in '
                   f'{other.path} and {mark.path}: remove one of them, or name '
                   + ('the other by --annotations.' if mark.format == other.format
                      else 'one --format.'))
    else:
      labels[path] = mark
  return [(mark, path) for path, mark in labels.items()], fitted[1]


def _repeats_folder(mark, place):
  """Returns whether a mark holds the name of a folder of its image, and nothing more."""
  said = mark.annotated
  if mark.format == 'labelme':
    with contextlib.suppress(UserError):  # It is told where labels are read.
      said, = annotations.READ[mark.format].read(mark.path)
  return bool(said) and not said.regions and bool(said.tags) and (
      {*said.tags} <= {*place.parent.parts})


def _one_of(*marks):
  """Returns which of two marks holds all that both say, None where neither does.

  They have the same boxes, and the same outlines or one of them none.
  """
  boxes, outlines = [], []
  for mark in marks:
    regions = sorted(mark.annotated.regions if mark.annotated else (),
                     key=lambda region: (region.name, region.box))
    boxes.append([(region.name, region.box) for region in regions])
    outlines.append(b''.join(
        np.ascontiguousarray(part).tobytes() for region in regions
        for part in [*(region.polygons or ()), region.mask] if part is not None))
  if boxes[0] != boxes[1] or not all(mark.annotated for mark in marks):
    return None
  if outlines[0] == outlines[1] or not outlines[1]:
    return marks[0]
  return None if outlines[0] else marks[1]


def _nearest(mark, paths):
  """Returns advice where an image's name begins as a mark's, as 1_test.jpg and 1.txt."""
  name = folder_names.bare(mark.place)
  image = next((path for path in paths if path.stem.startswith(name)
                and folder_names.bare(path) != name), None)
  if not image or not name:
    return ''
  return f'; where {image.name} is its image, give both one name'


def _file_of(mark):
  """Returns the file's name of a mark in a file of many, as part of a sentence."""
  return f' of {mark.path.name}' if mark.format in annotations.MANY else ''
