"""Tests of clean images that show a marked defect."""

import numpy as np
from PIL import Image
import pytest
import scipy

from data_prep.crops.cutting import Reader
from data_prep.images import reading
from data_prep.selection import copies, frame_search, marked_again, texture
from pegan_jax.annotations.regions import Annotated, Box, Region

SIDE, WINDOW = 160, 64
BOX = Box(60, 70, 84, 90)
READER = Reader(64, True, 255)


def _ground(seed, noise=1):
  """Returns a texture, and noise as of a camera."""
  smooth = scipy.ndimage.gaussian_filter(
      np.random.default_rng(seed).normal(size=(SIDE, SIDE)), 3)
  return 120 + 25 * smooth / smooth.std() + np.random.default_rng(noise).normal(
      0, 4, (SIDE, SIDE))


def _with_defect(image):
  image = image.copy()
  image[BOX.slices][4:-4, 4:-4] -= 60
  return image


MARKED = _with_defect(_ground(0))


def _find(tmp_path, clean, marked=MARKED, save='clean.png', size=None, **how):
  """Returns whether a clean image is found as a whole, and whether it is by its parts."""
  paths = tmp_path / 'marked.png', tmp_path / save
  for path, image in zip(paths, (marked, clean)):
    image = Image.fromarray(np.uint8(np.clip(image, 0, 255)))
    is_clean = path == paths[1]
    image.resize((size, size) if size and is_clean else image.size).save(
        path, **(how if is_clean else {}))
  small = {path: reading.small(READER.read(path)) for path in paths}
  marks = marked_again.read(
      [(paths[0], Annotated('', SIDE, SIDE, [Region('pit', BOX)]))], READER, WINDOW)
  whole = marked_again.find_whole(
      marks, paths[1:], small, READER, WINDOW, copies.find_alike)
  pairs, _, corners = frame_search.find(
      np.stack([mark.thumb for mark in marks]),
      [np.pad(texture.thumbnail(READER.read(paths[1]), WINDOW), marked_again.BEYOND)])
  corners -= marked_again.BEYOND
  parts = marked_again.find_parts(
      marks, {paths[1]: list(zip(pairs[:, 0].tolist(), corners.tolist()))}, READER, WINDOW)
  assert whole | parts <= {paths[1]}
  return bool(whole), bool(parts)


@pytest.mark.parametrize('change, how', [
    (lambda x: x, {'save': 'clean.jpg', 'quality': 60}), (lambda x: 1.2 * x + 10, {}),
    (lambda x: 255 * (x.clip(0, 255) / 255) ** 0.5, {}), (lambda x: x, {'save': 'clean.bmp'}),
    (lambda x: x + np.random.default_rng(2).normal(0, 4, x.shape), {})])
def test_a_defect_that_is_saved_again_or_photographed_again_is_found(
    tmp_path, change, how):
  assert _find(tmp_path, change(MARKED), **how) == (True, True)


@pytest.mark.parametrize('size', [SIDE // 2, 120, 2 * SIDE])
def test_a_copy_of_another_size_is_found(tmp_path, size):
  assert _find(tmp_path, MARKED, size=size)[0]


@pytest.mark.parametrize('place', [
    np.s_[12:, 12:], np.s_[50:130, 30:110], np.s_[:, 50:], np.s_[:, 60:]])
def test_a_part_that_shows_a_defect_is_found(tmp_path, place):
  assert _find(tmp_path, MARKED[place])[1]


@pytest.mark.parametrize('clean', [
    _ground(0), _ground(0, noise=3), _ground(0)[20:], _ground(1), _with_defect(_ground(1)),
    MARKED[:, 90:]])
def test_what_does_not_show_it_is_clean(tmp_path, clean):
  """Even where the ground is the same, or there is such a defect on another."""
  assert _find(tmp_path, clean) == (False, False)


def test_the_next_part_of_the_same_print_is_clean(tmp_path):
  printed = 60 * (np.add.outer(np.arange(SIDE), np.arange(SIDE)) % 32 < 16)
  noise = np.random.default_rng(1).normal(0, 8, (2, SIDE, SIDE))
  one, other = 90 + scipy.ndimage.gaussian_filter(printed * 1.0, 4) + noise
  assert _find(tmp_path, other, marked=_with_defect(one)) == (False, False)


def test_an_image_that_shows_one_of_two_marks_is_no_copy_but_has_a_part(tmp_path):
  """A template may look like one mark; a copy shows all, a tile one."""
  paths = tmp_path / 'marked.png', tmp_path / 'clean.png'
  other = Box(110, 20, 134, 40)
  marked = MARKED.copy()
  marked[other.slices][4:-4, 4:-4] += 60
  for path, image in zip(paths, (marked, MARKED)):
    Image.fromarray(np.uint8(np.clip(image, 0, 255))).save(path)
  marks = marked_again.read([(paths[0], Annotated('', SIDE, SIDE, [
      Region('pit', BOX), Region('spot', other)]))], READER, WINDOW)
  small = {path: reading.small(READER.read(path)) for path in paths}
  assert not marked_again.find_whole(
      marks, paths[1:], small, READER, WINDOW, copies.find_alike)
  assert marked_again.find_parts(
      marks, {paths[1]: [(k, mark.corner) for k, mark in enumerate(marks)]},
      READER, WINDOW) == {paths[1]}


def test_images_smaller_than_a_window(tmp_path):
  paths = tmp_path / 'marked.png', tmp_path / 'clean.png'
  for path, image in zip(paths, (MARKED, MARKED)):
    Image.fromarray(np.uint8(np.clip(image, 0, 255))[50:100, 50:105]).save(path)
  marks = marked_again.read([(paths[0], Annotated('', 50, 55, [
      Region('pit', Box(10, 20, 34, 40))]))], READER, WINDOW)
  small = {path: reading.small(READER.read(path)) for path in paths}
  assert marked_again.find_whole(
      marks, paths[1:], small, READER, WINDOW, copies.find_alike) == {paths[1]}
