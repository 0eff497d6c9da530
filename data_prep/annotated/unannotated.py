"""Lists the folders of --defects and --clean, which nothing annotates."""

import collections
import filecmp
import os
import pathlib

from data_prep.annotated import checks, file_kinds, folder_names, unnamed_masks
from data_prep.annotated import labels as labels_lib
from data_prep.images import reading
from data_prep.images.problems import Problems
from pegan_jax import annotations
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.common import files
from pegan_jax.common.errors import UserError


def list_clean(folder):
  """Lists the images of --clean, without empty masks beside them.

  Raises:
    UserError: there are none, or something in the folder marks a defect.
  """
  root, left_out = pathlib.Path(folder), collections.defaultdict(list)
  images, masks = file_kinds.part(checks.list_images(folder, '--clean'), root)
  problems = Problems()
  marks = list(file_kinds.marks_of(
      sorted({*files.walk(root)} - {*images, *masks}), root, set(annotations.READ),
      left_out, problems))
  labels, _ = file_kinds.fit(marks, images, root, (), left_out,
                             collections.defaultdict(list), Problems())
  found = labels_lib.read(labels, collections.defaultdict(list), problems)
  problems.check()
  marked = [path for path in masks if masks_lib.read(path).values]
  marked += [mark.path for mark, path in labels
             if path in found and found[path].regions]
  if marked:
    raise UserError(f'--clean {folder} is for images without defects, and {marked[0]} '
                    'marks one: pass the folder as --images, where what is annotated as '
                    'empty is clean.')
  unnamed_masks.refuse(images, images, root)
  return images


def check_same(clean, marked):
  """Raises UserError for a file that is clean here, and has a defect there.

  Args:
    clean, marked: paths of images.
  """
  by_size = collections.defaultdict(list)
  for path in marked:
    by_size[os.path.getsize(path)].append(path)
  for path in clean:
    for other in by_size.get(os.path.getsize(path), ()):
      if filecmp.cmp(path, other, shallow=False):
        raise UserError(f'{path} is said to be clean, and the same image, {other}, has a '
                        'marked defect: remove one of them.')


def list_classes(folder, flag):
  """Lists the class folders' images.

  Args:
    folder: holds one folder per class.
    flag: the option that named it, for errors.

  Returns:
    {class name: sorted paths}, classes sorted.

  Raises:
    UserError: no class folders, an empty one, or one named like the background.
  """
  folder = pathlib.Path(folder)
  if not os.path.isdir(folder):
    raise UserError(f'{flag} {folder} is not a folder.')
  found = {}
  paths, masks = file_kinds.part(reading.list_images(folder), folder)
  if masks:
    raise UserError(f'{flag} {folder} holds masks of its crops, the first is {masks[0]}: '
                    'pass the folder as --images, which reads them.')
  unnamed_masks.refuse(paths, paths, folder)
  for path in paths:
    name, *rest = path.relative_to(folder).parts
    if rest:
      found.setdefault(name, []).append(path)
  real = folder.resolve()
  names = sorted(path.name for path in folder.iterdir()
                 if path.is_dir() and not path.name.startswith('.')
                 and not real.is_relative_to(path.resolve()))  # Not a link that leads up.
  if not names:
    raise UserError(f'{flag} {folder} holds no class folders: put each '
                    "class's images in a folder named after it.")
  if clean := list(filter(folder_names.is_clean_name, names)):
    raise UserError(f"{flag} {folder} holds a folder '{clean[0]}', which is a name for "
                    'images without defects: pass it as --clean and the others as '
                    f'{flag}, or rename it.')
  checks.check_classes(names, f'{flag} {folder}')
  for name in names:
    if name not in found:
      raise UserError(f'{flag} {folder / name} holds no images of its own '
                      f"({', '.join(reading.EXTENSIONS)}).")
  return {name: found[name] for name in names}
