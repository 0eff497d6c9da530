"""Reads mask images, and gives boxes the pixels that lie in them."""

import collections
import itertools
import shlex

import numpy as np

from data_prep.annotated import checks, folder_names, mask_folders, mask_values
from data_prep.annotated import outer_folders, resized
from data_prep.images import reading
from data_prep.images.progress import progress
from pegan_jax.annotations import components
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.annotations.regions import Annotated, Region
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

DEFECT = 'defect'  # Class of masks that name none.


def read(masks, labels, folder, outer, only):
  """Reads masks, and gives boxes the pixels that lie in them.

  Args:
    masks: list of (`marks.Mark`, image path); there may be several for an image.
    labels: {image path: `Annotated`}, from `labels.fit`.
    folder: `folder.Folder` of the images; gets what is found here.
    outer, only: from `outer_folders.of` and `only`. The latter is of no
      class where it is called as images are, or has images with an empty mask.

  Returns:
    {image path: `Annotated`} of the images that have masks.
  """
  root, noted, problems = folder.root, folder.noted, folder.problems
  names, rules, found = {}, {}, {}
  for parent in sorted({mark.path.parent for mark, _ in masks}):
    with problems.collected():
      names[parent] = mask_values.names_for(parent)
  read_from = _read_from(masks, names, folder)
  for own, named in mask_values.of_one_rule(read_from, names):
    with problems.collected():
      rules |= dict.fromkeys([mask.path for mask in own], mask_values.Rule(own, named))
  by_folder = {}
  if outer_folders.are_of_images(only) or not all(
      mask.values for some in read_from.values() for _, mask in some):
    outer = {*outer, *only}
  with problems.collected():
    by_folder = mask_folders.classes({
        path: some for path, some in read_from.items() if not all(
            mark.path in rules and rules[mark.path].names_classes for mark, _ in some)
        }, folder, outer)
    checks.check_parts({*by_folder.values()}, 'The folders of masks')
  for path, some in sorted(read_from.items()):
    with problems.collected():
      if all(mark.path in rules for mark, _ in some):
        regions = [region for mark, mask in some for region in rules[mark.path].regions(
            mask, by_folder.get(mark.path, ''), path in labels, noted)]
        if path in labels:
          found[path] = _in_boxes(labels[path], regions, path, noted)
        elif _lacks_defect(path, some[0][0].path, regions, root, outer, any(
            mark.path in by_folder for mark, _ in some)):
          folder.left_out["images in a class's folder whose mask is empty"].append(path)
        else:
          if not all(rules[mark.path].names_classes for mark, _ in some):
            regions = _named(regions, path, noted)
          mask = some[0][1]
          file = mask.path if len(some) == 1 else path  # A mask may be of another class.
          found[path] = Annotated(str(file), mask.height, mask.width, regions)
        if path in found and found[path].regions and reading.is_turned(path):
          noted[reading.TURNED].append(path)
  with problems.collected():
    _refuse_union(found)
    _refuse_twice(found)
  _note_outlines(found, noted)
  _note_shared(read_from, noted)
  _note_joined(read_from, by_folder, noted)
  return found


def _read_from(masks, names, folder):
  """Returns {image path: [(mark, `masks.Mask`), ...]}, none twice; see `read`.

  Args:
    masks, folder: as of `read`.
    names: {folder of masks: what `mask_values.names_for` gives}.
  """
  read_from, misfits = {}, []
  for mark, path in progress(masks, 'reading masks'):
    if mark.path.parent in names:
      with folder.problems.collected():
        mask = _read_mask(mark, path, names[mark.path.parent], misfits)
        if not mask:
          continue
        if not _is_repeated(mark, mask, read_from.setdefault(path, [])):
          read_from[path].append((mark, mask))
        else:
          folder.left_out['masks that are another one of their image in another format'
                          ].append(mark.path)
  resized.tell(misfits, 'where they were not, take masks of their size', folder.problems)
  return read_from


def _note_shared(read_from, noted):
  """Notes images that have the mask of another one, pixel by pixel; of none and of all."""
  by_pixels = {}
  for path, some in read_from.items():
    for _, mask in some:
      if 0 < np.count_nonzero(mask.pixels) < mask.height * mask.width:
        key = mask.box, mask.height, mask.width, mask.pixels.tobytes()
        by_pixels.setdefault(key, set()).add(path)
  if shared := [sorted(some) for some in by_pixels.values() if len(some) > 1]:
    one, other, *_ = shared[0]
    noted['images that have one and the same mask, pixel by pixel, as '
          f'{one.name} and {other.name}: where that is a copy or a mistake, give each '
          'its own'] += sorted(path for some in shared for path in some)


def _refuse_union(found):
  """Raises UserError for a class that is what two others or more are together: all."""
  marked = {}
  for path, annotated in sorted(found.items()):
    for region in annotated.regions:
      marked.setdefault(region.name, {})[path] = annotated
  every = {path for some in marked.values() for path in some}
  for name, some in marked.items() if len(marked) > 2 else ():
    if len(some) == len(every) and all(
        _is_union(annotated, name) for annotated in some.values()):
      others = "', '".join(sorted(marked.keys() - {name}))
      raise UserError(
          f"masks of the class '{name}' mark what those of the others, '{others}', mark "
          f'together, in all {len(some)} images that have it, the first is {min(some)}: '
          'move these masks away or, where they are of a class, correct those of the '
          'others.')


def _refuse_twice(found):
  """Raises UserError for two classes whose masks are the same, as those of two people."""
  images, same, distinct = collections.Counter(), {}, collections.defaultdict(set)
  for path, annotated in sorted(found.items()):
    pixels = collections.defaultdict(list)
    for region in annotated.regions:
      if region.mask is not None and region.name:
        pixels[region.name].append((region.box, region.mask.tobytes()))
    pairs = list(itertools.combinations(sorted(pixels), 2))
    images.update(pairs)
    for pair in pairs:
      if (own := sorted(pixels[pair[0]])) == sorted(pixels[pair[1]]):
        same.setdefault(pair, []).append(path)
        distinct[pair].add(tuple(own))  # What is at one place in all says little.
  for pair, paths in same.items():
    if len(distinct[pair]) > max(2, images[pair] / 2):
      one, other = pair
      raise UserError(
          f"masks of the classes '{one}' and '{other}' are the same, pixel by pixel, in "
          f'{len(paths)} of {images[pair]} images that have both, the first is {paths[0]}: '
          'where two people marked the same, or a folder is a copy, move one of the two '
          'away.')


def _is_union(annotated, name):
  """Returns whether a class covers the pixels of all others of an image, and no more."""
  both = np.zeros((2, annotated.height, annotated.width), bool)
  for region in annotated.regions:
    if region.mask is None:
      return False
    both[int(region.name == name)][region.box.slices] |= region.mask
  return np.array_equal(*both)


def _note_joined(read_from, by_folder, noted):
  """Notes images that have masks of one class, or of none, in two folders: masks and gt."""
  joined = {}
  for path, some in read_from.items():
    first = {}
    for mark, _ in some:
      folder = first.setdefault(by_folder.get(mark.path), mark.path.parent)
      if folder != mark.path.parent:
        joined[path] = folder
  if joined:
    folders = {*joined.values()}
    noted['images that have masks in several folders, of one class or of none: what any of '
          'these marks is used; where those of one are right, ' + (
              f'name it, as by --annotations {shlex.quote(str(*folders))}'
              if len(folders) == 1 else 'move the others away')] += sorted(joined)


def _note_outlines(found, noted):
  """Notes images whose masks hold outlines alone, where most do."""
  masks = {path: [region.mask for region in annotated.regions if region.mask is not None]
           for path, annotated in found.items()}
  outlines = [path for path, some in masks.items() if 2 * sum(
      mask.sum() for mask in some if components.is_outline(mask)) > sum(
          mask.sum() for mask in some)]
  if 2 * len(outlines) > sum(map(bool, masks.values())):
    noted['masks that hold outlines alone: these are taken for the defect, so fill them '
          'where it is what they enclose'] += outlines


def _in_boxes(boxes, marked, path, noted):
  """Returns the `Annotated` of an image with boxes and masks, of `labels.fit`."""
  height, width = boxes.height, boxes.width
  regions = _refine(boxes.regions_in(height, width), marked, height, width)
  if not all(region.name for region in regions):
    noted['masks with pixels outside of every box: kept clear of backgrounds, of no class'
          ].append(path)
  if any(region.mask is None for region in regions):
    noted['images with a box without any pixel of their mask'].append(path)
  return Annotated(boxes.file, height, width, regions)


def _lacks_defect(path, mask, regions, root, outer, has_class):
  """Returns whether an image's folder says that it has a defect, and its masks none.

  So does a folder that is a class, or has a word for a defect.

  Raises:
    UserError: its folder says that it has none, and the mask at that path has one.
  """
  place = path.relative_to(root)
  if not folder_names.is_clean(place):
    place = outer_folders.without(place, outer)
    return not regions and folder_names.may_be_defect(place) and (
        has_class or class_names.is_defect(folder_names.class_of(place)))
  if regions:
    raise UserError(f'{path} is clean by its folder, and {mask} marks a defect in it: '
                    'move one of them.')
  return False


def _named(regions, path, noted):
  """Returns regions of masks whose values name no class, each with a name."""
  if not all(region.name for region in regions):
    noted[f"masks that name no class: called '{DEFECT}'"].append(path)
  return [region._replace(name=region.name or DEFECT) for region in regions]


def _read_mask(mark, path, names, misfits):
  """Returns the `masks.Mask` of an image; one of another size is a misfit, and None."""
  height, width = reading.size(path)
  mask = masks_lib.read(mark.path, bool(names and names.by_colour))
  if (mask.height, mask.width) != (height, width):
    misfits.append(resized.misfit(
        f'{mark.path} is a mask of {mask.width} x {mask.height} pixels, and its image '
        f'{path} has {width} x {height}', 'correct one of them.', (mask.height, mask.width),
        (height, width)))
    return None
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
