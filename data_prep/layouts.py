"""Recognises how a folder's images are annotated, and pairs the two."""

import os
import pathlib
from typing import NamedTuple

from data_prep import images as images_lib
from data_prep.sources import BACKGROUND, progress
from pegan_jax import annotations as annotations_lib
from pegan_jax.annotations.regions import Annotated
from pegan_jax.common import class_names, terminal
from pegan_jax.common.errors import UserError


class Layout(NamedTuple):
  """What a folder of images holds.

  Attributes:
    format: name of the way of annotation, several joined by ' + '.
    root: path of the images' folder; names of images are relative to it.
    annotated: list of (path, `Annotated`); one without regions is known to be clean.
    clean: paths of images that are clean by their place.
    crops: {class name: paths} of class folders without annotations.
    unlabelled: paths of images without an annotation where others have one. Those are
      not known to be clean, so nothing may be cut from them.
    left_out: {reason: [paths]} of files that are not used.
  """
  format: str
  root: pathlib.Path
  annotated: list[tuple[pathlib.Path, Annotated]]
  clean: list[pathlib.Path]
  crops: dict[str, list[pathlib.Path]]
  unlabelled: list[pathlib.Path]
  left_out: dict[str, list[pathlib.Path]]


def read(images, annotations=(), format=''):  # pylint: disable=redefined-builtin
  """Reads what a folder of images holds.

  Args:
    images: the images' folder.
    annotations: paths of what annotates them, folders or files; none where that lies
      beside or below the images.
    format: name of the way of annotation; '' to recognise it.

  Returns:
    A `Layout`.

  Raises:
    UserError: there are no images, what annotates them cannot be read or does not fit
      them, or nothing does.
  """
  del format
  paths, root = list_images(images, '--images'), pathlib.Path(images)
  if not annotations and not annotations_lib.read(images):
    return Layout('classes', root, [], [], list_classes(images, '--images'), [], {})
  where, = annotations or [images]
  pairs, unlabelled = _match(root, paths, where)
  for path, annotated in progress(pairs, 'checking boxes'):
    try:
      annotated.regions_in(*images_lib.size(path))
    except UserError as error:
      raise UserError(f'--annotations {where}: {error}') from None
  return Layout('boxes', root, pairs, [], {}, unlabelled, {})


def list_images(folder, flag):
  """Lists a folder's images; an empty one is an error that names its flag."""
  if not os.path.isdir(folder):
    raise UserError(f'{flag} {folder} is not a folder.')
  paths = images_lib.list_images(folder)
  if not paths:
    raise UserError(f'{flag} {folder} holds no images '
                    f"({', '.join(images_lib.EXTENSIONS)}).")
  return paths


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
  found, stray = {}, []
  for path in images_lib.list_images(folder):
    name, *rest = path.relative_to(folder).parts
    (found.setdefault(name, []) if rest else stray).append(path)
  real = folder.resolve()
  names = sorted(path.name for path in folder.iterdir()
                 if path.is_dir() and not path.name.startswith('.')
                 and not real.is_relative_to(path.resolve()))  # Not a link that leads up.
  if not names:
    raise UserError(f'{flag} {folder} holds no class folders: put each '
                    "class's images in a folder named after it.")
  if BACKGROUND in names:
    raise UserError(f"{flag} {folder} has a class named '{BACKGROUND}', which "
                    'is the name of clean steel: pass that folder as --clean.')
  class_names.check_classes([*names, BACKGROUND], f'{flag} {folder}')
  for name in names:
    if name not in found:
      raise UserError(f'{flag} {folder / name} holds no images of its own '
                      f"({', '.join(images_lib.EXTENSIONS)}).")
  if stray:
    terminal.say(f'left out images that lie directly in {flag} {folder}, in no class '
                 f'folder: {len(stray)}')
  return {name: found[name] for name in names}


def check_names(pairs, where):
  """Refuses names of boxes that cannot be classes, before any image is read.

  Args:
    pairs: list of (path, `Annotated`).
    where: where these are from, for the error.

  Raises:
    UserError: the message names the class and its first file.
  """
  found = {}
  for _, image in pairs:
    found = {region.name: image.file for region in image.regions} | found
  for name, file in found.items():
    class_names.check_class(name, f'{where} ({file})')
  class_names.check_classes(sorted({*found, BACKGROUND}), where)


def _match(frames_dir, frame_paths, boxes_dir):
  """Pairs frames with their annotations, by relative path or else by file name.

  Args:
    frames_dir: the frames' folder.
    frame_paths: the frames' paths, all under `frames_dir`.
    boxes_dir: a folder of box files, or one file for all, see `annotations.read`.

  Returns:
    (pairs, unlabelled): list of (frame path, `Annotated`), and the frames that have
    no box file. Those are not known to be clean, so nothing may be cut from them.

  Raises:
    UserError: no box files, some that cannot be read or have no frame, two for one
      frame, or one for two frames.
  """
  listed = annotations_lib.read(boxes_dir)
  if not listed:
    kinds = {False: [], True: []}  # One file per image, or one for all.
    for module in annotations_lib.FORMATS.values():
      kinds['.' in module.PATH].append(module.FILES)
    raise UserError(f'--annotations {boxes_dir} ' + (
        f"holds no {' or '.join(kinds[False])} files." if os.path.isdir(boxes_dir)
        else f"is not a folder or a {' or '.join(kinds[True])} file."))
  by_path = {}
  for image in listed:
    path = pathlib.PurePath(image.file).with_suffix('')
    if path in by_path:
      raise UserError(f'--annotations {boxes_dir} has boxes for one frame twice, in '
                      f'{by_path[path].file} and {image.file}: remove one of them.')
    by_path[path] = image
  own = [frame.relative_to(frames_dir).with_suffix('') for frame in frame_paths]
  by_stem = {}  # Box files that lie elsewhere than their frame.
  for path in by_path.keys() - set(own):
    by_stem.setdefault(path.name, []).append(path)
  pairs, unlabelled, frame_of = [], [], {}
  for frame, path in zip(frame_paths, own):
    if path not in by_path and len(by_stem.get(path.name, ())) == 1:
      path, = by_stem[path.name]
    if path not in by_path:
      unlabelled.append(frame)
      continue
    if path in frame_of:
      raise UserError(f'--annotations {boxes_dir} has one box file, {by_path[path].file}, for '
                      f'two frames, {frame_of[path]} and {frame}: add or remove one.')
    frame_of[path] = frame
    pairs.append((frame, by_path[path]))
  orphans = [image for path, image in by_path.items() if path not in frame_of]
  if orphans:
    first = pathlib.PurePath(orphans[0].file).name
    raise UserError(f'No frame in {frames_dir} fits {len(orphans)} of the box files in '
                    f'{boxes_dir}, the first is {first}: add the frames or '
                    'remove the box files.')
  return pairs, unlabelled
