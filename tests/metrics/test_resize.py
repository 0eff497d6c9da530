"""Resizing against PIL's float mode and PyTorch's interpolate."""

import pathlib

import numpy as np
from PIL import Image
import pytest

from fixtures import make_resize
from pegan_jax.metrics.resize import matrix, resize

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures' / 'resize.npz'


@pytest.mark.parametrize('height, width, size', [
    (64, 64, 299), (64, 64, 224), (200, 200, 64), (50, 70, 33), (33, 300, 47),
    (1, 1, 8), (2, 3, 9), (300, 300, 299)])
def test_bicubic_is_pils_in_float(height, width, size):
  """As clean-fid: each channel by itself in mode F, then cut to 0..255."""
  rng = np.random.default_rng(0)
  image = rng.integers(0, 256, (height, width, 3), np.uint8)
  want = np.stack([
      np.asarray(Image.fromarray(channel.astype(np.float32)).resize(
          (size, size), Image.Resampling.BICUBIC))
      for channel in np.moveaxis(image, -1, 0)], axis=-1).clip(0, 255)
  got = np.asarray(resize(image[None], size))
  assert got.shape == (1, size, size, 3) and got.dtype == np.float32
  np.testing.assert_allclose(got[0], want, atol=2e-3)


def test_legacy_is_pytorch_fids():
  with np.load(_FIXTURE) as theirs:
    for image, name in zip(make_resize.images(), theirs.files, strict=True):
      got = resize(image[None], make_resize.SIZE, 'legacy')[0]
      want = np.broadcast_to(theirs[name], got.shape)  # Grey is repeated.
      np.testing.assert_allclose(got, want, atol=1e-3)


def test_legacy_reduction_skips_pixels_and_bicubic_does_not():
  image = np.zeros((1, 40, 40, 1), np.uint8)
  image[:, ::4] = 200  # Row 0 of every four.
  # At a quarter of the size bilinear reads rows 1 and 2 of each four alone.
  np.testing.assert_array_equal(resize(image, 10, 'legacy'), 0)
  np.testing.assert_allclose(resize(image, 10)[:, 2:-2], 50, atol=8)


@pytest.mark.parametrize('mode', ['bicubic', 'legacy'])
class TestBoth:

  def test_the_same_size_is_left_as_it_is(self, mode):
    image = np.random.default_rng(0).integers(0, 256, (2, 9, 9, 3), np.uint8)
    np.testing.assert_array_equal(resize(image, 9, mode), image)

  def test_constants_stay(self, mode):
    for shape, size in (((5, 8), 13), ((40, 31), 7)):
      for value in (0, 77, 255):
        image = np.full((1, *shape, 1), value, np.uint8)
        np.testing.assert_allclose(resize(image, size, mode), value, atol=1e-3)

  def test_grey_is_repeated(self, mode):
    grey = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 1), np.uint8)
    got = resize(grey, 11, mode)
    np.testing.assert_array_equal(got, resize(np.repeat(grey, 3, -1), 11, mode))

  def test_a_mirrored_image_is_mirrored(self, mode):
    image = np.random.default_rng(0).integers(0, 256, (1, 8, 6, 1), np.uint8)
    np.testing.assert_allclose(
        resize(image[:, :, ::-1], 15, mode),
        np.asarray(resize(image, 15, mode))[:, :, ::-1], atol=1e-3)

  def test_rows_sum_to_one(self, mode):
    for size_in, size_out in ((3, 10), (10, 3), (64, 299), (1, 4)):
      np.testing.assert_allclose(
          matrix(size_in, size_out, mode).sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize('images, mode', [
    (np.zeros((1, 4, 4, 1), np.float32), 'bicubic'),
    (np.zeros((4, 4, 1), np.uint8), 'bicubic'),
    (np.zeros((1, 4, 4, 2), np.uint8), 'bicubic'),
    (np.zeros((1, 4, 4, 1), np.uint8), 'nearest')])
def test_what_are_no_images(images, mode):
  with pytest.raises(ValueError, match='expected uint8|not one of'):
    resize(images, 8, mode)
