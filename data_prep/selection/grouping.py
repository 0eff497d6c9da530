"""Groups crops that show one place, or share a frame or what --group_by finds."""

import functools
import pathlib
from typing import NamedTuple

import numpy as np

from data_prep.crops import cutting
from data_prep.crops.cutting import BACKGROUND
from data_prep.images import named_groups, parallel, reading
from data_prep.images.progress import progress
from data_prep.selection import copies as copies_lib, frame_search, lacks
from data_prep.selection import components, marked_again, near_duplicates, texture
from pegan_jax.annotations.regions import Box

_ONE_SHAPE = 0.03  # By how much the sides' ratios of one picture in two sizes may differ.
_SAME = 0.95  # Least correlation of one picture that was only saved again.


class Groups(NamedTuple):
  """Tells which of N items belong together.

  Attributes:
    numbers: int [N], of their groups.
    pairs: int [P, 2], items that are near-duplicates.
    at_odds: [[name, name], ...] of whole files of two classes that show the same.
    copies: [[name, name], ...] of images of which one is the other, turned, mirrored or
      resized.
    unclean: the names of clean images that are such copies of images with a defect, or
      show what a whole file of one shows.
    places: {index of a defect found in a frame: (the frame's path, the window)}.
    edges: list of (item, item or a number above theirs, why they are in one group).
  """
  numbers: np.ndarray
  pairs: np.ndarray
  at_odds: list
  copies: list
  unclean: list
  places: dict
  edges: list


def group(options, pool, items):
  """Groups items that show one place, or share a raw frame or what --group_by finds.

  Args:
    options: `options.Options`.
    pool: `pool.Pool`.
    items: list of [N] items.

  Returns:
    `Groups`.
  """
  root = pool.found.layout.root
  searched = pool.found.frames if options.search_frames else []
  whole = [k for k, item in enumerate(items) if item.label != BACKGROUND and not item.frame]
  nodes = {}  # {name: number}: frames, and groups that are named by their files.

  def node(*name):
    return nodes.setdefault(name, len(items) + len(nodes))

  by_name = lacks.GROUP_BY if options.group_by else lacks.COPIES
  edges, places, pairs = [], {}, np.zeros((0, 2), int)
  at_odds, copies, unclean = [], [], []
  for k, item in enumerate(items):
    if item.frame:
      edges.append((k, node('frame', item.frame), lacks.FRAME))
    if (name := pool.group_of(item.file)) is not None:
      edges.append((k, node('group', name), by_name))
  # Of images that are alike by design, those crops are sought whose frame is not known.
  defects = [k for k, item in enumerate(items) if item.label != BACKGROUND
             and (options.near_duplicates or not item.frame)]
  thumbs = functools.cache(lambda: texture.thumbnails(items))
  if options.near_duplicates:
    pairs, scores = pool.once(
        'pairs', items, lambda: near_duplicates.find_pairs(thumbs()))
    at_odds = [[items[k].source for k in pair] for pair in pairs[scores > _SAME].tolist()
               if {*pair} <= {*whole} and len({items[k].label for k in pair}) > 1]
    copies, unclean, found = _find_copies(pool, items, node)
    edges += [(i, j, lacks.TURNED) for i, j in found]
  if searched and defects:
    found, scores, corners = pool.once(
        'frames', [items[k] for k in defects],
        lambda: _search(pool, thumbs()[defects], searched, 'crops in frames'))
    order = np.argsort(scores, kind='stable')  # The best match last.
    if not options.near_duplicates:  # Only that: others are alike by design.
      order = {found[i, 0]: i for i in order}.values()
    for i in order:
      crop, path = defects[found[i, 0]], searched[found[i, 1]]
      frame = node('frame', cutting.frame_name(path, root))
      edges.append((crop, frame, lacks.FOUND))
      if (name := pool.group_of(path.relative_to(root).as_posix())) is not None:
        edges.append((frame, node('group', name), by_name))
      if items[crop].frame:  # A crop that was cut knows its own place better.
        continue
      corner = np.rint(corners[i] * pool.window / texture.SIDE)
      top, left = corner.astype(int).tolist()
      places[crop] = path, Box.square(left, top, pool.window)
  unclean = {*unclean, *_find_marked_again(options, pool)}
  if options.search_frames and whole:
    unclean |= pool.once('clean', [items[k] for k in whole],
                         lambda: _find_in_clean(pool, thumbs()[whole]))
  unclean = sorted(unclean)
  edges += [(i, j, lacks.NEAR) for i, j in pairs.tolist()]
  numbers = components.number(len(items) + len(nodes), [edge[:2] for edge in edges])
  return Groups(
      numbers[:len(items)], pairs, at_odds, copies, unclean, places, edges)


def _search(pool, thumbs, paths, what, beyond=0):
  """Returns what `frame_search.find` does, of the images of some paths.

  A crop may reach so many samples beyond these.
  """
  views = progress(parallel.each_file(lambda path: np.pad(
      texture.thumbnail(pool.reader.read(path), pool.window), beyond), paths),
                   f'finding {what}', len(paths))
  pairs, scores, corners = frame_search.find(thumbs, views)
  return pairs, scores, corners - beyond


def _find_in_clean(pool, thumbs):
  """Returns the names of clean images that show what whole files of defects show.

  Clean images of the crops' own size are compared with these as they are, see
  `near_duplicates`.
  """
  names = {path: cutting.frame_name(path, folder, root)
           for paths, folder, root in pool.found.clean for path in paths
           if min(reading.size(path)) > pool.window}
  paths = sorted(names)
  found, *_ = _search(pool, thumbs, paths, 'crops in clean images') if paths else ([],)
  return {names[paths[k]] for _, k in found}


def _find_copies(pool, items, node):
  """Finds the images that are copies of others, see `copies`.

  Args:
    pool: `pool.Pool`.
    items: those that are grouped.
    node: function of 'frame' and a frame's name: its number.

  Returns:
    (names, unclean, edges): list of pairs of the images' names; the names of clean images
    in pairs with one that shows a defect; and list of pairs of the images' numbers.
  """
  found = pool.found
  frames = {path: cutting.frame_name(path, found.layout.root) for path in found.frames}
  for paths, folder, root in found.clean:
    frames |= {path: cutting.frame_name(path, folder, root) for path in paths}
  clean = {path for paths, *_ in found.clean for path in paths}
  known = {path: (name, node('frame', name)) for path, name in frames.items()}
  crops = {pathlib.Path(found.crops_dir) / item.source: (item.source, k)
           for k, item in enumerate(items) if not item.frame}
  known |= crops
  defective = {*crops, *(path for path, _ in found.layout.annotated)} - clean
  paths = [path for path in known if path in pool.small]
  def find():
    small = [pool.small[path] for path in paths]
    resized = copies_lib.find_resized(small, list(map(named_groups.of_any_size, paths)))
    return np.unique(np.concatenate([copies_lib.find(small), [
        pair for pair in resized.tolist()
        if _are_of_two_sizes(*(paths[k] for k in pair))] or np.zeros((0, 2), int)]), axis=0)

  pairs = pool.once('copies', [items[k] for _, k in crops.values()], find)
  pairs = [[paths[k] for k in pair] for pair in pairs.tolist()]
  unclean = {known[one][0] for pair in pairs for one, other in (pair, pair[::-1])
             if one in clean and other in defective}
  return ([[known[path][0] for path in pair] for pair in pairs], sorted(unclean),
          [[known[path][1] for path in pair] for pair in pairs])


def _are_of_two_sizes(one, other):
  """Returns whether two images have one shape and other numbers of pixels."""
  sizes = [reading.size(path) for path in (one, other)]
  (height, width), (tall, wide) = sizes
  return sizes[0] != sizes[1] and abs(height * wide - width * tall) <= max(
      height * wide, width * tall) * _ONE_SHAPE


def _find_marked_again(options, pool):
  """Returns the names of clean images that show the marks of others, see `marked_again`.

  Parts of these are not sought in images that are alike by design.
  """
  names = {path: cutting.frame_name(path, folder, root)
           for paths, folder, root in pool.found.clean for path in paths}
  annotated, paths = pool.found.layout.annotated, sorted(names)
  in_parts = options.near_duplicates and options.search_frames

  def find():
    if not (annotated and paths):
      return set()
    marks = marked_again.read(annotated, pool.reader, pool.window)
    found = marked_again.find_whole(
        marks, paths, pool.small, pool.reader, pool.window, copies_lib.find_alike)
    rest = [path for path in paths if path not in found]
    if in_parts and marks and rest:
      places = {}
      pairs, _, corners = _search(
          pool, np.stack([mark.thumb for mark in marks]), rest, 'marks in clean images',
          marked_again.BEYOND)
      for (k, number), corner in zip(pairs.tolist(), corners.tolist()):
        places.setdefault(rest[number], []).append((k, corner))
      found |= marked_again.find_parts(marks, places, pool.reader, pool.window)
    return found

  return {names[path] for path in pool.once(('marked again', in_parts), [], find)}


def annotate(pool, items, places):
  """Gives items that were found in frames the regions of these, in place.

  Returns:
    {(class of a crop, classes that its frame marks there, none of them this one): [names of
    such crops]}.
  """
  annotated, odd = dict(pool.found.layout.annotated), {}
  for k, (path, window) in sorted(places.items()):
    if path in annotated:
      image = annotated[path]
      regions = image.regions_in(image.height, image.width)
      items[k] = cutting.annotate(items[k], regions, window)
      names = sorted({region.name for region in regions
                      if region.box.overlap(window)} - {''})
      if names and items[k].label not in names:
        odd.setdefault((items[k].label, ' and '.join(names)), []).append(items[k].source)
  return odd
