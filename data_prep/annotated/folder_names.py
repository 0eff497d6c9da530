"""Says what the names of folders mean, and which of them belong together."""

import collections
import itertools
import re

from data_prep.annotated import dates, set_parts, versions
from pegan_jax.common import class_names

NUMBERED = ('images whose classes are folders that differ by a number alone: where these '
            'are cameras or dates, they are no classes, so move the images of each class '
            'into folders called after it, as crack/cam1')
PARTS = 'call them part_1, part_2 and so on'  # Of a set.
NUMBERED_MASKS = ('images whose classes are folders of masks that differ by a number '
                  f'alone: where these are cameras or items, and no classes, {PARTS}')
NO_CLASSES = 'images with masks in folders that are taken for no classes'
IMAGES = (r'(?:im|images?|imgs?|photos?|photographs?|pictures?|pics?|frames?|scans?|'
          r'bild(?:er)?|fotos?|aufnahmen|im[aá]genes|immagini|imagens|obrazy|zdj[eę]cia|'
          r'resim(?:ler)?|g[oö]r[uü]nt[uü](?:ler)?|изображени[яе]|снимки|фото|obr[aá]zky?|'
          r'sn[ií]mky?|afbeeldingen|图[像片]|照片|原图|画像|이미지|사진)')
_ROLE = r'(?:train|training|val|valid|validation|test|testing)'
_MASKS = re.compile(rf'(?:(?:binary|anno|annotation)[ _-]?)?masks?'
                    rf'(?:[ _-]?(?:images?|png))?|ground[ _-]?truths?|gt|segmentations?|'
                    rf'segmentationclass(?:png|raw|aug)?|{_ROLE}[ _-]masks?|'
                    rf'masks?[ _-]{_ROLE}')
_KIND = re.compile(r'images?|imgs?|labels?(?:_\d)?|labell?ed|jpegimages|rgb|lables?|'
                   r'annotations?|annots?|anns?|xmls?|jsons?|txts?|png|bbox(?:es)?|'
                   r'data(?:sets?)?|defects|obj_\w+_data|(?:ima?ge?|ann|label|mask)_dir|'
                   + _MASKS.pattern)
# With a number, as images_256: one of defects or labels may be of a class.
_NUMBERED = re.compile(rf'(imgs?|images?|data(?:sets?)?|{_MASKS.pattern})[ _.-]*\d+')
_FIRST = re.compile(rf'(?:{IMAGES}|jpegimages|labels?|lbls?|annotations?|annots?|anns?|'
                    r'xmls?|jsons?|txts?|masks?|masken|gt)[ _-](.+)', re.IGNORECASE)
_OF_MASKS = re.compile(r'(?:masks?|gt|labels|masken|masques|m[aá]scaras|maschere|maski)'
                       r'[ _-](.+)', re.IGNORECASE)
_GAP = '(?:[ _-]|(?<=train)|(?<=val)|(?<=test))'  # SegNet's are called trainannot.
_WITH_MASK = re.compile(rf'(.*[^\W_]){_GAP}(?:masks?|masken?|gt|ground[ _-]?truths?|'
                        r'seg(?:mentation)?s?|labels?|lbls?|labs?|annotations?|annots?)',
                        re.IGNORECASE)
_WITH_KIND = re.compile(rf'{_WITH_MASK.pattern}|(.*[^\W_]){_GAP}(?:images?|imgs?|anns?|'
                        'xmls?|jsons?|txts?)', re.IGNORECASE)
_ENDS_IN_LABEL = re.compile(r'(?:labels?|lbls?|labs?)$', re.IGNORECASE)
_LIGHT = re.compile(
    r'(.*[^a-z])?(dark|bright|light|(back|front|side)?lit|(over|under)?exposed|day|night|'
    r'dim|uv|polari[sz]ed|zoom|flipped|blurred)', re.IGNORECASE)
_PLACE = re.compile(
    r'(?i:(?:(?:production|prod)[ _-]?)?line|cam(?:era)?|kamera|station|machine|maschine|'
    r'products?|produkt|lot|view|ansicht|side|seite|day|week|shift|schicht|lane|session|'
    r'linie|l[ií]nea|ligne|lijn|linha|linja|линия|камера|产线|相机|カメラ|ライン)'
    r'(?:[ _.-]*\d+|[ _.-]+[A-Za-z]|[A-Z])')
# Of masks by their pixels alone.
_LABELS = re.compile(r'labels?|lables?|annotations?|annots?|anns?|annotated|lbls?|labs?|'
                     r'(?:ann|label)_dir|targets?|bw|bin(?:ary)?|\d(?:st|nd)_manual|manual|'
                     r'segs?|masken?|maskeler|masky|маск[аи]|masques|m[aá]scaras|maschere|'
                     r'maski|掩[码膜]|マスク|마스크|annotationen|markierungen|etiketten|'
                     r'etichette|annotazioni|anotaciones|anota[cç][oõ]es|adnotacje|etykiety|'
                     r'etiketler|разметка|标[注签记]|アノテーション|라벨|'
                     r'(?:.*[ _-])?masks?')
# Words for images too, if not for the only thing that a folder says of crops.
_WEAK = re.compile(rf'defects?[ _-]?images?|originals?(?:[ _-]?images?)?|inputs?|{IMAGES}|'
                   + _LABELS.pattern.rpartition('|')[0])
_OBJECTS = 'segmentationobject'  # VOC's masks of single objects, beside those of classes.

DATED = ('images in folders of a class and a date, as crack_20240501: the class is called '
         'without the date')


def parts_of(name):
  """Returns the parts of a set that a folder's name tells, see `set_parts.of`."""
  return set_parts.of(key_of(name))


def is_split(name):
  """Returns whether a folder's name is that of a part of a set, such as train."""
  return bool(parts_of(name))


def key_of(name):
  """Returns what a folder's name says beside words for images, labels or masks.

  It is what the folders of images and of their annotations share: 1 of images_1, train of
  labels-train, cam1 of cam1_labels and labels_cam1, 2024-05-01 of 2024-05-01_images.
  """
  rest, date = dates.of_name(name)
  stem, number = re.fullmatch(r'(.*?)([ _.-]*\d*)', rest).groups()
  first, other = _FIRST.fullmatch(rest), without_kind(stem)
  found = [other + number] if other != stem else [first[1]] if first else []
  if any(map(set_parts.of, found)):
    rest, = found
  elif is_kind(stem):
    rest = number.strip(' _.-')
  elif found:
    rest, = found
  return f'{rest} {date}'.strip()


def is_role(name):
  """Returns whether a folder's name says which part of a set it is, and no more: train."""
  parts = parts_of(name)
  return bool(parts) and all(kind == 'role' and not number for kind, _, number in parts)


def is_clean(place):
  """Returns whether a path under the images' folder says that its image is clean."""
  return any(map(is_clean_name, place.parent.parts))


def is_clean_name(name):
  """Returns whether a folder is called as those of clean images are: 0_good_2, good_old."""
  return class_names.is_clean(versions.without(_bare_clean(name)))


def is_clean_version(name):
  """Returns whether a folder is called as a version of clean ones, as 'good_old'."""
  return is_clean_name(name) and not class_names.is_clean(
      versions.without_copy(_bare_clean(name)))


def _bare_clean(name):
  return re.sub(r'^\d+[ _-]+', '', set_parts.without_role(dates.of_name(name)[0]))


def may_be_defect(place):
  """Returns whether the folders of a path name a class, and not in a word as MT_Free's."""
  name = class_of(place)
  last = re.split('[ _-]', name)[-1]
  return bool(name) and (not class_names.is_clean(last) or class_names.is_defect(name))


def class_of(place):
  """Returns the class that the folders of a path under a folder name; '' for none.

  It is the first that is no date and no word for images, labels, masks or parts of a set,
  after the last part of a set if that has one: of 'bottle/test/crack/1.png' it is crack.
  """
  return dates.of_name(outer_class_of(place))[0]


def outer_class_of(place):
  """Returns the folder that `class_of` takes the class from, with its date; '' for none."""
  return next(iter(classes_of(place)), '')


def is_in_class(place):
  """Returns whether an image lies in the folder of its class itself, or of a part of it."""
  return outer_class_of(place) in ('', place.parent.name) or bool(below_class(place))


def has_dated_class(place):
  """Returns whether `class_of` leaves a date out, as that of crack_20240501."""
  return bool(dates.of_name(outer_class_of(place))[1])


def class_of_mask(own, place):
  """Returns the class of a mask by its folders, or else by its image's; '' for none.

  Args:
    own, place: paths of the mask and of its image, under their folders.
  """
  name, of_image = class_of(own), class_of(place)
  name = '' if is_kind(versions.original(name)) else name  # As masks_old.
  if name != of_image:
    # A label may be what a class lacks, and a broken_mask one in a folder of masks.
    first, other = _OF_MASKS.fullmatch(name), without_kind(of_image)
    bare = first[1] if first else without_kind(name)
    is_word = not is_mask_folder(own) and (first or _WITH_MASK.fullmatch(name))
    name = bare if bare == other or is_word and not _ENDS_IN_LABEL.search(name) else name
    name = other if not name or is_split(name) or is_kind(name) else name
  return '' if is_split(name) or is_kind(name) else name


def class_of_crop(place):
  """Returns the class of a crop without annotation: a word as defect_images will do.

  So will one for masks, as of masks to wear: those of defects are no crops.
  """
  return class_of(place) or next((part for part in place.parent.parts if _is_weak(part)
                                  or _is_masks(part)), '')


def _is_weak(name):
  return bool(_WEAK.fullmatch(name.lower()))


def is_light(name):
  """Returns whether a name is a word for how things are lit or taken, as 'dark'."""
  return bool(_LIGHT.fullmatch(name))


def is_place(name):
  """Returns whether a name says where or when images were taken, as 'line1' and 'camA'."""
  return bool(_PLACE.fullmatch(name))


def below_class(place):
  """Returns the folders below that of the class, as [cam1] of 'crack/cam1/1.png'."""
  return classes_of(place)[1:]


def classes_of(place):
  """Returns the folders of a path that may be of a class, the outermost first.

  One that lies in another of its name is that one, as where an archive was unpacked.
  """
  parts = [part for part, _ in itertools.groupby(dates.without(place.parent.parts))]
  splits = [k for k, part in enumerate(parts) if set_parts.divides(key_of(part))]
  masks = [k for k, part in enumerate(parts) if _is_masks(part)]
  for first in (max(splits + masks, default=-1), max(splits, default=-1), -1):
    if found := [part for part in parts[first + 1:]
                 if not is_split(part) and not is_kind(versions.original(part))]:
      return found
  return []


def are_numbered(names):
  """Returns whether several names differ by numbers alone, as cam1 and cam2."""
  return len(names) > 1 and len({re.sub(r'\d+', '0', name) for name in names}) == 1


def is_kind(name):
  """Returns whether a folder's name is a word for images, labels or masks."""
  name = dates.of_name(name)[0].lower()
  return bool(_KIND.fullmatch(name) or _NUMBERED.fullmatch(name)
              or _KIND.fullmatch(without_kind(name))) or _is_weak(name)  # As gt_masks.


def _is_masks(name):
  name = re.sub(r'[ _.-]*\d+$', '', dates.of_name(name)[0].lower())
  return bool(_MASKS.fullmatch(name))


def without_kind(name):
  """Returns a folder's name without a word for images or labels, as of batch1_images."""
  found = _WITH_KIND.fullmatch(name)
  return found[1] or found[2] if found else name


def outside_of_classes(parts):
  """Returns how many folders of a path come before that of its class: dates, 'train'."""
  count = 0
  while count < len(parts):
    more = dates.length(parts[count:])
    if not more and not is_split(parts[count]) and not is_kind(parts[count]):
      break
    count += more or 1
  return count


def is_mask_folder(place):
  """Returns whether a path lies in a folder of masks, by its name."""
  return any(_is_masks(part) or part.lower() == _OBJECTS for part in place.parent.parts)


def with_word_for_masks(folders):
  """Returns the folders that are called as one beside or above, and a word for masks.

  So pit_masks is beside pit or pit_images, and masks_new beside images_new. Others are
  called by a word for labels alone.

  Args:
    folders: set of paths of all folders.
  """
  words = {folder: _WITH_MASK.fullmatch(folder.name) for folder in folders}
  beside = {(folder.parent, without_kind(folder.name)) for folder in folders
            if not words[folder]}
  of_images = {(folder.parent, key_of(folder.name)) for folder in folders
               if _FIRST.fullmatch(folder.name) and not _OF_MASKS.fullmatch(folder.name)}
  return {folder for folder, found in words.items() if (
      _OF_MASKS.fullmatch(folder.name)
      and (folder.parent, key_of(folder.name)) in of_images) or found and (
      (folder.parent, found[1]) in beside or folder.parent.name == found[1])
          or _LABELS.fullmatch(folder.name.lower())}


def with_mask_and_class(folders):
  """Returns the folders that are called by one word for masks and a class each: gt_pit.

  One alone, or beside one that is called by such a word alone, may be of anything, as
  masks_bob; so may a version, as masks_old.

  Args:
    folders: set of paths of all folders.
  """
  alone = {folder.parent for folder in folders
           if _is_masks(folder.name) or _LABELS.fullmatch(folder.name.lower())}
  found = {folder for folder in folders if _OF_MASKS.fullmatch(folder.name)
           and folder.parent not in alone and not is_split(folder.name)
           and not is_kind(versions.original(folder.name))}
  count = collections.Counter(folder.parent for folder in found)
  return {folder for folder in found if count[folder.parent] > 1}


def is_of_objects(place):
  """Returns whether a mask is one of VOC's masks of single objects."""
  return any(part.lower() == _OBJECTS for part in place.parent.parts)
