"""Tests of clean images that show a marked defect."""

import numpy as np
from PIL import Image
import pytest
import scipy

from data_prep.images import reading
from data_prep.selection import copies, marked_again
from pegan_jax.annotations.regions import Annotated, Box, Region

SIDE = 160
BOX = Box(40, 60, 64, 80)


def _ground(seed):
  """Returns a texture, and noise as of a camera."""
  rng = np.random.default_rng(seed)
  smooth = scipy.ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3)
  return 120 + 25 * smooth / smooth.std() + rng.normal(0, 5, (SIDE, SIDE))


def _with_defect(image):
  image = image.copy()
  image[BOX.slices][4:-4, 4:-4] -= 60
  return image


def _find(tmp_path, marked, clean, save='clean.png', **how):
  paths = tmp_path / 'marked.png', tmp_path / save
  for path, image in zip(paths, (marked, clean)):
    image = Image.fromarray(np.uint8(np.clip(image, 0, 255)))
    size = how.pop('size', SIDE) if path == paths[1] else SIDE
    image.resize((size, size)).save(path, **(how if path == paths[1] else {}))
  read = lambda path: reading.read_image(path, grey=True)
  return marked_again.find(
      [(paths[0], Annotated('', SIDE, SIDE, [Region('pit', BOX)]))], [paths[1]],
      {path: reading.small(read(path)) for path in paths}, read, copies.find_alike)


@pytest.mark.parametrize('change, save, how', [
    (lambda x: x, 'clean.jpg', {'quality': 60}), (lambda x: 1.2 * x + 10, 'clean.png', {}),
    (lambda x: x, 'clean.png', {'size': SIDE // 2}), (lambda x: x, 'clean.bmp', {})])
def test_a_defect_saved_again_is_found(tmp_path, change, save, how):
  marked = _with_defect(_ground(0))
  assert _find(tmp_path, marked, change(marked), save, **how) == [
      (tmp_path / save, tmp_path / 'marked.png')]


def test_its_ground_without_the_defect_is_clean(tmp_path):
  assert not _find(tmp_path, _with_defect(_ground(0)), _ground(0))


def test_the_next_part_of_the_same_print_is_clean(tmp_path):
  """Even with an equal defect: each shot has its own noise."""
  printed = 60 * (np.add.outer(np.arange(SIDE), np.arange(SIDE)) % 32 < 16)
  noise = np.random.default_rng(1).normal(0, 8, (2, SIDE, SIDE))
  one, other = 90 + scipy.ndimage.gaussian_filter(printed * 1.0, 4) + noise
  assert not _find(tmp_path, _with_defect(one), _with_defect(other))


def test_another_image_is_clean(tmp_path):
  assert not _find(tmp_path, _with_defect(_ground(0)), _with_defect(_ground(1)))
