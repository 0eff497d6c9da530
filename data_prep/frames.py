"""Raw frames and their boxes: clean windows and defect-centred crops.

A box is (name, left, top, right, bottom) in pixel edges of the frame, so that
`frame[top:bottom, left:right]` is what it covers.
"""

import os
import pathlib
import xml.etree.ElementTree as ElementTree

import numpy as np

from data_prep import images
from pegan_jax.common.errors import UserError

NAME_FILES = ('classes.txt', 'obj.names')


def read_voc(path):
  """Reads a Pascal VOC file.

  Args:
    path: an XML file; coordinates are 1-based and inclusive, as VOC has them.

  Returns:
    List of boxes, unclipped; empty for a file without objects.

  Raises:
    UserError: it is not VOC XML. Document types and entities are refused.
  """
  try:
    text = path.read_bytes()
    if b'<!DOCTYPE' in text or b'<!ENTITY' in text:
      raise UserError(f'{path} declares XML entities, which VOC boxes do not '
                      'need: remove the declaration.')
    boxes = []
    for item in ElementTree.fromstring(text).iter('object'):
      box = item.find('bndbox')
      edges = [float(box.find(tag).text)
               for tag in ('xmin', 'ymin', 'xmax', 'ymax')]
      if not np.isfinite(edges).all():
        raise ValueError
      boxes.append((item.find('name').text.strip(),
                    edges[0] - 1, edges[1] - 1, edges[2], edges[3]))
    return boxes
  except OSError as error:
    raise UserError(f'{path} cannot be read: {error.strerror}.') from None
  except ElementTree.ParseError as error:
    raise UserError(f'{path} is not a Pascal VOC file: {error}.') from None
  except (AttributeError, TypeError, ValueError):
    raise UserError(f'{path} is not a Pascal VOC file: an object has no name, or no '
                    'number for an edge of its box.') from None


def read_yolo(path, names, height, width):
  """Reads a YOLO text file: `class cx cy w h` a line, in fractions of the frame.

  Args:
    path: the text file; empty means a frame without defects.
    names: class names by index; an index beyond them is its own name.
    height, width: the frame's size in pixels.

  Returns:
    List of boxes, unclipped.

  Raises:
    UserError: a line is not a YOLO box.
  """
  boxes = []
  for line in _read_text(path).splitlines():
    if not line.strip():
      continue
    try:
      index, cx, cy, w, h, *_ = line.split()
      if len(line.split()) > 6:  # A sixth word is a confidence.
        raise ValueError
      index, cx, cy, w, h = int(index), float(cx), float(cy), float(w), float(h)
    except ValueError:
      raise UserError(f'{path} is not a YOLO file: {line.strip()!r} is not '
                      "'class cx cy w h'.") from None
    if not (np.isfinite([cx, cy, w, h]).all() and max(cx, cy, w, h) <= 2):
      raise UserError(f'{path} is not a YOLO file: {line.strip()!r} is not in '
                      'fractions of the frame.')
    name = names[index] if 0 <= index < len(names) else str(index)
    boxes.append((name, (cx - w / 2) * width, (cy - h / 2) * height,
                  (cx + w / 2) * width, (cy + h / 2) * height))
  return boxes


def read_boxes(path, names, height, width):
  """Reads a box file of either format, by its suffix: see the two above."""
  if path.suffix.lower() == '.xml':
    return read_voc(path)
  return read_yolo(path, names, height, width)


def match_boxes(frames_dir, frame_paths, boxes_dir):
  """Pairs frames with their box files, by relative path or else by file name.

  Args:
    frames_dir, boxes_dir: the two folders.
    frame_paths: the frames' paths, all under `frames_dir`.

  Returns:
    (pairs, unlabelled): list of (frame path, box path), and the frames that have
    no box file. Those are not known to be clean, so nothing may be cut from them.

  Raises:
    UserError: no box files, or box files without a frame.
  """
  boxes_dir = pathlib.Path(boxes_dir)
  if not os.path.isdir(boxes_dir):
    raise UserError(f'--boxes {boxes_dir} is not a folder.')
  files = sorted(path for path in images.walk(boxes_dir)
                 if path.suffix.lower() in ('.xml', '.txt')
                 and path.name not in NAME_FILES)
  if not files:
    raise UserError(f'--boxes {boxes_dir} holds no .xml (Pascal VOC) or .txt '
                    '(YOLO) files.')
  by_path, by_stem = {}, {}
  for path in files:
    by_path.setdefault(path.relative_to(boxes_dir).with_suffix(''), path)
    by_stem.setdefault(path.stem, []).append(path)
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
      used.add(found)
  orphans = [path for path in files if path not in used]
  if orphans:
    raise UserError(f'No frame in {frames_dir} fits {len(orphans)} of the box files in '
                    f'{boxes_dir}, the first is {orphans[0].name}: add the frames or '
                    'remove the box files.')
  return pairs, unlabelled


def read_names(boxes_dir):
  """Returns YOLO class names from classes.txt or obj.names, or an empty list.

  Raises:
    UserError: the file is not text, or has an empty line between others, which boxes
      may count or not.
  """
  for name in NAME_FILES:
    path = pathlib.Path(boxes_dir, name)
    if os.path.isfile(path):
      names = [line.strip() for line in _read_text(path).rstrip().split('\n')]
      if '' in names[1:]:
        raise UserError(f'{path} has an empty line, and the numbers of classes count '
                        'lines: remove it, or name the class.')
      return [] if names == [''] else names
  return []


def _read_text(path):
  try:
    return path.read_text(encoding='utf-8-sig')
  except UnicodeDecodeError:
    raise UserError(f'{path} is not UTF-8 text: save it as such.') from None
  except OSError as error:
    raise UserError(f'{path} cannot be read: {error.strerror}.') from None


def clip_boxes(boxes, height, width):
  """Clips boxes to the frame, to whole pixels; drops what lies outside it."""
  clipped = []
  for name, left, top, right, bottom in boxes:
    left, top = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    right, bottom = (min(width, int(np.ceil(right))),
                     min(height, int(np.ceil(bottom))))
    if left < right and top < bottom:
      clipped.append((name, left, top, right, bottom))
  return clipped


def clean_windows(height, width, boxes, side, margin):
  """Packs square windows that keep clear of every box and of each other.

  First fit in reading order, at every pixel.

  Args:
    height, width: the frame's size in pixels.
    boxes: clipped boxes.
    side: the window's side in pixels; a frame smaller than that is used at its
      own shorter side.
    margin: pixels between a window and any box.

  Returns:
    List of (left, top, right, bottom), in pixels, none overlapping.
  """
  side = min(side, height, width)
  taken = np.zeros((height + 1, width + 1), np.int32)
  for _, left, top, right, bottom in boxes:
    taken[max(0, top - margin) + 1:bottom + margin + 1,
          max(0, left - margin) + 1:right + margin + 1] = 1
  area = taken.cumsum(axis=0).cumsum(axis=1)
  free = (area[side:, side:] - area[:-side, side:]
          - area[side:, :-side] + area[:-side, :-side]) == 0
  windows = []
  for top in range(free.shape[0]):
    row = free[top]
    while row.any():
      left = int(row.argmax())
      windows.append((left, top, left + side, top + side))
      free[top:top + side, max(0, left - side + 1):left + side] = False
  return windows


def covered(boxes, place):
  """The share of a window that boxes cover, in [0, 1].

  Args:
    boxes: clipped boxes.
    place: the window's (left, top, right, bottom) in the same frame, in pixels.
  """
  left, top, right, bottom = place
  inside = np.zeros((bottom - top, right - left), bool)
  for _, *edges in boxes:
    x, y, end_x, end_y = (max(0, edge - start)
                          for edge, start in zip(edges, (left, top, left, top)))
    inside[y:end_y, x:end_x] = True
  return float(inside.mean())


def box_square(box, height, width, side):
  """Returns the square to cut for a box: centred on it, at least `side` wide.

  Args:
    box: a clipped box.
    height, width: the frame's size in pixels.
    side: smallest side in pixels, so that small defects are not blown up.

  Returns:
    (left, top, right, bottom): as wide as the box's longer edge and no wider than
    the frame's shorter edge, shifted inward where it would leave the frame.
  """
  _, left, top, right, bottom = box
  side = min(max(side, right - left, bottom - top), height, width)
  x = min(max((left + right - side) // 2, 0), width - side)
  y = min(max((top + bottom - side) // 2, 0), height - side)
  return x, y, x + side, y + side
