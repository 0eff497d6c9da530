"""Reads mask images, and gives boxes the pixels that lie in them."""

import numpy as np

from data_prep.annotated import checks, folder_names
from data_prep.images import reading
from data_prep.images.progress import progress
from pegan_jax.annotations import components, mask_names
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.annotations.regions import Annotated, IGNORED, Region
from pegan_jax.common.errors import UserError

DEFECT = 'defect'  # Class of masks that name none.

NUMBERED = ('images whose classes are folders that differ by a number alone: where these '
            'are cameras or dates, they are no classes')
_VOID = 255  # Of Pascal VOC's masks.
_ABOVE = 2  # Folders above the masks that may have the names of their values.


def read(masks, labels, root, left_out, noted, problems, outer=frozenset()):
  """Reads masks, and gives boxes the pixels that lie in them.

  Args:
    masks: list of (`folder_names.Mark`, image path); there may be several for an image.
    labels: {image path: `Annotated`}, from `labels.fit`.
    root: path of the images' folder.
    left_out, noted: as of `layouts.Layout`; get what is found here.
    problems: `Problems`; gets what cannot be read or does not fit.
    outer: from `folder_names.outer_folders`.

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
        if not _is_repeated(mark, mask, read_from.setdefault(path, [])):
          read_from[path].append((mark, mask))
        else:
          left_out['masks that are another one of their image in another format'].append(
              mark.path)
  for own, named in _of_one_rule(read_from, names):
    with problems.collected():
      rules |= dict.fromkeys([mask.path for mask in own], _Rule(own, named))
  by_folder = {}
  with problems.collected():
    by_folder = _classes_by_folder(read_from, root, outer, noted)
  for path, some in sorted(read_from.items()):
    with problems.collected():
      if all(mark.path in rules for mark, _ in some):
        annotated = _with_masks(
            path, some, rules, labels, by_folder, root, left_out, noted)
        found |= {path: annotated} if annotated else {}
  return found


def _of_one_rule(read_from, names):
  """Yields ([masks whose values mean the same], their `mask_names.Names` or None)."""
  for base in sorted({mark.base for some in read_from.values() for mark, _ in some}):
    own = [mask for some in read_from.values() for mark, mask in some if mark.base == base]
    said = [names[mask.path.parent] for mask in own]
    several = [x for k, x in enumerate(said) if x and x not in said[:k]]
    if len(several) < 2:  # Perhaps in one folder of several.
      yield own, several[0] if several else None
      continue
    for one in several + [None] * (None in said):
      yield [mask for mask, x in zip(own, said) if x == one], one


def _classes_by_folder(read_from, root, outer, noted):
  """Returns {path of a mask: the class that its folder or its image's names, or ''}."""
  found = {}
  named = {folder_names.outer_class_of(mark.path.relative_to(mark.base))
           or folder_names.outer_class_of(path.relative_to(root))
           for path, some in read_from.items() for mark, _ in some}
  if folder_names.are_of_images(named) and not any(
      folder_names.key_of(name) == folder_names.key_of(mark.base.name)
      for name in named for some in read_from.values() for mark, _ in some):
    outer = {*outer, *named}
  for path, some in read_from.items():
    place = folder_names.without(path.relative_to(root), outer)
    for mark, _ in some:
      own = folder_names.without(mark.path.relative_to(mark.base), outer)
      name = folder_names.class_of_mask(own, place)
      found[mark.path] = '' if name == path.stem else name  # A folder for each image.
    if inner := folder_names.below_class(place):
      noted[f"images with masks in folders in that of a class, as '{inner[0]}' in that of "
            f"'{folder_names.class_of(place)}'"].append(path)
  checks.check_parts({*found.values()}, 'The folders of masks')
  if _are_items(set(found.values()),
                [mask for some in read_from.values() for _, mask in some]):
    noted['folders named by numbers, with masks that are mostly empty: taken for no '
          'classes'] += sorted({path.parent for path in found})
    return {}
  if folder_names.are_numbered({*found.values()} - {''}):
    noted[NUMBERED] += sorted(path for path, some in read_from.items()
                              if any(found[mark.path] for mark, _ in some))
  return found


def _are_items(names, masks):
  """Returns whether folders are of numbered things, sound or not, and of no classes.

  So it is in KolektorSDD, whose kos01 to kos50 hold photographs of one part each.

  Args:
    names: set of the folders' names; '' for none.
    masks: list of all `masks.Mask` in them.
  """
  return (len(names) > 2 and folder_names.are_numbered(names)
          and sum(not mask.values for mask in masks) > len(masks) / 2)


def _with_masks(path, some, rules, labels, by_folder, root, left_out, noted):
  """Returns the `Annotated` of an image by its [(mark, mask), ...], or None."""
  place, regions = path.relative_to(root), []
  height, width = some[0][1].height, some[0][1].width
  for mark, mask in some:
    regions += rules[mark.path].regions(
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
  elif not all(region.name or rules[mark.path].names_classes
               for region in regions for mark, _ in some):
    noted[f"masks that name no class: called '{DEFECT}'"].append(path)
    regions = [region._replace(name=region.name or DEFECT) for region in regions]
  if regions and reading.is_turned(path):
    noted[reading.TURNED].append(path)
  file = labels[path].file if path in labels else str(some[0][0].path)
  return Annotated(file, height, width, regions)


def _read_mask(mark, path, names):
  height, width = reading.size(path)
  mask = masks_lib.read(mark.path, bool(names and names.by_colour))
  if (mask.height, mask.width) != (height, width):
    raise UserError(f'{mark.path} is a mask of {mask.width} x {mask.height} pixels, '
                    f'and its image {path} has {width} x {height}: correct one of them.')
  return mask


def _is_repeated(mark, mask, others):
  """Returns whether a mask is another one of its image, of its name, in another format.

  Args:
    mark, mask: the mask.
    others: list of (mark, mask) of those that were read before.

  Raises:
    UserError: one has its name and other pixels.
  """
  for other, same in others:
    if mark.path.with_suffix('') == other.path.with_suffix(''):
      if not np.array_equal(same.marked(), mask.marked()):
        raise UserError(f'{other.path} and {mark.path} are masks of one image by their '
                        'name, and mark different pixels: remove one of them.')
      return True
  return False


class _Rule:
  """Settles what the values of masks mean, by all masks of a folder together."""

  def __init__(self, masks, names):
    """Settles it.

    Args:
      masks: list of `masks.Mask`.
      names: `mask_names.Names` of their values, or None.

    Raises:
      UserError: they have more values than masks have, or such as have no name.
    """
    self._path = masks[0].path if masks else None
    self._first = {value: mask for mask in masks[::-1] for value in mask.values}
    names = names and names.for_values(self._first)
    nameless = [value for value in self._first
                if not names or names.get(value) is None]
    self._soft = nameless and (len(self._first) > masks_lib.FEW or
                               any(mask.lossy for mask in masks) or
                               masks_lib.have_soft_edges(masks))
    if self._soft:
      for mask in masks:
        if not mask.may_be_soft:
          if _is_generated(mask.path):
            raise UserError(
                f'{mask.path} is of a generated image, and tells by its grey how much that '
                'was changed: generate with --config.generate.formats=labelme or coco, '
                'which have outlines, and name these by --annotations.')
          raise UserError(f'{mask.path} is no mask: it, or others of its folder, hold '
                          f'{len(self._first)} values, as a photograph does or JPEG '
                          'makes of one; save masks as PNG, with a value for each class.')
    # Around objects, in Pascal VOC.
    self._void = nameless == [_VOID] and len(self._first) > 1 and not self._soft
    if self._void:
      nameless = []
    if nameless and names and len(self._first) > 1 and not self._soft:
      raise UserError(f'{self._first[nameless[0]].path} has the value {nameless[0]}, '
                      f'which {names.path} gives no class: name it there.')
    self._names = None if nameless else names

  @property
  def names_classes(self):
    """Says whether the values name classes; one without a name is then of no class."""
    return bool(self._names)

  def regions(self, mask, name, in_boxes, noted):
    """Returns a mask's regions.

    Args:
      mask: `masks.Mask`.
      name: its class where its values name none; '' for none.
      in_boxes: whether its image has boxes, which say the class.
      noted: as of `layouts.Layout`.
    """
    if self._names:
      names = {value: self._names.get(value) for value in mask.values}
      names = {value: None if name == IGNORED else name for value, name in names.items()}
      if None in names.values():
        noted[f'masks with pixels that are void, {_VOID} without a name or {IGNORED}: kept '
              'clear of backgrounds, of no class'].append(mask.path)
      return [region._replace(name=name or '') for value, name in names.items()
              if name or name is None for region in mask.regions([value])]
    if self._soft and len(mask.values) > 1:
      noted['masks with soft edges: cut at half'].append(mask.path)
    elif len(self._first) > 1 and not (name or in_boxes or self._soft):
      values = sorted(self._first, key=str)
      raise UserError(f'{self._path} is one of masks with the values {values}, and no '
                      'file names the classes of these: add classes.txt, with a line '
                      'for each value from 0, the first being background.')
    regions = mask.regions(soft=self._soft)
    if name and len(mask.values) > 1 and not self._soft:
      noted['masks with several values, which no file names: taken for parts of one class, '
            'that of their folder; add classes.txt where they are classes'
            ].append(mask.path)
    if sum(int(region.mask.sum()) for region in regions) > mask.height * mask.width / 2:
      noted['masks that mark more than half of their image'].append(mask.path)
    return [region._replace(name=name) for region in regions]


def _is_generated(path):
  """Returns whether a mask is one that pegan_jax wrote beside what it generated."""
  beside = [folder.parent / folder.name.removesuffix('_annotations')
            for folder in path.absolute().parents if folder.name.endswith('_annotations')]
  return any((folder / 'manifest.csv').is_file() for folder in beside)


def _names_for(folder):
  """Returns the `mask_names.Names` in a folder of masks or above it, or None."""
  for place in [folder, *folder.absolute().parents][:1 + _ABOVE]:
    if names := mask_names.names_in(place):
      return names
  return None


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
  return refined + components.pieces(rest)
