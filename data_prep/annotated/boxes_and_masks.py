"""Reads the marks of images, boxes and masks, and checks that they fit."""

import re
import warnings

import numpy as np
from PIL import ExifTags
from PIL import Image

from data_prep.annotated import folder_names
from data_prep.images import reading
from data_prep.images.progress import progress
from pegan_jax import annotations
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.annotations import yolo
from pegan_jax.annotations.regions import Annotated, Region
from pegan_jax.common.errors import UserError

DEFECT = 'defect'  # Class of masks that name none.

_ABOVE = 2  # Folders above the masks that may have the names of their values.


def read_labels(labels, noted, problems):
  """Reads boxes and polygons, once each file is known to be of one image.

  Args:
    labels: list of (`folder_names.Mark`, image path), one for each image.
    noted: as of `layouts.Layout`; gets what is found here.
    problems: `Problems`; gets what cannot be read.

  Returns:
    {image path: `Annotated`}, as its file says it.
  """
  found, names = {}, {}
  texts = [mark.path for mark, _ in labels if mark.format == 'yolo']
  with problems.collected():
    names = yolo.names_of(texts)
  for mark, path in progress(labels, 'reading annotations'):
    if mark.format == 'yolo' and mark.path.parent not in names:
      continue  # Its names are the problem.
    with problems.collected():
      if mark.format == 'yolo':
        annotated = yolo.read_file(mark.path, '', names[mark.path.parent])
      else:
        annotated = mark.annotated or annotations.READ[mark.format].read(mark.path)[0]
      found[path] = annotated._replace(file=_name(mark))
  if unnamed := [path for path in texts if names.get(path.parent, ()) is None]:
    noted['YOLO labels without a file of names: classes are called by their numbers'
          ] += unnamed
  return found


def _name(mark):
  return f'{mark.path} ({mark.place})' if mark.annotated else str(mark.path)


def fit_labels(labels, noted, problems):
  """Checks that boxes and polygons fit their images.

  Args:
    labels: {image path: `Annotated`}.
    noted, problems: get what is found here.

  Returns:
    {image path: `Annotated`} of those that fit, with the image's true size, boxes in
    whole pixels of it and polygons in pixels.
  """
  fitting = {}
  for path, annotated in progress(labels.items(), 'checking annotations'):
    before = len(problems)
    with problems.collected():
      height, width = reading.size(path)
      _check_turned(annotated, path, height, width)
      regions = []
      for region in annotated.regions:
        with problems.collected():
          regions.append(_fitted(annotated, region, path, height, width, noted))
      annotated = annotated._replace(height=height, width=width, regions=regions)
    if len(problems) > before:
      continue
    if annotated.regions and _is_turned(path):
      noted['images that an EXIF tag turns: their annotations are taken to be of the '
            'upright image'].append(path)
    fitting[path] = annotated
  return fitting


def _check_turned(annotated, path, height, width):
  if (annotated.height, annotated.width) == (width, height) != (height, width):
    raise UserError(
        f'{annotated.file} is for an image of {annotated.width} x {annotated.height} '
        f'pixels, and {path} has {width} x {height}, turned by its EXIF tag or since: '
        'save the image upright, without the tag, and mark it again.')


def _fitted(annotated, region, path, height, width, noted):
  """Returns a region in pixels of its image; UserError where it does not fit."""
  inside, = annotated._replace(regions=[region]).regions_in(height, width)
  scale = (width, height) if (annotated.height, annotated.width) == (1, 1) else (1, 1)
  edges = np.reshape(region.box, (2, 2)) * scale
  seen = np.clip(edges, 0, (width, height))
  if np.prod(seen[1] - seen[0]) < np.prod(edges[1] - edges[0]) / 2:
    left, top, right, bottom = edges.ravel().tolist()
    raise UserError(
        f'{annotated.file} has a box of {region.name}, from ({left:g}, {top:g}) to '
        f'({right:g}, {bottom:g}), of which more than half lies outside of its '
        f'{width} x {height} image: correct or remove it')
  if np.abs(seen - edges).max() > 1:  # Less is rounding, or counting from 1.
    noted['boxes that reach beyond their image: cut at its edge'].append(path)
  if region.polygons:  # Pixels take more memory.
    return inside._replace(mask=None, polygons=tuple(
        np.multiply(polygon, scale) for polygon in region.polygons))
  return inside


def _is_turned(path):
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    with Image.open(path) as image:
      return image.format == 'JPEG' and image.getexif().get(
          ExifTags.Base.Orientation, 1) > 1


def read_masks(masks, labels, root, left_out, noted, problems):
  """Reads masks, and gives boxes the pixels that lie in them.

  Args:
    masks: list of (`folder_names.Mark`, image path); there may be several for an image.
    labels: {image path: `Annotated`}, from `fit_labels`.
    root: path of the images' folder.
    left_out, noted: as of `layouts.Layout`; get what is found here.
    problems: `Problems`; gets what cannot be read or does not fit.

  Returns:
    {image path: `Annotated`} of the images that have masks.
  """
  names, read_from, rules, found = {}, {}, {}, {}
  for folder in sorted({mark.path.parent for mark, _ in masks}):
    with problems.collected():
      names[folder] = _names_for(folder)
  for mark, path in progress(masks, 'reading masks'):
    if mark.path.parent in names:
      with problems.collected():
        mask = _read_mask(mark, path, names[mark.path.parent])
        read_from.setdefault(path, []).append((mark, mask))
  for base in sorted({mark.base for mark, _ in masks}):
    own = [mask for some in read_from.values() for mark, mask in some
           if mark.base == base]
    with problems.collected():
      rules[base] = _Rule(own, next(
          filter(None, (names[mask.path.parent] for mask in own)), None))
  by_folder = {mark.path: _class_by_folder(mark, path.relative_to(root))
               for path, some in read_from.items() for mark, _ in some}
  if _are_items(set(by_folder.values()),
                [mask for some in read_from.values() for _, mask in some]):
    noted['folders named by numbers, with masks that are mostly empty: taken for no '
          'classes'] += sorted({mark.path.parent for mark, _ in masks})
    by_folder = {}
  for path, some in sorted(read_from.items()):
    with problems.collected():
      if all(mark.base in rules for mark, _ in some):
        annotated = _with_masks(
            path, some, rules, labels, by_folder, root, left_out, noted)
        found |= {path: annotated} if annotated else {}
  return found


def _are_items(names, masks):
  """Returns whether folders are of numbered things, sound or not, and of no classes.

  So it is in KolektorSDD, whose kos01 to kos50 hold photographs of one part each.

  Args:
    names: set of the folders' names; '' for none.
    masks: list of all `masks.Mask` in them.
  """
  return (len(names) > 2 and len({re.sub(r'\d+', '0', name) for name in names}) == 1
          and sum(not mask.values for mask in masks) > len(masks) / 2)


def _with_masks(path, some, rules, labels, by_folder, root, left_out, noted):
  """Returns the `Annotated` of an image by its [(mark, mask), ...], or None."""
  place, regions = path.relative_to(root), []
  height, width = some[0][1].height, some[0][1].width
  for mark, mask in some:
    regions += rules[mark.base].regions(
        mask, by_folder.get(mark.path, ''), path in labels, noted)
  if path in labels:
    regions = _refine(labels[path].regions_in(height, width), regions, height, width)
    if not all(region.name for region in regions):
      noted['masks with pixels outside of every box: kept clear of backgrounds, of no '
            'class'].append(path)
    if any(region.mask is None for region in regions):
      noted['images with a box without any pixel of their mask'].append(path)
  elif folder_names.is_clean(place):
    if regions:
      raise UserError(f'{path} is clean by its folder, and {some[0][0].path} marks a '
                      'defect in it: move one of them.')
  elif not regions and by_folder and folder_names.class_of(place):
    left_out["images in a class's folder whose mask is empty"].append(path)
    return None
  elif not all(region.name for region in regions):
    noted[f"masks that name no class: called '{DEFECT}'"].append(path)
    regions = [region._replace(name=region.name or DEFECT) for region in regions]
  file = labels[path].file if path in labels else str(some[0][0].path)
  return Annotated(file, height, width, regions)


def _read_mask(mark, path, names):
  height, width = reading.size(path)
  mask = masks_lib.read(mark.path, bool(names and names.by_colour))
  if (mask.height, mask.width) != (height, width):
    raise UserError(f'{mark.path} is a mask of {mask.width} x {mask.height} pixels, '
                    f'and its image {path} has {width} x {height}: correct one of them.')
  return mask


class _Rule:
  """Settles what the values of masks mean, by all masks of a folder together."""

  def __init__(self, masks, names):
    """Settles it.

    Args:
      masks: list of `masks.Mask`.
      names: `masks.Names` of their values, or None.

    Raises:
      UserError: they have more values than masks have, or such as have no name.
    """
    self._path = masks[0].path if masks else None
    self._first = {value: mask for mask in masks[::-1] for value in mask.values}
    nameless = [value for value in self._first
                if not names or names.get(value) is None]
    self._soft = nameless and (len(self._first) > masks_lib.FEW or
                               any(mask.lossy for mask in masks))
    if self._soft:
      for mask in masks:
        if not mask.may_be_soft:
          raise UserError(f'{mask.path} is no mask: it, or others of its folder, hold '
                          f'{len(self._first)} values, as a photograph does or JPEG '
                          'makes of one; save masks as PNG, with a value for each class.')
    if nameless and names and len(self._first) > 1 and not self._soft:
      raise UserError(f'{self._first[nameless[0]].path} has the value {nameless[0]}, '
                      f'which {names.path} gives no class: name it there.')
    self._names = None if nameless else names

  def regions(self, mask, name, in_boxes, noted):
    """Returns a mask's regions.

    Args:
      mask: `masks.Mask`.
      name: its class where its values name none; '' for none.
      in_boxes: whether its image has boxes, which say the class.
      noted: as of `layouts.Layout`.
    """
    if self._names:
      return [region._replace(name=self._names.get(value)) for value in mask.values
              if self._names.get(value) for region in mask.regions([value])]
    if self._soft and len(mask.values) > 1:
      noted['masks with soft edges: cut at half'].append(mask.path)
    elif len(self._first) > 1 and not (name or in_boxes or self._soft):
      values = sorted(self._first, key=str)
      raise UserError(f'{self._path} is one of masks with the values {values}, and no '
                      'file names the classes of these: add classes.txt, with a line '
                      'for each value from 0, the first being background.')
    regions = mask.regions(soft=self._soft)
    if sum(int(region.mask.sum()) for region in regions) > mask.height * mask.width / 2:
      noted['masks that mark more than half of their image'].append(mask.path)
    return [region._replace(name=name) for region in regions]


def _names_for(folder):
  """Returns the `masks.Names` in a folder of masks or above it, or None."""
  for place in [folder, *folder.absolute().parents][:1 + _ABOVE]:
    if names := masks_lib.names_in(place):
      return names
  return None


def _class_by_folder(mark, place):
  return (folder_names.class_of(mark.path.relative_to(mark.base))
          or folder_names.class_of(place))


def _refine(boxes, marked, height, width):
  """Gives boxes the pixels of masks that lie in them.

  Args:
    boxes: list of `Region` in whole pixels.
    marked: list of `Region` with masks, named or not.
    height, width: of the image in pixels.

  Returns:
    List of `Region`: the boxes, with masks but where no pixel is marked, and then what
    lies outside of all, unnamed.
  """
  rest = np.zeros((height, width), bool)
  by_name = {}
  for region in marked:
    inside = by_name.setdefault(region.name, np.zeros((height, width), bool))
    inside[region.box.slices] |= region.mask
    rest[region.box.slices] |= region.mask
  refined = []
  for region in boxes:
    mask = region.mask
    if mask is None:
      pieces = [inside[region.box.slices] for name, inside in by_name.items()
                if name in ('', region.name)]
      mask = np.any(pieces, axis=0) if pieces else None
      mask = mask if mask is not None and mask.any() else None
    refined.append(Region(region.name, region.box, mask))
    rest[region.box.slices] = False
  return refined + masks_lib.pieces(rest)
