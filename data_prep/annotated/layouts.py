"""Recognises how a folder's images are annotated, and brings the two together."""

import collections
import filecmp
import os
import pathlib
import re
from typing import NamedTuple

from data_prep.annotated import file_kinds, folder_names, mask_images
from data_prep.annotated import labels as labels_lib
from data_prep.crops.cutting import BACKGROUND
from data_prep.images import reading
from data_prep.images.problems import Problems
from pegan_jax import annotations as annotations_lib
from pegan_jax.annotations import masks as masks_lib, text_files
from pegan_jax.annotations.regions import Annotated
from pegan_jax.common import class_names, files
from pegan_jax.common.errors import UserError

# An item of JSON by a name without a suffix, as Datumaro has it.
_NAMED = re.compile(r'"(?:id|image|image_id|name|file)"\s*:\s*"(?:[^"]*/)?([^"/]+)"')

FORMATS = (*annotations_lib.READ, 'masks', 'mvtec', 'classes')


class Layout(NamedTuple):
  """Describes what a folder of images holds.

  Attributes:
    format: the `FORMATS` that it is annotated in, joined by ' + '.
    root: path of the images' folder; names of images are relative to it.
    annotated: list of (path, `Annotated`), sorted. One without regions is known to be
      clean; a region named '' is marked by a mask as a defect of no known class.
    clean: paths of images that are clean by their place.
    crops: {class name: paths} of class folders without annotations.
    unlabelled: paths of images without an annotation where others have one. Those are
      not known to be clean, so nothing may be cut from them.
    left_out: {reason: [paths]} of files that are not used.
    noted: {what: [paths]} of what was read in a way that its user should know.
  """
  format: str
  root: pathlib.Path
  annotated: list[tuple[pathlib.Path, Annotated]]
  clean: list[pathlib.Path]
  crops: dict[str, list[pathlib.Path]]
  unlabelled: list[pathlib.Path]
  left_out: dict[str, list[pathlib.Path]]
  noted: dict[str, list[pathlib.Path]]


def read(images, annotations=(),
         format='',  # pylint: disable=redefined-builtin
         problems=None, uses=lambda name: True):
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

  Returns:
    A `Layout`.

  Raises:
    UserError: there are no images, or nothing annotates them.
  """
  if problems is None:
    problems = Problems()
    layout = read(images, annotations, format, problems, uses)
    problems.check()
    return layout
  wanted = _wanted(format)
  root, paths = pathlib.Path(images), list_images(images, '--images')
  left_out, noted = collections.defaultdict(list), collections.defaultdict(list)
  for why, some in reading.find_images(root)[1].items():
    if not why.startswith(reading.NO_IMAGE):  # Of those, marks are told apart below.
      left_out[why] += some
  paths, masks = file_kinds.part(paths, root)
  named = [file_kinds.files_at(pathlib.Path(path), root, paths)
           for path in dict.fromkeys(annotations) or [root]]
  inside = {os.path.realpath(path) for found, _ in named for path in found}
  paths = [path for path in paths if os.path.realpath(path) not in inside]
  left_out['files below --images that --annotations does not name'] += sorted(
      path for path in {*masks, *files.walk(root)} - {*paths}
      if os.path.realpath(path) not in inside)
  marks = [mark for found, base in named
           for mark in file_kinds.marks_of(found, base, wanted, left_out, problems)]
  labels, masks = _fit(marks, paths, root, annotations, left_out, problems)
  if not labels and not masks:
    problems.check()
    if annotations:
      _refuse_nothing(annotations, left_out[file_kinds.SUBMISSIONS])
    if format != 'classes':
      _refuse_unknown(left_out[file_kinds.OTHERS], paths)
    return _classes(root, paths, left_out, noted)
  where = annotations[0] if annotations else images
  found = labels_lib.read(labels, noted, problems)
  _check_names(found, where, uses, problems)  # Before an image is opened.
  found = labels_lib.fit(found, noted, problems)
  unfit = {path for _, path in labels} - found.keys()
  found |= mask_images.read(
      [(mark, path) for mark, path in masks if path not in unfit], found, root, left_out,
      noted, problems)
  _check_names(found, where, uses, problems)
  _leave_out_empty(found, root, left_out)
  gone = {path for some in left_out.values() for path in some}
  gone |= {path for _, path in labels + masks}
  rest = [path for path in paths if path not in found and path not in gone]
  clean = [path for path in rest if folder_names.is_clean(path.relative_to(root))]
  if _kind_of_masks(masks) != 'mvtec':  # Its train has no defects.
    _note_parts(found, root, noted)
  names = [name for name in FORMATS if any(mark.format == name for mark, _ in labels)]
  return Layout(
      ' + '.join(names + [_kind_of_masks(masks)] * bool(masks)), root,
      sorted(found.items()), clean, {}, sorted(set(rest) - set(clean)),
      {why: some for why, some in left_out.items() if some}, dict(noted))


def _leave_out_empty(found, root, left_out):
  """Moves images whose folder says that they show a defect, and their annotation not."""
  named = {region.name for annotated in found.values() for region in annotated.regions}
  for path in sorted(found):
    if not found[path].regions and (
        folder_names.class_of(path.relative_to(root)) in named):
      left_out["images in a class's folder whose annotation is empty"].append(path)
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


def _fit(marks, paths, root, annotations, left_out, problems):
  """Brings marks and images together.

  A mark of no image or of several, or a second label of an image, is a problem.

  Returns:
    (labels, masks): lists of (`Mark`, image), of which an image has one label at most.
  """
  where = f"--annotations {' '.join(map(str, annotations))}" if annotations else root
  fitted, orphans = ([], []), []
  labels = [mark for mark in marks if mark.format != 'masks']
  masks = [mark for mark in marks if mark.format == 'masks']
  mixed = {base for base in {mark.base for mark in masks}
           if any(mark.path.is_relative_to(base) for mark in labels)}
  for some, out in zip((labels, masks), fitted):
    for mark, found in zip(some, folder_names.match(some, paths, root)):
      if mark.format == 'masks' and file_kinds.is_picture(mark, mark.base in mixed, found):
        left_out['copies of images, beside their annotations'].append(mark.path)
      elif len(found) > 1:
        first, second = sorted(path.relative_to(root) for path in found)[:2]
        problems.add(f'{where} has one annotation, {mark.place}, for two images, '
                     f'{first} and {second}: add or remove one.')
      elif found:
        out.append((mark, found[0]))
      elif mark.format not in (*annotations_lib.MANY, 'masks') and not (
          mark.format and annotations_lib.READ[mark.format].recognises(mark.path)):
        left_out[file_kinds.OTHERS].append(mark.path)
      else:
        orphans.append(mark)
  if orphans:
    problems.add(f'No image in {root} fits {len(orphans)} of the annotations in {where}, '
                 f'the first is {orphans[0].place}{_file_of(orphans[0])}: add the images, '
                 'remove what annotates them, or name its own folder by --annotations.')
  labels = {}
  for mark, path in fitted[0]:
    if not mark.format:
      with problems.collected():
        text_files.read_json(mark.path)  # Where it is damaged, that is the problem.
        problems.add(f'{mark.path} is JSON for {path.name}, but of none of the kinds '
                     f"{_kinds('.json')}: export it as one of these.")
    elif path in labels:
      other = labels[path]
      problems.add(f'{where} annotates one image twice, {path.relative_to(root)} in '
                   f'{other.place} and {mark.place}' + (
                       f' (of {other.path.name} and {mark.path.name})'
                       if mark.format in annotations_lib.MANY else '')
                   + ': remove one of them, or name one --format.')
    else:
      labels[path] = mark
  return [(mark, path) for path, mark in labels.items()], fitted[1]


def _file_of(mark):
  """Returns the file's name of a mark in a file of many, as part of a sentence."""
  return f' of {mark.path.name}' if mark.format in annotations_lib.MANY else ''


def _refuse_nothing(annotations, submissions):
  """Raises UserError for annotations that hold nothing of any format."""
  if submissions:
    raise UserError(f'{submissions[0]} is a submission to a challenge by its name, which '
                    'holds what somebody guessed: name the file of what is true, as '
                    'train.csv.')
  raise UserError(f"--annotations {' '.join(map(str, annotations))} holds no {_kinds()} "
                  'files and no mask images.')


def _refuse_unknown(others, paths):
  """Raises UserError where files name most of the images, as annotations do."""
  named, first = set(), None
  for path in others:
    if path.suffix.lower() in ('.json', '.csv', '.xml') and path.name != 'manifest.csv':
      try:
        text = text_files.read(path)
      except UserError:
        continue  # Whatever it is, it is not text.
      said = set(_NAMED.findall(text))
      found = {image for image in paths if image.name in text or image.stem in said}
      named, first = named | found, first or found and path
  if len(named) > max(1, len(paths) / 2):
    raise UserError(
        f'{first} names images of --images, but is of none of the kinds {_kinds()}: export '
        'it as one of these, such as COCO; where it marks nothing and the folders are the '
        'classes, pass --format classes.')


def _kinds(suffix=''):
  return ', '.join(module.FILES for module in annotations_lib.READ.values()
                   if module.FILES.startswith(suffix))


def _classes(root, paths, left_out, noted):
  """Returns the `Layout` of class folders."""
  crops, clean = {}, []
  for path in paths:
    place = path.relative_to(root)
    name = folder_names.class_of(place)
    if folder_names.is_clean(place):
      clean.append(path)
    elif name:
      crops.setdefault(name, []).append(path)
    else:
      left_out['images in no class folder'].append(path)
  if not crops:
    raise UserError(f'--images {root} holds neither annotations nor class folders: name '
                    "the annotations by --annotations, or put each class's images in a "
                    'folder named after it; images that are all clean are for --clean.')
  _check_classes(crops, f'--images {root}')
  return Layout('classes', root, [], clean, dict(sorted(crops.items())), [],
                {why: some for why, some in left_out.items() if some}, dict(noted))


def _check_classes(names, where):
  if BACKGROUND in names:
    raise UserError(f"{where} has a class named '{BACKGROUND}', which "
                    'is the name of what is clean: pass that folder as --clean.')
  class_names.check_classes([*sorted(names), BACKGROUND], where)


def list_images(folder, flag):
  """Lists a folder's images; an empty one is an error that names its flag."""
  if not os.path.isdir(folder):
    raise UserError(f'{flag} {folder} is not a folder.')
  paths = reading.list_images(folder)
  if not paths:
    raise UserError(f'{flag} {folder} holds no images '
                    f"({', '.join(reading.EXTENSIONS)}).")
  return paths


def list_clean(folder):
  """Lists the images of --clean, without empty masks beside them.

  Raises:
    UserError: there are none, or something in the folder marks a defect.
  """
  root, left_out = pathlib.Path(folder), collections.defaultdict(list)
  images, masks = file_kinds.part(list_images(folder, '--clean'), root)
  problems = Problems()
  marks = list(file_kinds.marks_of(
      sorted({*files.walk(root)} - {*images, *masks}), root, set(annotations_lib.READ),
      left_out, problems))
  labels, _ = _fit(marks, images, root, (), left_out, Problems())
  found = labels_lib.read(labels, collections.defaultdict(list), problems)
  problems.check()
  marked = [path for path in masks if masks_lib.read(path).values]
  marked += [mark.path for mark, path in labels
             if path in found and found[path].regions]
  if marked:
    raise UserError(f'--clean {folder} is for images without defects, and {marked[0]} '
                    'marks one: pass the folder as --images, where what is annotated as '
                    'empty is clean.')
  return images


def check_same(clean, marked):
  """Raises UserError for a file that is clean here, and has a defect there.

  Args:
    clean, marked: paths of images.
  """
  by_size = collections.defaultdict(list)
  for path in marked:
    by_size[os.path.getsize(path)].append(path)
  for path in clean:
    for other in by_size.get(os.path.getsize(path), ()):
      if filecmp.cmp(path, other, shallow=False):
        raise UserError(f'{path} is said to be clean, and the same image, {other}, has a '
                        'marked defect: remove one of them.')


def list_classes(folder, flag):
  """Lists the class folders' images.

  Args:
    folder: holds one folder per class.
    flag: the option that named it, for errors.

  Returns:
    {class name: sorted paths}, classes sorted.

  Raises:
    UserError: no class folders, an empty one, or one named like the background.
  """
  folder = pathlib.Path(folder)
  if not os.path.isdir(folder):
    raise UserError(f'{flag} {folder} is not a folder.')
  found = {}
  paths, masks = file_kinds.part(reading.list_images(folder), folder)
  if masks:
    raise UserError(f'{flag} {folder} holds masks of its crops, the first is {masks[0]}: '
                    'pass the folder as --images, which reads them.')
  for path in paths:
    name, *rest = path.relative_to(folder).parts
    if rest:
      found.setdefault(name, []).append(path)
  real = folder.resolve()
  names = sorted(path.name for path in folder.iterdir()
                 if path.is_dir() and not path.name.startswith('.')
                 and not real.is_relative_to(path.resolve()))  # Not a link that leads up.
  if not names:
    raise UserError(f'{flag} {folder} holds no class folders: put each '
                    "class's images in a folder named after it.")
  _check_classes(names, f'{flag} {folder}')
  for name in names:
    if name not in found:
      raise UserError(f'{flag} {folder / name} holds no images of its own '
                      f"({', '.join(reading.EXTENSIONS)}).")
  return {name: found[name] for name in names}


def _check_names(found, where, uses, problems):
  """Refuses names of regions that cannot be classes.

  Args:
    found: {image path: `Annotated`}.
    where: where these are from, for the error.
    uses: as of `read`.
    problems: `Problems`; gets what is wrong, with each class's first file.
  """
  names = {}
  for _, annotated in sorted(found.items()):
    for region in annotated.regions:
      if region.name and uses(region.name):
        names.setdefault(region.name, annotated.file)
  if BACKGROUND in names:
    problems.add(f"{where} ({names.pop(BACKGROUND)}) has regions named '{BACKGROUND}', "
                 'which is the name of what is clean: rename them, or pass '
                 f'--skip_classes {BACKGROUND}.')
  bad = Problems()
  for name, file in names.items():
    with bad.collected():
      class_names.check_class(name, f'{where} ({file})')
  if not bad:
    with bad.collected():
      class_names.check_classes(sorted({*names, BACKGROUND}), where)
  for problem in bad:
    problems.add(problem)
