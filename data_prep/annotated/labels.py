"""Reads labels, which are boxes and polygons of images, and checks that they fit."""

import os

import numpy as np

from data_prep.annotated import named_classes, resized
from data_prep.images import reading
from data_prep.images.progress import progress
from pegan_jax import annotations
from pegan_jax.annotations import severstal, voc, yolo, yolo_names
from pegan_jax.annotations.regions import are_fractions, Box, IGNORED, Region
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError, listed


_WHOLE = 0.98  # Of an image's pixels.
_AROUND = ('outlines around all of their image: nothing says where in it the defect is, so '
           'outline it, or remove them')
_ANOTHER = ('images whose annotation names another image, which is there too: it is taken '
            'to be of the image that its own name fits')
STRAY = ('regions of less than a pixel, as of a stray click: kept clear of backgrounds, of '
         'no class')
_IGNORED = (f'images with a region that is to be ignored, or called {IGNORED}: kept clear '
            'of backgrounds, of no class')
_TWICE = 'images with the very same shape of one class twice: counted once'


def read(labels, noted, problems, tags=()):
  """Reads boxes and polygons, once each file is known to be of one image.

  Args:
    labels: list of (`marks.Mark`, image path), one for each image.
    noted: as of `folder.Layout`; gets what is found here.
    problems: `Problems`; gets what cannot be read.
    tags: words that images with regions have elsewhere, and that tell of no defect.

  Returns:
    {image path: `Annotated`}, as its file says it.
  """
  found, names = {}, {}
  for base in dict.fromkeys(mark.base for mark, _ in labels if mark.format == 'yolo'):
    with problems.collected():
      names |= yolo.names_of([mark.path for mark, _ in labels if (
          mark.format, mark.base) == ('yolo', base)], base)
  for mark, path in progress(labels, 'reading annotations'):
    if mark.format == 'yolo' and mark.path.parent not in names:
      continue  # Its names are the problem.
    with problems.collected():
      found[path] = _read(mark, path, names, noted)
  _refuse_tags(labels, found, tags, problems)
  named_classes.note(labels, found, names, noted)
  resized.note_bytes(found, noted)
  for base in {mark.base for mark, _ in labels if mark.format == 'voc'}:
    some = [path for mark, path in labels
            if (mark.format, mark.base) == ('voc', base) and path in found]
    found |= zip(some, voc.counted([found[path] for path in some]))
  for path, annotated in found.items():
    for note in annotated.notes:
      noted[note].append(path)
  for name in annotations.READ:
    some = [found[path] for mark, path in labels if mark.format == name and path in found]
    if are_fractions([image for image in some if (image.height, image.width) != (1, 1)]):
      problems.add(f'{some[0].file} and all others like it have boxes within one pixel: '
                   f'they are fractions of the images, and {name} has pixels.')
  yolo_labels = [(mark, path) for mark, path in labels
                 if mark.format == 'yolo' and mark.path.parent in names]
  unnamed = {mark.path.parent: mark.base for mark, _ in yolo_labels
             if not names[mark.path.parent][1]}
  may_name = _may_name(unnamed, yolo_labels, found)
  for mark, _ in yolo_labels:
    if note := _note_on_names(mark, names[mark.path.parent][1], may_name):
      noted[note].append(mark.path)
  return found


def _may_name(folders, labels, found):
  """Returns a file that may name classes of YOLO that nothing names, or None.

  Args:
    folders: {path of a folder of labels: of that which holds all}.
    labels: list of (`Mark`, image path) of YOLO.
    found: as `read` returns it.
  """
  numbers = [int(region.name) for mark, path in labels if path in found
             and mark.path.parent in folders for region in found[path].regions]
  paths = {mark.path for mark, _ in labels}
  files = (yolo_names.may_name(folder, base, 1 + max(numbers), paths)
           for folder, base in folders.items() if numbers)
  return next(filter(None, files), None)


def _read(mark, path, names, noted):
  """Returns the `Annotated` of an image; what is to be ignored is of no class.

  Args:
    mark, path: the `Mark` and the path of its image.
    names: {folder: (names of YOLO's classes, their file)}.
    noted: as of `read`.

  Raises:
    UserError: it cannot be read, or has a region without the name of a class.
  """
  annotated = _said(mark, names)._replace(file=_name(mark))
  if mark.format == 'severstal':
    annotated = severstal.with_size(annotated, *reading.size(path))
  if not all(region.name.strip() for region in annotated.regions):
    raise UserError(f'{annotated.file} has a region without the name of a class: name it, '
                    'or remove it.')
  if any(region.name == IGNORED for region in annotated.regions):
    noted[_IGNORED].append(path)
    annotated = annotated._replace(regions=[
        region._replace(name='') if region.name == IGNORED else region
        for region in annotated.regions])
  if annotated.says not in ('', path.name) and (
      os.path.isfile(path.with_name(annotated.says))):
    noted[_ANOTHER].append(path)
  return annotated


def _note_on_names(mark, file, may_name):
  """Returns what to note of where the names of YOLO's classes are from, '' for nothing."""
  if not file:
    return 'YOLO labels without a file of names: classes are called by their numbers' + (
        f'; where {may_name} names them, call it classes.txt' if may_name else '')
  if not file.is_relative_to(os.path.abspath(mark.base)):
    return f'YOLO labels whose classes are named by {file}, above their folder'
  if not mark.path.absolute().is_relative_to(file.parent):
    return f'YOLO labels whose classes are named by {file}, beside their folder'
  return ''


def _refuse_tags(labels, found, known, problems):
  """Takes out, as problems, images without regions that a tag may call defective.

  A tag that images with regions have as well, as reviewed or camera1, is of no defect,
  but where it is the name of a class, or a word as defect.
  """
  known = {*known, *(tag for image in found.values() if image.regions
                     for tag in image.tags)}
  classes = {region.name.lower() for image in found.values() for region in image.regions}
  known = {tag for tag in known
           if tag.lower() not in classes and not class_names.is_defect(tag)}
  by_tag = {}
  for path in [path for _, path in labels if path in found and not found[path].regions]:
    if some := [tag for tag in found[path].tags
                if tag not in known and not class_names.is_clean(tag)]:
      by_tag.setdefault(', '.join(some), []).append(found.pop(path).file)
  for tag, names in by_tag.items():
    verb = 'has' if len(names) == 1 else 'have'
    problems.add(f'{listed(names, 1)} {verb} no shapes, but the tag or flag {tag}, which '
                 'may say that something is there: draw what it means, or take it away '
                 'from images that are clean.')


def _said(mark, names):
  """Returns what a mark says; UserError, for what may be no annotation, says so."""
  try:
    if mark.format == 'yolo':
      return yolo.read_file(mark.path, '', names[mark.path.parent][0])
    if mark.format == 'voc':
      return voc.read_file(mark.path, '')
    return mark.annotated or annotations.READ[mark.format].read(mark.path)[0]
  except UserError as error:
    if annotations.recognises(mark.format, mark.path):
      raise
    raise UserError(
        f"{str(error).rstrip('.')}; where it is of another kind, export it as one of "
        f'{annotations.kinds()}; where it marks nothing, name by --format what is to be '
        'read.') from None


def _name(mark):
  return f'{mark.path} ({mark.place})' if mark.annotated else str(mark.path)


def fit(labels, noted, problems):
  """Checks that boxes and polygons fit their images.

  Args:
    labels: {image path: `Annotated`}.
    noted, problems: get what is found here.

  Returns:
    {image path: `Annotated`} of those that fit, with the image's true size, boxes in
    whole pixels of it and polygons in pixels.
  """
  fitting, misfits = {}, []
  for path, annotated in progress(labels.items(), 'checking annotations'):
    with problems.collected():
      height, width = reading.size(path)
      _check_turned(annotated, path, height, width)
      try:
        annotated._replace(regions=[]).regions_in(height, width)
      except UserError as error:
        what, _, advice = str(error).rpartition(': ')
        misfits.append(resized.misfit(
            what, advice, (annotated.height or height, annotated.width or width),
            (height, width)))
        continue
      regions = []
      for region in annotated.regions:
        with problems.collected():
          regions.append(_fitted(annotated, region, path, height, width, noted))
      if len(regions) < len(annotated.regions):
        continue
      if regions and reading.is_turned(path):
        noted[reading.TURNED].append(path)
      single = list({_shape(region): region for region in regions}.values())
      if len(single) < len(regions):
        noted[_TWICE].append(path)
      fitting[path] = annotated._replace(height=height, width=width, regions=single)
  resized.tell(misfits, 'where only the sizes that are said are wrong, correct these',
               problems)
  resized.note_corner(fitting, [path for path, annotated in labels.items()
                                if not (annotated.height and annotated.width)], noted)
  return fitting


def _shape(region):
  """Returns what two regions have alike that are one and the same."""
  arrays = region.polygons or (() if region.mask is None else (region.mask,))
  return (region.name, region.box, *(array.tobytes() for array in arrays))


def _is_stray(edges, width, height):
  """Returns whether [[left, top], [right, bottom]] in an image cover less than a pixel."""
  return edges.min() >= 0 and (edges <= (width, height)).all() and (
      np.prod(edges[1] - edges[0]) < 1)


def _check_turned(annotated, path, height, width):
  if (annotated.height, annotated.width) == (width, height) != (height, width):
    raise UserError(
        f'{annotated.file} is for an image of {annotated.width} x {annotated.height} '
        f'pixels, and {path} has {width} x {height}, turned by its EXIF tag or since: '
        'where the marks fit the image without the tag, take the tag away, and where only '
        'the two numbers are swapped, correct these; else save the image upright and mark '
        'it again.')


def _fitted(annotated, region, path, height, width, noted):
  """Returns a region in pixels of its image; UserError where it does not fit."""
  scale = (width, height) if (annotated.height, annotated.width) == (1, 1) else (1, 1)
  corners = np.concatenate([np.reshape(region.box, (2, 2)), *(region.polygons or ())])
  edges = np.stack([corners.min(0), corners.max(0)]) * scale
  seen = np.clip(edges, 0, (width, height))
  if _is_stray(edges, width, height):
    noted[STRAY].append(path)
    left, top = np.minimum(np.floor(edges[0]), (width - 1, height - 1)).astype(int).tolist()
    return Region('', Box.square(left, top, 1))
  lost = np.prod(seen[1] - seen[0]) < np.prod(edges[1] - edges[0]) / 2
  # Before an outline is filled, which takes memory by its length.
  if lost and (seen[1] > seen[0]).all():
    left, top, right, bottom = edges.ravel().tolist()
    raise UserError(
        f'{annotated.file} has a box of {region.name}, from ({left:g}, {top:g}) to '
        f'({right:g}, {bottom:g}), of which more than half lies outside of its '
        f'{width} x {height} image: correct or remove it')
  inside, = annotated._replace(regions=[region]).regions_in(height, width)
  if np.abs(seen - edges).max() > 1:  # Less is rounding, or counting from 1.
    noted['regions that reach beyond their image: cut at its edge'].append(path)
  if region.polygons and (inside.mask.sum() >= _WHOLE * height * width):
    noted[_AROUND].append(path)
  if region.polygons:  # Pixels take more memory.
    return inside._replace(mask=None, polygons=tuple(
        np.multiply(polygon, scale) for polygon in region.polygons))
  return inside
