"""Reads class folders of crops below --images, which nothing annotates."""

import re
import shlex

from data_prep.annotated import checks, clean_folders, folder_names, outer_folders
from data_prep.annotated import class_notes, gathered_folders, said_by_names
from data_prep.images.problems import Misnamed
from pegan_jax import annotations
from pegan_jax.annotations import text_files, yolo_names
from pegan_jax.common import class_names
from pegan_jax.common.errors import listed, UserError

# What may tell the classes of folders that are called by numbers, and how it does.
_MAY_TELL = ('', '.txt', '.csv', '.tsv', '.md', '.rst', '.json', '.yaml', '.yml', '.names')
_TOLD = (r'''(?m)(?<![\w.]){}["']?[:=,\s-]+["']?[^\W\d_][\w -]{{1,30}}["']?\s*'''
         r'(?:[,;|}}]|$)')
# Of an only folder, in which nothing says what its images show.
_IMAGES = re.compile(r'images?|imgs?|jpegimages|pictures?|photos?|bilder', re.IGNORECASE)


def read(root, paths, format,  # pylint: disable=redefined-builtin
         unread, left_out, noted):
  """Reads class folders.

  Args:
    root: path of the images' folder.
    paths: of the images.
    format: as of `layouts.read`; 'classes' says that folders as NG are classes, and such
      as trainA, where there are no others.
    unread: paths of files that may annotate images, and are not read.
    left_out, noted: as of `folder.Layout`.

  Returns:
    ({class: paths of its crops}, paths of clean images).

  Raises:
    UserError: there are none, or something is at odds with them.
  """
  outer = outer_folders.of([path.relative_to(root) for path in paths])
  if format == 'classes':
    outer = {name for name in outer if not class_names.names_no_kind(name)}
  places = {path: outer_folders.without(path.relative_to(root), outer) for path in paths}
  crops, clean, rest = _parted(places, folder_names.class_of_crop)
  if format == 'classes' and not crops:  # No class is called train.
    crops, clean, rest = _parted(places, lambda place: (
        '' if folder_names.is_role(place.parent.name) else place.parent.name))
  if names := sorted({path.parent.relative_to(root).as_posix() for path in rest} - {'.'}):
    left_out[f'images in no class folder, as in {listed(names, 3)}'] += rest
  else:
    left_out['images in no class folder'] += rest
  crops = gathered_folders.without(crops, clean, noted)
  if not crops:
    _refuse_none(root, paths, rest, names, format, unread)
  name = min(crops)
  if len(crops) == 1 and _IMAGES.fullmatch(name):
    raise Misnamed(
        f"--images {root} has one folder of images, '{name}', which is called so whatever "
        'they show', 'name what marks them by --annotations or, where nothing does, name '
        'it after their class, or put each class in a folder of its own', 'images', root,
        paths)
  checks.check_classes(crops, f'--images {root}')
  if not format:
    checks.check_parts(
        crops, f'The folders of {root}',
        ', or say by --format classes that these are the names of classes')
    _refuse_numbers(root, crops)
    checks.check_places(crops, f'--images {root}', root)
    noted.update(said_by_names.check_crops(crops))
  _note(root, places, crops, clean, outer, noted)
  _check_clean(clean, crops, places, root, noted, format)
  return dict(sorted(crops.items())), clean


def _refuse_numbers(root, crops):
  """Raises UserError for folders called 0, 1 and so on where a file beside names them."""
  if len(crops) < 2 or not all(map(str.isdecimal, crops)):
    return
  for path in sorted(root.iterdir()):
    if path.suffix.lower() in _MAY_TELL and path.is_file() and _tells(path, crops):
      raise UserError(
          f"{path} seems to name the classes of {root}, whose folders are called by "
          f"numbers, as '{min(crops)}': call each as its class is, and that of what shows "
          'no defect good or, where the numbers are to be the names, pass --format '
          'classes.')


def _tells(path, numbers):
  """Returns whether a file has a word behind each number, or a line of a name for each."""
  try:
    text = text_files.read(path)
  except UserError:
    return False
  return all(re.search(_TOLD.format(number), text) for number in numbers) or (
      yolo_names.has_names(path) and len(text.split('\n\n')[0].split('\n')) > len(numbers)
      - 1)


def _refuse_none(root, paths, rest, names, format,  # pylint: disable=redefined-builtin
                 unread):
  """Raises UserError where there are no class folders.

  Args:
    root, paths, format, unread: as of `read`.
    rest: paths of the images that are of no class.
    names: of the folders that they lie in.
  """
  said = (f", and {listed([str(path) for path in unread], 3)}, which may annotate them, is "
          f'of none of the kinds {annotations.kinds()}') if unread else ''
  export = 'export such a file as one of these, as COCO' if unread else (
      'name the annotations by --annotations')
  parts = [name for name in names if not folder_names.is_role(name.rpartition('/')[2])]
  more = f"; where folders as '{parts[0]}' are classes, pass --format classes" * (
      format != 'classes') if parts else ''
  words = class_notes.words_in_names(rest)
  hint = f", as the files' names say {' and '.join(words[:2])}" if words else ''
  raise Misnamed(
      f'--images {root} holds neither annotations nor class folders{said}',
      f"{export}, or put each class's images in a folder named after it, as "
      f"{root / min(names, default='')}/{(words or ['crack'])[0]}{hint}; images that are "
      f'all clean are for --clean{more}', 'images', root, paths)


def _parted(places, class_of):
  """Returns ({class: paths}, paths of clean images, other paths) of {path: its place}."""
  crops, clean, rest = {}, [], []
  for path, place in places.items():
    if folder_names.is_clean(place):
      clean.append(path)
    elif name := class_of(place):
      crops.setdefault(name, []).append(path)
    else:
      rest.append(path)
  return crops, clean, rest


def _note(root, places, crops, clean, outer, noted):
  """Notes how the names of folders are read."""
  noted.update(class_notes.of_names(crops, folder_names.NUMBERED))
  noted[folder_names.DATED] += [path for some in crops.values() for path in some
                                if folder_names.has_dated_class(places[path])]
  if outer:
    noted[outer_folders.note(outer)] += places
  if deeper := _deeper(crops, places):
    name, path, inner = deeper[0]
    may_be_clean = clean_folders.may_be(path for _, path, _ in deeper)
    noted[f"images in folders in that of their class, as '{name}' for "
          f"'{places[path].parent.as_posix()}'; where the inner folders are the classes, "
          f'pass {_inner(path, name, clean_folders.of(clean, root))}, '
          f"or put them beside '{name}', as '{inner}'" + (
              f"; where {listed(may_be_clean)} show no defect, name them by --clean" * bool(
                  may_be_clean))] += {path: 0 for _, path, _ in deeper}


def _inner(path, name, clean):
  """Returns the flags that name the folder of a class that an image lies in, and clean."""
  folder = next(folder for folder in path.parents if folder.name == name)
  return shlex.join(['--images', str(folder), *['--clean'] * bool(clean), *clean])


def _deeper(crops, places):
  """Returns (class, path, folder below that of the class) of crops in such."""
  return [(name, path, part) for name, some in crops.items() for path in some
          for part in folder_names.below_class(places[path])
          if not class_names.names_no_kind(part)]


def _check_clean(clean, crops, places, root, noted,
                 format):  # pylint: disable=redefined-builtin
  """Raises UserError for clean images whose folders may say something else."""
  named = {name: some[0] for name, some in crops.items()}
  clean_folders.check_above(clean, crops, root)
  clean_folders.check_below(clean, named, root, noted)
  clean_folders.note_versions(clean, root, noted)
  if format != 'classes':
    clean_folders.check_lights(clean, named)
    deeper = _deeper(crops, places)
    inner = [{part for of, _, part in deeper if of == name} for name in crops]
    clean_folders.check_beside(
        clean, {part: (name, path) for name, path, part in deeper},
        set.intersection(*inner) if len(inner) > 1 else set(), root)
