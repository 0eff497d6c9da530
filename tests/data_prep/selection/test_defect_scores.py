"""Windows with marks stand out."""

import numpy as np

from data_prep.selection import defect_scores
from shifted_crops import steel


def test_marked_windows_score_above_clean_ones():
  random = np.random.default_rng(5)
  windows = [steel(random, 64) // 4 for _ in range(60)]
  for k in range(3):
    windows[k] = windows[k].copy()
    windows[k][10:50, 30:34] = 120  # A streak.
  scores = defect_scores.score([window[:, :, None] for window in windows])
  assert scores[:3].min() > 2.5 and np.mean(scores[3:] > 2.5) < 0.05
  flat = defect_scores.score([np.full((64, 64, 1), 9, np.uint8)] * 3)
  np.testing.assert_allclose(flat, 0)
