"""Shifted, noisy crops of one frame are found; look-alikes of others are not."""

import io
import os
import pathlib

import numpy as np
from PIL import Image
import pytest
from scipy import ndimage

from data_prep.images import reading
from data_prep.selection import defect_scores, near_duplicates, split

DATA = pathlib.Path(os.environ.get('PEGAN_DATA', '../shared/data'))
needs_data = pytest.mark.skipif(
    not (DATA / 'NEU-DET' / 'IMAGES').is_dir(),
    reason='the real data is not in PEGAN_DATA or ../shared/data')


def _steel(random, size=160, lines=False):
  """A textured frame, uint8 [size, size]; with bright lines if asked."""
  frame = 120 + 25 * ndimage.gaussian_filter(
      random.normal(size=(size, size)), (2.5, 1.2)) / 0.15
  if lines:
    frame[:, random.integers(20, size - 20, 6)] += 90
  return np.clip(frame, 0, 255).astype(np.uint8)


def _worse(random, image):
  """Another light, noise and JPEG."""
  light = image * random.uniform(0.85, 1.15) + random.uniform(-15, 15)
  noisy = np.clip(light + random.normal(0, 1.5, image.shape), 0, 255)
  buffer = io.BytesIO()
  Image.fromarray(noisy.astype(np.uint8)).save(buffer, 'JPEG', quality=80)
  with Image.open(buffer) as image:
    return np.asarray(image)


def _thumbs(crops):
  return np.stack([near_duplicates.thumbnail(crop[:, :, None], 64) for crop in crops])


@pytest.mark.parametrize('lines', [False, True])
def test_planted_shifts_are_found_and_nothing_else(lines):
  random = np.random.default_rng(1)
  crops, expected = [], set()
  for k in range(40):
    frame = _steel(random, lines=lines)
    dy, dx = random.integers(-14, 15, 2)
    crops.append(frame[40:104, 40:104])
    crops.append(_worse(random, frame[40 + dy:104 + dy, 40 + dx:104 + dx]))
    expected.add((2 * k, 2 * k + 1))
  pairs, scores = near_duplicates.find_pairs(_thumbs(crops))
  assert set(map(tuple, pairs.tolist())) == expected
  assert (scores >= near_duplicates.CONFIRM).all() and (scores <= 1 + 1e-5).all()


def test_smooth_and_flat_images_match_nothing():
  random = np.random.default_rng(2)
  ramp = np.linspace(60, 90, 64)[:, None] + np.linspace(0, 20, 64)
  crops = [np.full((64, 64), 40 + 4 * k, np.uint8) for k in range(8)]
  crops += [(ramp + random.normal(0, 0.8, (64, 64)) + k).astype(np.uint8)
            for k in range(8)]
  pairs, _ = near_duplicates.find_pairs(_thumbs(crops))
  assert len(pairs) == 0


def test_crops_are_found_in_their_frames_even_at_another_scale():
  random = np.random.default_rng(3)
  frames = [_steel(random, 200) for _ in range(6)]
  places = ((0, 136), (5, 70), (62, 62), (63, 33), (136, 2))  # Every phase of 4.
  crops = [frames[k][y:y + 64, x:x + 64] for k, (y, x) in enumerate(places)]
  # As NEU's crops were made: 66.7 pixels of the frame resized to 64.
  grown = Image.fromarray(frames[5]).resize((64, 64), box=(66.7, 0, 133.4, 66.7))
  crops.append(_worse(random, np.asarray(grown)))
  crops.append(_steel(random, 64))
  views = [near_duplicates.thumbnail(frame[:, :, None], 64) for frame in frames]
  pairs, _, corners = near_duplicates.find_in_frames(_thumbs(crops), views)
  assert pairs.tolist() == [[k, k] for k in range(6)]
  assert np.abs(corners[:5] - places).max() <= 1
  assert np.abs(corners[5] - (0, 67)).max() <= 3  # It covers 3 pixels more.
  none, *_ = near_duplicates.find_in_frames(_thumbs(crops), [
      views[0][:40, :90], views[0][:1, :90], views[0][:90, :3], views[0][:57, :57]])
  assert none.shape == (0, 2)  # Smaller than a crop.


def test_components_are_numbered_by_first_member():
  assert near_duplicates.components(6, [(5, 1), (1, 3)]).tolist() == [0, 1, 2, 1, 3, 1]
  assert near_duplicates.components(2, []).tolist() == [0, 1]


@needs_data
def test_recall_and_precision_on_real_frames():
  """Known truth: shifted cuts of NEU-DET frames, 25 of each of six classes."""
  random = np.random.default_rng(4)
  crops, kinds = [], []
  for kind in ('crazing', 'inclusion', 'patches', 'pitted', 'rolled-in', 'scratches'):
    paths = sorted((DATA / 'NEU-DET' / 'IMAGES').glob(f'{kind}*'))
    for path in paths[::len(paths) // 25][:25]:
      frame = reading.read_image(path, grey=True)[:, :, 0]
      dy, dx = random.integers(-14, 15, 2)
      crops += [frame[60:124, 60:124],
                _worse(random, frame[60 + dy:124 + dy, 60 + dx:124 + dx])]
      kinds.append(kind)
  pairs, _ = near_duplicates.find_pairs(_thumbs(crops))
  true = sum(b == a + 1 and a % 2 == 0 for a, b in pairs)
  crossing = sum(kinds[a // 2] != kinds[b // 2] for a, b in pairs)
  assert true >= 0.9 * len(kinds)
  assert crossing == 0


def test_marked_windows_score_above_clean_ones():
  random = np.random.default_rng(5)
  windows = [_steel(random, 64) // 4 for _ in range(60)]
  for k in range(3):
    windows[k] = windows[k].copy()
    windows[k][10:50, 30:34] = 120  # A streak.
  scores = defect_scores.score([window[:, :, None] for window in windows])
  assert scores[:3].min() > 2.5 and np.mean(scores[3:] > 2.5) < 0.05
  flat = defect_scores.score([np.full((64, 64, 1), 9, np.uint8)] * 3)
  np.testing.assert_allclose(flat, 0)


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
