"""Reads the images that a data set may be made of."""

from typing import Any, NamedTuple

from data_prep.crops import cutting, keeping, shading, window_size
from data_prep.images import named_groups, survey

_INSIDE = 0.95  # Of a crop's area, in a box that it lies in.


class Pool(NamedTuple):
  """Holds what may go into the data set.

  Attributes:
    found: `inputs.Found`.
    reader: `cutting.Reader`.
    window, why: side of the windows in pixels of the images, and what decided it.
    defects, windows, tiles: lists of items: defects, and backgrounds out of annotated
      and out of clean images.
    notes: sentences about files that differ from the others.
    group_of: function of a file's path under its folder; None, or its group's name.
    small: {path: the whole image as by `reading.small`}.
    most: how many tiles of a folder were kept; 0 for all.
    searched: {search, and items that it depends on: what it found}, see `once`.
  """
  found: Any
  reader: cutting.Reader
  window: int
  why: str
  defects: list
  windows: list
  tiles: list
  notes: list
  group_of: callable
  small: dict
  most: int
  searched: dict

  def once(self, search, items, run):
    """Returns what a search finds, which is run once for the same items.

    Where flags are tried, most tries choose the same items, and the searches take longest.

    Args:
      search: its name, and the values of flags that it depends on.
      items: those of the pool that it depends on.
      run: function without arguments that runs it.
    """
    key = search, *((item.label, item.source) for item in items)
    if key not in self.searched:
      self.searched[key] = run()
    return self.searched[key]

  def of(self, options):
    """Returns the `Pool` of other `options.Options`, of the same folders and windows."""
    pool = self._replace(
        group_of=named_groups.named_by(options.group_by, self.found.files))
    most = _most(options)
    if most == self.most or len(self.tiles) < self.most:
      return pool  # All tiles are there.
    return pool._replace(
        most=most, tiles=_tiles(self.found, self.reader, self.window, most))


def read(options, found, kinds=None):
  """Reads all images of a `inputs.Found`; returns a `Pool`.

  Args:
    options: `options.Options`.
    found: `inputs.Found`.
    kinds: {path: `survey.Kind`} of its files, where they are known.

  Raises:
    UserError: an image cannot be read, or is one with another that says what it denies.
  """
  group_of = named_groups.named_by(options.group_by, found.files)
  window, why = window_size.choose_window(options, found)
  kinds = kinds or survey.kinds_of([path for path, _ in found.files])
  found = found.in_one_kind(kinds)
  kinds = survey.settle({path: kinds[path] for path, _ in found.files})
  plain = cutting.Reader(
      options.image_size, kinds.grey, kinds.max_value, options.seed)
  reader = keeping.KeepingReader(**vars(plain))
  defects = list(cutting.read_crops(found.crops, found.crops_dir, reader))
  cut, windows = cutting.read_frames(
      found.layout.annotated, found.layout.root, reader, window, options.margin,
      4 * options.windows_per_frame, found.cut)
  tiles = _tiles(found, reader, window, _most(options))
  found = found.once(reader.same())
  frames = {cutting.frame_name(path, found.layout.root)
            for path, _ in found.layout.annotated}
  cut, windows = ([item for item in items if item.frame in frames]
                  for items in (cut, windows))
  return Pool(found, plain, window, why, defects + cut, windows, tiles,
              [*found.notes(kinds), *_in_larger_boxes(cut, found.layout),
               *window_size.note_long(found, window), *shading.note(defects + cut)],
              group_of, reader.small, _most(options), {})


def _most(options):
  return 2 * options.backgrounds


def _tiles(found, reader, window, most):
  """Returns the tiles of all clean images, at most so many of a folder; 0 for all."""
  return [item for paths, folder, root in found.clean
          for item in cutting.read_clean(paths, folder, reader, window, most, root)]


def _in_larger_boxes(cut, layout):
  """Returns a note on crops that lie in a box that is larger than they are, if any do."""
  boxes = {cutting.frame_name(path, layout.root): [
      region.box for region in image.regions if region.mask is None and not region.polygons]
           for path, image in layout.annotated}
  n = sum(any(min(box.width, box.height) > item.place.width and box.overlap(item.place)
              >= _INSIDE * item.place.width * item.place.height
              for box in boxes[item.frame]) for item in cut)
  return [f'crops that lie in a larger box: {n} of {len(cut)}; nothing says where in it '
          'the defect is, so they may show plain ground: a larger --window_size, or masks '
          'in place of boxes, show more'] * bool(n)
