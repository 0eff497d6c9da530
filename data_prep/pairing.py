"""Pairs frames with their annotations."""

import os
import pathlib

from pegan_jax import annotations
from pegan_jax.common.errors import UserError


def match_boxes(frames_dir, frame_paths, boxes_dir):
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
  listed = annotations.read(boxes_dir)
  if not listed:
    kinds = {False: [], True: []}  # One file per image, or one for all.
    for module in annotations.FORMATS.values():
      kinds['.' in module.PATH].append(module.FILES)
    raise UserError(f'--boxes {boxes_dir} ' + (
        f"holds no {' or '.join(kinds[False])} files." if os.path.isdir(boxes_dir)
        else f"is not a folder or a {' or '.join(kinds[True])} file."))
  by_path = {}
  for image in listed:
    path = pathlib.PurePath(image.file).with_suffix('')
    if path in by_path:
      raise UserError(f'--boxes {boxes_dir} has boxes for one frame twice, in '
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
      raise UserError(f'--boxes {boxes_dir} has one box file, {by_path[path].file}, for '
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
