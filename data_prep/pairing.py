"""Which annotations are of which frame."""

import os
import pathlib

from pegan_jax import annotations
from pegan_jax.common.errors import UserError


def match_boxes(frames_dir, frame_paths, boxes_dir):
  """Pairs frames with their annotations, by relative path or else by file name.

  Args:
    frames_dir: the frames' folder.
    frame_paths: the frames' paths, all under `frames_dir`.
    boxes_dir: a folder of box files, or a file of all, see `annotations.read`.

  Returns:
    (pairs, unlabelled): list of (frame path, `Annotated`), and the frames that have
    no box file. Those are not known to be clean, so nothing may be cut from them.

  Raises:
    UserError: no box files, ones that cannot be read, or ones without a frame.
  """
  listed = annotations.read(boxes_dir)
  if not listed:
    kinds = {False: [], True: []}  # A file an image, or one for all.
    for module in annotations.FORMATS.values():
      kinds['.' in module.PATH].append(module.FILES)
    raise UserError(f'--boxes {boxes_dir} ' + (
        f"holds no {' or '.join(kinds[False])} files." if os.path.isdir(boxes_dir)
        else f"is not a folder or a {' or '.join(kinds[True])} file."))
  by_path, by_stem = {}, {}
  for image in listed:
    path = pathlib.PurePath(image.file)
    by_path.setdefault(path.parent / path.stem, image)
    by_stem.setdefault(path.stem, []).append(image)
  pairs, unlabelled, used = [], [], set()
  for frame in frame_paths:
    relative = frame.relative_to(frames_dir).with_suffix('')
    found = by_path.get(relative)
    if found is None and len(by_stem.get(frame.stem, ())) == 1:
      found = by_stem[frame.stem][0]
    if found is None:
      unlabelled.append(frame)
    else:
      pairs.append((frame, found))
      used.add(id(found))
  orphans = [image for image in listed if id(image) not in used]
  if orphans:
    first = pathlib.PurePath(orphans[0].file).name
    raise UserError(f'No frame in {frames_dir} fits {len(orphans)} of the box files in '
                    f'{boxes_dir}, the first is {first}: add the frames or '
                    'remove the box files.')
  return pairs, unlabelled
