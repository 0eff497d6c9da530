"""Lists the inputs of a build, and refuses what does not fit before an image is read."""

import os
import pathlib

from data_prep import images
from data_prep.sources import BACKGROUND, progress
from pegan_jax.common import class_names, terminal
from pegan_jax.common.errors import UserError


def list_or_fail(folder, flag):
  """Lists a folder's images; an empty one is an error that names its flag."""
  if not os.path.isdir(folder):
    raise UserError(f'{flag} {folder} is not a folder.')
  paths = images.list_images(folder)
  if not paths:
    raise UserError(f'{flag} {folder} holds no images '
                    f"({', '.join(images.EXTENSIONS)}).")
  return paths


def list_classes(folder):
  """Lists the class folders' images.

  Args:
    folder: holds one folder per class.

  Returns:
    {class name: sorted paths}, classes sorted.

  Raises:
    UserError: no class folders, an empty one, or one named like the background.
  """
  folder = pathlib.Path(folder)
  if not os.path.isdir(folder):
    raise UserError(f'--defects {folder} is not a folder.')
  found, stray = {}, []
  for path in images.list_images(folder):
    name, *rest = path.relative_to(folder).parts
    (found.setdefault(name, []) if rest else stray).append(path)
  real = folder.resolve()
  names = sorted(path.name for path in folder.iterdir()
                 if path.is_dir() and not path.name.startswith('.')
                 and not real.is_relative_to(path.resolve()))  # Not a link that leads up.
  if not names:
    raise UserError(f'--defects {folder} holds no class folders: put each '
                    "class's images in a folder named after it.")
  if BACKGROUND in names:
    raise UserError(f"--defects {folder} has a class named '{BACKGROUND}', which "
                    'is the name of clean steel: pass that folder as --clean.')
  class_names.check_classes([*names, BACKGROUND], f'--defects {folder}')
  for name in names:
    if name not in found:
      raise UserError(f'--defects {folder / name} holds no images of its own '
                      f"({', '.join(images.EXTENSIONS)}).")
  if stray:
    terminal.say(f'left out images that lie directly in --defects {folder}, in no class '
                 f'folder: {len(stray)}')
  return {name: found[name] for name in names}


def check_boxes(pairs, boxes_dir):
  """Refuses boxes that do not fit their frames, before any image is read.

  Args:
    pairs: list of (frame path, `Annotated`).
    boxes_dir: where these are from, for the error.

  Raises:
    UserError: the message names the file and the box, or an unreadable frame.
  """
  for path, annotated in progress(pairs, 'checking boxes'):
    size = images.size(path)
    try:
      annotated.boxes(*size)
    except UserError as error:
      raise UserError(f'--boxes {boxes_dir}: {error}') from None


def check_names(pairs, boxes_dir):
  """Refuses names of boxes that cannot be classes, before any image is read.

  Args:
    pairs: list of (frame path, `Annotated`).
    boxes_dir: where these are from, for the error.

  Raises:
    UserError: the message names the class and its first file.
  """
  found = {}
  for _, image in pairs:
    found = {region.name: image.file for region in image.regions} | found
  for name, file in found.items():
    class_names.check_class(name, f'{boxes_dir} ({file})')
  class_names.check_classes(sorted({*found, BACKGROUND}), boxes_dir)
