"""Finds the folders around those of classes, which are no classes themselves."""

import os
import pathlib
import re
import shlex

from data_prep.annotated import folder_names
from pegan_jax.common import class_names

_OF_IMAGES = re.compile(rf'(?:.*[ _-])?{folder_names.IMAGES}')


def of(places):
  """Returns the folders that classes lie in, as of dates in 2024-05-01/{ok,crack}/1.png.

  A word for clean images that a folder holds says so, but for 'normal' beside other lights,
  as dark. Others are such that hold the same folders as these, or differ by a number alone,
  and such as line1, where all are called so.
  So are those that hold the same folders as lie beside them, as new_batch/{crack,good}.
  So are, in these or alone, words for no kind of defect, as NG of NG/{crack,hole}. So
  is what holds all, one in another, down to one that holds good: Faulty parts/{good,crack}.

  Args:
    places: paths of images under their folder.

  Returns:
    Set of names; empty where a class may lie elsewhere.
  """
  outer = _wrappers(places)
  places = [without(place, outer) for place in places]
  inner = _products(places) or _places(places)
  inner |= _batches([without(place, inner) for place in places])
  return outer | inner | _verdicts([without(place, inner) for place in places])


def _wrappers(places):
  below = list(map(folder_names.classes_of, places))
  around = os.path.commonprefix(below)  # Of lists, too.
  for k in range(1, len(around) + 1):
    names = {some[k] if some[k:] else '' for some in below}
    clean = set(filter(folder_names.is_clean_name, names))
    if '' not in names and names - clean and {name.lower() for name in clean} - {'normal'}:
      return set(around[:k])
  return set()


def _verdicts(places):
  inner, clean = {}, set()
  for place in places:
    first, *rest = folder_names.classes_of(place) or ['']
    if folder_names.is_clean_name(first):
      clean |= {*rest}
    elif class_names.names_no_kind(first):
      inner.setdefault(first, set()).add(rest[0] if rest else '')
  return {name for name, some in inner.items()
          if len(some) > 1 and '' not in some and not some & clean
          and not folder_names.are_numbered(some)
          and not all(map(folder_names.is_light, some))
          and not any(map(folder_names.is_clean_name, some))}


def _products(places):
  inner, beside = {}, set()
  for place in places:
    first, *rest = folder_names.classes_of(place) or ['']
    if first and not rest and len(place.parent.parts) > 1:  # As original/crack.
      beside.add(first)
    elif not rest or folder_names.is_clean_name(first):
      return set()
    else:
      inner.setdefault(first, set()).add(rest[0])
  if any(map(class_names.is_defect, inner)):
    return set()  # As crack/normal and crack/severe.
  if beside:
    return _as_beside(inner, beside)
  sure = {name for name, some in inner.items() if any(
      folder_names.is_clean_name(part) and (part.lower() != 'normal' or not any(
          map(folder_names.is_light, some))) for part in some)}
  known = set().union(*(inner[name] for name in sure))
  if not sure or all(map(folder_names.is_clean_name, known)):
    return set()
  are_alike = all(inner[name] <= known for name in inner)
  return set(inner) if folder_names.are_numbered(inner) or are_alike else set()


def _batches(places):
  inner, beside = {}, set()
  for place in places:
    first, *rest = folder_names.classes_of(place) or ['']
    inner.setdefault(first, set()).add(rest[0] if rest else '')
    beside |= set() if rest else {first}
  return {name for name, some in inner.items()
          if '' not in some and any(map(_is_class, some & beside))
          and (some <= beside or any(map(folder_names.is_clean_name, some & beside)))
          and not folder_names.is_clean_name(name)
          and (class_names.names_no_kind(name) or not class_names.is_defect(name))}


def _is_class(name):
  return not (folder_names.is_clean_name(name) or folder_names.is_light(name)
              or folder_names.is_place(name))


def _places(places):
  inner = {}
  for place in places:
    first, *rest = folder_names.classes_of(place) or ['']
    if not folder_names.is_clean_name(first):
      inner.setdefault(first, set()).add(rest[0] if rest else '')
  known = set().union(*inner.values())
  are_classes = '' not in known and any(map(_is_class, known))
  return set(inner) if are_classes and all(map(folder_names.is_place, inner)) else set()


def _as_beside(inner, beside):
  """Returns the folders that hold the same as one called by a word alone, as train.

  So does augmented, of original/{good,crack} and augmented/{good,crack}.

  Args:
    inner: {folder: set of the folders in it}.
    beside: set of the folders in those called by a word.
  """
  alike = all(some <= beside and not all(map(folder_names.is_clean_name, some))
              for some in inner.values())
  return set(inner) if alike and not beside & inner.keys() and any(
      map(folder_names.is_clean_name, beside)) else set()


def places(paths, root):
  """Returns {path: its place below `root`, without the folders of `of`}."""
  outer = of([path.relative_to(root) for path in paths])
  return {path: without(path.relative_to(root), outer) for path in paths}


def note(names):
  """Returns what is noted of images below such folders."""
  return (f"images below folders that are no classes, as '{min(names)}': the class is the "
          'next folder')


def note_products(paths, root, noted):
  """Notes images of several products, each in MVTec's folders.

  Args:
    paths, root: of the images with masks, and of their folder.
    noted: as of `folder.Layout`.
  """
  places = {path: path.relative_to(root).parent.parts for path in paths}
  above = {path: parts[:next((k for k, part in enumerate(parts)
                              if folder_names.is_split(part)), 0)]
           for path, parts in places.items()}
  products = sorted({parts for parts in above.values() if parts})
  if len(products) > 1:
    noted[f"images of {len(products)} products, as '{products[0][-1]}': classes of one "
          'name are one; for a set of one product, pass --images '
          + shlex.quote(str(root.joinpath(*products[0])))] += sorted(
              path for path in paths if above[path])


def only(paths, masks, root):
  """Returns the folder that all images lie in, beside that of their masks, as {name}.

  A folder that is called as images are, as Source Images, may lie anywhere.

  Args:
    paths, root: of all images, and of their folder.
    masks: `Mark`s of their masks.

  Returns:
    Empty where there are several, or one that masks are called by, as pit of pit_masks.
  """
  places = [path.relative_to(root).parts for path in paths]
  name, *others = {folder_names.outer_class_of(pathlib.PurePath(*parts))
                   for parts in places}
  if others or not name or any(
      folder_names.without_kind(part) == folder_names.without_kind(name) for mark in masks
      for part in mark.path.relative_to(mark.base.parent).parent.parts):
    return set()
  above = {root.joinpath(*parts[:parts.index(name)]) for parts in places}
  return {name} if are_of_images({name}) or len(above) == 1 and all(
      mark.path.is_relative_to(*above) for mark in masks) else set()


def are_of_images(names):
  """Returns whether there is but one name, that of a folder of images: Source Images."""
  return len(names) == 1 and bool(_OF_IMAGES.fullmatch(min(names).lower()))


def without(place, outer):
  """Returns a path without the first of its folders in `outer`, and such right below it."""
  parts = place.parts
  k = next((k for k, part in enumerate(parts[:-1]) if part in outer), None)
  if k is None:
    return place
  n = k + 1
  while n < len(parts) - 2 and parts[n] in outer:  # One is left to be the class.
    n += 1
  place = type(place)(*parts[:k], *parts[n:])
  return place if class_names.names_no_kind(parts[k]) else without(
      place, {*filter(class_names.names_no_kind, outer)})
