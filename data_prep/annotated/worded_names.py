"""Tells images, and classes, of masks whose names add words: im_0_crack.png of im_0.jpg."""

import collections
import re

from data_prep.annotated import folder_names, versions
from pegan_jax.common import class_names

_GAPS = re.compile(r'[ ._()\[\]-]+')
_TOKEN = re.compile(r'([^\W\d_]*)\d*')
_NO_CLASS = re.compile(
    r'of|for|inst(?:ance)?s?|obj(?:ect)?s?|regions?|rois?|segmented|final|class|id|nr|no|'
    r'number|part|jpe?g|png|bmp|tiff?|webp|[a-z]', re.IGNORECASE)
# Of what a program found, or drew.
_NO_TRUTH = re.compile(
    r'pred(?:ict(?:ed|ions?))?s?|outputs?|results?|overlays?|heat[ _-]?maps?|'
    r'vis(?:ualization)?|probs?|scores?', re.IGNORECASE)


def image_of(name, stems):
  """Returns the one of the images' names that a mask's name begins or ends with, or ''."""
  gaps = list(_GAPS.finditer(name))
  before = next((name[:gap.start()] for gap in reversed(gaps)
                 if name[:gap.start()] in stems), '')
  after = next((name[gap.end():] for gap in gaps if name[gap.end():] in stems), '')
  after = '' if _rest(name, after) is None else after
  return before or after if '' in (before, after) else ''


def _rest(name, stem):
  """Returns what a mask's name adds to its image's; None where that is not clear."""
  if stem and name.startswith(stem):
    rest = name.removeprefix(stem)
    return rest if not rest or _GAPS.match(rest) else None
  rest = name.removesuffix(stem)
  is_cut = stem and name.endswith(stem) and _GAPS.search(rest[-1:])
  # Of '1 of 20', the image is not 20.
  is_sure = not stem.isdigit() or not re.search(r'\d', rest)
  return rest if is_cut and is_sure else None


def words(names):
  """Returns the classes in the names of a folder's masks, {key: word}, '' for none.

  A number is of one of several masks. Words for masks are none, and so is what all masks
  say but one: then that is not clear.

  Args:
    names: {key: (name of a mask, that of its image)}, all of one folder.

  Returns:
    None where it is not clear what the names add.
  """
  found, images = {}, collections.defaultdict(set)
  for key, (name, stem) in names.items():
    rest = _rest(name, stem)
    tokens = [] if rest is None else [
        _TOKEN.fullmatch(token) for token in _GAPS.split(rest) if token]
    if rest is None or None in tokens:
      return None
    some = [token[1] for token in tokens if token[1] and not (
        folder_names.is_kind(token[1]) or _NO_CLASS.fullmatch(token[1]))]
    if any(_NO_TRUTH.fullmatch(word) or versions.original(f'a_{word}') == 'a'
           for word in some):
      return None
    found[key] = '_'.join(some)
    images[found[key]].add(stem)
  many = len(images) > 1 and ('' in images or 2 * len(images) > len(names))
  return None if many or any(map(class_names.is_clean, images)) else found
