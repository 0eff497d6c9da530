"""Checks that there are enough backgrounds, and holds some out for the test set."""

import shlex

import numpy as np

from data_prep.annotated import clean_folders
from data_prep.crops.cutting import BACKGROUND
from data_prep.crops.windows import boxes_of, clean_windows
from data_prep.selection import lacks, split
from data_prep.selection.lacks import Lack

CLEAN = 'images that are clean are passed by --clean, in whatever folder'
_LEAST_SIDE = 16  # Pixels of a window that is advised.


def find_no_room(options, found, side):
  """Returns what to say where no window of a side is clear of all regions.

  Args:
    options: `options.Options`.
    found: `inputs.Found`.
    side: of the windows in pixels of the images.

  Returns:
    None where there is room; else the beginning of a sentence, the side of smaller windows
    that have room, 0 where none do, and the folders that may be of clean ones: of crops,
    of images without an annotation, and beside --images; and what to do first, or ''.
  """
  def has_room(side):
    return any(clean_windows(image.height, image.width, boxes_of(
        image.regions_in(image.height, image.width)), side, options.margin)
               for _, image in found.layout.annotated)

  if found.clean or has_room(side):
    return None
  smaller = next((part for part in (side * 3 // 4, side // 2, side // 4)
                  if part >= _LEAST_SIDE and has_room(part)), 0)
  why = '' if found.layout.annotated else ', as no folder is called as clean images are'
  first = ('invert the masks, most of which mark more than half of their image, where that '
           'is the ground' if _mark_the_ground(found.layout.annotated) else '')
  may_be = clean_folders.may_be(
      [path for paths in found.crops.values() for path in paths])
  return f'There is no room for backgrounds{why}', smaller, list(dict.fromkeys([
      *may_be, *_unannotated(found), *clean_folders.with_word(found.crops),
      *(clean_folders.beside(options.images) if options.images else ())])), first


def _mark_the_ground(annotated):
  """Returns whether most of (path, `Annotated`) have masks of more than half of it."""
  return 2 * sum(2 * sum(
      int(region.mask.sum()) for region in image.regions if region.mask is not None)
                 > image.height * image.width for _, image in annotated) > len(annotated)


def _unannotated(found):
  return clean_folders.unannotated([path for path, _ in found.layout.annotated],
                                   found.layout.unlabelled, found.layout.root)


def check_enough(options, found, left, rejected, marked, barred, unclean=()):
  """Raises `Lack` if fewer backgrounds are left than asked for.

  Args:
    options: `options.Options`.
    found: `inputs.Found`.
    left: how many are left.
    rejected, marked, barred: how many are not, as of `choosing.Selection`.
    unclean: as there.
  """
  asked = 0 if options.at_most else options.backgrounds
  if left >= max(asked, 1):
    return
  why = (f'({rejected} more look defective, {marked} overlap a defect crop and {barred} '
         'belong with images of the test set'
         + (f'; {len(unclean)} clean images show what defects show, as {unclean[0]}'
            if unclean else '') + ')')
  may_be = _unannotated(found)
  first = lacks.pass_clean(may_be) if may_be else ''
  if left:
    raise Lack(f'There are {left} backgrounds, fewer than the {asked} asked for {why}',
               at_most=True, first=first)
  reasons = [lacks.NEAR] + [lacks.GROUP_BY] * bool(options.group_by)
  folders = clean_folders.with_word(found.crops)
  raise Lack(
      f'There are no backgrounds {why}',
      f'pass --clean {shlex.join([*options.clean, *folders])}, where these show no defect, '
      'or ' * bool(folders) + f'add images with more room beside their regions; {CLEAN}',
      [{'reject_score': 0.}] * bool(rejected) + (
          lacks.ways_apart(options, reasons) if (marked or barred) and not unclean else []),
      first=first)


def hold_out(options, items, groups, left, of_test):
  """Chooses the backgrounds of the test set, `--test_clean` of all.

  Those that belong with defects of the test set come first. Then come whole groups without
  a defect, in an order drawn from the seed.

  Args:
    options: `options.Options`.
    items: defects and candidates.
    groups: int [N] of the items.
    left: int array, the candidates that may be in train.
    of_test: int array, those that belong with defects of the test set.

  Returns:
    Indices, a list.

  Raises:
    Lack: none can be held out, or none would be left.
  """
  total = min(options.backgrounds or len(items), len(left) + len(of_test))
  quota = max(1, round(options.test_clean * total))
  held = of_test[:quota].tolist()
  with_defects = {group for group, item in zip(groups, items) if item.label != BACKGROUND}
  members = {}
  for k in left:
    if groups[k] not in with_defects:
      members.setdefault(groups[k], []).append(int(k))
  order = sorted(members.values(), key=lambda of: split.coin(
      f'{options.seed}/clean/{min(items[k].source for k in of)}'))
  for i in split.closest_subset(list(map(len, order)), quota - len(held)):
    held += order[i]
  if not held or len(np.setdiff1d(left, held)) == 0:
    raise Lack(
        f'--test_clean {options.test_clean:g} of {total} backgrounds cannot be held out, '
        'as what is of one frame or group stays together', 'add clean images',
        [{'test_clean': 0.}])
  return held
