"""What is usual among a class's real defects, and what a drawn one is rejected for."""

import numpy as np
import pytest

from conftest import manifest_rows, to_change, untrained
from pegan_jax.data import dataset, placing
from pegan_jax.generation import masks, usual
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Painted
from pegan_jax.pretrained import region_features
from pegan_jax.runs.run import Run

pytestmark = pytest.mark.usefixtures('traced_once')


@pytest.fixture
def setting(untrained_region, tmp_path):
  """(config, workdir) of an untrained run, its config changeable."""
  return to_change(untrained_region, tmp_path / 'out')


@pytest.fixture
def bench(setting, monkeypatch):
  """(judge, a real defect, its region, its clean ground) of a class of dark blots."""
  monkeypatch.setattr(region_features, 'load', lambda: None)
  region = np.zeros((32, 32), bool)
  region[12:20, 10:22] = True
  ground = np.random.default_rng(0).normal(150, 3, (32, 32, 1)).round().astype(np.uint8)

  class Records:
    """Blots of 8 to 12 pixels by 12, 40 to 60 levels darker than their ground."""

    def __init__(self, *_):
      self.regions = np.zeros((20, 32, 32, 1), np.uint8)
      self.pixels = np.tile(ground, (20, 1, 1, 1))
      for i in range(20):
        self.regions[i, 12:20 + i % 5, 10:22] = 255
        self.pixels[i][self.regions[i] > 0] -= 40 + i

    find = lambda self, label: np.arange(20)
    images = lambda self, indices: self.pixels[indices]
    masks = lambda self, indices: self.regions[indices]
    annotations = lambda self, indices: ['mask'] * len(indices)
    groups = lambda self, indices: np.asarray(indices) // 2

  monkeypatch.setattr(dataset, 'Records', Records)
  run = Run(*setting)
  return usual.Judge(run, masks.defect_finder(run)), region, ground


def _judge(judge, ground, after, region, visible):
  [reasons] = judge(0, ground[None], Painted(
      after[None], visible[None].astype(np.uint8) * 255,
      region[None].astype(np.uint8) * 255))
  return reasons


def test_each_fault_has_its_reason(bench):
  judge, region, ground = bench
  blot = ground - 50 * region[..., None].astype(np.uint8)
  assert _judge(judge, ground, blot, region, region) == ()
  assert _judge(judge, ground, blot, region, region & False) == (usual.INVISIBLE,)
  faint = ground - 10 * region[..., None].astype(np.uint8)
  assert usual.FAINT in _judge(judge, ground, faint, region, region)
  for change, reason in ((50, usual.BRIGHT), (-90, usual.DARK)):
    wrong = (ground + change * region[..., None]).astype(np.uint8)
    assert reason in _judge(judge, ground, wrong, region, region)
  other = blot.copy()
  other[0, 0] += 1
  assert _judge(judge, ground, other, region, region) == (usual.OUTSIDE,)
  small = region.copy()
  small[16:] = False
  assert usual.SMALL in _judge(judge, ground, blot, region, small)
  thin = np.zeros_like(region)
  thin[14:18, 2:26] = True  # As large, and longer.
  assert _judge(judge, ground, blot, region, thin) == (usual.LONG,)
  shifted = np.roll(region, 7, 1)
  assert usual.BESIDE in _judge(judge, ground, blot, region, shifted)
  assert usual.BESIDE not in _judge(judge, ground, blot, region, np.roll(region, 5, 1))
  wide = np.zeros_like(region)
  wide[6:26, 4:28] = True  # Five times as large, and around it.
  assert usual.BESIDE not in _judge(judge, ground, blot, region, wide)
  line = blot.copy()
  line[10, 8:24] = line[21, 8:24] = line[10:22, 8] = line[10:22, 23] = 250
  assert usual.SEAM in _judge(judge, ground, line, region, region)


def test_neon_is_told_from_grey(bench):
  judge, region, ground = bench
  blot = np.repeat(ground - 50 * region[..., None].astype(np.uint8), 3, -1)
  neon = blot.copy()
  neon[region, 0] = 0
  ground = np.repeat(ground, 3, -1)
  assert _judge(judge, ground, blot, region, region) == ()
  assert usual.COLOURS in _judge(judge, ground, neon, region, region)


def test_a_region_may_be_as_unusual_as_it_was_asked_for(bench):
  judge, _, ground = bench
  large = np.zeros((32, 32), bool)
  large[4:28, 5:27] = True
  blot = ground - 50 * large[..., None].astype(np.uint8)
  assert _judge(judge, ground, blot, large, large) == ()
  beyond = np.zeros_like(large)
  beyond[3:29, 2:29] = True  # 1.3 times as large.
  assert _judge(judge, ground, blot, large, beyond) == ()
  beyond[1:31, 2:30] = True  # 1.6 times.
  assert usual.LARGE in _judge(judge, ground, blot, large, beyond)


def test_features_tell_copies_and_what_is_unlike(bench, setting, monkeypatch):
  """Features are one number here: the region's mean brightness."""
  def features(images, regions):
    return np.stack([x[r].mean(0) for x, r in zip(images, regions)])

  monkeypatch.setattr(region_features, 'load', lambda: features)
  run, (_, region, ground) = Run(*setting), bench
  judge = usual.Judge(run, masks.defect_finder(run))
  real = dataset.Records()
  of = lambda after, region: _judge(judge, ground, after, region, region)
  assert usual.COPY in of(real.pixels[3], real.regions[3, ..., 0] > 0)
  assert usual.FAR in of(ground - 110 * region[..., None].astype(np.uint8), region)
  next_one = real.pixels[19] - (real.regions[19] > 0)  # As far as real ones are.
  found = of(next_one, real.regions[19, ..., 0] > 0)
  assert judge.sees and usual.FAR not in found and usual.COPY not in found


@pytest.mark.parametrize('positive', [True, False])
@pytest.mark.parametrize('count', [3, 6, 30])
def test_one_in_fifty_unseen_defects_lies_beyond_a_bound(count, positive):
  rng = np.random.default_rng(0)
  values = rng.normal(2, 0.3, (800, count + 20))
  values = np.expm1(values) if positive else values
  beyond = []
  for known, unseen in zip(values[:, :count], values[:, count:]):
    low, high = usual._bounds(known, np.arange(count), positive)
    beyond.append([(unseen < low).mean(), (unseen > high).mean()])
  np.testing.assert_allclose(np.mean(beyond, 0), usual.TAIL, atol=0.008)


def test_bounds_count_pieces_of_steel():
  values = np.array([3., 4, 5, 6, 7, 8])
  low, high = usual._bounds(values, np.arange(6))
  wider = usual._bounds(values, np.arange(6) // 2)
  assert 0 < wider[0] < low < 3 and 8 < high < wider[1]
  # What is not known of some is left out, and of one piece nothing is usual.
  assert usual._bounds([np.nan, *values], np.arange(7)) == (low, high)
  assert usual._bounds(values, np.zeros(6)) == (0, np.inf)
  assert usual._bounds([], [], positive=False) == (-np.inf, np.inf)
  # The values themselves are never beyond, but for one in fifty.
  assert usual._bounds([2.] * 5, np.arange(5)) == pytest.approx((2, 2))


def test_grounds_tell_how_far_a_feature_varies():
  bounds = object.__new__(usual.Usual)
  real, grounds = np.float64([[0, 10], [2, 10]]), np.float64([[0, 6], [2, 14]])
  bounds._set_features(real, grounds, np.arange(2))
  [figure] = bounds.compare(np.float64([[0, 10 + 8**0.5]]))
  assert figure.value == pytest.approx(1, abs=1e-3)  # One standard deviation of all four.


def test_features_are_those_of_the_region():
  network = region_features.load()
  if network is None:
    pytest.skip('the weights are not installed')
  images = np.random.default_rng(0).integers(0, 256, (18, 32, 32, 1), np.uint8)
  regions = np.zeros((18, 32, 32), bool)
  regions[:, 4:10, 4:10] = True
  found = network(images, regions)
  assert found.shape == (18, 24 + 40 + 112)
  np.testing.assert_allclose(network(images[17:], regions[17:])[0], found[17], rtol=1e-3,
                             atol=1e-3)
  changed = images.copy()
  changed[:, 28:, 28:] = 0  # Far from the regions, and in no map's pixel of theirs.
  fine = slice(0, 24)
  moved = regions[:, ::-1, ::-1]
  away = np.abs(network(changed, regions) - found)[:, fine].mean()
  near = np.abs(network(changed, moved) - network(images, moved))[:, fine].mean()
  assert away < near / 10


def test_the_best_annotations_of_a_class_are_taken():
  class Records:
    find = lambda self, label: np.arange(4)
    annotations = lambda self, indices: self.kinds

  records = Records()
  for kinds, chosen, kind in ((['none', 'box', 'mask', 'mask'], [2, 3], 'mask'),
                              (['none', 'box', 'none', 'box'], [1, 3], 'box'),
                              (['none'] * 4, [0, 1, 2, 3], 'none')):
    records.kinds = kinds
    indices, found = placing.best_of(records, 0)
    assert (indices.tolist(), found) == (chosen, kind)


def test_classes_without_annotations_are_judged_by_what_needs_no_region(
    two_classes_dir, raw_dir, tmp_path):
  config, workdir = untrained('pegan_region', two_classes_dir, tmp_path / 'run', 1)
  config = config.copy_and_resolve_references()
  config.generate.update({'tries': 2, 'out': str(tmp_path / 'crops')})
  possible = {usual.INVISIBLE, usual.FAINT, usual.FAR, usual.COPY}
  for frames in ('', str(raw_dir / 'clean')):  # On frames a region is not the whole window.
    config.generate.update({'frames': frames, 'out': str(tmp_path / f'out{len(frames)}')})
    rows = manifest_rows(generate(config, workdir))
    assert rows and all(r['accepted'] in ('yes', 'no') for r in rows)
    for r in rows:
      found = {x for draw in r['reasons'].split('; ') for x in draw.split(' + ')} - {''}
      assert found <= possible
      left, top, right, bottom = map(int, r['asked'].split())
      assert (right - left, bottom - top) == ((22, 22) if frames else (32, 32))
