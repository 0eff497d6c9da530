"""Tests of results/variety.py."""

import numpy as np

from results import variety


def test_a_pasted_defect_stands_on_its_ground_alone():
  rng = np.random.default_rng(0)
  grounds = rng.integers(100, 110, (4, 16, 16, 1), np.uint8)
  defects = np.full((1, 16, 16, 1), 100, np.uint8)
  masks = np.zeros((1, 16, 16), bool)
  masks[:, 2:5, 3:9] = True
  defects[masks] = 30
  images, shown = variety.pasted(defects, masks, grounds, 8, rng)
  assert images.shape == (8, 16, 16, 1) and images.dtype == np.uint8
  assert len({mask.tobytes() for mask in shown}) == 4  # Mirrored in both directions.
  for image, mask in zip(images, shown):
    assert mask.sum() == 18
    assert image[mask].max() < 50
    far = np.ones_like(mask)
    for rows, columns in np.argwhere(mask):
      far[max(rows - 4, 0):rows + 5, max(columns - 4, 0):columns + 5] = False
    assert any(np.array_equal(image[far], ground[far]) for ground in grounds)


def test_one_defect_repeated_has_less_recall_than_all():
  rng = np.random.default_rng(1)
  images = rng.integers(0, 255, (60, 32, 32, 1), np.uint8)
  masks = np.zeros((60, 32, 32), bool)
  masks[:, 8:24, 8:24] = True
  extractor = lambda x, progress=None: np.concatenate(
      [np.reshape(y, (len(y), -1)) for y in ([x] if isinstance(x, np.ndarray) else x)]
  ).astype(np.float32)
  few, many = (variety.compare(
      extractor, (images[:30], masks[:30]), (images[chosen], masks[chosen]))
               for chosen in (np.full(30, 40), np.arange(30, 60)))
  recall = variety.FIGURES.index('recall')
  assert few.shape == (2, 4) and (few[:, recall] < many[:, recall]).all()
