"""Says what the names of folders and files mean, and which of them belong together."""

import pathlib
import re
from typing import NamedTuple

from pegan_jax.annotations.regions import Annotated
from pegan_jax.common import class_names

_SPLIT = re.compile(r'((?:train|training|val|valid|validation|test|testing)(?:20\d\d)?|'
                    r'holdout|default)(?:[ _-]?(?:data|(?:data)?sets?|crops?|splits?))?')
_MASKS = re.compile(r'(?:(?:binary|anno|annotation)[ _-]?)?masks?'
                    r'(?:[ _-]?(?:images?|png))?|ground[ _-]?truths?|gt|segmentations?|'
                    r'segmentationclass(?:png)?|'
                    r'(?:train|training|val|valid|validation|test|testing)[ _-]masks?|'
                    r'masks?[ _-](?:train|training|val|valid|validation|test|testing)')
_KIND = re.compile(r'(?:images?|imgs?|labels?)(?:_\d)?|jpegimages|rgb|lables?|'
                   r'annotations?|annots?|anns?|xml|json|txt|bbox(?:es)?|data|defects|'
                   r'obj_\w+_data|'
                   + _MASKS.pattern)
# Both at once: labels-val.
_KIND_SPLIT = re.compile(r'(?:images?|imgs?|labels?|anns?|masks?)[ _-]'
                         r'(train|training|val|valid|validation|test|testing)')
_WITH_MASK = re.compile(r'(.*[^\W_])[ _-](?:masks?|gt|ground[ _-]?truths?|'
                        r'seg(?:mentation)?s?|labels?)', re.IGNORECASE)
_WITH_KIND = re.compile(_WITH_MASK.pattern + r'|(.*[^\W_])[ _-](?:images?|imgs?|'
                        r'annotations?|annots?|anns?|xml|json|txt)', re.IGNORECASE)
_LIGHT = re.compile(
    r'(.*[^a-z])?(dark|bright|light|(back|front|side)?lit|(over|under)?exposed|day|night|'
    r'dim|uv|polari[sz]ed|zoom|flipped|blurred)', re.IGNORECASE)
# Words for images too, if not for the only thing that a folder says of crops.
_WEAK = re.compile(r'defects?[ _-]?images?|originals?(?:[ _-]?images?)?')
# Of a year and a month, perhaps a day, in one folder or several.
_DATE = re.compile(r'(?:(?<=/)|^)(?:19|20)\d\d[-_./]?(?:0[1-9]|1[0-2])'
                   r'(?:[-_./]?(?:0[1-9]|[12]\d|3[01]))?(?=/|$)')
_LABELS = re.compile(r'labels?|lables?|annotations?|annots?|anns?')
_OBJECTS = 'segmentationobject'  # VOC's masks of single objects, beside those of classes.
_MASK_NAME = re.compile(r'(?:(?:mask|gt)[_-])(.+)|(.+)[ ._-](?:masks?|label|gt|seg|'
                        r'segmentation|ground_?truth)(?:_?\d+| \(\d+\))?', re.IGNORECASE)
_SUFFIX = re.compile(r'(.+)\.(?:jpe?g|png|bmp|tiff?|webp|jfif)$', re.IGNORECASE)

OTHERS = 'files that are neither images nor annotations'


class Mark(NamedTuple):
  """A file, or a part of one, that annotates one image.

  Attributes:
    format: name of its format, 'masks' for a mask.
    path: path of the file.
    place: posix path that tells which image it is of: of the file or, in a file for many
      images, what that calls it.
    base: folder that `place` begins at.
    annotated: what it says, None if that is not read yet: of a file for one image.
  """
  format: str
  path: pathlib.Path
  place: pathlib.PurePath
  base: pathlib.Path
  annotated: Annotated | None = None


def split_of(name):
  """Returns the part of a set, such as train, that a folder's name is of, or ''."""
  name = without_kind(name.lower())
  found = _KIND_SPLIT.fullmatch(name) or _SPLIT.fullmatch(name)
  return found[1] if found else ''


def is_split(name):
  """Returns whether a folder's name is that of a part of a set, such as train."""
  return bool(split_of(name))


def is_clean(place):
  """Returns whether a path under the images' folder says that its image is clean."""
  return any(map(class_names.is_clean, place.parent.parts))


def class_of(place):
  """Returns the class that the folders of a path under a folder name; '' for none.

  It is the first that is no date and no word for images, labels, masks or parts of a set,
  after the last part of a set if that has one: of 'bottle/test/crack/1.png' it is crack.
  """
  return next(iter(_classes_of(place)), '')


def class_of_crop(place):
  """Returns the class of a crop without annotation: a word as defect_images will do.

  So will one for masks, as of masks to wear: those of defects are no crops.
  """
  return class_of(place) or next((part for part in place.parent.parts if _is_weak(part)
                                  or _MASKS.fullmatch(part.lower())), '')


def _is_weak(name):
  return bool(_WEAK.fullmatch(name.lower()))


def outer_folders(places):
  """Returns the folders that classes lie in, as of dates in 2024-05-01/{ok,crack}/1.png.

  A word for clean images that a folder holds says so, but for 'normal' beside other lights,
  as dark. Others are such that hold the same folders as these, or differ by a number alone.

  Args:
    places: paths of images under their folder.

  Returns:
    Set of names; empty where a class may lie elsewhere.
  """
  inner = {}
  for place in places:
    first, *rest = _classes_of(place) or ['']
    if not rest or class_names.is_clean(first):
      return set()
    inner.setdefault(first, set()).add(rest[0])
  if any(map(class_names.is_defect, inner)):
    return set()  # As crack/normal and crack/severe.
  sure = {name for name, some in inner.items() if any(
      class_names.is_clean(part) and (part.lower() != 'normal' or not any(
          map(_LIGHT.fullmatch, some))) for part in some)}
  known = set().union(*(inner[name] for name in sure))
  return set(inner) if sure and any(not class_names.is_clean(part) for part in known) and (
      are_numbered(inner) or all(inner[name] <= known for name in inner)) else set()


def without(place, outer):
  """Returns a path without the first of its folders that is in `outer`."""
  parts = place.parts
  k = next((k for k, part in enumerate(parts[:-1]) if part in outer), None)
  return place if k is None else type(place)(*parts[:k], *parts[k + 1:])


def below_class(place):
  """Returns the folders below that of the class, as [cam1] of 'crack/cam1/1.png'."""
  return _classes_of(place)[1:]


def _classes_of(place):
  parts = pathlib.PurePath(_DATE.sub('', place.parent.as_posix()).strip('/')).parts
  splits = [k for k, part in enumerate(parts) if is_split(part)]
  masks = [k for k, part in enumerate(parts) if _MASKS.fullmatch(part.lower())]
  for first in (max(splits + masks, default=-1), max(splits, default=-1), -1):
    if found := [part for part in parts[first + 1:]
                 if not is_split(part) and not is_kind(part)]:
      return found
  return []


def are_numbered(names):
  """Returns whether several names differ by numbers alone, as cam1 and cam2."""
  return len(names) > 1 and len({re.sub(r'\d+', '0', name) for name in names}) == 1


def is_kind(name):
  """Returns whether a folder's name is a word for images, labels or masks."""
  return bool(_KIND.fullmatch(name.lower())) or _is_weak(name)


def without_kind(name):
  """Returns a folder's name without a word for images or labels, as of batch1_images."""
  found = _WITH_KIND.fullmatch(name)
  return found[1] or found[2] if found else name


def outside_of_classes(parts):
  """Returns how many folders of a path come before that of its class: dates, 'train'."""
  count = 0
  while count < len(parts):
    date = _DATE.match('/'.join(parts[count:]))
    if not date and not is_split(parts[count]) and not is_kind(parts[count]):
      break
    count += date[0].count('/') + 1 if date else 1
  return count


def is_mask_folder(place):
  """Returns whether a path lies in a folder of masks, by its name."""
  return any(_MASKS.fullmatch(part.lower()) or part.lower() == _OBJECTS
             for part in place.parent.parts)


def with_word_for_masks(folders):
  """Returns the folders that are called as one beside or above, and a word for masks.

  So pit_masks is beside pit or pit_images. Others are called by a word for labels alone.

  Args:
    folders: set of paths of all folders.
  """
  words = {folder: _WITH_MASK.fullmatch(folder.name) for folder in folders}
  beside = {(folder.parent, without_kind(folder.name)) for folder in folders
            if not words[folder]}
  return {folder for folder, found in words.items() if found and (
      (folder.parent, found[1]) in beside or folder.parent.name == found[1])
          or _LABELS.fullmatch(folder.name.lower())}


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
