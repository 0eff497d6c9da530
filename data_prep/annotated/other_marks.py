"""Reads what files that --annotations does not name mark, which is no background."""

import collections

from data_prep.annotated import matching
from data_prep.images import reading
from pegan_jax.annotations import components
from pegan_jax.annotations import masks as masks_lib

_COVERED = 0.95  # Of a box, in one of the image's own.
NOTED = ('images in which files that --annotations does not name mark more places: kept '
         'clear of backgrounds, of no class')


def read(marks, paths, root, read_labels):
  """Reads the places that they mark.

  Args:
    marks: `Mark`s of these files.
    paths, root: of the images, and of their folder.
    read_labels: function of [(`Mark`, image path), ...] to {image path: `Annotated`}.

  Returns:
    {image path: list of `Region` without a name}.
  """
  found = collections.defaultdict(list)
  matches = zip(marks, matching.match(marks, paths, root)[0])
  for some in matching.rounds((mark, path) for mark, some in matches for path in some):
    labels = [(mark, path) for mark, path in some if mark.format != 'masks']
    for path, annotated in read_labels(labels).items():
      found[path] += [region._replace(name='') for region in annotated.regions]
    for mark, path in some:
      if mark.format == 'masks' and masks_lib.is_mask(mark.path):
        mask = masks_lib.read(mark.path)
        if (mask.height, mask.width) == reading.size(path):
          found[path] += components.pieces(mask.marked())
  return found


def add(others, found, noted):
  """Puts into `found` the places that its own regions do not cover.

  Args:
    others: from `read`.
    found: {image path: `Annotated`}.
    noted: as of `folder.Layout`.
  """
  for path in sorted(found.keys() & others):
    own = found[path].regions
    more = [region for region in others[path] if not any(
        box.overlap(region.box) >= _COVERED * region.box.width * region.box.height
        for box in (known.box for known in own))]
    if more:
      noted[NOTED].append(path)
      found[path] = found[path]._replace(regions=own + more)
