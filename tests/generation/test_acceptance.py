"""What is accepted, what is drawn again, and what is kept."""

import csv
import re

import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows, to_change, untrained
from pegan_jax import annotations
from pegan_jax.data import dataset, placing
from pegan_jax.generation import acceptance, jobs, masks, usual
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Painted, Sampler
from pegan_jax.metrics import evaluate, origins, reports, sets
from pegan_jax.pretrained import region_features
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

pytestmark = pytest.mark.usefixtures('traced_once')


@pytest.fixture
def setting(untrained_region, tmp_path):
  """(config, workdir) of an untrained run, its config changeable."""
  return to_change(untrained_region, tmp_path / 'out')


class _Rejects:
  """Stands in for a `Judge`: rejects by class and background, and remembers."""
  sees = True

  def __init__(self, until):
    self._until, self.seen = until, {}

  def __call__(self, label, before, painted):
    reasons = []
    for image, after in zip(before, painted.image):
      drawn = self.seen.setdefault((label, image.tobytes()), [])
      drawn.append(after)
      reasons.append(('odd', 'faint') if len(drawn) < self._until[label] else ())
    return reasons


def _drawn(setting, monkeypatch, until, count=4):
  config, workdir = setting
  run = Run(config, workdir)
  judge = _Rejects(until)
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: judge)
  weights, job = restore(run, 'newest').state.ema, jobs.plan(run, [count, count])
  found = {}
  for label, numbers, painted, verdicts in acceptance.draw(run, weights, job):
    for i, number in enumerate(numbers.tolist()):
      assert (label, number) not in found
      found[label, number] = painted.image[i], painted.region[i], verdicts[i]
  return run, weights, job, found


def test_the_rejected_are_drawn_again_until_they_are_accepted(setting, monkeypatch):
  config, _ = setting
  config.generate.tries = 3
  run, weights, job, found = _drawn(setting, monkeypatch, {0: 2, 1: 9})
  assert sorted(found) == [(label, i) for label in (0, 1) for i in range(4)]
  verdicts = [[found[label, i][2] for i in range(4)] for label in (0, 1)]
  assert verdicts[0] == [acceptance.Verdict(True, 2, (('odd', 'faint'),))] * 4
  assert verdicts[1] == [acceptance.Verdict(False, 3, (('odd', 'faint'),) * 3)] * 4
  assert verdicts[0][0].columns() == {
      'accepted': 'yes', 'tries': 2, 'reasons': 'odd + faint'}
  # Each is a function of (seed, class, number, trial), whatever is drawn with it.
  for label, trial in ((0, 1), (1, 2)):
    [(_, _, alone)] = Sampler(run).stream(
        weights, job, only=[np.array([3][:label == c], int) for c in (0, 1)], trial=trial)
    np.testing.assert_array_equal(alone.image[0], found[label, 3][0])
    np.testing.assert_array_equal(alone.region[0], job.regions(label, [3], trial)[0])
    np.testing.assert_array_equal(alone.region[0], found[label, 3][1])
    first = next(Sampler(run).stream(weights, job))[2]
    assert (first.image[3] != alone.image[0]).any()


def test_without_tries_none_is_judged(setting, monkeypatch):
  setting[0].generate.tries = 0
  *_, found = _drawn(setting, monkeypatch, {})  # A judge would fail.
  assert {verdict for *_, verdict in found.values()} == {acceptance.Verdict(None, 1)}
  assert acceptance.Verdict(None, 1).columns() == {}


def test_the_manifest_and_the_terminal_tell(setting, monkeypatch, capsys):
  config, workdir = setting
  config.generate.update({'tries': 2, 'per_class': 3})
  judge = _Rejects({0: 2, 1: 9})
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: judge)
  out = generate(config, workdir)
  rows = manifest_rows(out)
  assert [(r['class'], r['accepted'], r['tries'], r['reasons']) for r in rows] == [
      ('pa', 'yes', '2', 'odd + faint')] * 3 + [
          ('rp', 'no', '2', 'odd + faint; odd + faint')] * 3
  told = capsys.readouterr().err
  assert ('accepted: 3 of 3 pa (50% of 6 drawn; most often odd), '
          '0 of 3 rp (0% of 6 drawn; most often odd)') in told
  assert ('not accepted after 2 tries: 3 of 3 rp (most often odd); the last draw is kept'
          in told)


def _files_of(format_name, beside, images):
  """The files that one format's images or entries are of, the clean ones left out."""
  path = beside / annotations.WRITTEN[format_name].PATH
  if format_name == 'mvtec':
    rows = csv.DictReader((path / 'sources.csv').read_text('utf-8').splitlines())
    return {row['source'] for row in rows if '/good/' not in row['file']}
  if path.is_dir():
    assert len(annotations.read(path)) == len([*path.rglob('*.png')])
    root = path / 'images' if format_name == 'yolo' else path
    return {p.relative_to(root).as_posix() for p in root.rglob('*.png')}
  return images & {*re.split('["\n,]', path.read_text())}


@pytest.mark.parametrize('frames', [False, True])
@pytest.mark.parametrize('until', [{0: 2, 1: 9}, {0: 9, 1: 9}])
def test_formats_have_what_is_accepted_alone(
    setting, raw_dir, monkeypatch, capsys, until, frames):
  config, workdir = setting
  config.generate.update({'tries': 2, 'per_class': 2, 'formats': 'voc,coco', 'seed': 2,
                          'frames': str(raw_dir / 'clean') * frames})
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: _Rejects(until))
  out = generate(config, workdir)
  beside = out.with_name('out_annotations')
  bad = {row['file'] for row in manifest_rows(out) if row['accepted'] == 'no'}
  images = {p.relative_to(out).as_posix() for p in out.rglob('*.png')}
  assert bad and images == {row['file'] for row in manifest_rows(out)}
  assert images == {p.relative_to(beside / 'masks').as_posix()
                    for p in (beside / 'masks').rglob('*.png')}
  assert bad == images if until[0] == 9 else bad < images
  told = capsys.readouterr().err
  assert f'left out of voc, coco: {len(bad)} of {len(images)} images, ' in told
  assert ('no image is left' in told) == (bad == images)
  config.generate.formats = ','.join(annotations.WRITTEN)
  generate(config, workdir)
  added = ', '.join(sorted({*annotations.WRITTEN} - {'voc', 'coco'}))
  assert f'left out of {added}: {len(bad)} of ' in capsys.readouterr().err
  generate(config, workdir)
  assert 'out is made already\n' in capsys.readouterr().err
  for name in annotations.WRITTEN:
    assert _files_of(name, beside, images) == images - bad, name


def test_what_is_evaluated_is_what_is_written(setting, monkeypatch):
  config, workdir = setting
  config.generate.update({'tries': 2, 'per_class': 3})
  judge = _Rejects({0: 2, 1: 9})
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: judge)
  out = generate(config, workdir)
  judge.seen.clear()
  run, seen = Run(config, workdir), []
  _, rejected = evaluate._generate(
      run, restore(run, 'newest'), lambda x, _: seen.append(x) or x,
      {c: 3 for c in run.info.classes}, at_regions=False)
  assert rejected == origins.rejected(sets.open_folder(out, 'generated')) == {
      'pa': 0, 'rp': 3}
  assert reports.not_accepted(rejected, {'pa': 3, 'rp': 3}) == [
      'not accepted when they were generated, but compared here: 3 of 3 rp.']
  assert reports.not_accepted({'pa': 0}, {'pa': 3}) == []
  for name, images in zip(run.info.classes, seen):
    for i, image in enumerate(images):
      np.testing.assert_array_equal(
          np.asarray(Image.open(out / name / f'{i:05d}.png')), image[..., 0])


# --- The judge ---

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
  assert usual.AREA in _judge(judge, ground, blot, region, small)
  thin = np.zeros_like(region)
  thin[14:18, 2:26] = True  # As large, and longer.
  assert _judge(judge, ground, blot, region, thin) == (usual.SHAPE,)
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
  beyond = large.copy()
  beyond[3:29, 4:28] = True
  assert usual.AREA in _judge(judge, ground, blot, large, beyond)


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


def test_more_images_leave_the_first_ones_as_they_are(setting, tmp_path):
  config, workdir = setting
  found = []
  for count, batch_size in ((3, 64), (18, 7)):  # The latter is more than a chunk.
    config.generate.update({'tries': 2, 'per_class': count, 'batch_size': batch_size,
                            'out': str(tmp_path / str(count))})
    out = generate(config, workdir)
    rows = [r for r in manifest_rows(out) if int(r['file'][-9:-4]) < 3]
    found.append([(r, (out / r['file']).read_bytes()) for r in rows])
  assert found[0] == found[1] and len(found[0]) == 6
