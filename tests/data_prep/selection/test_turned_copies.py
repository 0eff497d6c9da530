"""Copies of images, mirrored and turned by quarters, are found; look-alikes are not."""

import numpy as np
from PIL import Image
import pytest

from data_prep.images import reading
from data_prep.selection import cells, copies
from shifted_crops import steel, worse


def _wide(random, turns, mirrored):
  """A frame that is wider than high, and a worse copy: two images as `find` takes them."""
  frame = steel(random, 200)[:120]
  copy = np.rot90(frame, turns)
  copy = worse(random, np.ascontiguousarray(copy[:, ::-1] if mirrored else copy))
  return [reading.small(image[:, :, None]) for image in (frame, copy)]


@pytest.mark.parametrize('cell_by_cell', [False, True])
def test_all_ways_to_turn_an_image_are_found_and_nothing_else(monkeypatch, cell_by_cell):
  if cell_by_cell:
    monkeypatch.setattr(cells, 'ALL', 0)
  random = np.random.default_rng(0)
  images = [reading.small(steel(random)[:, :, None]) for _ in range(60)]
  ways = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)][1:]
  expected = []
  for way in ways:
    expected.append([len(images), len(images) + 1])
    images += _wide(random, *way)
  assert copies.find(images).tolist() == expected


def test_images_of_one_name_that_show_the_same_are_found():
  random = np.random.default_rng(0)
  frames = [steel(random, 200) for _ in range(2)]
  half = [np.asarray(Image.fromarray(frame).resize((100, 100))) for frame in frames]
  images = [reading.small(image[:, :, None]) for image in frames + half]
  for names, expected in ((['a', 'b', 'a', 'b'], [[0, 2], [1, 3]]), (['a', 'b', 'b', 'a'], []),
                          (['a', None, 'a', None], [[0, 2]])):
    assert copies.find_resized(images, names).tolist() == expected
  assert copies.find_resized(images[:1] * 17, ['image'] * 17).shape == (0, 2)


def test_what_is_turned_by_another_angle_or_flat_is_none():
  random = np.random.default_rng(1)
  frame = Image.fromarray(steel(random, 200))
  tilted = [np.asarray(frame.rotate(angle).crop((40, 40, 160, 160)))[:, :, None]
            for angle in (0, 20, 55)]
  flat = [np.full((90, 90, 1), grey, np.uint8) for grey in (40, 40, 90)]
  assert copies.find([reading.small(image) for image in tilted + flat]).tolist() == []
  for few in ([], [reading.small(flat[0])]):
    assert copies.find(few).shape == (0, 2)
