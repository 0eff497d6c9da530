"""Says what the names of files tell of their images, and which share a name."""

import re

from data_prep.annotated import folder_names

_MASK = r'masks?|maske|masque|m[aá]scara|maschera|mask[ay]|маска'
_MASK_NAME = re.compile(rf'(?:{_MASK}|labels?|lbl|gt|seg|segmentation|ground_?truth|anno|'
                        r'annotations?)[ _-]+(.+)|'
                        rf'(.+)[ ._-](?:{_MASK}|label|gt|seg|segmentation|ground_?truth)'
                        r'(?:[ ._-]?\d+| \(\d+\))?', re.IGNORECASE)
_WORDS = (re.compile(r'(.+?)(?:[ ._-]+[^\W\d_]+)+'),
          re.compile(r'(?:[^\W\d_]+[ ._-]+)+(.+)'))
_NUMBER_OF_IMAGE = re.compile(rf'(?:{folder_names.IMAGES})[ _-]*(\d+)$', re.IGNORECASE)
_NUMBERED_WORD = re.compile(r'(?P<word>.*[^\W\d_])[ _.-]*\(?(?P<number>\d+)\)?|'
                            r'(?P<first>\d+)[ _.-]*(?P<last>[^\W\d_].*)')
_ENDING = 2  # Letters of a plural, as of scratches.
_SUFFIX = re.compile(r'(.+)\.(?:jpe?g|png|bmp|tiff?|webp|jfif)$', re.IGNORECASE)


def bare(place):
  """Returns the name that an image and its labels share: 1 of 1.jpg and of 1.jpg.json."""
  return _SUFFIX.sub(r'\1', place.stem)


def number_of_image(place):
  """Returns an image's name without a word for images before a number: 1 of img_1."""
  return _NUMBER_OF_IMAGE.sub(r'\1', bare(place))


def number(path):
  """Returns the number of a file whose name says no more than that and its folder.

  So it is of Maske_0.png, gt0.png, 0_label.png and crack/crack (0).png: their word is one
  for images, labels or masks, or the folder's, in singular too. '' for another name.
  """
  found = _NUMBERED_WORD.fullmatch(bare(path))
  if not found:
    return ''
  word, folder = ((found['word'] or found['last']).casefold(), path.parent.name.casefold())
  is_of_folder = folder.startswith(word) and len(folder) - len(word) <= _ENDING and (
      not folder_names.is_clean_name(folder))
  is_no_more = folder_names.is_kind(word) or is_of_folder
  return (found['number'] or found['first']) if is_no_more else ''


def without_words(name):
  """Returns what a name may be without words in front or behind: 1 of gt_1 and 1_boxes."""
  return [found[1] for found in map(lambda words: words.fullmatch(name), _WORDS) if found]


def class_in_name(name, stem):
  """Returns what a mask's name adds to its image's, as tear of 1_tear and 1_tear_mask."""
  words = [word for word in re.split(r'[ ._()-]+', name.replace(stem, '', 1))
           if word and not folder_names.is_kind(word)]
  return '_'.join(words) if any(map(str.isalpha, ''.join(words))) else ''


def stem_of_mask(place):
  """Returns the name of a mask's image: 1 of 1.png, 1_mask.png and 1.jpg_mask.png."""
  found = _MASK_NAME.fullmatch(bare(place))
  return _SUFFIX.sub(r'\1', found[1] or found[2]) if found else bare(place)
