"""Reads the marks of images, boxes and masks, and checks that they fit."""

import warnings

import numpy as np
from PIL import ExifTags
from PIL import Image

from data_prep import images as images_lib
from data_prep import places
from data_prep.sources import progress
from pegan_jax import annotations
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.annotations import yolo
from pegan_jax.annotations.regions import Annotated, Region
from pegan_jax.common.errors import UserError

DEFECT = 'defect'  # Class of masks that name none.

_SAMPLE = 64  # Most values of a mask that lies beside its image by the same name.
_ABOVE = 2  # Folders above the masks that may have the names of their values.


def is_mask(path):
  """Returns whether an image is a mask by its pixels: few values, with zero."""
  try:
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')
      with Image.open(path) as image:
        colours = image.convert('RGB').getcolors(_SAMPLE)
        return bool(colours) and any(colour == (0, 0, 0) for _, colour in colours)
  except Exception:  # pylint: disable=broad-except
    return False  # Reading it as an image says what is wrong.


def read(labels, masks, root, left_out, noted):
  """Reads marks, once each is known to be of one image.

  Args:
    labels: list of (`places.Mark`, image path), boxes and polygons; one for each image.
    masks: the same for masks; there may be several for an image.
    root: path of the images' folder.
    left_out, noted: as of `layouts.Layout`; get what is found here.

  Returns:
    {image path: `Annotated`}.

  Raises:
    UserError: a mark cannot be read or does not fit its image.
  """
  found = {}
  texts = [(mark.path, mark.place.as_posix()) for mark, _ in labels
           if mark.format == 'yolo']
  of_text = {mark_path: image for (mark_path, _), image in zip(
      texts, yolo.read_files(texts))}
  for mark, path in progress(labels, 'checking boxes'):
    if mark.format == 'yolo':
      annotated = of_text[mark.path]
    else:
      annotated = mark.annotated or annotations.FORMATS[mark.format].read(mark.path)[0]
    found[path] = _checked(annotated._replace(file=_name(mark)), path, noted)
  unnamed = {folder for folder, names in yolo.names_of(p for p, _ in texts).items()
             if names is None}
  for path, _ in texts:
    if path.parent in unnamed:
      noted['YOLO labels without a file of names: classes are called by their numbers'
            ].append(path)
  return found | _read_masks(masks, found, root, left_out, noted)


def _name(mark):
  return f'{mark.path} ({mark.place})' if mark.format == 'coco' else str(mark.path)


def _checked(annotated, path, noted):
  """Returns an image's `Annotated`, with its size; UserError where it does not fit."""
  height, width = images_lib.size(path)
  if (annotated.height, annotated.width) == (width, height) != (height, width):
    raise UserError(
        f'{annotated.file} is for an image of {annotated.width} x {annotated.height} '
        f'pixels, and {path} has {width} x {height}, turned by its EXIF tag or since: '
        'save the image upright, without the tag, and mark it again.')
  regions = annotated.regions_in(height, width)
  scale = (width, height) if (annotated.height, annotated.width) == (1, 1) else (1, 1)
  for region, kept in zip(annotated.regions, regions):
    sides = np.multiply((region.box.width, region.box.height), scale)
    edges = np.reshape(region.box, (2, 2)) * scale
    inside = np.clip(edges, 0, (width, height))
    if np.prod(inside[1] - inside[0]) < np.prod(sides) / 2:
      left, top, right, bottom = edges.ravel().tolist()
      raise UserError(
          f'{annotated.file} has a box of {region.name}, from ({left:g}, {top:g}) to '
          f'({right:g}, {bottom:g}), of which more than half lies outside of its '
          f'{width} x {height} image: correct or remove it')
    if np.abs(inside - edges).max() > 1:  # Less is rounding, or counting from 1.
      noted['boxes that reach beyond their image: cut at its edge'].append(path)
    del kept
  if regions and _is_turned(path):
    noted['images that an EXIF tag turns: their annotations are taken to be of the '
          'upright image'].append(path)
  return annotated


def _is_turned(path):
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    with Image.open(path) as image:
      return image.format == 'JPEG' and image.getexif().get(
          ExifTags.Base.Orientation, 1) > 1


def _read_masks(masks, labels, root, left_out, noted):
  """Returns {image path: `Annotated`} of masks, with the boxes they lie in."""
  of_image, known, unnamed = {}, {}, []
  for mark, path in masks:
    of_image.setdefault(path, []).append(mark)
  for mark, _ in masks:
    if mark.path.parent not in known:
      known[mark.path.parent] = _names_for(mark.path.parent)
  read_masks = {}
  values = {}  # Of each folder's masks.
  for path, marks in progress(sorted(of_image.items()), 'reading masks'):
    height, width = images_lib.size(path)
    for mark in marks:
      names = known[mark.path.parent]
      mask = masks_lib.read(mark.path, bool(names and names.by_colour))
      if (mask.height, mask.width) != (height, width):
        raise UserError(f'{mark.path} is a mask of {mask.width} x {mask.height} pixels, '
                        f'and its image {path} has {width} x {height}: correct one of '
                        'them.')
      if mask.soft:
        noted['masks with soft edges: cut at half'].append(mark.path)
      read_masks[mark.path] = mask
      for value in mask.regions:
        values.setdefault(mark.base, {}).setdefault(value, mark.path)
  found = {}
  for path, marks in sorted(of_image.items()):
    place = path.relative_to(root)
    regions = []
    for mark in marks:
      regions += _named(mark, place, read_masks.pop(mark.path), known[mark.path.parent],
                        values.get(mark.base, {}))
    height, width = images_lib.size(path)
    if path in labels:
      boxes = labels[path].regions_in(height, width)
      regions, loose = _refine(boxes, regions, height, width)
      if loose:
        noted['masks with pixels outside of every box: kept clear of backgrounds, of no '
              'class'].append(path)
      if any(region.mask is None for region in regions):
        noted['images with a box without any pixel of their mask'].append(path)
    elif places.is_clean(place):
      if regions:
        raise UserError(f'{path} is clean by its folder, and {marks[0].path} marks a '
                        'defect in it: move one of them.')
    elif not regions and places.class_of(place):
      left_out["images in a class's folder whose mask is empty"].append(path)
      continue
    elif any(not region.name for region in regions):
      unnamed.append(path)
      regions = [region._replace(name=region.name or DEFECT) for region in regions]
    found[path] = Annotated(str(marks[0].path), height, width, regions)
  if unnamed:
    noted[f"masks that name no class: called '{DEFECT}'"] = unnamed
  return found


def _names_for(folder):
  """Returns the `masks.Names` in a folder of masks or above it, or None."""
  for place in [folder, *folder.absolute().parents][:1 + _ABOVE]:
    if names := masks_lib.names_in(place):
      return names
  return None


def _named(mark, place, mask, names, values):
  """Returns a mask's regions with their classes.

  Args:
    mark: its `places.Mark`.
    place: path of the image under the images' folder.
    mask: `masks.Mask`.
    names: `masks.Names` of its values, or None.
    values: {value: a file that has it} of all masks of its folder.
  """
  use_names = names and all(_has(names, value) for value in values)
  if not use_names and len(values) > 1 and names:
    value, path = next((v, p) for v, p in values.items() if not _has(names, v))
    raise UserError(f'{path} has the value {value}, which {names.path} gives no class: '
                    'name it there.')
  named = []
  for value, regions in mask.regions.items():
    name = names[value] if use_names else _class_by_folder(mark, place)
    if use_names and not name:
      continue  # The background.
    if not name and len(values) > 1:
      raise UserError(f'{mark.path} has the value {value}, and other masks have others, '
                      f"as {sorted(values, key=str)}, and no file names the classes of "
                      'these: add classes.txt, with a line for each value from 0, the '
                      'first being background.')
    named += [region._replace(name=name) for region in regions]
  return named


def _has(names, value):
  try:
    names[value]
    return True
  except KeyError:
    return False


def _class_by_folder(mark, place):
  return places.class_of(mark.path.relative_to(mark.base)) or places.class_of(place)


def _refine(boxes, marked, height, width):
  """Gives boxes the pixels of masks that lie in them.

  Args:
    boxes: list of `Region` in whole pixels.
    marked: list of `Region` with masks, named or not.
    height, width: of the image in pixels.

  Returns:
    (regions, whether marked pixels lie outside of every box): the boxes with masks, but
    where no pixel is marked, and then what lies outside, unnamed.
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
  loose = masks_lib.pieces(rest)
  return refined + loose, bool(loose)
