"""Pasted defects: shape, brightness and ground."""

import numpy as np

from pegan_jax.generation import pasting


def _defect(ground, contrast):
  """A 10x6 rectangle on flat ground, and its mask."""
  image = np.full((32, 32, 1), ground, np.uint8)
  mask = np.zeros((32, 32), np.uint8)
  mask[8:18, 12:18] = 255
  image[mask > 0] += np.uint8(contrast)
  return image, mask


def test_brightness_is_relative_to_the_ground():
  image, mask = _defect(100, 40)
  for seed in range(20):
    painted, moved = pasting.paste(
        np.random.default_rng(seed), image, mask, np.full((32, 32, 1), 60, np.uint8))
    inside = moved > 0
    assert set(np.unique(moved)) == {0, 255}
    assert 0.6 < inside.sum() / (mask > 0).sum() < 1.8  # By a quarter, whole pixels.
    assert painted[..., 0][inside].max() in (99, 100)  # 60 + 40, where nothing is soft.
    np.testing.assert_array_equal(painted[..., 0][~inside], 60)


def test_what_covers_its_crop_keeps_its_own_brightness():
  image = np.random.default_rng(0).integers(90, 110, (32, 32, 1), np.uint8)
  painted, mask = pasting.paste(
      np.random.default_rng(1), image, np.full((32, 32), 255, np.uint8),
      np.full((32, 32, 1), 200, np.uint8))
  assert mask.all() and painted.min() >= 90 and painted.max() < 110


def test_bright_defects_on_bright_ground_end_at_white():
  image, mask = _defect(20, 200)
  painted, moved = pasting.paste(
      np.random.default_rng(0), image, mask, np.full((32, 32, 1), 200, np.uint8))
  assert painted[..., 0][moved > 0].max() == 255
