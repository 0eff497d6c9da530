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
  test = split.split_groups(labels, groups, names, 0.7, seed=0)
  assert not set(groups[test]) & set(groups[~test])
  assert test[:200].sum() == test[200:].sum() == 60
  again = split.split_groups(labels, groups, names, 0.7, seed=0)
  other = split.split_groups(labels, groups, names, 0.7, seed=1)
  assert (test == again).all() and (test != other).any()


def test_groups_across_all_classes_still_fill_the_test_set():
  labels = ['a', 'b'] * 50
  groups = np.repeat(np.arange(50), 2)  # Every group has one of each.
  test = split.split_groups(labels, groups, [str(k) for k in range(100)], 0.7, 0)
  assert test.sum() == 30 and (test[::2] == test[1::2]).all()


def test_random_split_leak_in_closed_form():
  """40 pairs of twins: a test image's twin is in train with 56 chances in 79."""
  labels, groups = ['a'] * 80, np.repeat(np.arange(40), 2)
  pairs = np.arange(80).reshape(40, 2)
  leak = split.random_split_leak(labels, groups, pairs, 0.7, seed=0, repeats=400)
  assert leak['test_images'] == 24
  for kind in ('near_duplicate', 'group'):
    assert leak[kind]['mean_fraction'] == pytest.approx(56 / 79, abs=0.02)
    assert leak[kind]['mean_fraction_by_class']['a'] == leak[kind]['mean_fraction']
  none = split.random_split_leak(labels, np.arange(80), np.zeros((0, 2), int), 0.7, 0)
  assert none['near_duplicate']['mean_count'] == none['group']['mean_count'] == 0
