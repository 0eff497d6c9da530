"""Turns folders into items: square crops of one size, with where they come from."""

import dataclasses
import hashlib
import pathlib

import numpy as np
from tqdm import tqdm

from data_prep import images
from data_prep import survey as image_survey
from data_prep.windows import box_square, clean_windows
from pegan_jax.annotations.regions import Box
from pegan_jax.common import terminal

BACKGROUND = 'background'


@dataclasses.dataclass(frozen=True)
class Item:
  """One crop.

  Attributes:
    label: class name, or `BACKGROUND`.
    source: file relative to its source folder, with the box cut from it if any.
    frame: the raw image that other crops may come from too, or "".
    image: uint8 [S, S, C].
    place: `Box` of the window in the frame, if it is known.
    whole: whether that window is all of the frame.
  """
  label: str
  source: str
  frame: str
  image: np.ndarray
  place: Box | None = None
  whole: bool = False


@dataclasses.dataclass(frozen=True)
class Reader:
  """The rules that hold for every image of a set; see `images`.

  Attributes:
    size: side S of the crops in pixels.
    grey: True for [S, S, 1], False for [S, S, 3].
    max_value: the 16-bit value that becomes 255.
    seed: seed of every random choice; see `rank`.
  """
  size: int
  grey: bool
  max_value: int
  seed: int = 0

  def read(self, path):
    """Returns the whole image, uint8 [H, W, C]; UserError if it breaks the rules."""
    return images.read_image(path, self.grey, self.max_value)

  def read_own_colour(self, path):
    """Returns the whole image, uint8 [H, W, 1], or [H, W, 3] if it is coloured."""
    coloured, _ = images.probe(path)
    return images.read_image(path, not coloured, self.max_value)

  def crop(self, image, box=None):
    """Returns the `Box` of an image, or its centre square, uint8 [S, S, C]."""
    if box is not None:
      image = image[box.slices]
    return images.square_crop_resize(image, self.size)


def progress(iterable, what):
  """Returns the iterable, with a progress bar where stderr is a terminal."""
  return tqdm(iterable, desc=what, unit='', disable=None, leave=False)


def survey(paths, size, seed):
  """Reads the kind of every file and settles the rules for the set.

  Args:
    paths: all image files of all sources.
    size: side of the crops in pixels.
    seed: seed of every random choice.

  Returns:
    A `Reader`.

  Raises:
    UserError: a file cannot be read.
  """
  found = image_survey.read(progress(paths, 'checking images'))
  for note in found.notes:
    terminal.say(f'note: {note}')
  return Reader(size, found.grey, found.max_value, seed)


def read_classes(classes, folder, reader):
  """Yields an item for every image of every class folder."""
  paths = [(name, path) for name in classes for path in classes[name]]
  for name, path in progress(paths, 'reading defects'):
    source = path.relative_to(folder).as_posix()
    yield Item(name, source, '', reader.crop(reader.read(path)))


def _cut(reader, label, frame, image, box):
  """Returns the item for one box of a frame."""
  source = f"{frame}[{','.join(str(edge) for edge in box)}]"
  return Item(label, source, frame, reader.crop(image, box), box,
              image.shape[:2] == (box.height, box.width))


def frame_name(path, folder, root=None):
  """Names a frame by `root`, or else its folder's own name, and its place there."""
  root = pathlib.Path(folder).resolve().name if root is None else root
  return (pathlib.PurePath(root) / path.relative_to(folder)).as_posix()


def clean_root(clean, frames):
  """Names the folder of clean images, unlike that of the frames.

  Images are told apart by name, so two folders must not share one.

  Args:
    clean, frames: paths of the two folders; `frames` may be None.
  """
  name = pathlib.Path(clean).resolve().name
  if not frames or pathlib.Path(frames).resolve().name != name:
    return name
  return f'{name} (clean)'


def read_frames(pairs, frames_dir, reader, window, margin, most, crops):
  """Cuts clean windows and, for every box, a crop out of annotated frames.

  Args:
    pairs: list of (frame path, `Annotated`).
    frames_dir: the frames' folder.
    reader: a `Reader`.
    window: side of the windows in frame pixels.
    margin: pixels that windows keep from every box.
    most: windows to keep per frame, chosen by `rank`; 0 keeps all.
    crops: whether to cut the boxes as well.

  Returns:
    (defects, windows, boxes): lists of items, and {frame's name: its clipped boxes}.

  Raises:
    UserError: an unreadable frame.
  """
  defects, windows, boxes_of = [], [], {}
  for path, annotated in progress(pairs, 'reading frames'):
    image = reader.read(path)
    height, width = image.shape[:2]
    regions = annotated.boxes(height, width)
    frame = frame_name(path, frames_dir)
    boxes_of[frame] = boxes = [region.box for region in regions]
    clean = [_cut(reader, BACKGROUND, frame, image, box) for box in
             clean_windows(height, width, boxes, window, margin)]
    windows += rank(clean, reader.seed)[:most or None]
    for name, box, *_ in regions if crops else ():
      square = box_square(box, height, width, window)
      defects.append(_cut(reader, name, frame, image, square))
  return defects, windows, boxes_of


def read_clean(paths, folder, reader, window, most, root=None):
  """Tiles images that are all background; small ones give their centre square.

  Args:
    paths, folder: the images and their folder.
    reader: a `Reader`.
    window: side of the tiles in pixels.
    most: tiles to keep, chosen by `rank`, so that memory stays bounded; 0 keeps all.
    root: as for `frame_name`.

  Returns:
    List of items.
  """
  items = []
  for path in progress(paths, 'reading clean images'):
    image = reader.read(path)
    height, width = image.shape[:2]
    frame = frame_name(path, folder, root)
    items += [_cut(reader, BACKGROUND, frame, image, box)
              for box in clean_windows(height, width, [], window, 0)]
    if most and len(items) > 2 * most:
      items = rank(items, reader.seed)[:most]
  return items


def rank(items, seed):
  """Sorts items into a random order that depends on the seed and their names alone.

  Hashes of seed and source, so that neither a library's version nor other
  classes change which images are drawn.
  """
  def key(item):
    text = f'{seed}/{item.label}/{item.source}'.encode('utf-8', 'surrogateescape')
    return hashlib.sha256(text).digest()
  return sorted(items, key=key)


def drop_duplicates(items):
  """Keeps the first of all items with the same pixels.

  Args:
    items: in order of preference.

  Returns:
    (kept, duplicates): the items, and a list of
    {"dropped", "same_as", "labels"} for `audit.json`.
  """
  first, kept, dropped = {}, [], []
  for item in items:
    digest = hashlib.sha256(item.image.tobytes()).digest()
    if digest not in first:
      first[digest] = item
      kept.append(item)
      continue
    other = first[digest]
    dropped.append({'dropped': item.source, 'same_as': other.source,
                    'labels': [item.label, other.label]})
  return kept, dropped
