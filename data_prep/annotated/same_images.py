"""Finds images that two files hold, and that these say different things of."""

import hashlib
import os

from data_prep.images.problems import Problems


def check(clean, crops, annotated, same=None):
  """Checks that no image is in two files of which one says what the other denies.

  Args:
    clean: paths of images without a defect.
    crops: paths of images of defects.
    annotated: list of (path, `Annotated`) with regions.
    same: lists of those of these paths that are of one image; by their bytes without.

  Returns:
    The set of the paths of annotated images that are another one, marked alike.

  Raises:
    UserError: one is.
  """
  regions, clean = {path: image.regions for path, image in annotated}, set(clean)
  problems, repeated = Problems(), set()
  for some in _same([*sorted(clean), *crops, *regions]) if same is None else same:
    good = next((path for path in some if path in clean), None)
    other = next((path for path in some if path not in clean), None)
    if good and other:
      problems.add(f'{good} is said to be clean, and the same image, {other}, has a '
                   'marked defect: remove one of them.')
    marked = [path for path in some if path in regions]
    for path in marked[1:]:
      if differ := _differ(regions[marked[0]], regions[path]):
        problems.add(f'{marked[0]} and {path} are the same image, and are marked '
                     f'{differ}: remove one of them.')
    repeated.update(marked[1:])
  problems.check()
  return repeated


def _same(paths):
  """Returns lists of the paths, two or more, whose files have the same bytes."""
  groups = [list(dict.fromkeys(paths))]
  for key in (os.path.getsize, _head, lambda path: _head(path, None)):
    parts = []
    for some in groups:
      by_key = {}
      for path in some:
        by_key.setdefault(key(path), []).append(path)
      parts += [part for part in by_key.values() if len(part) > 1]
    groups = parts
  return groups


def _head(path, count=4096):
  """Returns a sum of a file's first bytes, which tell most files apart, or of all."""
  with path.open('rb') as file:
    return hashlib.sha256(file.read(count)).digest()


def _differ(one, other):
  """Returns how two lists of `Region` of one image differ, '' where they do not.

  Each box is to be mostly in one of its class in the other list: formats differ in their
  rounding, and in what they hold of an outline.
  """
  for some, others in ((one, other), (other, one)):
    for region in some:
      near = {x.name for x in others if region.box.overlap(x.box)
              >= region.box.width * region.box.height / 2}
      if not near:
        return 'at different places'
      if region.name and not near & {region.name, ''}:
        return f"as '{region.name}' and as '{min(near)}'"
  return ''
