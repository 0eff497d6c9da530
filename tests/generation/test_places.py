"""Where regions go on images of any size, and in which windows."""

import types

import numpy as np
from PIL import Image
import pytest

from pegan_jax.annotations.regions import Box, Region
from pegan_jax.common.errors import UserError
from pegan_jax.generation import places

SHARE = 5 / 64


@pytest.mark.parametrize('box, shape, expected', [
    ((90, 90, 110, 110), (200, 200), (68, 68, 132, 132)),  # In the middle.
    ((0, 90, 20, 110), (200, 200), (0, 68, 64, 132)),  # At the image's edge.
    ((190, 0, 200, 8), (200, 200), (136, 0, 200, 64)),
    ((73, 90, 127, 110), (200, 200), (68, 68, 132, 132)),  # As much as fits a window.
    ((72, 90, 128, 110), (200, 200), (66, 66, 133, 133)),  # A pixel more on each side.
    ((20, 0, 30, 200), (200, 200), (0, 0, 200, 200)),  # From edge to edge: no margin.
    ((0, 0, 50, 40), (40, 50), (-7, -12, 57, 52)),  # A small image.
    ((10, 0, 30, 300), (300, 60), (-120, 0, 180, 300))])  # A narrow one.
def test_the_window_of_a_region(box, shape, expected):
  window = places.window_of(Box(*box), shape, 64, SHARE)
  assert tuple(window) == expected and window.width == window.height
  # All of the region, with its margin but where the image ends.
  for low, high, start, stop, end in zip(box[:2], box[2:], window[:2], window[2:],
                                         shape[::-1]):
    pad = SHARE * window.width
    assert start <= max(low - pad, 0) + 1 and stop >= min(high + pad, end) - 1


def test_what_lies_around_an_image_is_mirrored():
  image = np.random.default_rng(0).integers(0, 255, (5, 4, 2))
  for box, pad in ((Box(-3, -2, 8, 7), ((2, 2), (3, 4), (0, 0))),
                   (Box(-9, 0, 4, 5), ((0, 0), (9, 0), (0, 0)))):
    np.testing.assert_array_equal(places.cut(image, box), np.pad(image, pad, 'reflect'))
  inside = Box(1, 2, 3, 5)
  np.testing.assert_array_equal(places.cut(image, inside), image[inside.slices])
  np.testing.assert_array_equal(places.cut(image[:1, :1], Box(-2, -2, 2, 2)),
                                np.broadcast_to(image[:1, :1], (4, 4, 2)))


def test_regions_shrink_with_their_windows():
  inside = np.zeros((64, 64), bool)
  assert not places.covered(inside, 32).any()
  inside[5, 7] = True  # Lost by a rule of halves alone.
  assert np.argwhere(places.covered(inside, 32)).tolist() == [[2, 3]]
  inside[:] = True
  inside[5, 7] = False  # Where a defect may lie, all of a pixel counts.
  assert np.argwhere(~places.shrink(inside, 32)).tolist() == [[2, 3]]


class _Records:
  """Bars of 4 x 12 pixels, and one that the crop's edge cuts off."""
  find = lambda self, label: np.arange(3)
  annotations = lambda self, indices: ['mask'] * len(indices)

  def masks(self, indices):
    found = np.zeros((3, 64, 64, 1), np.uint8)
    found[:2, 30:34, 20:32] = 255
    found[2, :, 40:60] = 255
    return found[indices]


@pytest.fixture
def placer():
  run = types.SimpleNamespace(
      config=types.SimpleNamespace(image_size=64),
      info=types.SimpleNamespace(classes=['sc']))
  return lambda scale=1.0: places.Placer(run, _Records(), scale)


@pytest.mark.parametrize('scale', [1.0, 3.0])
def test_places_are_drawn_where_defects_may_lie(placer, scale):
  allowed = np.zeros((300, 400), bool)
  allowed[100:180, 50:120] = allowed[200:260, 300:390] = True
  seen = []
  for seed in range(20):
    region = placer(scale).place(np.random.default_rng(seed), 0, allowed)
    assert region.name == 'sc' and places.filled(region, allowed.shape)[~allowed].sum() == 0
    # Those of the class that are whole, by up to a quarter larger or smaller.
    assert 3 * scale <= region.box.height <= 5 * scale + 1
    assert 9 * scale <= region.box.width <= 15 * scale + 1
    seen.append(region.box)
  assert {box.left < 200 for box in seen} == {True, False} and len(set(seen)) == 20
  again = placer(scale).place(np.random.default_rng(3), 0, allowed)
  assert again.box == seen[3]


def test_what_fits_nowhere_is_told(placer, capsys):
  allowed = np.zeros((100, 100), bool)
  assert placer().place(np.random.default_rng(0), 0, allowed) is None
  allowed[40:60, 50:53] = True  # Narrower than any of the class.
  assert placer().place(np.random.default_rng(0), 0, allowed) is None
  assert placer().place(np.random.default_rng(0), 0, np.ones((2, 500), bool)) is None
  places.say_left_out(0, 5)
  assert not capsys.readouterr().err
  places.say_left_out(2, 5)
  assert '2 of 5 defects: in 200 tries no place was found' in capsys.readouterr().err
  with pytest.raises(UserError, match='5 of 5 defects.* larger images or'):
    places.say_left_out(5, 5)


def test_a_region_keeps_others_away():
  region = Region('sc', Box(40, 40, 60, 50))
  left = places.without(np.ones((100, 100), bool), region, SHARE, 64)
  rows, columns = np.nonzero(~left)
  assert (rows.min(), rows.max(), columns.min(), columns.max()) == (35, 54, 35, 64)


def test_masks_of_where_defects_may_lie(tmp_path):
  (tmp_path / 'sub').mkdir()
  Image.fromarray(np.eye(8, 6, dtype=np.uint8)).save(tmp_path / 'a.png')
  Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / 'b.png')
  Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / 'b.bmp')
  Image.fromarray(np.ones((4, 5), np.uint8)).save(tmp_path / 'sub' / 'c.png')
  roi = places.Roi(tmp_path)
  roi.check({'a.jpg': (8, 6), 'sub/c.tif': (4, 5)})
  np.testing.assert_array_equal(roi.read('a.jpg'), np.eye(8, 6, dtype=bool))
  with pytest.raises(UserError, match='b.jpg has 2 masks, c.tif has no mask, '
                     'the mask of a.jpg has 6x8 pixels instead of 8x8'):
    roi.check({'b.jpg': (4, 4), 'c.tif': (4, 5), 'a.jpg': (8, 8)})
