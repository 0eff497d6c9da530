"""Finds pictures into which marks are drawn: boxes and outlines of what is somewhere.

They are found beside the bare images, by a related name or a resemblance, the same size and
the same pixels, but for some of one strong colour, or for outlines in black or white. So
are heat maps that are laid over grey images, as what explains a classifier draws.
"""

import collections
import shlex

import numpy as np
from PIL import Image
import scipy

from data_prep.annotated import unnamed_masks
from data_prep.images import reading
from pegan_jax.annotations import components
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

LEFT_OUT = 'pictures of other images, with marks drawn into them'
_SAMPLE, _OTHERS = 5, 20  # Images that are opened: of a kind of names, and of a name.
_SAME, _DRAWN = 16, 48  # Levels by which loss changes a pixel, and at least a mark.
_LEAST, _MOST = 8, 0.4  # Pixels of marks, and share of an image.
# Levels between the channels of a mark, and of the largest: of one thin line in JPEG.
_SATURATED, _BRIGHT = 75, 130
_BLACK, _WHITE = 15, 240
# Levels between the channels of grey, and of a heat map; and by which the latter vary.
_GREY, _COLOURED, _VARIED = 8, 40, 20
_SMOOTH = 9  # Pixels over which a heat map changes little.
_TRACE = 0.3  # Of an image's texture, what is left of it in the colours of a heat map.


def refuse(used, unused, options, format, problems):  # pylint: disable=redefined-builtin
  """Refuses pictures with marks in them among images that are used.

  Args:
    used: {path: its class, '' for a clean or an annotated image}.
    unused: paths of images without an annotation.
    options: `options.Options`.
    format: what says by --format that all are photographs.
    problems: `Problems`; gets what is wrong.

  Returns:
    Sorted list of such pictures among the unused.
  """
  found = {} if options.format else find([*used, *unused])
  if said := problem(found, used, options, format):
    problems.add(said)
  return sorted(found.keys() & {*unused})


def problem(found, used, options, format):  # pylint: disable=redefined-builtin
  """Returns what is wrong with pictures with marks in them that are used, '' for none.

  Args:
    found: as from `find`.
    used, options, format: as of `refuse`.
  """
  drawn = sorted(found.keys() & used)
  if not drawn:
    return ''
  names = {used[path] for path in drawn}
  own, all_ = (collections.Counter(path.parent for path in some) for some in (drawn, used))
  mixed = names <= {''} or any(  # Of a folder of such, not all may be found.
      used[path] in names and 2 * own[path.parent] <= all_[path.parent]
      for path in used.keys() - found)
  remedy = '' if mixed else 'pass --skip_classes ' + class_names.as_flag(
      [*options.skip_classes, *sorted(names)]) + ', or '
  more = f', and so are {len(drawn) - 1} more images' * (len(drawn) > 1)
  return (f'{drawn[0]} is {found[drawn[0]]} with marks drawn into it{more}: {remedy}'
          'move such pictures to another place; where all are photographs, pass '
          f'--format {shlex.quote(format)}.')


def find(paths):
  """Returns {path of a picture with marks: that of its bare image}."""
  kinds, by_core = collections.defaultdict(list), collections.defaultdict(list)
  for path in paths:
    for core, kind in unnamed_masks.readings(path):
      kinds[kind].append((path, core))
      by_core[core].append((path, kind))
  found = {}
  for kind, some in kinds.items():
    some = [(path, [other for other, kind_ in by_core[core] if kind_ != kind])
            for path, core in some]
    some = [(path, others) for path, others in some if others]
    if _most_are(some):
      found |= {path: bare for path, others in some
                if (bare := _bare(path, others)) and bare != path}
  return found


def among(pairs):
  """Returns what `find` does of pairs (path, that of an image of another folder like it).

  Of two folders a few pairs are opened first.
  """
  by_folders, found = collections.defaultdict(list), {}
  for path, other in pairs:
    by_folders[path.parent, other.parent].append((path, [other]))
  for some in by_folders.values():
    if _most_are(some):
      found |= {path: bare for path, others in some if (bare := _bare(path, others))}
  return {path: bare for path, bare in found.items() if bare != path}


def _most_are(some):
  """Returns whether most of a sample of (path, paths of others) are drawn into."""
  sample = [_bare(*one) for one in some[::max(1, len(some) // _SAMPLE)][:_SAMPLE]]
  return any(sample) and sample.count(None) * 2 < len(sample)


def _bare(path, others):
  """Returns which of others an image shows with marks; itself as one without, or None."""
  try:
    size = reading.size(path)
    others = [other for other in dict.fromkeys(others[:_OTHERS]) if other != path
              and reading.size(other) == size]
  except UserError:  # It is told where the image is read.
    return None
  if not others or (picture := _pixels(path)) is None:
    return None
  is_same = False
  for other in others:
    image = _pixels(other)
    if image is not None and picture.shape == image.shape and (
        _is_drawn_over(picture, image) or _is_heat_map(picture, image)):
      return other
    is_same |= image is not None and np.array_equal(picture, image)
  return path if is_same else None


def _pixels(path):
  """Returns uint8 [H, W, 3]; None for what has other than 8 bits, or cannot be read."""
  try:
    with Image.open(path) as image:
      return None if image.mode.startswith(('I', 'F')) else np.asarray(image.convert('RGB'))
  except Exception:  # pylint: disable=broad-except  # Decoders raise nearly anything.
    return None


def _is_drawn_over(picture, image):
  """Returns whether an image is another with marks in it; both uint8 [H, W, 3]."""
  change = (np.maximum(picture, image) - np.minimum(picture, image)).max(axis=2)
  marks = change > _DRAWN
  if not _LEAST <= marks.sum() <= _MOST * marks.size or np.mean(change <= _SAME) < 0.5:
    return False
  own, saturation = picture[marks], np.ptp(picture[marks], axis=1).astype(int)
  if (np.median(saturation) >= _SATURATED and np.median(own.max(axis=1)) >= _BRIGHT
      and np.median(saturation - np.ptp(image[marks], axis=1)) >= _SATURATED / 2):
    return True
  if _extreme(own) < 0.8 or _extreme(image) >= 0.3:
    return False
  outlined = sum(piece.mask.sum() for piece in components.pieces(marks)
                 if components.is_outline(piece.mask))
  return bool(2 * outlined >= marks.sum())


def _is_heat_map(picture, image):
  """Returns whether an image is a grey one under smooth colours; as `_is_drawn_over`.

  The picture's channels differ by these alone, as all have the same share of the image.
  """
  if np.ptp(image, axis=2).max() > _GREY or np.mean(
      np.ptp(picture, axis=2) > _COLOURED) < 0.5:
    return False
  image, picture = image[..., 0].astype(np.float32), picture.astype(np.float32)
  colours = picture[..., :2] - picture[..., 1:]
  grain = _grain(image)
  return bool(colours.std(axis=(0, 1)).max() > _VARIED and max(
      abs(_share(_grain(colours[..., k]), grain)) for k in (0, 1)) < _TRACE * max(
          _share(_grain(picture[..., k]), grain) for k in range(3)))


def _grain(values):
  return values - scipy.ndimage.uniform_filter(values, _SMOOTH)


def _share(values, grain):
  """Returns by how much of one texture another is made: of 0.4 image + map, 0.4."""
  return np.vdot(values, grain) / max(1, np.vdot(grain, grain))


def _extreme(pixels):
  """Returns the share of uint8 [..., 3] that is black or white."""
  return np.mean((pixels.max(axis=-1) <= _BLACK) | (pixels.min(axis=-1) >= _WHITE))
