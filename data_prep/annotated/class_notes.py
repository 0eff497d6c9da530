"""Notes classes that may be one with another, or another than they are called."""

import collections
import os
import re
import shlex

from data_prep.annotated import alike_names, clean_folders, folder_names
from pegan_jax.common import class_names

_NUMBERED = ('images whose classes differ by a number alone: where it counts what is '
             'marked, give all of them one name')
_SEVERAL = re.compile('combined|mixed|multiple|several|various|gemischt|mehrere',
                      re.IGNORECASE)
_SPECK = 3  # Pixels, of the longer side.
_AND = re.compile(r' ?[+&] ?| (?:and|und|et|y|e|i) |_(?:and|und)_')
_HELD = 0.9  # Of a box, in one that holds it.
_WORD = re.compile(r'[^\W\d_]+')
_NO_NAME = re.compile(r'(class)?\d+')  # Of values and numbers that nothing names.


def of_names(by_class, numbered=_NUMBERED):
  """Finds classes that differ by a number, or by a word for a copy, a version or many.

  Args:
    by_class: {class: paths}.
    numbered: what is noted where all of them differ by a number alone.

  Returns:
    {note: paths}.
  """
  if folder_names.are_numbered(by_class):
    return {numbered: sorted({path for some in by_class.values() for path in some})}
  found = {}
  for some in alike_names.find(by_class):
    said = ' and '.join(f"'{name}'" for name in some)
    found[f'images of {said}, which are {len(some)} classes: where they are one, give them '
          'one name'] = sorted({path for name in some for path in by_class[name]})
  return found


def of_specks(regions):
  """Notes classes of which some regions are specks beside larger ones: a list of sentences.

  So are what a threshold leaves, and slips of a hand.

  Args:
    regions: {class: list of (a region's longer side, its kind)}.
  """
  said = []
  for name, of_class in sorted(regions.items()):
    few = sum(length <= _SPECK for length, _ in of_class)
    if name and few and max(length for length, _ in of_class) > 3 * _SPECK:
      said.append(f'{few} of {len(of_class)} of {name}')
  return [f'regions of {_SPECK} pixels or less, each of which counts as a defect: '
          f"{', '.join(said)}; where they are what a threshold left, or a slip of the "
          'hand, remove them'] if said else []


def of_several(by_class):
  """Finds classes that may be several at once: combined, and crack+pit beside pit.

  Args:
    by_class: {class: paths}.

  Returns:
    {note: paths}.
  """
  known = {name.casefold() for name in by_class}
  return {
      f"images of the class '{name}', which may be several in one image: where it is no "
      f'kind of its own, pass --skip_classes {class_names.as_flag([name])}': sorted(paths)
      for name, paths in by_class.items() if _SEVERAL.fullmatch(name) or known.intersection(
          part.casefold() for part in _AND.split(name)[1:])}


def of_crops(crops, folder):
  """Returns what to note, {note: paths}, of the class folders below --defects.

  Args:
    crops: {class: paths}.
    folder: path of that of --defects.
  """
  notes = of_names(crops, folder_names.NUMBERED)
  if deeper := [(name, path) for name, paths in crops.items() for path in paths
                if path.parent.name != name]:
    name, path = deeper[0]
    place = path.relative_to(folder).parent
    remedy = f'name {folder / name} by --defects' if len({*dict(deeper)}) == 1 else (
        f'move each out of that, as {path.parent} to {folder / path.parent.name}')
    notes['crops of --defects in folders in that of their class, '
          f"'{name}' for '{place.as_posix()}'; where the inner folders are the classes, "
          + remedy] = [path for _, path in deeper]
  return notes


def of_one_class(crops):
  """Returns what to note, {note: paths}, of an only class whose files' names have others.

  So it is with one folder of Cr_1.bmp and PS_1.bmp, as NEU-CLS comes.

  Args:
    crops: {class: paths} of whole files.
  """
  if len(crops) != 1:
    return {}
  (name, paths), = crops.items()
  if not (words := words_in_names(paths)):
    return {}
  return {f"images of the only class, '{name}', whose names have different words, as "
          f"{' and '.join(words[:2])}: where these are the classes, put the images of "
          'each into a folder called so': sorted(paths)}


def of_another_size(crops, clean, sizes):
  """Returns what to note, {note: paths}, of classes that may be none by their images' size.

  So may docs/ with pictures of any size be, beside crops and clean ones of one size.

  Args:
    crops: {class: paths} of whole files.
    clean: paths of clean images beside them.
    sizes: {path: (height, width)} of those that can be read.
  """
  own = {name: {sizes[path] for path in paths if path in sizes}
         for name, paths in (*crops.items(), ('', clean)) if paths}
  noted = {}
  for name in crops if len(own) > 2 else ():
    of_others = set().union(*(own[other] for other in own if other != name))
    if len(of_others) == 1 and not of_others & own[name]:
      (height, width), = of_others
      noted[f"images of the class '{name}', of which none has {width} x {height} pixels, "
            'as all others have: where it is no class, pass --skip_classes '
            + class_names.as_flag([name])] = crops[name]
  return noted


def of_colour(defective, clean, coloured):
  """Returns what to note, {note: paths}, where colour alone tells what has a defect.

  So do marks that are drawn into all pictures of defects, or a second camera.

  Args:
    defective, clean: paths of images.
    coloured: paths of those in colour.
  """
  some = {'images with defects': defective, 'clean images': clean}
  for (kind, own), other in zip(some.items(), (clean, defective)):
    found = sorted(coloured.intersection(own))
    if other and not coloured.intersection(other) and 2 * len(found) > len(own):
      return {f'{kind} that are in colour, where none of the others is: a network '
              'can tell them by that alone; where marks are drawn into them, use the '
              'pictures as they were taken, else images of one kind': found}
  return {}


def words_in_names(paths):
  """Finds words that part files: crack and pit of 2023_line_crack_1 and 2023_line_pit_1.

  Returns:
    Sorted list of those behind what all names begin with. Each is in two names or more,
    and each name has one; empty where it is not so.
  """
  words = [_WORD.findall(path.stem) for path in paths]
  shared = len(os.path.commonprefix(words))
  found = collections.Counter(''.join(some[shared:shared + 1]) for some in words)
  return sorted(found) if len(found) > 1 and min(found.values()) > 1 and (
      min(map(len, found)) > 1) else []


def of_regions(found, uses, places, noted):
  """Notes classes of regions as `of_names`, and folders called as another class.

  Args:
    found: {image path: `Annotated`}.
    uses: as of `layouts.read`.
    places: {image path: its place under the images' folder, without outer folders}.
    noted: as of `folder.Layout`.
  """
  by_class = {}
  for path, annotated in found.items():
    for region in annotated.regions:
      by_class.setdefault(region.name, []).append(path)
  if not noted.get(folder_names.NUMBERED_MASKS):  # As of folders of masks.
    noted.update(of_names({name: paths for name, paths in by_class.items()
                           if name and not _NO_NAME.fullmatch(name) and uses(name)}))
  _note_parts(found, noted)
  _note_twice(found, noted)
  _note_folders_of_one_class(by_class, places, noted)
  for path, annotated in sorted(found.items()):
    names = {region.name for region in annotated.regions} - {''}
    folder = folder_names.class_of(places[path])
    if names and folder and folder in by_class and folder not in names:
      noted['images in the folder of a class of which they have no region, but one of '
            'another: taken as they are marked'].append(path)


def _note_parts(found, noted):
  """Notes classes most of whose boxes hold one of another class, as of a part: ROI."""
  holding, counts = {}, collections.Counter()
  for path, annotated in found.items():
    for region in annotated.regions:
      counts[region.name] += 1
      if any(other.name not in ('', region.name) and region.box.overlap(other.box)
             >= _HELD * other.box.width * other.box.height
             and region.box.width * region.box.height
             > 2 * other.box.width * other.box.height for other in annotated.regions):
        holding.setdefault(region.name, []).append(path)
  for name, paths in holding.items():
    if name and 2 * len(paths) > counts[name]:
      noted[f"boxes of '{name}' that hold those of other classes: where it is a part of "
            'what is photographed and no defect, take it out of the annotations'] += paths


def _note_twice(found, noted):
  """Notes images that mark the very same place as two classes."""
  for path, annotated in sorted(found.items()):
    names = collections.defaultdict(set)
    for region in annotated.regions:
      if region.name and region.mask is None:
        names[region.box].add(region.name)
    if both := next((sorted(some) for some in names.values() if len(some) > 1), ()):
      noted[f"images with one and the same box as '{both[0]}' and as '{both[1]}': where it "
            'was only renamed, remove the other'].append(path)


def _note_folders_of_one_class(by_class, places, noted):
  """Notes folders that may be the classes of regions which have all one name: defect."""
  names = by_class.keys() - {''}
  if len(names) != 1 or any(note.startswith(folder_names.NO_CLASSES) for note in noted):
    return
  (name,) = names
  folders = {folder_names.class_of(places[path]) for path in by_class[name]
             if folder_names.class_of(places[path]) != path.stem} - {''}
  if len(folders) > 1 and name not in folders:
    first, second = sorted(folders)[:2]
    noted[f"images in folders, as '{first}' and '{second}', all of whose regions are of "
          f"the class '{name}': where the folders are the classes, give the regions their "
          'names, or use the images whole and no annotation, by --format classes'
          ] += sorted(set(by_class[name]))


def of_unmarked_folders(found, rest, root, places, is_apart, noted):
  """Notes folders of which no image has an annotation, where others have.

  Args:
    found: {image path: `Annotated`}.
    rest: paths of the images without an annotation that are not known to be clean.
    root: path of the folder of all.
    places, noted: as of `of_regions`, the former of all these images.
    is_apart: whether --annotations names the annotations.
  """
  of_folder = {path: folder_names.class_of(places[path]) for path in [*found, *rest]}
  named = any(of_folder[path] == region.name for path in found
              for region in found[path].regions)
  lacking = {}
  for path in rest if named else ():
    lacking.setdefault(of_folder[path], []).append(path)
  if not named:
    of_marked = {path.stem for path in found}
    for folder in clean_folders.unannotated(
        found, [path for path in rest if path.stem not in of_marked], root):
      noted['images in a folder of which none has an annotation: not used; where they show '
            f'no defect, pass --clean {shlex.quote(folder)}'] += [
                path for path in rest if path.is_relative_to(folder)]
  for name in sorted(lacking.keys() - {of_folder[path] for path in found} - {''}):
    noted[f"images in the folder '{name}', of which none has an annotation, as others "
          "have: not used; mark what they show, or use all classes' images whole and no "
          'annotation, by --format classes' + ' without --annotations' * is_apart
          ] += lacking[name]
  if not named:
    _note_crops(found, rest, places, noted)


def _note_crops(found, rest, places, noted):
  """Notes crops in folders of classes, as old/crack, beside frames/ with marks of crack.

  Arguments are of `of_unmarked_folders`.
  """
  names = {region.name for image in found.values() for region in image.regions}
  crops = {path: name for path in rest for name in folder_names.classes_of(places[path])
           if name in names}
  above = {str(folder.parent) for path, name in crops.items() for folder in path.parents
           if folder.name == name}
  if not crops or len(above) > 1:
    return
  frames = os.path.commonpath([path.parent for path in found])
  is_apart = not any(path.is_relative_to(*above) for path in found) and not any(
      path.is_relative_to(frames) for path in crops)
  noted[f"images in folders called as classes are, as '{min(crops.values())}', without an "
        'annotation: not used; where they are crops, ' + (
            f"pass {shlex.join(['--defects', *above, '--images', frames])}" if is_apart else
            'put their folders into one of their own, for --defects')] += sorted(crops)


def with_clean_words(crops, regions, clean):
  """Notes classes that may be clean, as their names have such a word: 'Good Weld'.

  Args:
    crops: {class: paths} of whole files.
    regions: {class: path of an image that has a region of it}.
    clean: folders of --clean.

  Returns:
    {note: paths}.
  """
  found, names = {}, sorted({*crops, *regions})
  for name in (name for name in names if class_names.may_be_clean(name, names)):
    paths, begin = crops.get(name), f"images of the class '{name}', whose name has a word "
    if not paths:
      found[begin + 'for what is clean: where it shows no defect, pass --skip_classes '
            + class_names.as_flag([name])] = [regions[name]]
      continue
    found[begin + 'for what is clean: where they show no defect, pass --clean '
          + shlex.join([*clean, *clean_folders.of_class(name, paths)])] = paths
  return found
