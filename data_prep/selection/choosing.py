"""Chooses what goes into the data set: groups, splits, and says what is left out."""

import collections
from typing import NamedTuple

import numpy as np
import threadpoolctl

from data_prep.annotated import alike_names
from data_prep.crops import cutting
from data_prep.crops.cutting import BACKGROUND
from data_prep.selection import backgrounds, defect_scores, grouping, lacks
from data_prep.selection import split as split_lib
from data_prep.selection.lacks import Lack
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
    at_odds: list of the names of two whole files, of two classes, that show the same.
    copies: list of the names of two images of which one is the other, turned or mirrored.
    unclean: names of clean images that are such copies of images with a defect.
    found: how many whole files of defects were found in frames.
    odd: as from `grouping.annotate`.
    rejected: list of (score, item), from the worst down.
    marked: sources of backgrounds that show what a defect crop shows, or may.
    barred: how many backgrounds belong with images of the test set.
  """
  chosen: list
  available: dict
  duplicates: list
  leak: dict
  pairs: int
  at_odds: list
  copies: list
  unclean: list
  found: int
  odd: dict
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
        [lacks.without(options, few)], first=_one_name(few, distinct))
  if short:
    raise Lack(f'{lacks.classes(short)} fewer than the {asked} distinct images asked for',
               at_most=True)


def _one_name(few, names):
  """Returns the advice to give one name to classes of which one is mistyped, or ''."""
  same = next((some for some in alike_names.find(names) if {*some} & {*few}), ())
  return f"give {' and '.join(map(repr, same))} one name, where they are one class" if (
      same) else ''


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


def select(options, pool):
  """Chooses, groups and splits the items of a `pool.Pool`; returns a `Selection`.

  Raises:
    UserError: something lacks; the flags that it names were tried.
  """
  if no_room := backgrounds.find_no_room(options, pool.found, pool.window):
    said, *others = no_room
    raise UserError(lacks.without_backgrounds(
        said, options, lambda changed: _split(changed, pool.of(changed)), *others))
  try:
    return attempt(options, pool)
  except Lack as lack:
    raise UserError(lacks.sentence(lack, options, lambda changed: attempt(
        changed, pool.of(changed)))) from None


class _Sides(NamedTuple):
  """Holds defects, then candidates for backgrounds, and which of the former are in test."""
  drawn: list
  candidates: list
  available: dict
  duplicates: list
  rejected: list
  grouped: grouping.Groups
  test: np.ndarray


def may_do(options, pool):
  """Returns whether there are enough defects and candidates for backgrounds.

  The searches, which take long, may leave too few of them: then `attempt` raises `Lack`.
  """
  try:
    candidates = _draw(options, pool)[1]
  except Lack:
    return False
  return options.at_most or len(candidates) >= options.backgrounds


def _draw(options, pool):
  """Returns the first five of `_Sides`; raises `Lack` where a class has too few."""
  drawn, available, duplicates = _choose_classes(options, pool.defects)
  windows, rejected = pool.once(
      ('screen', options.reject_score, options.windows_per_frame), pool.tiles,
      lambda: _screen(options, pool.windows, pool.tiles))
  candidates = cutting.rank(windows + pool.tiles, options.seed)
  distinct, more = cutting.drop_duplicates(drawn + candidates)
  return drawn, distinct[len(drawn):], available, duplicates + more, rejected


def _split(options, pool):
  """Groups all items and splits the defects, or raises `Lack`; returns `_Sides`."""
  drawn, candidates, *counts = _draw(options, pool)
  items = drawn + candidates
  # Two threads on a busy machine wait for each other longer than they work.
  with threadpoolctl.threadpool_limits(1):
    grouped = grouping.group(options, pool, items)
  labels = [item.label for item in drawn]
  test, whole = split_lib.split_groups(
      labels, grouped.numbers[:len(drawn)], [item.source for item in drawn],
      options.train_fraction, options.seed)
  if whole:
    raise lacks.of_sides(options, drawn, grouped.edges, whole, grouped.unclean)
  return _Sides(drawn, candidates, *counts, grouped, test)


def attempt(options, pool):
  """Does what `select` does, or raises `Lack`."""
  drawn, candidates, available, duplicates, rejected, grouped, test = _split(options, pool)
  groups, pairs = grouped.numbers, grouped.pairs
  items, count = drawn + candidates, len(drawn)
  odd = grouping.annotate(pool, items, grouped.places)
  labels = [item.label for item in drawn]
  barred = np.isin(groups[count:], groups[:count][test])
  # A window that shows what a defect crop shows cannot stand for what is clean.
  crossing = pairs[(pairs[:, 0] < count) & (pairs[:, 1] >= count), 1]
  marked = np.isin(np.arange(count, len(items)), crossing)
  marked |= np.isin([item.frame for item in candidates], grouped.unclean)
  left = count + np.flatnonzero(~barred & ~marked)
  held = []
  if options.test_clean:
    held = backgrounds.hold_out(options, items, groups, left,
                                count + np.flatnonzero(barred & ~marked))
    left = left[~np.isin(groups[left], groups[held])]
  lost = int(barred.sum() - np.isin(held, count + np.flatnonzero(barred)).sum())
  backgrounds.check_enough(
      options, pool.found, len(left) + len(held), len(rejected), marked.sum(),
      lost, grouped.unclean)
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
      chosen, available, duplicates, leak, len(pairs), grouped.at_odds,
      grouped.copies, grouped.unclean, len(grouped.places), odd, rejected,
      sorted(items[k].source for k in count + np.flatnonzero(marked)), lost)
