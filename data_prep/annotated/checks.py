"""Checks folders of images, and the names of classes."""

import json
import os
import pathlib
import re
import shlex

from data_prep.annotated import folder_names, set_parts
from data_prep.crops.cutting import BACKGROUND
from data_prep.images import reading
from data_prep.images.problems import Problems
from pegan_jax.annotations import text_files
from pegan_jax.common import class_names, listing
from pegan_jax.common.errors import UserError


# For LabelMe's files that have their images in them, and for Python's command line.
_UNPACK = ('import base64, json, pathlib as p; '
           '[f.with_suffix(p.PurePath(d["imagePath"]).suffix).write_bytes('
           'base64.b64decode(d["imageData"])) for f in p.Path(%s).rglob("*.json") '
           'for d in [json.loads(f.read_text(encoding="utf-8"))]]')
_IN_ITSELF = re.compile(r'"imageData"\s*:\s*"[\w+/]{16}')


def _has_image(path):
  if path.suffix.lower() != '.json':
    return False
  try:
    return bool(_IN_ITSELF.search(text_files.read(path)))
  except UserError:
    return False


def list_images(folder, flag):
  """Lists a folder's images; an empty one is an error that names its flag."""
  if not os.path.isdir(folder):
    raise UserError(f'{flag} {folder} is not a folder: {reading.remedy_for(folder)}.')
  paths = reading.list_images(folder)
  if not paths:
    remedy = ('put some there, save others in one of these formats, or name another '
              'folder')
    if path := next(filter(_has_image, listing.walk(folder)), None):
      unpack = shlex.quote(_UNPACK % json.dumps(str(folder)))
      remedy = (f'{path} has its image in itself, as LabelMe saves it, and such files are '
                f'saved as images by: python -c {unpack}')
    raise UserError(f'{flag} {folder} holds no images '
                    f"({', '.join(reading.EXTENSIONS)}): {remedy}.")
  return paths


def inside(paths, folders):
  """Returns the paths that lie in one of some folders, by their true places."""
  tops = list(map(os.path.realpath, folders))
  inner = {parent for parent in {path.parent for path in paths} if any(map(
      pathlib.PurePath(os.path.realpath(parent)).is_relative_to, tops))}
  return [path for path in paths if path.parent in inner]


def check_classes(crops, where):
  """Raises UserError for names that classes cannot have.

  Args:
    crops: {class, by the name of a folder: paths of its images}.
    where: where they are from.
  """
  if clean := next((name for name in crops if name.casefold() == BACKGROUND), None):
    folders = sorted({str(folder) for path in crops[clean] for folder in path.parents
                      if folder.name == clean})
    raise UserError(f"{where} has a class named '{clean}', which is the name of what is "
                    f'clean: pass --clean {shlex.join(folders[:1])}' + (
                        f', and move into it what is in {shlex.join(folders[1:])}'
                        if folders[1:] else '') + '.')
  class_names.check_classes([*sorted(crops), BACKGROUND], where)


def check_parts(names, where, advice=''):
  """Raises UserError for classes that are each called by a part of a set and a word.

  So are train_crack and test_crack. A test mark beside a pit may be a defect.

  Args:
    names: of the classes, by their folders; '' for none.
    where, advice: where they are from, and what else to do, for the error.
  """
  names = sorted({*names} - {''})
  if len(names) > 1 and all(set_parts.without_role(name) != name for name in names):
    raise UserError(
        f"{where} are called by a part of a set and a class at once, as '{names[0]}' and "
        f"'{names[1]}': put such into a folder for the part and one in it for the class"
        f'{advice}.')


def check_places(names, where, folder, advice=''):
  """Raises UserError for classes all of which are called as places are: line1, line2.

  Args:
    names: of the classes, by their folders.
    where, advice: where they are from, and what else to do, for the error.
    folder: path of the folder that holds them.
  """
  if names and all(map(folder_names.is_place, names)):
    said = ' and '.join(f"'{name}'" for name in sorted(names)[:2])
    raise UserError(
        f'{where} has class folders, as {said}, whose names say where images were taken, '
        "and not what they show: put each class's images in a folder named after it, as "
        f'{folder}/crack, or say by --format classes that these are the classes{advice}.')


def check_names(found, where, uses, problems):
  """Refuses names of regions that cannot be classes.

  Args:
    found: {image path: `Annotated`}.
    where: where these are from, for the error.
    uses: as of `layouts.read`.
    problems: `Problems`; gets what is wrong, with each class's first file.
  """
  names = {}
  for _, annotated in sorted(found.items()):
    for region in annotated.regions:
      if region.name and uses(region.name):
        names.setdefault(region.name, annotated.file)
  for name in [name for name in names if name.casefold() == BACKGROUND]:
    problems.add(f"{where} ({names.pop(name)}) has regions named '{name}', "
                 'which is the name of what is clean: rename them, or pass '
                 f'--skip_classes {name}.')
  bad = Problems()
  for name, file in names.items():
    with bad.collected():
      class_names.check_class(name, f'{where} ({file})')
  if not bad:
    with bad.collected():
      class_names.check_classes(sorted({*names, BACKGROUND}), where)
  for problem in bad:
    problems.add(problem)


def check_meant(marked, whole, options, problems):
  """Refuses classes whose names say that they are no defects, or that nobody knows.

  Args:
    marked: {class: path of the first file that has it} of those that are used and that
      --classes does not name.
    whole: {class: paths of images} of such.
    options: `options.Options`, for the remedy.
    problems: `Problems`; gets what is wrong.
  """
  first = marked | {name: paths[0] for name, paths in whole.items()}
  clean = [name for name in sorted(first)
           if folder_names.is_clean_name(name) or class_names.is_nothing(name)]
  unknown = [name for name in sorted(first)
             if name not in clean and class_names.is_undecided(name)]
  remedy = class_names.as_flag([*options.skip_classes, *clean, *unknown])
  for names, what in ((clean, 'what shows no defect'),
                      (unknown, 'what is undecided, or no kind of defect')):
    if names:
      said = ', and '.join(f"{first[name]} is of the class '{name}'" for name in names)
      folders = sorted({str(folder) for name in whole.keys() & {*names} if names is clean
                        for path in whole[name] for folder in path.parents
                        if folder.name == name})
      as_clean = f'pass --clean {shlex.join([*options.clean, *folders])} to use it so, or '
      problems.add(f'{said}, which is a name for {what}: ' + as_clean * bool(folders)
                   + f'pass --skip_classes {remedy} to '
                   f"use nothing of {'them' if len(names) > 1 else 'it'}, or name it by "
                   '--classes, with the others, where it is a defect.')
