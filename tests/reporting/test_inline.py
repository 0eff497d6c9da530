"""Images within the page."""

import numpy as np
from PIL import Image

from pegan_jax.reporting import inline


def test_images_are_exact_or_small(tmp_path):
  rng = np.random.default_rng(0)
  noise = rng.integers(0, 256, (64, 64, 1), np.uint8)
  # The worst that 9 classes x 12 can be: samples, real crops, nearest ones and masks.
  each = 3 * len(inline.image(noise)) + 2 * len(inline.mask(noise[..., 0]))
  # A sample's own image and mask are there once more, for the click.
  each += len(inline.image(noise)) + len(inline.mask(noise[..., 0]))
  assert 9 * 12 * each < 5 * 2**20
  Image.fromarray(rng.integers(0, 256, (900, 900), np.uint8)).save(tmp_path / 'x.png')
  src, width, height = inline.file(tmp_path / 'x.png')
  assert src.startswith('data:image/webp') and (width, height) == (900, 900)
  assert len(src) < (tmp_path / 'x.png').stat().st_size
  assert inline.image(np.zeros((200, 200, 3), np.uint8)).startswith('data:image/webp')
