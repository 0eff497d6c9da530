"""Chooses what goes into the data set: groups, splits, and says what is left out."""

import collections
from typing import NamedTuple

import numpy as np
import threadpoolctl

from data_prep.crops import cutting
from data_prep.crops.cutting import BACKGROUND
from data_prep.selection import defect_scores, grouping, split as split_lib
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

CLEAN = 'images that are clean are passed by --clean, in whatever folder'
NO_ROOM = ('There is no room for backgrounds: where regions are marked, pass a smaller '
           f'--window_size; {CLEAN}.')

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
    copies: list of the names of two images of which one is the other, turned or mirrored.
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
  copies: list
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


def check_counts(options, distinct, files, duplicates=()):
  """Raises UserError for all classes that have too few images; says what to pass.

  Args:
    options: `options.Options`.
    distinct: {class: images without exact duplicates}.
    files: {class: images}.
    duplicates: as from `cutting.drop_duplicates`.
  """
  few = {name: n for name, n in distinct.items() if n < 2}
  asked = 0 if options.at_most else options.per_class
  short = {name: n for name, n in distinct.items()
           if files[name] < asked or n < asked * (1 - DUPLICATES_MAY_COST)}
  for found, lack, advice in (
      (few, '2 distinct images that each class needs, one to train on and one to test on'
       + _of_two_classes(few, duplicates), ''),
      (short, f'{asked} distinct images asked for',
       f'pass --per_class {min(short.values(), default=0)}, or --per_class 0 to keep '
       'all, or ')):
    if found:
      raise UserError(
          f'{split_lib.classes(found)} fewer than the {lack}: {advice}leave out what is '
          f"too rare with --skip_classes {class_names.as_flag(found)}.")


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
  files = collections.Counter(item.label for item in items)
  kept, duplicates = cutting.drop_duplicates(items)
  drawn, available = [], {}
  for name in sorted(files):
    own = cutting.rank([item for item in kept if item.label == name], options.seed)
    available[name] = len(own)
    drawn += own[:options.per_class or None]
  check_counts(options, available, files, duplicates)
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


def _check_backgrounds(asked, left, rejected, marked, barred):
  """Raises UserError if fewer backgrounds are left than asked for; says why."""
  if left >= max(asked, 1):
    return
  if not max(left, rejected, marked, barred):
    raise UserError(NO_ROOM)
  raise UserError(
      f'There are {left} backgrounds, fewer than the {asked or 1} asked for ({rejected} '
      f'more look defective, {marked} overlap a defect crop and {barred} belong with '
      'images of the test set): pass '
      + (f'--backgrounds {left}, or --backgrounds 0 to keep all.' if left
         else 'images with more room beside their regions, or a smaller --window_size; '
         f'{CLEAN}.'))


def _hold_out(options, items, groups, left, of_test):
  """Chooses the backgrounds of the test set, `--test_clean` of all.

  Those that belong with defects of the test set come first. Then come whole groups without
  a defect, in an order drawn from the seed.

  Args:
    options: `options.Options`.
    items: defects and candidates.
    groups: int [N] of the items.
    left: int array, the candidates that may be in train.
    of_test: int array, those that belong with defects of the test set.

  Returns:
    Indices, a list.

  Raises:
    UserError: none can be held out, or none would be left.
  """
  total = min(options.backgrounds or len(items), len(left) + len(of_test))
  quota = max(1, round(options.test_clean * total))
  held = of_test[:quota].tolist()
  with_defects = {group for group, item in zip(groups, items) if item.label != BACKGROUND}
  members = {}
  for k in left:
    if groups[k] not in with_defects:
      members.setdefault(groups[k], []).append(int(k))
  order = sorted(members.values(), key=lambda of: split_lib.coin(
      f'{options.seed}/clean/{min(items[k].source for k in of)}'))
  for i in split_lib.closest_subset(list(map(len, order)), quota - len(held)):
    held += order[i]
  if not held or len(np.setdiff1d(left, held)) == 0:
    raise UserError(
        f'--test_clean {options.test_clean:g} of {total} backgrounds cannot be held out, '
        'as what is of one frame or group stays together: add clean images, or '
        'leave it out.')
  return held


def select(options, pool):
  """Chooses, groups and splits the items of a `inputs.Pool`; returns a `Selection`."""
  drawn, available, duplicates = _choose_classes(options, pool.defects)
  windows, rejected = _screen(options, pool.windows, pool.tiles)
  candidates = cutting.rank(windows + pool.tiles, options.seed)
  distinct, more = cutting.drop_duplicates(drawn + candidates)
  candidates = distinct[len(drawn):]
  items = drawn + candidates
  # Two threads on a busy machine wait for each other longer than they work.
  with threadpoolctl.threadpool_limits(1):
    groups, pairs, copies, places = grouping.group(options, pool, items)
  grouping.annotate(pool, items, places)
  count = len(drawn)
  labels = [item.label for item in drawn]
  test = split_lib.split_groups(labels, groups[:count],
                                [item.source for item in drawn],
                                options.train_fraction, options.seed)
  barred = np.isin(groups[count:], groups[:count][test])
  # A window that shows what a defect crop shows cannot stand for what is clean.
  crossing = pairs[(pairs[:, 0] < count) & (pairs[:, 1] >= count), 1]
  marked = np.isin(np.arange(count, len(items)), crossing)
  left = count + np.flatnonzero(~barred & ~marked)
  held = []
  if options.test_clean:
    held = _hold_out(options, items, groups, left, count + np.flatnonzero(barred & ~marked))
    left = left[~np.isin(groups[left], groups[held])]
  asked = 0 if options.at_most else options.backgrounds
  _check_backgrounds(asked, len(left) + len(held), len(rejected),
                     marked.sum(), barred.sum() - len(held))
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
      chosen, available, duplicates + more, leak, len(pairs), copies, len(places), rejected,
      sorted(items[k].source for k in count + np.flatnonzero(marked)),
      int(barred.sum()) - int(np.isin(held, count + np.flatnonzero(barred)).sum()))
