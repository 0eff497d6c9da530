"""Says what the names of folders and files mean, and which of them belong together."""

import itertools
import pathlib
import re
from typing import NamedTuple

from pegan_jax import annotations
from pegan_jax.annotations.regions import Annotated

_SPLIT = re.compile(r'(train|training|val|valid|validation|test|testing)(20\d\d)?')
_SPLITS_ONLY = ('default',)
_MASKS = re.compile(r'masks?(?:[ _-]?images?)?|ground_?truth|gt|segmentations?|'
                    r'segmentationclass')
_KIND = re.compile(r'images?|imgs?|jpegimages|labels?|annotations?|annots?|anns?|data|'
                   r'defects|obj_\w+_data|(?:train|val|valid|test)[_-](?:images?|imgs?|'
                   r'labels?|masks?)|' + _MASKS.pattern)
# Words for images too, if not for the only thing that a folder says of crops.
_WEAK = re.compile(r'defects?[ _-]?images?|originals?(?:[ _-]?images?)?')
_OBJECTS = 'segmentationobject'  # VOC's masks of single objects, beside those of classes.
_TRUTH = 'ground_truth'
_CLEAN = re.compile(r'good|ok|normal|clean|no[ _-]?defects?(?:[ _-]?images?)?|'
                    r'non[ _-]?defective|defect[ _-]?free')
_MASK_NAME = re.compile(r'(?:mask[_-])(.+)|(.+)[_-](?:mask|label|gt|seg|segmentation)'
                        r'(?:_?\d+)?', re.IGNORECASE)
_SUFFIX = re.compile(r'(.+)\.(?:jpe?g|png|bmp|tiff?|webp|jfif)$', re.IGNORECASE)


class Mark(NamedTuple):
  """A file, or a part of one, that annotates one image.

  Attributes:
    format: name of its format, 'masks' for a mask.
    path: path of the file.
    place: posix path that tells which image it is of: of the file or, in a file for many
      images, what that calls it.
    base: folder that `place` begins at.
    annotated: what it says, None if that is not read yet.
  """
  format: str
  path: pathlib.Path
  place: pathlib.PurePath
  base: pathlib.Path
  annotated: Annotated | None = None


def is_split(name):
  """Returns whether a folder's name is that of a part of a set, such as train."""
  return bool(_SPLIT.fullmatch(name.lower())) or name.lower() in _SPLITS_ONLY


def is_clean(place):
  """Returns whether a path under the images' folder says that its image is clean."""
  return any(map(is_clean_name, place.parent.parts))


def is_clean_name(name):
  """Returns whether a folder's name is that of clean images."""
  return bool(_CLEAN.fullmatch(name.lower()))


def class_of(place):
  """Returns the class that the folders of a path under a folder name; '' for none.

  It is the first that is no word for images, labels, masks or parts of a set, after the
  last part of a set if that has one: of 'bottle/test/crack/1.png' it is crack.
  """
  return next(iter(_classes_of(place)), '')


def class_of_crop(place):
  """Returns the class of a crop without annotation: a word as defect_images will do."""
  return class_of(place) or next(filter(_is_weak, place.parent.parts), '')


def _is_weak(name):
  return bool(_WEAK.fullmatch(name.lower()))


def below_class(place):
  """Returns the folder below that of the class, as cam1 of 'crack/cam1/1.png'; or ''."""
  return next(iter(_classes_of(place)[1:]), '')


def _classes_of(place):
  parts = place.parent.parts
  last = max((k for k, part in enumerate(parts)
              if is_split(part) or _MASKS.fullmatch(part.lower())), default=-1)
  tried = ([part for part in some if not is_split(part) and not _is_kind(part)]
           for some in (parts[last + 1:], parts))
  return next(filter(None, tried), [])


def are_numbered(names):
  """Returns whether several names differ by numbers alone, as cam1 and cam2."""
  return len(names) > 1 and len({re.sub(r'\d+', '0', name) for name in names}) == 1


def _is_kind(name):
  return bool(_KIND.fullmatch(name.lower())) or _is_weak(name)


def is_mask_folder(place):
  """Returns whether a path lies in a folder of masks, by its name."""
  return any(_MASKS.fullmatch(part.lower()) or part.lower() == _OBJECTS
             for part in place.parent.parts)


def is_of_objects(place):
  """Returns whether a mask is one of VOC's masks of single objects."""
  return any(part.lower() == _OBJECTS for part in place.parent.parts)


def bare(place):
  """Returns the name that an image and its labels share: 1 of 1.jpg and of 1.jpg.json."""
  return _SUFFIX.sub(r'\1', place.stem)


def stem_of_mask(place):
  """Returns the name of a mask's image: 1 of 1.png, 1_mask.png and 1.jpg_mask.png."""
  found = _MASK_NAME.fullmatch(bare(place))
  return _SUFFIX.sub(r'\1', found[1] or found[2]) if found else bare(place)


def _parents(place, splits):
  """Returns the folders of a path without words for kinds, and without parts of a set."""
  return tuple(part for part in place.parent.parts
               if not _is_kind(part) and (splits or not is_split(part)))


def _name_in_full(mark):  # 1.jpg, also of 1.jpg.json.
  return mark.place.name if mark.format in annotations.MANY else mark.place.stem


def _name_of_image(mark):
  return stem_of_mask(mark.place) if mark.format == 'masks' else bare(mark.place)


# Names of a mark and of an image by which they may belong together, the surest first.
# Words such as _mask are stripped from masks alone: 1_seg_2.txt is not of 1_seg_1.png.
_NAMES = ((_name_in_full, lambda place: place.name),
          (lambda mark: mark.place.stem, lambda place: place.stem),
          (_name_of_image, lambda place: place.stem), (_name_of_image, bare))


def match(marks, paths, root):
  """Finds the image of each mark: by path, or else by what the names of folders leave.

  Args:
    marks: list of `Mark`.
    paths: the images' paths, all under `root`.
    root: path of the images' folder.

  Returns:
    List for each mark of the images it may be of: one, none, or several of which
    nothing says which. An image that has a mark by a closer match is among those of a
    looser one only where a mark would be of no image else.
  """
  places = {path: path.relative_to(root) for path in paths}
  found = [[path for path in {mark.base / mark.place, root / mark.place}
            if path in places] for mark in marks]
  folders = (lambda place: place.parent.parts, lambda place: _parents(place, True),
             lambda place: _parents(place, False))
  for folder, names in itertools.product(folders, _NAMES):
    _look(found, marks, places, folder, names,
          lambda mark, path: _are_of_one_part(mark.place, places[path]))
  # MVTec LOCO has a folder of masks for an image: ground_truth/<class>/000/000.png.
  of_image = [mark._replace(place=mark.place.parent) if mark.format == 'masks' and
              _TRUTH in (mark.base.name, *mark.place.parts[:-2]) else mark
              for mark in marks]
  _look(found, of_image, places, folders[-1], _NAMES[1],
        lambda mark, path: _are_of_one_part(mark.place, places[path]))
  anywhere = lambda place: (), lambda mark, path: _may_be(mark.place, places[path])
  rest = [k for k, some in enumerate(found) if not some]
  for taken in (None, ()):  # Then those that are one too many for an image.
    for names in _NAMES:
      _look(found, marks, places, anywhere[0], names, anywhere[1], taken)
  # A mask 2/1.png may be of 1.jpg, in a folder of a class, or one of those of 2.jpg.
  rest = [k for k in rest if found[k] and marks[k].format == 'masks']
  others = [[] for _ in rest]
  _look(others, [marks[k]._replace(place=marks[k].place.parent) for k in rest], places,
        anywhere[0], _NAMES[1], anywhere[1], taken=())
  for k, some in zip(rest, others):
    found[k] += [path for path in some if path not in found[k]]
  return found


def _look(found, marks, places, folder, names, fits, taken=None):
  """Fills in `found` what one way of matching finds for marks that have nothing yet.

  Args:
    found: as `match` returns it.
    marks: list of `Mark`.
    places: {path of an image: its path under the images' folder}.
    folder: function of a place: what of its folders must be equal.
    names: functions of a mark and of an image's place: the names that must be equal.
    fits: function of a mark and a path: whether nothing else is against it.
    taken: paths of images that have their mark; None: those in `found`.
  """
  taken = {path for some in found for path in some} if taken is None else taken
  by_key = {}
  for path, place in places.items():
    if path not in taken:
      by_key.setdefault((folder(place), names[1](place)), []).append(path)
  for k, mark in enumerate(marks):
    if not found[k]:
      key = folder(mark.place), names[0](mark)
      some = [path for path in by_key.get(key, ()) if fits(mark, path)]
      same = [path for path in some if path.name == mark.place.name]
      found[k] = same or some


def _may_be(one, other):
  """Returns whether two paths' folders are not at odds: the shorter ends the longer."""
  if not _are_of_one_part(one, other):
    return False
  one, other = sorted((_parents(one, False), _parents(other, False)), key=len)
  return not one or other[-len(one):] == one


def _are_of_one_part(one, other):
  """Returns whether two paths are not of two parts of a set, such as train and val."""
  parts = [{part.lower()[:2] for part in place.parent.parts if is_split(part)}
           for place in (one, other)]
  return not all(parts) or bool(parts[0] & parts[1])
