"""Groups stay whole, and the share of the test set is met."""

import numpy as np
import pytest

from data_prep.selection import split


@pytest.mark.parametrize('sizes, target, total', [
    ([1] * 10, 3, 3), ([4, 4, 4], 5, 4), ([3, 5], 4, 3), ([7], 2, 0), ([7], 4, 7),
    ([2, 9, 4, 3], 7, 7)])
def test_closest_subset(sizes, target, total):
  chosen = split.closest_subset(sizes, target)
  assert sum(sizes[k] for k in chosen) == total and chosen == sorted(set(chosen))


def test_closest_subset_against_brute_force():
  random = np.random.default_rng(6)
  for _ in range(50):
    sizes = random.integers(1, 12, 8).tolist()
    target = int(random.integers(0, sum(sizes)))
    sums = [sum(s for k, s in enumerate(sizes) if mask >> k & 1) for mask in range(256)]
    got = sum(sizes[k] for k in split.closest_subset(sizes, target))
    assert abs(got - target) == min(abs(s - target) for s in sums)


def test_split_keeps_groups_whole_and_meets_the_share():
  random = np.random.default_rng(7)
  labels = ['a'] * 200 + ['b'] * 200
  groups = np.concatenate([random.integers(0, 90, 200), 70 + random.integers(0, 90, 200)])
  names = [f'{label}/{k}' for k, label in enumerate(labels)]
  test, whole = split.split_groups(labels, groups, names, 0.7, seed=0)
  assert not whole
  assert not set(groups[test]) & set(groups[~test])
  assert test[:200].sum() == test[200:].sum() == 60
  again, _ = split.split_groups(labels, groups, names, 0.7, seed=0)
  other, _ = split.split_groups(labels, groups, names, 0.7, seed=1)
  assert (test == again).all() and (test != other).any()


def test_groups_across_all_classes_still_fill_the_test_set():
  labels = ['a', 'b'] * 50
  groups = np.repeat(np.arange(50), 2)  # Every group has one of each.
  test, _ = split.split_groups(labels, groups, [str(k) for k in range(100)], 0.7, 0)
  assert test.sum() == 30 and (test[::2] == test[1::2]).all()


def test_random_split_leak_in_closed_form():
  """40 pairs of twins: a test image's twin is in train with 56 chances in 79."""
  labels, groups = ['a'] * 80, np.repeat(np.arange(40), 2)
  pairs = np.arange(80).reshape(40, 2)
  leak = split.random_split_leak(labels, groups, pairs, 0.7, 0)
  assert leak['test_images'] == 24
  for kind in ('near_duplicate', 'group'):
    assert leak[kind]['mean_fraction'] == pytest.approx(56 / 79, abs=0.02)
    assert leak[kind]['mean_fraction_by_class']['a'] == leak[kind]['mean_fraction']
  none = split.random_split_leak(labels, np.arange(80), np.zeros((0, 2), int), 0.7, 0)
  assert none['near_duplicate']['mean_count'] == none['group']['mean_count'] == 0


def _classes_of_groups(random):
  """Lists the groups of a few classes, most of several classes, all of few images."""
  groups = int(random.integers(2, 8))
  return [sorted(random.choice(groups, random.integers(1, min(4, groups) + 1),
                               replace=False).tolist())
          for _ in range(random.integers(1, 7))], groups


def test_two_sides_are_found_wherever_there_are_any():
  """Brute force over all sides; no triangle of three groups in pairs has any."""
  assert split.two_sides([[0, 1], [1, 2], [0, 2]], set()) is None
  random, found = np.random.default_rng(3), [0, 0]
  for _ in range(300):
    classes, count = _classes_of_groups(random)
    wished = {g for g in range(count) if random.random() < 0.3}
    sides = split.two_sides(classes, wished)
    exist = any(all(0 < sum(mask >> g & 1 for g in some) < len(some) for some in classes)
                for mask in range(2**count))
    assert (sides is not None) == exist
    found[exist] += 1
    assert not exist or all(len({sides[g] for g in some if g in sides}) == 2
                            for some in classes)
  assert min(found) > 50


def test_a_split_is_found_with_every_seed_where_there_is_one():
  """Classes a, b and c have two groups each, which they share with others."""
  shares = [['a', 'b', 'c', 'd'], ['a', 'b'], ['c', 'd'], ['d']]
  labels = [label for share in shares for label in share * 3]
  groups = [k for k, share in enumerate(shares) for _ in share * 3]
  names = list(map(str, range(len(labels))))
  for seed in range(30):
    test, whole = split.split_groups(labels, groups, names, 0.7, seed)
    assert not whole and len({(g, t) for g, t in zip(groups, test)}) == len(shares)
    for label in 'abcd':
      own = test[np.array(labels) == label]
      assert own.any() and not own.all()


@pytest.mark.parametrize('groups, whole', [
    ([0, 0, 1, 2, 3, 4], ['a']), ([0, 0, 0, 0, 1, 1], ['a', 'b', 'c']),
    ([0, 1, 1, 2, 0, 2], ['a'])])  # The last is a triangle: without one class, it is none.
def test_what_cannot_be_split_is_said(groups, whole):
  _, found = split.split_groups(list('aabbcc'), groups, list('123456'), 0.7, 0)
  assert found == whole
