"""Brings annotations and images together, so that each image has one."""

import contextlib
import filecmp
import os
import pathlib
import re
import shlex
from typing import NamedTuple

from data_prep.annotated import file_names, folder_names, matching, other_pictures
from data_prep.annotated import places, reasons, unnamed_masks
from pegan_jax import annotations
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.annotations import text_files
from pegan_jax.common.errors import UserError

BESIDE_CLEAN = ('images that share their name with a clean one, by its folder: the '
                'annotation of that name is taken to be theirs')
RESPELLED = ('images whose annotations spell their names in another way, by case, accents, '
             "%20, a backslash or Label Studio's prefix: taken for the same")
REPEATED = 'annotations that say of an image what its folder is called, and no more'
ABSENT = 'images that are listed without a mark, and are not there'


# Of several masks of an image.
_NUMBERED = re.compile(r'(?<=\w)(?:[ ._-]+\d+| ?\(\d+\))$')
_NUMBER = re.compile(r'(\d+)\)?$')
_WORD_AND_NUMBER = re.compile(r'(.*?)(\d*)$')
_OF_TASK = re.compile(r'task-(\d+)-annotation-\d+-by-.*-tag-(.+)-(\d+)')  # Its label too.
_MOST_NAMED = 3  # Files that advice names.
_LEAST_NUMBERED = 3


class Fitted(NamedTuple):
  """Holds marks with their images, as lists of (`Mark`, image).

  Attributes:
    labels: one for each image at most.
    repeated: more labels of these images.
    masks: any number for an image.
  """
  labels: list
  repeated: list
  masks: list


def doubtful(marks):
  """Returns the files, of one image each, that no format recognises, nor others beside."""
  unsure = {mark.path: mark.format for mark in marks
            if not mark.annotated and mark.format != 'masks'
            and not annotations.recognises(mark.format, mark.path)}
  sure = {mark.format for mark in marks
          if mark.path not in unsure and os.path.getsize(mark.path)}
  return {path for path, name in unsure.items() if name not in sure}


def fit(marks, folder, named):
  """Brings marks and images together.

  A mark of no image or of several is a problem.

  Args:
    marks: list of `Mark`.
    folder: `folder.Folder` of the images.
    named: paths of what annotates them, for errors; none where that lies in the folder.

  Returns:
    `Fitted`.
  """
  where = f"--annotations {' '.join(map(str, named))}" if named else folder.root
  labels = [mark for mark in marks if mark.format != 'masks']
  masks = [mark for mark in marks if mark.format == 'masks']
  unsure = set() if named else doubtful(labels)  # What is named is said to annotate.
  of_labelme = {mark.path.parent for mark in labels if mark.format == 'labelme'}
  unsure -= {mark.path for mark in labels  # One of these may be damaged.
             if not mark.format and mark.path.parent in of_labelme}
  mixed = {base for base in {mark.base for mark in masks}
           if any(mark.path.is_relative_to(base) for mark in labels)}
  labels, of_labels = _matched(labels, folder, where, unsure=unsure)
  masks, of_masks = _matched(masks, folder, where, mixed=mixed)
  if orphans := of_labels + of_masks:
    paths, fitted = folder.all_images, labels + masks
    remedy = _with_other_numbers(orphans, fitted, paths) or (
        f'add the images or remove what annotates them{_apart(fitted, orphans)}'
        + (_in_another_part(orphans[0], fitted, paths, folder.root)
           or _nearest(orphans, paths)))
    folder.problems.add(
        f'No image in {folder.root} fits {len(orphans)} of the annotations in {where}, '
        f'the first is {orphans[0].place}{_file_of(orphans[0])}: {remedy}.')
  return Fitted(*_one_for_each(labels, folder), masks)


def _matched(marks, folder, where, unsure=(), mixed=()):
  """Returns ([(`Mark`, its image), ...], `Mark`s that have none); see `fit`.

  Args:
    marks: `Mark`s of labels, or of masks.
    folder: `folder.Folder` of the images.
    where: what holds the marks, for errors.
    unsure: paths of labels that annotate an image where they may mark a place in it.
    mixed: bases of masks where annotations of another kind lie beside them.
  """
  fitted, orphans, left_out, copies = [], [], folder.left_out, []
  matches, respelled = matching.match(marks, folder.all_images, folder.root)
  folder.noted[RESPELLED] += respelled
  for mark, found in zip(marks, matches):
    if mark.format == 'masks' and _is_picture(mark, mark.base in mixed, found):
      left_out['copies of images, beside their annotations'].append(mark.path)
      copies += [(mark.path, path) for path in found[:1]]
    elif len(found) > 1 and (other := _not_clean(mark, found, folder.root)):
      folder.noted[BESIDE_CLEAN].append(other)
      fitted.append((mark, other))
    elif len(found) > 1:
      first, second = sorted(path.relative_to(folder.root) for path in found)[:2]
      folder.problems.add(f'{where} has one annotation, {mark.place}, for two images, '
                          f'{first} and {second}: add one for the other, or '
                          'remove one of the images.')
    elif found and mark.path in unsure and not places.in_file(mark.path, found[0]):
      left_out[reasons.OTHERS].append(mark.path)
    elif found:
      fitted.append((mark, found[0]))
    elif mark.annotated and not mark.annotated.regions:
      left_out[ABSENT].append(mark.path)
    elif not mark.annotated and mark.format != 'masks' and not annotations.recognises(
        mark.format, mark.path):
      left_out[reasons.OTHERS].append(mark.path)
    else:
      orphans.append(mark)
  with folder.problems.collected():
    other_pictures.refuse_beside(copies)
  return fitted, orphans


def _one_for_each(fitted, folder):
  """Returns the labels of `Fitted`, and those that are repeated."""
  labels, repeated = {}, []
  for mark, path in fitted:
    if _repeats_folder(mark, path.relative_to(folder.root)):
      folder.left_out[REPEATED].append(mark.path)
    elif not mark.format:
      with folder.problems.collected():
        text_files.read_json(mark.path)  # Where it is damaged, that is the problem.
        raise UserError(
            f'{mark.path} is JSON for {path.name}, but of none of the kinds '
            f"{annotations.kinds('.json')}: export it as one of these or, "
            'where it marks nothing, name by --format what is to be read.')
    elif path in labels:
      repeated.append((mark, path))
    else:
      labels[path] = mark
  return [(mark, path) for path, mark in labels.items()], repeated


def _repeats_folder(mark, place):
  """Returns whether a mark holds the name of a folder of its image, and nothing more."""
  said = mark.annotated
  if not said and mark.format in annotations.formats_of('.json'):
    with contextlib.suppress(UserError):  # It is told where labels are read.
      said, = annotations.READ[mark.format].read(mark.path)
  return bool(said) and not said.regions and bool(said.tags) and (
      {*said.tags} <= {*place.parent.parts})


def _apart(fitted, orphans):
  """Returns advice to name what holds the marks that fit, where it holds no others."""
  if not (files := {mark.path for mark, _ in fitted}):
    return ''
  others = {mark.path for mark in orphans}
  top = pathlib.Path(os.path.commonpath([path.parent for path in files]))
  tops = [top] if not any(path.is_relative_to(top) for path in others) else sorted(files)
  return '' if len(tops) > _MOST_NAMED or files & others else (
      '; where these are of other images, pass --annotations '
      f'{shlex.join(map(str, tops))}, all of which fits')


def _with_other_numbers(orphans, fitted, paths):
  """Returns advice where both sides are numbered, and fit with one more or less: 0 and 1.

  Without the annotation that has no image, each image might get that of its neighbour.
  """
  both = [(file_names.stem_of_mask(mark.place) if mark.format == 'masks' else
           file_names.bare(mark.place)) for mark in [*orphans, *(
               mark for mark, _ in fitted)]], [*map(file_names.bare, paths)]
  # As img of img0 and img1, or mask and image.
  words = [_WORD_AND_NUMBER.match(name)[1] for name in (
      both[0][0], file_names.bare(fitted[0][1]) if fitted else both[0][0])]
  marks, images = (sorted({int(found[2]) for found in map(_WORD_AND_NUMBER.match, some)
                           if found[1] == word and found[2]})
                   for word, some in zip(words, both))
  if len(marks) < max(_LEAST_NUMBERED, len({*both[0]})) or not images or not any(
      {mark + shift for mark in marks} <= {*images}
      for shift in {1, -1, images[0] - marks[0]} - {0}):
    return ''
  said = (f'from {word}{some[0]} to {word}{some[-1]}' for word, some in zip(
      words, (marks, images)))
  return ('annotations are numbered {} and images {}: where each annotation is of its '
          "image's neighbour in number, give both one name; where those of one number "
          'belong together, add the image that lacks').format(*said)


def _in_another_part(mark, fitted, paths, root):
  """Returns advice where an image without an annotation has the mark's name elsewhere.

  As in a copy of NEU-DET: train/images/crazing/crazing_240.jpg is there, and
  validation/annotations/crazing_240.xml.
  """
  free = (path.relative_to(root) for path in sorted(
      {*paths} - {path for _, path in fitted}))
  place = next((place for place in free if place.stem == mark.place.stem
                and not matching.are_of_one_part(mark.place, place)), None)
  return '' if not place else (
      f'; where {place} is its image, move one of the two, so that both lie in one part of '
      'the set, as train')


def _nearest(orphans, paths):
  """Returns advice where one name begins or ends as another, as 1_test.jpg and gt_1.txt."""
  mark, image = orphans[0], _nearest_image(orphans[0], paths)
  if mark.format == 'masks' and (task := _OF_TASK.fullmatch(mark.place.stem)):
    new = mark.path.parent / task[2] / f'{paths[0].stem}_mask_{task[3]}{mark.path.suffix}'
    return ("; where these are Label Studio's masks of brushes, whose names have the "
            'number of a task and not its image, which the export as JSON tells for each '
            f'task, call them after their images, in a folder for each class, as {new}')
  if not image:
    return ''
  stem = mark.place.stem
  name = file_names.class_in_name(stem, image.stem)
  number = stem.startswith(image.stem) and _NUMBER.search(stem.removeprefix(image.stem))
  if mark.format == 'masks' and number:
    new = image.with_name(f'{image.stem}_mask_{number[1]}{mark.path.suffix}')
    advice = (f'; where it is one of several of {image.name}, put _mask before its number, '
              f'as {new.name}')
    if name.endswith(f'_{number[1]}'):  # As in 1_crack_mask_2.
      name, image = name.removesuffix(f'_{number[1]}'), new
    elif name:
      advice += ', and where it is of a class, into a folder called so'
    return advice + ('; ' + unnamed_masks.put_masks(
        mark.path.parent, name, image, mark.path.suffix)) * bool(name)
  if mark.format != 'masks' or not name or file_names.bare(mark.place) in image.stem:
    return f'; where {image.name} is its image, give both one name'
  advice = unnamed_masks.put_masks(mark.path.parent, name, image, mark.path.suffix)
  if any(_nearest_image(other, paths) == image for other in orphans[1:]):
    return f'; {advice}'
  return f'; where {image.name} is its image, give both one name; {advice}'


def _nearest_image(mark, paths):
  """Returns the image whose name begins or ends as that of a mark; None for none."""
  name = file_names.bare(mark.place)
  names = {name, *file_names.without_words(name), _NUMBERED.sub('', name),
           *file_names.without_words(re.sub(r'[ ._-]*\d+$', '', name)),
           re.sub(r' ?\(.*\)$', '', name)} - {''}
  return next((path for path in paths if name and path.stem != name and (
      path.stem.startswith(name) or path.stem in names)), None)


def _file_of(mark):
  """Returns the file's name of a mark in a file of many, as part of a sentence."""
  return f' of {mark.path.name}' if mark.format in annotations.MANY else ''


def _not_clean(mark, paths, root):
  """Returns the one of several images that is not clean by its folder, or None.

  An annotation of nothing may be of the clean one.
  """
  if mark.annotated and not mark.annotated.regions:
    return None
  others = [path for path in paths if not folder_names.is_clean(path.relative_to(root))]
  return others[0] if len(others) == 1 else None


def _is_picture(mark, mixed, found):
  """Returns whether an image among annotations is no mask.

  Args:
    mark: `Mark` of the image.
    mixed: whether annotations of another kind lie in its folder; then the place and the
      pixels decide.
    found: paths of the images that it may be of; no mask is the same file.
  """
  return mixed and not (
      folder_names.is_mask_folder(mark.place) or masks_lib.is_mask(mark.path)
      or file_names.stem_of_mask(mark.place) != mark.place.stem) or any(
          filecmp.cmp(mark.path, path, shallow=False) for path in found)
