"""Finds which image each annotation is of, by the names of files and folders."""

import collections
import itertools
import os
import pathlib
import re
import unicodedata
import urllib.parse

from data_prep.annotated import file_names, folder_names, set_parts, worded_names

_TRUTH = 'ground_truth'
_TASK = re.compile(r'[0-9a-f]{8}-(?=.)')  # Label Studio's, before a name: a1b2c3d4-1.png.
_NUMBER = re.compile(r'(?<=\w)[ ._-]+\d+$')


def _parents(place, splits):
  """Returns the folders of a path without words for kinds, and without parts of a set.

  Of pit/pit_masks that is pit, once.
  """
  names = ((splits and parts) if (parts := folder_names.parts_of(part)) else
           folder_names.key_of(part) for part in place.parent.parts)
  return tuple(name for name, _ in itertools.groupby(filter(None, names)))


def _name_in_full(mark):  # 1.jpg, also of 1.jpg.json.
  return mark.place.name if mark.annotated else mark.place.stem


def _name_of_image(mark):
  bare = file_names.stem_of_mask if mark.format == 'masks' else file_names.bare
  return bare(mark.place)


# Names of a mark and of an image by which they may belong together, the surest first.
# Words such as _mask are stripped from masks alone: 1_seg_2.txt is not of 1_seg_1.png.
_NAMES = ((_name_in_full, lambda place: place.name),
          (lambda mark: mark.place.stem, lambda place: place.stem),
          (_name_of_image, lambda place: place.stem), (_name_of_image, file_names.bare),
          (_name_of_image, file_names.number_of_image))


def match(marks, paths, root):
  """Finds the image of each mark: by path, or else by what the names of folders leave.

  Args:
    marks: list of `Mark`.
    paths: the images' paths, all under `root`.
    root: path of the images' folder.

  Returns:
    (found, respelled): a list for each mark of the images it may be of: one, none, or
    several of which nothing says which. An image that has a mark by a closer match is
    among those of a looser one only where a mark would be of no image else. And the
    images that are found only where case, accents, %20, backslashes and Label Studio's
    prefix do not count.
  """
  places = {path: path.relative_to(root) for path in paths}
  if copies := _copies(marks, places, root):
    rest = [k for k in range(len(marks)) if k not in copies]
    found, respelled = match([marks[k] for k in rest], paths, root)
    found = dict(zip(rest, found))
    return [found[copies.get(k, k)] for k in range(len(marks))], respelled
  found = [[path for path in {mark.base / mark.place, root / mark.place}
            if path in places] for mark in marks]
  _search(found, marks, places, root)
  rest = [k for k, some in enumerate(found) if not some]
  taken = {path for some in found for path in some}
  again = [[] for _ in rest]
  if rest:
    _search(again, [marks[k]._replace(place=_spelled(marks[k].place)) for k in rest],
            {path: _spelled(place) for path, place in places.items() if path not in taken},
            root)
  for k, some in zip(rest, again):
    found[k] = some
  rest = [k for k in rest if not found[k]]
  _search(found, *_without_tasks(marks, places), root)
  respelled = [path for some in again + [found[k] for k in rest] for path in some]
  _search(found, _without_numbers(marks, places), places, root)
  _search_numbers(found, marks, places, root)
  _search_words(found, marks, places)
  return found, respelled


def _copies(marks, places, root):
  """Returns {number of a mark: that of one that is near its image, and is equal}.

  Both are of that image, and the former of no other one that is called so.
  """
  there = {(_parents(place, True), file_names.bare(place)) for place in places.values()}
  by_name, found, folders = collections.defaultdict(list), {}, _folders(places)
  for k, mark in enumerate(marks):
    by_name[mark.format, mark.place.name].append(k)

  def closeness(mark):
    near = _parents(_below_root(mark, root, folders).place, True), _name_of_image(mark)
    return 2 if mark.base / mark.place in places else int(near in there)

  for some in by_name.values():
    closest = {}
    for level, k in sorted(((closeness(marks[k]), k) for k in some), reverse=True):
      best, other = closest.setdefault(len(some) > 1 and _says(marks[k]), (level, k))
      if level < best:
        found[k] = other
  whole = lambda k: marks[k].path if marks[k].annotated else marks[k].path.parent
  pairs = {(whole(k), whole(other)) for k, other in found.items()}
  for some in by_name.values():  # So is what was corrected in one of the two.
    for k, other in itertools.permutations(some if pairs else (), 2):
      if (whole(k), whole(other)) in pairs and other not in found:
        found.setdefault(k, other)
  for k in found:
    while found[k] in found:  # A copy of a copy.
      found[k] = found[found[k]]
  return found


def _says(mark):
  """Returns what a mark says, to be compared."""
  if not mark.annotated:
    return mark.path.read_bytes()
  return tuple((region.name, region.box) for region in mark.annotated.regions)


def rounds(pairs):
  """Returns lists of (mark, image path) pairs, in each of which an image occurs once."""
  found, count = collections.defaultdict(list), collections.Counter()
  for mark, path in pairs:
    found[count[path]].append((mark, path))
    count[path] += 1
  return list(found.values())


def _without_tasks(marks, places):
  """Returns marks and places without Label Studio's prefix, which one side has alone."""
  said = [mark.place for mark in marks if mark.format]  # Not its notes.json.
  of_marks, of_images = ({_TASK.match(place.name) for place in some} for some in (
      said, [place for place in places.values() if not folder_names.is_clean(place)]))
  if None not in of_marks and any(not found[0][:8].isdigit() for found in of_marks):
    marks = [mark._replace(place=_without_task(mark.place)) for mark in marks]
  elif None not in of_images and any(not found[0][:8].isdigit() for found in of_images):
    places = {path: _without_task(place) for path, place in places.items()}
  return marks, places


def _without_task(place):
  return place.with_name(_TASK.sub('', place.name, 1))


def _without_numbers(marks, places):
  """Returns masks called 1_2_mask as those of 1, where no image is numbered so."""
  stems = {place.stem for place in places.values()}
  numbered = {_NUMBER.sub('', stem) for stem in stems if _NUMBER.search(stem)}
  changed = []
  for mark in marks:
    name = file_names.stem_of_mask(mark.place)
    bare = _NUMBER.sub('', name)
    changed.append(mark._replace(place=mark.place.with_name(bare + mark.place.suffix)) if (
        mark.format == 'masks' and name != file_names.bare(mark.place)
        and bare in stems - numbered) else mark)
  return changed


def _without_numbered(place):
  """Returns a path without folders as masks_1, whose numbers no folder of images has."""
  return pathlib.PurePath(*(
      part for part in place.parent.parts if not (
          folder_names.is_kind(part) and folder_names.key_of(part).isdigit())), place.name)


def _spelled(place):
  """Returns a path in the one spelling of all that differ by systems."""
  said = urllib.parse.unquote(str(place)).replace('\\', '/')
  return pathlib.PurePosixPath(unicodedata.normalize('NFC', said).casefold())


def _below_root(mark, root, folders):
  """Returns a mark with the folder that it counts from, and a file's part of the set.

  An export has its images there, and another one may have images of the same names. So is
  it where a file is called as a folder of images: cam1.json, task_a.json of images_a.
  """
  folder = (mark.base.relative_to(root) if mark.base.is_relative_to(root)
            else pathlib.PurePath(mark.base.name))
  words = (mark.path.stem, *re.split(r'[\W_]+', mark.path.stem)) if mark.annotated else ()
  part = next(filter(folder_names.is_split, words[1:]), next(filter(
      folders.__contains__, words), ''))
  return mark._replace(place=folder / part / mark.place)


def _folders(places):
  """Returns what the names of folders of images say, see `_parents`, of {path: place}."""
  return {part for place in places.values() for part in _parents(place, False)}


def _search(found, marks, places, root):
  """Fills in `found` for the marks that have nothing yet; see `match`."""
  folders = (lambda place: place.parent.parts, lambda place: _parents(place, True),
             lambda place: _parents(place, False))
  below = [_below_root(mark, root, _folders(places)) for mark in marks]
  for some in (below, marks):
    for folder, names in itertools.product(folders, _NAMES):
      _look(found, some, places, folder, names,
            lambda mark, path: are_of_one_part(mark.place, places[path]))
  # MVTec LOCO has a folder of masks for an image: ground_truth/<class>/000/000.png.
  of_image = [mark._replace(place=mark.place.parent) if mark.format == 'masks' and
              _TRUTH in (mark.base.name, *mark.place.parts[:-2]) else mark
              for mark in marks]
  _look(found, of_image, places, folders[-1], _NAMES[1],
        lambda mark, path: are_of_one_part(mark.place, places[path]))
  anywhere = lambda place: (), lambda mark, path: _may_be(mark.place, places[path])
  rest = [k for k, some in enumerate(found) if not some]
  for taken in (None, ()):  # Then those that are one too many for an image.
    for names in _NAMES:
      _look(found, marks, places, anywhere[0], names, anywhere[1], taken)
  for names in _NAMES:
    _look(found, marks, places, anywhere[0], names,
          lambda mark, path: _may_be(mark.place, places[path], below_shared=True))
    _look(found, marks, places, anywhere[0], names, lambda mark, path: _may_be(
        _without_numbered(mark.place), places[path]) and not any(
            map(str.isdigit, _parents(places[path], False))))
  _look_in_own_folders(found, marks, places)
  # A mask 2/1.png may be of 1.jpg, in a folder of a class, or one of those of 2.jpg,
  # and is the latter where there is no 1.jpg.
  rest = [k for k in rest if marks[k].format == 'masks']
  others = [[] for _ in rest]
  _look(others, [marks[k]._replace(place=marks[k].place.parent) for k in rest], places,
        anywhere[0], _NAMES[1], anywhere[1], taken=())
  for k, some in zip(rest, others):
    found[k] += [path for path in some if path not in found[k]]


def _search_numbers(found, marks, places, root):
  """Fills in `found` for marks that are called by a word and their image's number.

  As Bilder/Bild_0.png and Masken/Maske_0.png. Of images with one number, none is found.
  """
  numbers = (_number_of_mark, lambda place: file_names.number(root / place) or None)
  rest = [k for k, some in enumerate(found) if not some]
  for folder, fits in (
      (lambda place: _parents(place, False),
       lambda mark, path: are_of_one_part(mark.place, places[path])),
      (lambda place: (), lambda mark, path: _may_be(mark.place, places[path]))):
    _look(found, marks, places, folder, numbers, fits)
  for k in rest:
    found[k] = found[k] if len(found[k]) == 1 else []


def _search_words(found, marks, places):
  """Fills in `found` for folders of masks all of which add words or numbers to a name.

  As im_0_crack.png and im_0_pit.png, or im_0_1.png and im_0_2.png, of im_0.jpg. None of a
  folder is found where one of its masks is of an image in a surer way, or of none.
  """
  by_stem, by_folder = collections.defaultdict(list), collections.defaultdict(list)
  for path, place in places.items():
    by_stem[file_names.bare(place)].append(path)
  for k, mark in enumerate(marks):
    if mark.format == 'masks':
      by_folder[mark.path.parent].append(k)
  numbered = {_NUMBER.sub('', stem) for stem in by_stem if _NUMBER.search(stem)}
  for some in by_folder.values():
    if any(found[k] for k in some):
      continue
    names = {k: (marks[k].place.stem, worded_names.image_of(marks[k].place.stem, by_stem))
             for k in some}
    of = {k: [path for path in by_stem.get(stem, ()) if _may_be(
        marks[k].place, places[path])] for k, (_, stem) in names.items()}
    is_number = any(stem in numbered and re.search(r'\d', name.replace(stem, '', 1))
                    for name, stem in names.values())
    if not is_number and all(len(paths) == 1 for paths in of.values()) and (
        worded_names.words(names) is not None):
      for k in some:
        found[k] = of[k]


def _number_of_mark(mark):
  """Returns the number of a mark's name; '' where that says mask of what is none."""
  if mark.format != 'masks' and folder_names.is_mask_folder(
      pathlib.PurePath(mark.place.stem, mark.place.name)):
    return ''
  return file_names.number(mark.base / mark.place)


def _look_in_own_folders(found, marks, places):
  """Fills in `found` for masks in the folder of one image, called as it is.

  As in the Data Science Bowl: ab/images/ab.png, ab/masks/1.png and ab/masks/2.png.
  """
  by_folder = {}
  for path, place in places.items():
    folder = _parents(place, True)
    if folder[-1:] == (folder_names.key_of(place.stem),):  # 0 of im_0.
      by_folder.setdefault(folder, []).append(path)
  for k, mark in enumerate(marks):
    if mark.format == 'masks' and not found[k]:
      found[k] = by_folder.get(_parents(mark.place, True), [])


def _look(found, marks, places, folder, names, fits, taken=None):
  """Fills in `found` what one way of matching finds for marks that have nothing yet.

  Args:
    found: as `match` returns it.
    marks: list of `Mark`.
    places: {path of an image: its path under the images' folder}.
    folder: function of a place: what of its folders must be equal.
    names: functions of a mark and of an image's place: the names that must be equal.
    fits: function of a mark and a path: whether nothing else is against it.
    taken: paths of images that have their mark; None: those in `found`. Where a file for
      many images names one in full, it may be one of these: of two files that do, one is
      a copy, or a later version.
  """
  if all(found):
    return
  taken = {path for some in found for path in some} if taken is None else taken
  by_key = {}
  for path, place in places.items():
    by_key.setdefault((folder(place), names[1](place)), []).append(path)
  for k, mark in enumerate(marks):
    if not found[k]:
      key, in_full = (folder(mark.place), names[0](mark)), names is _NAMES[0]
      some = [path for path in by_key.get(key, ()) if fits(mark, path) and (
          path not in taken or mark.annotated and in_full)]
      same = [path for path in some if places[path].name == mark.place.name]
      found[k] = same or some


def _may_be(one, other, below_shared=False):
  """Returns whether two paths' folders are not at odds: the shorter ends the longer.

  Args:
    one, other: the paths.
    below_shared: whether the folders that both begin with do not count, as NEU-DET.
  """
  if not are_of_one_part(one, other):
    return False
  one, other = sorted((_parents(one, False), _parents(other, False)), key=len)
  if below_shared:
    count = len(os.path.commonprefix([one, other]))
    one, other = one[count:], other[count:]
  return not one or other[-len(one):] == one


def are_of_one_part(one, other):
  """Returns whether two paths are not of two parts of a set, such as train and val."""
  return not set_parts.are_at_odds(*(
      frozenset().union(*map(folder_names.parts_of, place.parent.parts))
      for place in (one, other)))
