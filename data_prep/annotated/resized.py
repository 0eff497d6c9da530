"""Tells of images that have another size than what annotates them says."""

import math
import os
from typing import NamedTuple

_NEAR = 0.01  # Of a ratio; sizes are rounded.
_BYTES = ('images whose files have other sizes in bytes than VIA saw, all of them: where '
          'they were resized since, boxes are at wrong places, so use the images as they '
          'were annotated')

_CORNER = ('images whose annotations do not say their size, and whose marks all lie in the '
           'upper left of them, within {:.0%} of the width and {:.0%} of the height: where '
           'the images were enlarged since, use them as they were annotated')
_LEAST, _MOST = 10, 0.6  # Regions, and the share of each side that they keep to.


class Misfit(NamedTuple):
  """Holds one.

  Attributes:
    what: the beginning of a sentence.
    advice: what to do for this one alone.
    ratios: of its height and width, to those that are said.
  """
  what: str
  advice: str
  ratios: tuple[float, float]


def misfit(what, advice, said, size):
  """Returns a `Misfit` of (height, width) as it is said, and as it is."""
  return Misfit(what, advice, tuple(true / other for true, other in zip(size, said)))


def tell(misfits, otherwise, problems):
  """Adds a problem for each `Misfit`, or one for all where all have the same ratio.

  Args:
    misfits: list of them.
    otherwise: what to do where images were not resized.
    problems: `Problems`.
  """
  if len(misfits) > 1 and all(
      math.isclose(own, first, rel_tol=_NEAR) for some in misfits
      for own, first in zip(some.ratios, misfits[0].ratios)):
    problems.add(f'{misfits[0].what}, and all {len(misfits)} images whose sizes differ do '
                 'so by this ratio, as where they were resized or cut after they were '
                 f'annotated: use them as they were annotated or, {otherwise}.')
    return
  for some in misfits:
    problems.add(f'{some.what}: {some.advice}')


def note_corner(found, unsized, noted):
  """Notes images all of whose regions lie in one corner, as where these were enlarged.

  Args:
    found: {image path: `Annotated`} with the true sizes.
    unsized: paths of those whose annotations do not say a size.
    noted: as of `folder.Layout`.
  """
  ends = [(region.box.right / found[path].width, region.box.bottom / found[path].height)
          for path in unsized if path in found for region in found[path].regions]
  if len(ends) < _LEAST:
    return
  most = tuple(map(max, zip(*ends)))
  if max(most) <= _MOST:
    noted[_CORNER.format(*most)] += sorted(path for path in unsized if path in found)


def note_bytes(found, noted):
  """Notes images whose files had other sizes, all of them, when they were annotated.

  Args:
    found: {image path: `Annotated`}.
    noted: as of `folder.Layout`.
  """
  said = {path: image.bytes for path, image in found.items() if image.bytes > 0}
  if not any(os.path.getsize(path) == size for path, size in said.items()):
    noted[_BYTES] += said
