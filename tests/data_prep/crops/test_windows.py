"""Windows keep clear of boxes, crops stay inside the frame."""

import numpy as np

from data_prep.crops.windows import (
    boxes_of, clean_windows, covered, region_windows)
from pegan_jax.annotations.regions import Box, Region


def _brute_force(height, width, boxes, side, margin, windows):
  """Whether windows lie inside, keep the margin and do not overlap."""
  used = np.zeros((height, width), int)
  near = np.zeros((height, width), bool)
  for left, top, right, bottom in boxes:
    near[max(0, top - margin):bottom + margin,
         max(0, left - margin):right + margin] = True
  for left, top, right, bottom in windows:
    assert 0 <= left and 0 <= top and right <= width and bottom <= height
    assert right - left == bottom - top == min(side, height, width)
    used[top:bottom, left:right] += 1
  assert used.max(initial=0) <= 1 and not (used.astype(bool) & near).any()


def test_windows_keep_clear_of_boxes_and_of_each_other():
  random = np.random.default_rng(0)
  for _ in range(60):
    height, width = random.integers(20, 120, 2)
    raw = [Box(*random.integers(-10, 130, 4)).clip(height, width)
           for _ in range(random.integers(0, 4))]
    boxes = [box for box in raw if box.width > 0 and box.height > 0]
    windows = clean_windows(height, width, boxes, 24, 4)
    _brute_force(height, width, boxes, 24, 4, windows)
    if not boxes:
      side = min(24, height, width)
      assert len(windows) == (height // side) * (width // side)


def test_windows_keep_clear_of_the_pieces_of_a_tight_mask_and_of_a_larger_box():
  mask = np.zeros((20, 90), bool)
  mask[2:6, :5] = mask[6:9, 5:7] = mask[:, 80:] = True  # Two touch at a corner.
  box = Box(3, 4, 93, 24)
  pieces = [Box(3, 6, 10, 13), Box(83, 4, 93, 24)]
  assert sorted(boxes_of([Region('pa', box, mask)])) == pieces
  mask[:, 80:] = False
  assert boxes_of([Region('pa', box, mask), Region('pa', box)]) == [box, box]


def test_window_fits_exactly_beside_the_margin():
  box = [Box(68, 0, 100, 64)]
  assert clean_windows(64, 100, box, 64, 4) == [(0, 0, 64, 64)]
  assert clean_windows(64, 100, box, 64, 5) == []


def _region(box, mask=None):
  return Region('a', Box(*box), mask)


def test_regions_cover_a_part_of_a_window():
  regions = [_region(box) for box in ((0, 0, 30, 20), (20, 10, 40, 20), (90, 90, 100, 100))]
  assert covered(regions, Box(10, 0, 50, 40)).sum() == 20 * 20 + 10 * 10
  assert covered(regions, Box(-10, -10, 30, 30)).sum() == 600
  assert not covered([], Box(0, 0, 8, 8)).any()
  assert not covered(regions, Box(50, 0, 80, 30)).any()


def test_masks_cover_their_own_pixels_of_a_window():
  mask = np.zeros((6, 8), bool)
  mask[1, 2] = mask[5, 7] = True
  found = covered([_region((10, 20, 18, 26), mask)], Box(11, 18, 21, 24))
  assert np.argwhere(found).tolist() == [[3, 1]]  # The other lies below the window.
  found = covered([_region((10, 20, 18, 26), mask)], Box(-4, -4, 40, 40))
  assert np.argwhere(found).tolist() == [[25, 16], [29, 21]]


def test_a_small_region_lies_anywhere_in_one_window_by_its_seed_alone():
  corners = set()
  for seed in range(200):
    window, = region_windows(_region((100, 60, 108, 90)), 200, 300, 64, seed)
    assert (window.width, window.height) == (64, 64)
    assert window.left <= 100 and window.right >= 108
    assert window.top <= 60 and window.bottom >= 90
    corners.add(window[:2])
  left, top = np.array(sorted(corners)).T
  assert left.min() < 48 and left.max() > 97 and top.min() < 32 and top.max() > 56
  assert region_windows(_region((100, 60, 108, 90)), 200, 300, 64, 3) == region_windows(
      _region((100, 60, 108, 90)), 200, 300, 64, '3')


def test_windows_stay_in_the_image_and_are_as_large_as_it_allows():
  for box in ((0, 0, 5, 5), (95, 45, 100, 50)):
    window, = region_windows(_region(box), 50, 100, 64, 0)
    assert (window.width, window.height, window.top) == (50, 50, 0)
    assert 0 <= window.left <= box[0] and box[2] <= window.right <= 100


def test_a_large_region_gives_windows_that_together_cover_it():
  for seed in range(20):
    windows = region_windows(_region((10, 20, 210, 90)), 240, 320, 64, seed)
    assert len(windows) == 4 * 2  # 200 / 64 and 70 / 64.
    seen = np.zeros((240, 320), bool)
    for window in windows:
      assert window.width == window.height == 64
      seen[window.slices] = True
    assert seen[20:90, 10:210].all()


def test_windows_follow_the_mask_of_a_large_region():
  mask = np.eye(256, dtype=bool)  # A crack from corner to corner.
  windows = region_windows(_region((0, 0, 256, 256), mask), 256, 256, 64, 0)
  assert windows == [Box(64 * k, 64 * k, 64 * k + 64, 64 * k + 64) for k in range(4)]
  assert region_windows(_region((0, 0, 256, 256), mask & False), 256, 256, 64, 0) == []
