"""Masks to regions."""

import numpy as np
import pytest

from pegan_jax.annotations import components
from pegan_jax.annotations.regions import of_pixels


def _find(mask, **settings):
  return components.find_defects(
      mask, 'pa', **({'threshold': 0.5, 'min_area': 4} | settings))


@pytest.fixture(name='mask')
def _mask():
  """A block, a diagonal line, a speck, and a faint block."""
  mask = np.zeros((20, 30), np.uint8)
  mask[2:6, 3:10] = 200
  for i in range(5):
    mask[10 + i, 20 + i] = 128
  mask[18, 1] = 255
  mask[14:18, 2:8] = 127
  return mask


def test_components_above_a_threshold_and_a_size(mask):
  block, line = _find(mask)
  assert block.box == (3, 2, 10, 6) and block.mask.all()
  assert line.box == (20, 10, 25, 15)  # Corners touch.
  np.testing.assert_array_equal(line.mask, np.eye(5, dtype=bool))
  assert len(_find(mask, min_area=1)) == 3
  assert len(_find(mask, threshold=0.4)) == 3
  assert len(_find(mask, threshold=0.6)) == 1
  assert not _find(np.zeros_like(mask))


@pytest.mark.parametrize('thick, is_outline', [
    (1, True), (2, True), (4, False), (15, False)])
def test_an_outline_is_few_pixels_around_many(thick, is_outline):
  y, x = np.mgrid[-14.5:15, -14.5:15]
  ring = (np.hypot(x, y) < 15) & (np.hypot(x, y) > 15 - thick)
  assert components.is_outline(ring) == is_outline
  assert not components.is_outline(ring & (x > 0))  # It encloses nothing.


def test_a_component_in_anothers_box_is_not_of_its_mask():
  ring = np.zeros((20, 20), np.uint8)
  ring[2:12, 2:12] = 255
  ring[3:11, 3:11] = 0
  ring[5:8, 5:8] = 255
  outer, inner = _find(ring)
  assert outer.box == (2, 2, 12, 12) and outer.mask.sum() == 36
  assert inner.box == (5, 5, 8, 8) and inner.mask.all()


def test_a_texture_is_one_defect_in_the_box_of_its_pixels(mask):
  whole, = _find(mask, whole=True)
  assert whole.box == (1, 2, 25, 19)  # From the speck to the line's end.
  np.testing.assert_array_equal(whole.mask, mask[2:19, 1:25] > 127.5)
  assert not _find(0 * mask, whole=True)
  assert not _find(mask, whole=True, min_area=60)  # 28 + 5 + 1 of all of them.
  half = np.zeros((4, 6), np.uint8)
  half[::2] = 255
  texture, = _find(half)
  assert texture.box == (0, 0, 6, 3) and texture.mask.sum() == 12
  half[0, 0] = 0
  assert [r.mask.sum() for r in _find(half)] == [5, 6]


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('share', [0.02, 0.3, 0.7])
def test_a_box_is_the_smallest_around_its_pixels(seed, share):
  mask = np.random.default_rng(seed).random((24, 20)) < share
  mask[:5] = mask[:, 15:] = False
  for whole in (False, True):
    found = _find(255 * mask.astype(np.uint8), whole=whole, min_area=1)
    covered = np.zeros_like(mask)
    for region in found:
      assert region.box == of_pixels('', region.mask, region.box[:2]).box
      covered[region.box.slices] |= region.mask
    assert found
    np.testing.assert_array_equal(covered, mask)


@pytest.mark.parametrize('whole', [False, True])
def test_in_a_larger_image(mask, whole):
  for own, there in zip(_find(mask, whole=whole),
                        _find(mask, whole=whole, corner=(5, 7)), strict=True):
    assert there.box == own.box.shift(5, 7)
    np.testing.assert_array_equal(there.mask, own.mask)


def test_what_belongs_to_one_piece_of_a_region_is_one_defect():
  mask, asked = np.zeros((20, 40), np.uint8), np.zeros((20, 40), bool)
  mask[4:8, 3:7] = mask[4:8, 9:14] = mask[12:15, 25:30] = 255  # Two halves, and another.
  asked[3:9, 4:13] = asked[11:14, 24:31] = True
  found = components.joined(_find(mask), asked)
  assert [region.box for region in found] == [(3, 4, 14, 8), (25, 12, 30, 15)]
  assert [region.mask.sum() for region in found] == [4 * 4 + 4 * 5, 3 * 5]
  assert not found[0].mask[:, 4:6].any()  # What is not visible between them.
  shifted = components.joined(_find(mask, corner=(100, 50)), asked, (100, 50))
  assert [region.box for region in shifted] == [(103, 54, 114, 58), (125, 62, 130, 65)]
  apart = _find(mask)
  assert components.joined(apart, asked & False) == apart and not components.joined([], asked)
