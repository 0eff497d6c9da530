"""Compares several annotations of one image, of which one is used where they agree."""

import collections
import functools

import numpy as np

from data_prep.annotated import matching, reasons
from pegan_jax.annotations import coco

JOINED = ('images that several files of COCO, or folders of other formats, annotate, each '
          'for classes of its own: what all mark is used')
_ROUNDED = 1.01  # Pixels by which formats round a box.


def merge(fitted, found, read, folder, where):
  """Puts into `found` the best of the annotations of an image that agree.

  Files of COCO that have no class in common, as one for each, say together what is there;
  so do folders of other formats, and both beside each other.

  Args:
    fitted: `fitting.Fitted`.
    found: {image path: `Annotated`} of its labels, as `labels.fit` returns it.
    read: function of more such labels, (`Mark`, image path), to the same of these.
    folder: `folder.Folder`; gets which files say no more than others, and as problems
      those that do not agree.
    where: what holds the annotations, for errors.

  Returns:
    {image path: the `Mark` that is used}.
  """
  files = {path: mark for mark, path in fitted.labels}
  joined = {path: [mark] for path, mark in files.items()}
  more = [(labels, read(labels)) for labels in matching.rounds(fitted.repeated)]
  classes = _classes([(fitted.labels, found), *more])
  for labels, again in more:
    for mark, path in labels:
      if path not in again or path not in found:
        continue  # That is the problem.
      if all(_are_apart(mark, other, classes) for other in joined[path]) and not (
                 _meet(found[path].regions, again[path].regions)):
        found[path] = found[path]._replace(
            regions=found[path].regions + again[path].regions)
        joined[path].append(mark)
        continue
      kept = _best(found[path], again[path])
      if kept is None:
        folder.problems.add(
            f'{where} annotates one image twice, {path.relative_to(folder.root)} ' + (
                f'by two entries of {mark.path}, {files[path].place} and {mark.place}: '
                'remove one of these entries.' if mark.path == files[path].path else
                f'in {files[path].path} and {mark.path}: remove one of them, or '
                + ('name the other by --annotations; where both are right, put what they '
                   'mark into one file.' if mark.format == files[path].format
                   else 'name one --format.')))
        continue
      folder.left_out[reasons.SAME].append(
          mark.path if kept is found[path] else files[path].path)
      files[path] = files[path] if kept is found[path] else mark
      found[path] = kept
  folder.noted[JOINED] += [path for path, marks in joined.items() if len(marks) > 1]
  return files


def _classes(read):
  """Returns a function of a `Mark`: the classes of its COCO file, or its format's folder.

  Args:
    read: pairs of (list of (`Mark`, image path), {image path: `Annotated`}).
  """
  of_folders = collections.defaultdict(set)
  for labels, found in read:
    for mark, path in labels:
      if path in found:
        of_folders[mark.path.parent, mark.format].update(
            r.name for r in found[path].regions)
  of_files = functools.cache(coco.classes)  # Those without a region, too.
  return lambda mark: (of_files(mark.path) if mark.format == 'coco'
                       else of_folders[mark.path.parent, mark.format])


def _are_apart(one, other, classes):
  """Returns whether two `Mark`s are of classes of their own, by `_classes`.

  A number may be any class of another format.
  """
  both = [classes(mark) for mark in (one, other)]
  return all(both) and not set.intersection(*both) and (
      one.format == other.format or not any(map(str.isdigit, set.union(*both))))


def _meet(some, others):
  """Returns whether a box of one list of `Region` may be one of the other's."""
  return any(2 * one.box.overlap(other.box) >= max(
      box.width * box.height for box in (one.box, other.box))
             for one in some for other in others)


def _best(*both):
  """Returns which of two `Annotated`s holds all that both say, None where neither does.

  They have the same boxes, names but where one has numbers for such, and outlines but
  where one has none.
  """
  pairs = _paired(*(said.regions for said in both))
  if pairs is None:
    return None
  names = [{region.name for region in said.regions} for said in both]
  outlined = [any(map(_outlines, said.regions)) for said in both]
  if all(outlined) and not all(_are_alike(a, b) for a, b in pairs):
    return None
  if all(a.name == b.name for a, b in pairs):
    return both[outlined[1] and not outlined[0]]
  numbered = [all(map(str.isdigit, some)) for some in names]
  if {*numbered} != {True, False} or {len({(a.name, b.name) for a, b in pairs})} != {
      *map(len, names)}:
    return None
  named = numbered.index(False)
  return both[named] if outlined[named] or not any(outlined) else None


def _paired(one, other):
  """Returns [(region, its like in the other list)], None where one has none."""
  rest, pairs = list(other), []
  for region in one:
    like = [x for x in rest if np.abs(np.subtract(region.box, x.box)).max() <= _ROUNDED]
    if not like:
      return None
    same = next((x for x in like if x.name == region.name), like[0])
    rest.remove(same)
    pairs.append((region, same))
  return None if rest else pairs


def _outlines(region):
  return [*(region.polygons or ()), *([] if region.mask is None else [region.mask])]


def _are_alike(one, other):
  """Returns whether two regions have the same outlines."""
  one, other = _outlines(one), _outlines(other)
  return len(one) == len(other) and all(
      a.shape == b.shape and np.allclose(a, b, atol=_ROUNDED if a.dtype != bool else 0)
      for a, b in zip(one, other))
