"""Chooses what goes into the data set: groups, splits, and says what is left out."""

import collections
from typing import NamedTuple

import numpy as np
import threadpoolctl

from data_prep.crops import cutting
from data_prep.crops.cutting import BACKGROUND
from data_prep.images.progress import progress
from data_prep.selection import backgrounds, defect_scores, frame_search, lacks
from data_prep.selection import near_duplicates, split as split_lib, texture
from data_prep.selection.lacks import Lack
from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError

DUPLICATES_MAY_COST = 0.05  # Share of a class that may go as exact duplicates.

# Clean windows that say what is usual: at least so many, and no more. Of these, one in a
# hundred may score higher than a window that is kept.
_LEAST_CLEAN, _MOST_CLEAN, _USUAL = 100, 2000, 99


class Selection(NamedTuple):
  """Holds what was chosen and what was not.

  Attributes:
    chosen: list of (item, group, is test).
    available: {class, or background: distinct images}.
    duplicates: as from `cutting.drop_duplicates`.
    leak: as from `split.random_split_leak`.
    pairs: how many near-duplicates there are.
    found: how many whole files of defects were found in frames.
    rejected: list of (score, item), from the worst down.
    marked: sources of backgrounds that show what a defect crop shows.
    barred: how many backgrounds belong with images of the test set.
  """
  chosen: list
  available: dict
  duplicates: list
  leak: dict
  pairs: int
  found: int
  rejected: list
  marked: list
  barred: int

  def by_group(self):
    """Returns groups of two or more, the largest first: [(group, [item, ...])]."""
    members = {}
    for item, group, _ in self.chosen:
      members.setdefault(group, []).append(item)
    return sorted(((group, found) for group, found in members.items()
                   if len(found) > 1), key=lambda pair: (-len(pair[1]), pair[0]))


def _check_counts(options, distinct, files, duplicates):
  """Raises `Lack` for all classes that have too few images.

  Args:
    options: `options.Options`.
    distinct: {class: images without exact duplicates}.
    files: {class: images}.
    duplicates: as from `cutting.drop_duplicates`.
  """
  few = {name: n for name, n in distinct.items() if n < 2}
  asked = 0 if options.at_most else options.per_class
  short = {name: n for name, n in distinct.items() if name not in few and (
      files[name] < asked or n < asked * (1 - DUPLICATES_MAY_COST))}
  if few:
    raise Lack(
        f'{lacks.classes(few)} fewer than the 2 distinct images that each class needs, one '
        f'to train on and one to test on{_of_two_classes(few, duplicates)}',
        f"add images of {'it' if len(few) == 1 else 'them'}",
        [lacks.without(options, few)])
  if short:
    raise Lack(f'{lacks.classes(short)} fewer than the {asked} distinct images asked for',
               at_most=True)


def _of_two_classes(few, duplicates):
  """Returns why classes have few images, where others have the same; '' if they do not."""
  same = [d for d in duplicates if d['labels'][0] in few and len(set(d['labels'])) > 1]
  if not same:
    return ''
  first = same[0]
  return (f', as {len(same)} have the same pixels as one of another class (the first, '
          f"{first['dropped']} of {first['labels'][0]}, as {first['same_as']} of "
          f"{first['labels'][1]}), where a smaller --window_size may tell them apart")


def _choose_classes(options, items):
  """Chooses `per_class` items per class.

  Returns:
    (chosen items, {class: available}, duplicates as from `cutting.drop_duplicates`).
  """
  items = [item for item in items if item.label not in options.skip_classes
           and (not options.classes or item.label in options.classes)]
  if not items:
    raise Lack('No defects are left', 'choose other classes')
  files = collections.Counter(item.label for item in items)
  kept, duplicates = cutting.drop_duplicates(items)
  drawn, available = [], {}
  for name in sorted(files):
    own = cutting.rank([item for item in kept if item.label == name], options.seed)
    available[name] = len(own)
    drawn += own[:options.per_class or None]
  _check_counts(options, available, files, duplicates)
  return drawn, available, duplicates


def _screen(options, windows, tiles):
  """Leaves out windows that look defective, and all above the limit per frame.

  What is usual for them is what they have in common, or what `tiles` show, windows of
  clean images, where these are enough: surfaces differ in how much their clean windows do.

  Returns:
    (kept, rejected): items in rank order; (score, item) from the worst down.
  """
  if not windows:
    return [], []
  rejected = _rejected(options, windows, tiles) if options.reject_score else []
  kept, of_frame = [], collections.Counter()
  out = {item.source for _, item in rejected}
  for item in cutting.rank(windows, options.seed):
    if item.source in out:
      continue
    of_frame[item.frame] += 1
    if not options.windows_per_frame or (
        of_frame[item.frame] <= options.windows_per_frame):
      kept.append(item)
  return kept, rejected


def _rejected(options, windows, tiles):
  """Returns (score, item) of the windows that look defective, from the worst down."""
  clean = [item.image for item in cutting.rank(tiles, options.seed)[:_MOST_CLEAN]]
  limit = options.reject_score
  if len(clean) < _LEAST_CLEAN:
    clean = []
  else:
    limit = max(limit, np.percentile(defect_scores.score(clean), _USUAL))
  scores = defect_scores.score([item.image for item in windows], clean)
  return sorted(((float(score), item) for score, item in zip(scores, windows)
                 if score > limit),
                key=lambda pair: (-pair[0], pair[1].source))


def _group(options, pool, items):
  """Groups items that show one place, or share a raw frame or what --group_by finds.

  Returns:
    (groups, pairs, places, edges): int [N] group numbers; int [P, 2] near-duplicates;
    {index of a defect found in a frame: (the frame's path, the window)}; and list of
    (item, item or a number above theirs, why they are in one group).
  """
  root = pool.found.layout.root
  searched = pool.found.frames if options.search_frames else []
  nodes = {}  # {name: number}: frames, and groups that are named by their files.

  def node(*name):
    return nodes.setdefault(name, len(items) + len(nodes))

  by_name = lacks.GROUP_BY if options.group_by else lacks.COPIES
  edges, places, pairs = [], {}, np.zeros((0, 2), int)
  for k, item in enumerate(items):
    if item.frame:
      edges.append((k, node('frame', item.frame), lacks.FRAME))
    if (name := pool.group_of(item.file)) is not None:
      edges.append((k, node('group', name), by_name))
  # Of images that are alike by design, those crops are sought whose frame is not known.
  defects = [k for k, item in enumerate(items) if item.label != BACKGROUND
             and (options.near_duplicates or not item.frame)]
  if options.near_duplicates or searched and defects:
    thumbs = texture.thumbnails(items)
  if options.near_duplicates:
    pairs, _ = near_duplicates.find_pairs(thumbs)
  if searched and defects:
    views = (texture.thumbnail(pool.reader.read(path), pool.window)
             for path in progress(searched, 'finding crops in frames'))
    found, scores, corners = frame_search.find(thumbs[defects], views)
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
  edges += [(i, j, lacks.NEAR) for i, j in pairs.tolist()]
  groups = near_duplicates.components(len(items) + len(nodes),
                                      [edge[:2] for edge in edges])
  return groups[:len(items)], pairs, places, edges


def _annotate(pool, items, places):
  """Gives items that were found in frames the regions of these, in place."""
  annotated = dict(pool.found.layout.annotated)
  for k, (path, window) in places.items():
    if path in annotated:
      image = annotated[path]
      items[k] = cutting.annotate(
          items[k], image.regions_in(image.height, image.width), window)


def select(options, pool):
  """Chooses, groups and splits the items of a `inputs.Pool`; returns a `Selection`.

  Raises:
    UserError: something lacks; the flags that it names were tried.
  """
  try:
    return attempt(options, pool)
  except Lack as lack:
    raise UserError(lacks.sentence(lack, options, lambda changed: attempt(
        changed, pool._replace(group_of=pool.found.grouping(changed.group_by))))) from None


def attempt(options, pool):
  """Does what `select` does, or raises `Lack`."""
  backgrounds.check_room(options, pool.found, pool.window)
  drawn, available, duplicates = _choose_classes(options, pool.defects)
  windows, rejected = _screen(options, pool.windows, pool.tiles)
  candidates = cutting.rank(windows + pool.tiles, options.seed)
  distinct, more = cutting.drop_duplicates(drawn + candidates)
  candidates = distinct[len(drawn):]
  items = drawn + candidates
  # Two threads on a busy machine wait for each other longer than they work.
  with threadpoolctl.threadpool_limits(1):
    groups, pairs, places, edges = _group(options, pool, items)
  _annotate(pool, items, places)
  count = len(drawn)
  labels = [item.label for item in drawn]
  test, whole = split_lib.split_groups(
      labels, groups[:count], [item.source for item in drawn], options.train_fraction,
      options.seed)
  if whole:
    raise lacks.of_sides(options, labels, edges, whole)
  barred = np.isin(groups[count:], groups[:count][test])
  # A window that shows what a defect crop shows cannot stand for what is clean.
  crossing = pairs[(pairs[:, 0] < count) & (pairs[:, 1] >= count), 1]
  marked = np.isin(np.arange(count, len(items)), crossing)
  left = count + np.flatnonzero(~barred & ~marked)
  held = []
  if options.test_clean:
    held = backgrounds.hold_out(options, items, groups, left,
                                count + np.flatnonzero(barred & ~marked))
    left = left[~np.isin(groups[left], groups[held])]
  backgrounds.check_enough(options, len(left) + len(held), len(rejected), marked.sum(),
                           barred.sum() - len(held))
  available[BACKGROUND] = len(left) + len(held)
  if options.backgrounds:
    left = left[:options.backgrounds - len(held)]
  left = left.tolist() + held
  leak = split_lib.random_split_leak(
      labels, groups[:count], pairs[(pairs < count).all(axis=1)],
      options.train_fraction, options.seed)
  kept = list(range(count)) + left
  numbers = np.unique(groups[kept], return_inverse=True)[1].tolist()
  chosen = [(items[k], number, bool(test[k]) if k < count else k in held)
            for k, number in zip(kept, numbers)]
  return Selection(
      chosen, available, duplicates + more, leak, len(pairs), len(places), rejected,
      sorted(items[k].source for k in count + np.flatnonzero(marked)),
      int(barred.sum()) - int(np.isin(held, count + np.flatnonzero(barred)).sum()))
