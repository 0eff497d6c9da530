"""Refuses masks that lie among images, and whose names do not say that they are masks.

They are found by their pixels, which are drawn and not photographed, where another image
of the same size and of a related name is none such.
"""

import collections
import functools
import itertools
import pathlib
import re
import shlex

import numpy as np
from PIL import Image

from data_prep.annotated import file_names, folder_names
from data_prep.images import reading
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.common.errors import UserError

_BLACK = 15  # The largest value of an image that is black to the eye.
_SAMPLE = 5  # Images of one kind of names that are opened.
# Where a name may end and a word that says what the file is begin, and the reverse. The
# images of nnU-Net have the number of their channel, of which grey ones have one.
_BEFORE = re.compile(r'[ _.(-]+(?=[^\W\d_])|_(?=0000$)|(?<=[a-z0-9])(?=[A-Z])')
_AFTER = re.compile(r'(?<=[^\W\d_])(?:[ _.)-]+|(?=\d))')
_WORDS = re.compile(r'[^\W\d]+')
# What programs put into names, such as Roboflow: one word, whose digits are no numbers.
_RANDOM = re.compile(r'(?=[0-9-]*[a-f])(?=[a-f-]*[0-9])[0-9a-f]{8}(?:-?[0-9a-f]{4,12}){2,}')
_AS_LETTERS = str.maketrans('0123456789-', 'ghijklmnopq')


def refuse(used, paths, root, noted, flag='--images'):
  """Raises UserError for masks among the images that are used as whole.

  Args:
    used: paths of the images that are used without an annotation.
    paths, root: as of `find`.
    noted: as of `folder.Layout`; gets what may be masks.
    flag: what names `root`.
  """
  found = dict(find(used, paths, root))
  path = next((path for path in found if _read(path).values), None)
  if path:
    folders = sorted({path.parent for path in found})
    are_whole = not any(path.is_relative_to(folder) for path in {*paths} - found.keys()
                        for folder in folders)
    raise UserError(said(path, found[path], root, folders if are_whole else (), flag))
  _refuse_drawn_folders(used, noted)


def _refuse_drawn_folders(used, noted):
  """Raises UserError for folders of nearly black drawings, where others have none such.

  These are masks by numbers, or empty ones, whatever they are called. So are brighter ones
  of few values that are as many and as large as the photographs of another folder; others
  may be images of what is lit from behind, and are noted.

  Args:
    used, noted: as of `refuse`.
  """
  by_folder = collections.defaultdict(list)
  for path in used:
    by_folder[path.parent].append(path)
  drawn = {folder: len(some) > 1 and _most_are([(path,) for path in some], _is_drawn)
           for folder, some in sorted(by_folder.items())}
  if all(drawn.values()):
    return
  remedy = ('where these are masks, put them into a folder called masks, each with the '
            'name of its image')
  for folder in filter(drawn.get, drawn):
    path = by_folder[folder][0]
    if max(_read(path).values, default=0) <= _BLACK:
      raise UserError(
          f'{path} and others of {folder} have no values above {_BLACK}, as masks have and '
          f'photographs do not: {remedy}; where they are images, pass --format classes.')
    if other := next((other for other in by_folder if not drawn[other] and _are_as_those_of(
        by_folder[folder], by_folder[other])), None):
      raise UserError(
          f'{path} and others of {folder} look drawn, as masks do, and are as many and as '
          f'large as the images of {other}: {remedy}; where they are images, pass '
          '--format classes.')
    noted['images that look drawn, as masks do, where those of other folders do not: '
          f'{remedy}'] += by_folder[folder]


def _are_as_those_of(some, others):
  """Returns whether drawings are nearly as many as photographs, and all of their sizes.

  What is lit from behind has more values, at its edges; and a class may be called as its
  images are, as hole/hole_1.png.
  """
  if some[0].stem.casefold().startswith(some[0].parent.name.casefold()) or any(
      len(mask.values) > masks_lib.FEW for mask in map(_read, some[:_SAMPLE]) if mask):
    return False
  return 10 * abs(len(some) - len(others)) <= len(others) and {
      *map(reading.size, some[:_SAMPLE])} <= {*map(reading.size, others)}


def find(used, paths, root):
  """Yields (path, image) of those that are masks by their pixels, and of which image.

  Args:
    used: paths of the images of which masks are sought.
    paths: of all images below `root` that are not known to be masks.
    root: path of their folder.
  """
  kinds, by_core = collections.defaultdict(list), collections.defaultdict(list)
  for path in paths:
    for core, kind in readings(path):
      kinds[kind].append((path, core))
  for kind, some in kinds.items():
    if len(some) > 1 or not kind[0]:  # A word of one file, such as a hash, is no word.
      for path, core in some:
        by_core[core].append((path, kind))
  used, is_drawn = set(used), functools.cache(_is_drawn)

  def image_of(path, core, kind):
    others = {other: kind_ for other, kind_ in by_core[core] if kind_ != kind}
    is_own_name = not file_names.number_of_image(pathlib.PurePath(core)).isdigit()
    # As dark/dark_1.png and bright/bright_1.png: then the number says little.
    own = [other for other, kind_ in others.items() if _is_own(other, kind_)
           and _is_own(path, kind)]
    for some in ([*others.keys() - own], *([other] for other in own)):
      image = _image_of(path, some, root, is_drawn, 1 + is_own_name)
      if image and (image not in own or _is_marked(image, path)):
        return image
    return None

  for kind, some in kinds.items():
    some = [(path, core) for path, core in some if path in used and any(
        kind_ != kind for _, kind_ in by_core[core])]
    if _most_are(some, lambda path, core, kind=kind: image_of(path, core, kind)):
      for path, core in some:
        if image := image_of(path, core, kind):
          yield path, image


def _most_are(some, of):
  """Returns whether a function is true of most of a sample, and stops when it is not."""
  sample, missed = some[::max(1, len(some) // _SAMPLE)][:_SAMPLE], 0
  for one in sample:
    missed += not of(*one)
    if 2 * missed >= len(sample):
      return False
  return bool(sample)


def said(path, image, root, folders=(), flag='--images'):
  """Returns that a file looks like a mask of an image, and what to do, as a sentence.

  Args:
    path, image: paths of the two.
    root: path of the images' folder.
    folders: paths of all folders of such files, where they hold nothing else.
    flag: what names `root`.
  """
  if image.parent == path.parent:
    remedy = ('move such files into a folder of their own, '
              + shlex.quote(str(image.parent / 'masks')))
    if image.stem not in path.stem:  # As 0/crack.png of 0/image.png.
      remedy = f'call such files as {image.stem}_mask{path.suffix}; ' + put_masks(
          image.parent / 'masks', path.stem, image, path.suffix)
  elif file_names.stem_of_mask(path) in (image.stem, file_names.number_of_image(
      image)) or '' != file_names.number(path) == file_names.number(image):
    as_images = '' if flag == '--images' else f'--images {shlex.quote(str(root))} '
    remedy = (f'pass {as_images}--annotations {shlex.join(map(str, folders))}'
              + f' in place of {flag}' * bool(as_images) if folders else
              'name the folder of such files by --annotations, or call it masks')
  else:
    place = image.parent / 'masks' / image.stem
    remedy = ('put such files into folders called masks beside their images, with the '
              f'names of these, as {place}{path.suffix}, or several as '
              f'{image.stem}_mask_1 and so on')
  place = path.relative_to(root)
  own = ('; where it is an image of its own, name by --format what is to be read, as '
         'classes' if folder_names.class_of_crop(place) or folder_names.is_clean(place)
         else '')
  return f'{path} looks like a mask of {image}: where it is, {remedy}{own}.'


def _is_marked(image, path):
  """Returns whether an image is brighter or darker where a mask marks it, if it does."""
  marked = _read(path).marked()
  with Image.open(image) as opened:
    levels = np.asarray(opened.convert('L'), np.float32)
  if levels.shape != marked.shape:
    return False  # By EXIF they are the same.
  inside, outside = levels[marked], levels[~marked]
  return not min(inside.size, outside.size) or (
      abs(inside.mean() - outside.mean()) > outside.std() / 2)


def _is_own(path, kind):
  """Returns whether a file is called after its folder, as dark/dark_1.png is."""
  word, folder = (re.sub(r'[\W\d_]', '', text).casefold()
                  for text in (kind[0], path.parent.name))
  return bool(word) and word == folder


def readings(path):
  """Yields the names that a file's image may have, each with the kind of its own name.

  A kind is what the name adds and the suffix, and where it adds nothing, the folder too.
  """
  stem = _RANDOM.sub(lambda found: found[0].translate(_AS_LETTERS), path.stem)
  suffix = path.suffix.lower()
  yield stem, ('', suffix, path.parent)
  for cut in _BEFORE.finditer(stem):
    if cut.start():
      yield stem[:cut.start()], ('*' + _kind(stem[cut.start():]), suffix)
  for cut in _AFTER.finditer(stem):
    yield stem[cut.end():], (_kind(stem[:cut.end()]) + '*', suffix)
  if _WORDS.fullmatch(stem):  # A folder per part, as 0001/image.png and 0001/mask.png.
    yield path.parent.name, (f'*/{stem}', suffix)


def _kind(words):
  return re.sub(r'[a-q]{16,}|\d+', '0', words)


def _image_of(path, others, root, is_drawn, most):
  """Returns which of other images a file is a mask of, by their pixels; or None.

  All but `most` of its folders are of that image's: more for one with a name of its own.
  """
  if not is_drawn(path):
    return None
  others = sorted((other for other in others if other != path and _are_near(
      path.relative_to(root).parts[:-1], other.relative_to(root).parts[:-1], most)),
                  key=lambda other: (other.parent != path.parent, other))
  size, soft = reading.size(path), len(_read(path).values) > masks_lib.FEW
  return next((other for other in others[:_SAMPLE]
               if reading.size(other) == size and not is_drawn(other)
               and not (soft and _is_two_toned(other))), None)


def _are_near(folders, others, most):
  """Returns whether all but `most` of a mask's folders are of its image's, in order."""
  def are_among(some):
    rest = iter(others)
    return all(part in rest for part in some)
  return any(map(are_among, itertools.combinations(folders, max(0, len(folders) - most))))


def _read(path):
  try:
    return masks_lib.read(path)
  except UserError:
    return None


def _is_drawn(path):
  """Returns whether an image has few values, and areas of them: noise has no such."""
  mask = _read(path)
  if mask is None or not mask.may_be_soft and (
      mask.lossy or len(mask.values) > masks_lib.FEW):
    return False
  if len(mask.values) > 1 and mask.pixels.max() > masks_lib.FEW and (
      np.count_nonzero(mask.pixels) == mask.height * mask.width):
    return False  # Without background, as an overexposed photograph.
  changes = np.count_nonzero(mask.pixels[:, 1:] != mask.pixels[:, :-1])
  return changes < mask.height * mask.width / 5


def _is_two_toned(path):
  """Returns whether most pixels are dark or bright, as of a thing lit from behind."""
  mask = _read(path)
  if mask is None or not mask.values:
    return True
  share = mask.pixels / mask.pixels.max()
  grey = np.count_nonzero((share > 0.15) & (share < 0.85))
  return grey < mask.height * mask.width / 2


def is_photograph(path):
  """Returns whether an image is none of a mask, saved in whatever way.

  A mask with loss, or with a number for each object, has many values, but areas of one
  all the same. So has a transparent one, on black.
  """
  if masks_lib.is_mask(path):
    return False
  try:
    with Image.open(path) as image:
      if image.mode.startswith('I'):
        pixels = np.asarray(image)
      else:
        image = image.convert('RGBA')
        pixels = np.asarray(Image.alpha_composite(
            Image.new('RGBA', image.size, 'black'), image).convert('L'))
  except Exception:  # pylint: disable=broad-except  # Decoders raise nearly anything.
    return False
  return np.unique(pixels, return_counts=True)[1].max() < pixels.size / 3


def put_masks(folder, name, image, suffix):
  """Returns advice to put the masks of classes into folders of these, below a folder."""
  return (f"where '{name}' is a class, put its masks into a folder called so, with the "
          f'names of their images, as {folder / name / image.stem}{suffix}')
