"""Splits groups into train and test, and estimates what a random split would leak."""

import hashlib

import numpy as np

_REPEATS = 100  # Splits that ignore groups.
_MOST_STEPS = 5000  # To find sides: one for a group suffices but in sets of a strange kind.


def coin(text):
  """Returns a number in [0, 1) that depends on nothing but the text."""
  digest = hashlib.sha256(text.encode('utf-8', 'surrogateescape')).digest()
  return int.from_bytes(digest[:8], 'big') / 2**64


def test_quota(count, train_fraction):
  """Returns how many of `count` images go to test: both sides get at least one."""
  return min(max(count - round(count * train_fraction), 1), count - 1)


def closest_subset(sizes, target):
  """Picks sizes whose sum is closest to a target; the earliest such sizes.

  Args:
    sizes: positive integers.
    target: the sum to come close to.

  Returns:
    Sorted list of indices. Of two sums equally close, the smaller.
  """
  reachable = [1]  # Bit s of entry k: the first k sizes have a subset of sum s.
  for size in sizes:
    reachable.append(reachable[-1] | reachable[-1] << size)
  total = min((s for s in range(sum(sizes) + 1) if reachable[-1] >> s & 1),
              key=lambda s: abs(s - target))
  chosen = []
  for k in range(len(sizes), 0, -1):
    if not reachable[k - 1] >> total & 1:
      chosen.append(k - 1)
      total -= sizes[k - 1]
  return chosen[::-1]


def split_groups(labels, groups, sources, train_fraction, seed):
  """Chooses the test set: whole groups, as near as possible to each class's share.

  Groups come in an order drawn from the seed and their sources. Those of several
  classes go first, each to test with probability 1 - train_fraction if every class
  has room. Then each class fills up with the subset of its own groups that comes
  closest. Where that leaves room, groups of several classes fill it. Where a class then
  has no image in test, the sides of a few groups that `two_sides` finds are set before.

  Args:
    labels: N class names.
    groups: N group numbers.
    sources: N unique names, which with the seed decide the order.
    train_fraction: share of train, in (0, 1).
    seed: any integer.

  Returns:
    (test, whole): bool [N], True for test; and the classes with images on one side only,
    sorted: some only where no choice of the groups is known to give all of them two.
  """
  members = {}
  for index, group in enumerate(groups):
    members.setdefault(int(group), []).append(index)
  coins = {group: coin(f'{seed}/split/{min(sources[i] for i in found)}')
           for group, found in members.items()}
  order = sorted(members, key=coins.get)
  counts = {group: _count(labels, members[group]) for group in order}
  of_class = {label: [group for group in order if label in counts[group]]
              for label in sorted({*labels})}
  heads = {group for group in order
           if coin(f'{seed}/side/{coins[group]}') < 1 - train_fraction}
  test = _fill(order, counts, heads, train_fraction, {})
  whole = [label for label, own in of_class.items() if len({*own} - test) in (0, len(own))]
  if whole:
    by_size = {label: sorted(own, key=lambda group: (len(members[group]), coins[group]))
               for label, own in of_class.items()}
    wished = test | {by_size[label][0] for label in whole}
    if sides := two_sides(list(by_size.values()), wished):
      test, whole = _fill(order, counts, heads, train_fraction, sides), []
    elif alone := [label for label, own in of_class.items() if len(own) == 1]:
      whole = alone
  return np.array([int(group) in test for group in groups]), whole


def _fill(order, counts, heads, train_fraction, sides):
  """Returns the set of the groups of the test set; arguments beside those as there.

  Args:
    counts: {group: {class: images}}.
    heads: set of the groups that go to test first, where they are of several classes.
    sides: {group: whether it is test}, known before.
  """
  quotas = {}
  for some in counts.values():
    for label, n in some.items():
      quotas[label] = quotas.get(label, 0) + n
  room = {label: test_quota(n, train_fraction) for label, n in quotas.items()}
  test = {group for group, is_test in sides.items() if is_test}
  for group in test:
    for label, n in counts[group].items():
      room[label] -= n
  free = [group for group in order if group not in sides]
  mixed = [group for group in free if len(counts[group]) > 1]

  def fill(candidates):
    for group in candidates:
      if all(n <= room[label] for label, n in counts[group].items()):
        test.add(group)
        for label, n in counts[group].items():
          room[label] -= n

  fill(g for g in mixed if g in heads)
  for label in sorted(room):
    own = [g for g in free if list(counts[g]) == [label]]
    sizes = [counts[g][label] for g in own]
    for k in closest_subset(sizes, room[label]):
      test.add(own[k])
      room[label] -= sizes[k]
  fill(g for g in mixed if g not in test)
  return test


def two_sides(of_classes, wished):
  """Finds sides for some groups, so that each class has groups on both.

  Depth first: of the class with the fewest groups left, one that is wished on the side
  that it lacks. It finds such sides wherever there are any, if `_MOST_STEPS` are enough.

  Args:
    of_classes: for each class a list of its groups, the preferred first.
    wished: set of the groups that are wished in test, others in train.

  Returns:
    {group: whether it is test}, not of all groups; None where there are no such sides, or
    none are found.
  """
  stack = [{}]
  for _ in range(_MOST_STEPS):
    if not stack:
      return None
    sides = stack.pop()
    open_ = [(sum(g not in sides for g in some), some) for some in of_classes
             if len({sides[g] for g in some if g in sides}) < 2]
    if not open_:
      return sides
    count, some = min(open_, key=lambda pair: pair[0])
    known = {sides[g] for g in some if g in sides}
    if count < 2 - len(known):
      continue
    free = [group for group in some if group not in sides]
    lacks = not known.pop() if known else free[0] in wished
    first = next((group for group in free if (group in wished) == lacks), free[0])
    stack += [sides | {first: not lacks}, sides | {first: lacks}]
  return None


def _count(labels, indices):
  """Returns {label: how many} over the indices."""
  counts = {}
  for i in indices:
    counts[labels[i]] = counts.get(labels[i], 0) + 1
  return counts


def random_split_leak(labels, groups, pairs, train_fraction, seed):
  """Estimates what a split that ignores groups would leak.

  Args:
    labels, groups: N class names and group numbers.
    pairs: int [P, 2], near-duplicates confirmed on pixels.
    train_fraction, seed: as for the split.

  Returns:
    Dict for `audit.json`: for "near_duplicate" (the test image has one in train)
    and for "group" (it shares a group, so a frame or a chain of near-duplicates,
    with a train image), the count in the first of `_REPEATS` random splits, and the mean
    count and mean fraction over all, for all classes and by class.
  """
  labels, groups = np.asarray(labels), np.asarray(groups)
  names = sorted(set(labels.tolist()))
  counts = np.zeros((_REPEATS, 2, len(names)))
  quotas = {}
  for k in range(_REPEATS):
    random = np.random.default_rng([abs(seed), k])
    test = np.zeros(len(labels), bool)
    for name in names:
      own = np.flatnonzero(labels == name)
      quotas[name] = test_quota(len(own), train_fraction)
      test[random.permutation(own)[:quotas[name]]] = True
    near = np.zeros(len(labels), bool)
    for a, b in ((0, 1), (1, 0)):
      near[pairs[~test[pairs[:, b]], a]] = True
    shared = np.isin(groups, groups[~test])
    for n, name in enumerate(names):
      here = test & (labels == name)
      counts[k, :, n] = (near & here).sum(), (shared & here).sum()
  total = sum(quotas.values())
  report = {'test_images': total, 'splits': _REPEATS}
  for m, kind in enumerate(('near_duplicate', 'group')):
    mean = counts[:, m].mean(axis=0)
    report[kind] = {
        'seeded_count': int(counts[0, m].sum()),
        'mean_count': round(float(mean.sum()), 2),
        'mean_fraction': round(float(mean.sum()) / total, 4),
        'mean_fraction_by_class': {
            name: round(float(mean[n]) / quotas[name], 4)
            for n, name in enumerate(names)}}
  return report
