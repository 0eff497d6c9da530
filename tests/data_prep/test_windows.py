"""Windows keep clear of boxes, crops stay inside the frame."""

import numpy as np

from data_prep.windows import box_square, clean_windows, covered
from pegan_jax.annotations.regions import Box


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


def test_window_fits_exactly_beside_the_margin():
  box = [Box(68, 0, 100, 64)]
  assert clean_windows(64, 100, box, 64, 4) == [(0, 0, 64, 64)]
  assert clean_windows(64, 100, box, 64, 5) == []


def test_boxes_cover_a_part_of_a_window():
  boxes = [Box(0, 0, 30, 20), Box(20, 10, 40, 20), Box(90, 90, 100, 100)]
  assert covered(boxes, Box(10, 0, 50, 40)) == (20 * 20 + 10 * 10) / 1600
  assert covered(boxes, Box(-10, -10, 30, 30)) == 600 / 1600
  assert covered([], Box(0, 0, 8, 8)) == 0
  assert covered(boxes, Box(50, 0, 80, 30)) == 0


def test_box_square_is_centred_shifted_inward_and_never_larger_than_the_frame():
  assert box_square(Box(50, 60, 70, 90), 200, 200, 64) == (28, 43, 92, 107)
  assert box_square(Box(0, 190, 10, 200), 200, 200, 64) == (0, 136, 64, 200)
  assert box_square(Box(10, 20, 130, 60), 200, 200, 64) == (10, 0, 130, 120)
  square = box_square(Box(100, 0, 700, 200), 256, 1600, 64)
  assert square.width == square.height == 256
  assert 0 <= square.left and square.right <= 1600
