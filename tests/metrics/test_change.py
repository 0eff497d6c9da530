"""Change from the background: small marks count, noise does not."""

import numpy as np
import pytest

from pegan_jax.metrics import change


def _scores(mark=0, side=0, noise=0.0, shift=0, channels=1):
  """Scores of 64x64 images: a square mark on, noise over and a shift of grey 100."""
  backgrounds = np.full((3, 64, 64, channels), 100, np.uint8)
  images = backgrounds + noise * np.random.default_rng(0).normal(size=backgrounds.shape)
  images[:, 20:20 + side, 30:30 + side] += mark
  return change.scores(np.rint(images + shift).astype(np.uint8), backgrounds)


@pytest.mark.parametrize('changed, mean, unchanged', [
    ({}, 0, 1),
    ({'shift': 1}, 1, 1),
    ({'shift': 2}, 2, 0),  # Everywhere.
    ({'mark': 100, 'side': 3}, 900 / 4096, 0),
    ({'mark': 8, 'side': 5}, 200 / 4096, 0),  # 8 in a square of 5.
    ({'mark': 7, 'side': 5}, 175 / 4096, 1),
    ({'mark': 150, 'side': 1}, 150 / 4096, 1),  # One pixel: 6 in a square of 5.
    ({'mark': 100, 'side': 3, 'channels': 3}, 900 / 4096, 0)])
def test_by_hand(changed, mean, unchanged):
  found = _scores(**changed)
  assert found.shape == (3, 2) and (found[:, 1] == unchanged).all()
  assert found[:, 0] == pytest.approx(mean)


def test_noise_is_no_change_and_hides_no_mark():
  assert _scores(noise=2.0)[:, 1].all()
  assert not _scores(noise=2.0, mark=40, side=4)[:, 1].any()
