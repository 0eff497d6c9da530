"""Regions drawn from a class's own: what may change, and what may not."""

import numpy as np
import pytest

from pegan_jax.data import placing


def _vary(region, count=200):
  return [placing.vary(np.random.default_rng(i), region) for i in range(count)]


def _extent(region):
  rows, columns = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
  return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def _box(top, bottom, left, right, size=32):
  region = np.zeros((size, size), np.uint8)
  region[top:bottom, left:right] = 255
  return region


def test_a_region_within_the_crop_stays_whole_and_goes_everywhere():
  tops, heights = [], []
  for region in _vary(_box(4, 12, 10, 26)):
    top, bottom, left, right = _extent(region)
    assert (region[top:bottom, left:right] == 255).all()
    # Twice as wide as high, up to a pixel that rounding takes or gives.
    assert abs((right - left) - 2 * (bottom - top)) <= 3
    tops.append(top)
    heights.append(bottom - top)
  assert min(tops) <= 1 and max(tops) >= 22
  assert min(heights) in (6, 7) and max(heights) in (10, 11)


def test_what_the_edge_cuts_off_stays_at_the_edge_and_is_as_much():
  reached, lengths = set(), []
  for region in _vary(_box(0, 16, 12, 16)):
    top, bottom, _, _ = _extent(region)
    assert (top == 0) != (bottom == 32)  # Mirrored, half of the time.
    reached.add('top' if top == 0 else 'bottom')
    lengths.append(bottom - top)
  assert reached == {'top', 'bottom'}
  assert min(lengths) in (12, 13) and max(lengths) in (19, 20)
  assert np.mean(lengths) == pytest.approx(16, abs=0.5)


def test_a_corner_covers_as_much_as_it_did():
  areas = [(region > 0).mean() for region in _vary(_box(20, 32, 0, 24))]
  assert np.mean(areas) == pytest.approx(12 * 24 / 32**2, rel=0.1)


def test_a_streak_across_the_crop_stays_across():
  lefts = {_extent(r)[2] for r in _vary(_box(0, 32, 8, 12)) if
           _extent(r)[:2] == (0, 32)}
  assert len(lefts) > 15
  assert all(_extent(r)[:2] == (0, 32) for r in _vary(_box(0, 32, 8, 12)))


def test_a_whole_crop_stays_whole_and_nothing_stays_nothing():
  assert all((r == 255).all() for r in _vary(_box(0, 32, 0, 32), 20))
  assert not any(r.any() for r in _vary(_box(0, 0, 0, 0), 3))


@pytest.mark.parametrize('pixels', [[(5, 7)], [(5, 7), (6, 8)], [(0, 0)], [(9, 3), (9, 5)]])
def test_of_a_few_pixels_some_are_left(pixels):
  region = np.zeros((10, 12), np.uint8)
  region[tuple(zip(*pixels))] = 255
  for seed in range(300):
    assert placing.vary(np.random.default_rng(seed), region).any()


def test_a_shape_is_mirrored_and_kept():
  corner = _box(10, 20, 10, 12)
  corner[10:12, 10:20] = 255
  kinds = set()
  for region in _vary(corner):
    top, bottom, left, right = _extent(region)
    part = region[top:bottom, left:right] > 0
    halves = part[:len(part) // 2].mean(), part[:, :part.shape[1] // 2].mean()
    kinds.add(tuple(h > part.mean() for h in halves))
    assert 0.15 < part.mean() < 0.55
  assert len(kinds) == 4


class _Records:
  """Class 0 has wide masks and whole boxes, class 1 high boxes alone."""

  def find(self, label):
    return np.array([label, label + 2])

  def annotations(self, indices):
    return [('mask', 'box', 'box', 'box')[i] for i in indices]

  def masks(self, indices):
    wide, high = _box(10, 13, 10, 20), _box(10, 20, 10, 13)
    of = wide, high, _box(0, 32, 0, 32), high
    return np.stack([of[i] for i in indices])[..., None]


@pytest.mark.parametrize('label', [0, 1])
def test_regions_are_the_classs_own_and_depend_on_the_generator_alone(label):
  regions = placing.Regions(_Records(), 2)
  drawn = [regions.draw(np.random.default_rng(i), label) for i in range(10)]
  for i, region in enumerate(drawn):
    top, bottom, left, right = _extent(region)
    assert ((right - left) > (bottom - top)) == (label == 0)
    np.testing.assert_array_equal(
        region, regions.draw(np.random.default_rng(i), label))
  assert len({r.tobytes() for r in drawn}) > 5
