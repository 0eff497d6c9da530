"""Which windows of annotated images count as clean."""

import types

import numpy as np
from scipy import ndimage

from data_prep.crops import cutting
from data_prep.selection import choosing, defect_scores

OPTIONS = types.SimpleNamespace(reject_score=2.5, windows_per_frame=0, seed=0)


def _windows(rng, count, contrasts):
  """Grain, and a streak of a contrast that differs from one clean window to the next."""
  windows = 100 + ndimage.gaussian_filter(rng.normal(0, 20, (count, 32, 32)), (0, 1, 1))
  windows[:, 4:28, 14:17] += np.reshape(contrasts, (-1, 1, 1))
  return [cutting.Item(cutting.BACKGROUND, f'{i}.png', f'images/{i}.png',
                       np.clip(window, 0, 255).astype(np.uint8)[..., None])
          for i, window in enumerate(windows)]


def test_a_lively_clean_surface_is_not_rejected_where_clean_images_show_it():
  rng = np.random.default_rng(0)
  contrasts = lambda n: np.where(rng.random(n) < 0.15, rng.uniform(10, 40, n), 0)
  tiles, windows = (_windows(rng, n, contrasts(n)) for n in (400, 200))
  windows[:3] = _windows(rng, 3, np.full(3, 150))  # Defects, each stronger than any.
  def rejected(tiles):
    kept, out = choosing._screen(OPTIONS, windows, tiles)
    assert len(kept) + len(out) == len(windows)
    return {item.source for _, item in out}
  marked = {'0.png', '1.png', '2.png'}
  alone, among = rejected([]), rejected(tiles)
  assert len(alone) > 0.1 * len(windows)
  assert marked <= among and len(among) <= 3 + 0.03 * len(windows)
  # 0 is no limit, as elsewhere; above it, less is stricter.
  def left(limit):
    options = types.SimpleNamespace(**vars(OPTIONS) | {'reject_score': limit})
    return len(choosing._screen(options, windows, [])[0])
  assert left(0) == left(np.inf) == len(windows) > left(5) > left(2.5) > left(0.01)
  # Too few to know what is usual.
  assert rejected(tiles[:99]) == alone
  scores = defect_scores.score([item.image for item in windows],
                               [item.image for item in tiles])
  assert abs(np.median(scores)) < 0.5 and scores[:3].min() > 2.5
