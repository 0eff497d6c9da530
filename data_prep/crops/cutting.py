"""Turns folders into items: square crops of one size, with where they come from."""

import dataclasses
import hashlib
import itertools
import pathlib

import numpy as np
from PIL import Image

from data_prep.crops.windows import boxes_of, clean_windows, covered, region_windows
from data_prep.images import parallel, reading
from data_prep.images.progress import progress
from pegan_jax.annotations.regions import Box

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
    annotation: 'mask' or 'box', what `mask` was made of, or 'none'.
    mask: bool [S, S], the pixels of the label's regions, or None.
    share: the share of the window, in [0, 1], that these cover, or None.
    others: whether regions of other classes lie in the window as well.
  """
  label: str
  source: str
  frame: str
  image: np.ndarray
  place: Box | None = None
  whole: bool = False
  annotation: str = 'none'
  mask: np.ndarray | None = None
  share: float | None = None
  others: bool = False

  @property
  def file(self):
    """Returns the path of its file under its source folder."""
    return self.frame.split('/', 1)[1] if self.frame else self.source


@dataclasses.dataclass(frozen=True)
class Reader:
  """The rules that hold for every image of a set; see `reading`.

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
    return reading.read_image(path, self.grey, self.max_value)

  def read_own_colour(self, path):
    """Returns the whole image, uint8 [H, W, 1], or [H, W, 3] if it is coloured."""
    coloured, _ = reading.probe(path)
    return reading.read_image(path, not coloured, self.max_value)

  def crop(self, image, box=None):
    """Returns the `Box` of an image, or its centre square, uint8 [S, S, C]."""
    if box is not None:
      image = image[box.slices]
    return reading.square_crop_resize(image, self.size)


def read_crops(classes, folder, reader):
  """Yields an item for every image of {class: paths}, whole files of defects."""
  paths = [(name, path) for name in classes for path in classes[name]]
  images = parallel.each_file(
      lambda path: reader.crop(reader.read(path)), [path for _, path in paths])
  for (name, path), image in zip(paths, progress(images, 'reading defects', len(paths))):
    yield Item(name, path.relative_to(folder).as_posix(), '', image)


def annotate(item, regions, window):
  """Returns an item with the mask of regions that are in its window, if any are.

  Args:
    item: an `Item`.
    regions: `Region`s of its frame that count as its label's.
    window: `Box` of the item in that frame.
  """
  seen = [region for region in regions if region.box.overlap(window)]
  inside = covered(seen, window)
  if not inside.any():
    return item
  return dataclasses.replace(
      item, mask=shrink(inside, len(item.image)), share=float(inside.mean()),
      annotation='box' if any(r.mask is None for r in seen) else 'mask')


def shrink(inside, size):
  """Returns bool [h, w] as [size, size]: where half of a pixel or more is inside.

  A mark that nowhere covers as much keeps the pixels of which it covers the most.
  """
  parts = np.asarray(Image.fromarray(inside.astype(np.float32)).resize(
      (size, size), Image.Resampling.BOX))
  return parts >= min(0.5, parts.max())


def _cut(reader, label, frame, image, box):
  """Returns the item for one box of a frame."""
  return Item(label, _source(frame, box), frame, reader.crop(image, box), box,
              image.shape[:2] == (box.height, box.width))


def _source(frame, box):
  return f"{frame}[{','.join(str(edge) for edge in box)}]"


def frame_name(path, folder, root=None):
  """Names a frame by `root`, or else its folder's own name, and its place there."""
  root = pathlib.Path(folder).resolve().name if root is None else root
  return (pathlib.PurePath(root) / path.relative_to(folder)).as_posix()


def clean_roots(clean, frames):
  """Names the folders of clean images, unlike each other and unlike that of the frames.

  Images are told apart by name, so two folders must not share one.

  Args:
    clean: paths of the folders.
    frames: path of the frames' folder; may be None.

  Returns:
    List of the names, in the folders' order.
  """
  taken = [pathlib.Path(frames).resolve().name] if frames else []
  for folder in clean:
    name = pathlib.Path(folder).resolve().name
    names = itertools.chain([name, f'{name} (clean)'],
                            (f'{name} (clean {k})' for k in itertools.count(2)))
    taken.append(next(some for some in names if some not in taken))
  return taken[-len(clean):]


def read_frames(pairs, frames_dir, reader, window, margin, most, classes):
  """Cuts clean windows and, around the regions, defects out of annotated frames.

  Args:
    pairs: list of (frame path, `Annotated`).
    frames_dir: the frames' folder.
    reader: a `Reader`.
    window: side of the windows in frame pixels.
    margin: pixels that clean windows keep from every region.
    most: clean windows to keep per frame, chosen by `rank`; 0 keeps all.
    classes: names of the classes whose regions are cut. All others keep clean windows
      away as well.

  Returns:
    (defects, windows): lists of items.

  Raises:
    UserError: an unreadable frame.
  """
  annotated, defects, windows = dict(pairs), [], []

  def cut(path):
    image, frame = reader.read(path), frame_name(path, frames_dir)
    height, width = image.shape[:2]
    regions = annotated[path].regions_in(height, width)
    clean = sorted(
        clean_windows(height, width, boxes_of(regions), window, margin),
        key=lambda box: _order(reader.seed, BACKGROUND, _source(frame, box)))
    return (_cut_defects(reader, frame, image, regions, window, classes),
            [_cut(reader, BACKGROUND, frame, image, box) for box in clean[:most or None]])

  for some, clean in progress(
      parallel.each_file(cut, annotated), 'reading frames', len(annotated)):
    defects += some
    windows += clean
  return defects, windows


def _cut_defects(reader, frame, image, regions, window, classes):
  """Returns the items of the windows around the regions of one frame."""
  # By the file's own name: images/1.png of one tool's export is 1.png of another's.
  name_of_file = frame.rsplit('/', 1)[-1]
  boxes = {(region.name, box): None for region in regions if region.name in classes
           for box in region_windows(
               region, *image.shape[:2], window,
               f'{reader.seed}/{name_of_file}/{region.name}/{region.box}')}
  items = []
  for name, box in boxes:
    own = [region for region in regions if region.name == name]
    others = [region for region in regions if region.name not in (name, '')]
    items.append(dataclasses.replace(
        annotate(_cut(reader, name, frame, image, box), own, box),
        others=bool(covered(others, box).any())))
  return items


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
  def tiles(path):
    image = reader.read(path)
    frame = frame_name(path, folder, root)
    return [_cut(reader, BACKGROUND, frame, image, box)
            for box in clean_windows(*image.shape[:2], [], window, 0)]

  items = []
  for some in progress(
      parallel.each_file(tiles, paths), 'reading clean images', len(paths)):
    items += some
    if most and len(items) > 2 * most:
      items = rank(items, reader.seed)[:most]
  return items


def rank(items, seed):
  """Sorts items into a random order that depends on the seed and their names alone.

  Hashes of seed and source, so that neither a library's version nor other
  classes change which images are drawn.
  """
  return sorted(items, key=lambda item: _order(seed, item.label, item.source))


def _order(seed, label, source):
  text = f'{seed}/{label}/{source}'.encode('utf-8', 'surrogateescape')
  return hashlib.sha256(text).digest()


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
