"""Splits groups into train and test, and estimates what a random split would leak."""

import hashlib

import numpy as np

from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError


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
  closest. Where that leaves room, groups of several classes fill it.

  Args:
    labels: N class names.
    groups: N group numbers.
    sources: N unique names, which with the seed decide the order.
    train_fraction: share of train, in (0, 1).
    seed: any integer.

  Returns:
    bool [N], True for test.

  Raises:
    UserError: a class has images on one side only.
  """
  members = {}
  for index, group in enumerate(groups):
    members.setdefault(int(group), []).append(index)
  coins = {group: coin(f'{seed}/split/{min(sources[i] for i in found)}')
           for group, found in members.items()}
  order = sorted(members, key=coins.get)
  counts = {group: _count(labels, members[group]) for group in order}
  room = {label: test_quota(count, train_fraction)
          for label, count in _count(labels, range(len(labels))).items()}
  mixed = [group for group in order if len(counts[group]) > 1]
  test = set()

  def fill(candidates):
    for group in candidates:
      if all(n <= room[label] for label, n in counts[group].items()):
        test.add(group)
        for label, n in counts[group].items():
          room[label] -= n

  fill(g for g in mixed
       if coin(f'{seed}/side/{coins[g]}') < 1 - train_fraction)
  for label in sorted(room):
    own = [g for g in order if list(counts[g]) == [label]]
    sizes = [counts[g][label] for g in own]
    for k in closest_subset(sizes, room[label]):
      test.add(own[k])
      room[label] -= sizes[k]
  fill(g for g in mixed if g not in test)
  chosen = np.array([int(group) in test for group in groups])
  sides = {label: {bool(chosen[i]) for i in range(len(labels)) if labels[i] == label}
           for label in sorted(room)}
  if whole := {label: labels.count(label) for label in sides if len(sides[label]) == 1}:
    raise UserError(
        f'{classes(whole)} images on one side only, as near-duplicates, and what is of one '
        'frame or group, stay together: add images of other frames, '
        'pass a --train_fraction nearer to 0.5, or --skip_classes '
        f'{class_names.as_flag(whole)}.')
  return chosen


def classes(counts):
  """Returns {class: number} as the beginning of a sentence, up to 'has' or 'have'."""
  said = ', '.join(f'{name} ({n})' for name, n in counts.items())
  return f'Class {said} has' if len(counts) == 1 else f'Classes {said} have'


def _count(labels, indices):
  """Returns {label: how many} over the indices."""
  counts = {}
  for i in indices:
    counts[labels[i]] = counts.get(labels[i], 0) + 1
  return counts


def random_split_leak(labels, groups, pairs, train_fraction, seed, repeats=100):
  """Estimates what a split that ignores groups would leak.

  Args:
    labels, groups: N class names and group numbers.
    pairs: int [P, 2], near-duplicates confirmed on pixels.
    train_fraction, seed: as for the split.
    repeats: random splits to average over; the first gives `seeded_count`.

  Returns:
    Dict for `audit.json`: for "near_duplicate" (the test image has one in train)
    and for "group" (it shares a group, so a frame or a chain of near-duplicates,
    with a train image), the count in the first split, and the mean count and mean
    fraction over all, for all classes and by class.
  """
  labels, groups = np.asarray(labels), np.asarray(groups)
  names = sorted(set(labels.tolist()))
  counts = np.zeros((repeats, 2, len(names)))
  quotas = {}
  for k in range(repeats):
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
  report = {'test_images': total, 'splits': repeats}
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
