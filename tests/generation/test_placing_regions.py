"""A method that takes regions, from the data set's regions to files."""

import re

import jax
import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows, small_config
from pegan_jax.data import manifest
from pegan_jax.generation import jobs, masks as defects, usual
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Painted, Sampler
from pegan_jax.nets import masks
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

pytestmark = pytest.mark.usefixtures('traced_once')


@pytest.fixture(scope='module')
def setting(untrained_region):
  """(config, workdir, run, weights) of an untrained run: its opacity starts open."""
  config, workdir = untrained_region
  run = Run(config, workdir)
  return config, workdir, run, restore(run, 'newest').state.ema


def _around(region):
  """[..., h, w] bool: the region, and `MARGIN` pixels around it."""
  pad = masks.MARGIN
  padded = np.pad(region > 0, [(0, 0)] * (region.ndim - 2) + [(pad, pad)] * 2)
  h, w = region.shape[-2:]
  return np.any([padded[..., i:i + h, j:j + w] for i in range(2 * pad + 1)
                 for j in range(2 * pad + 1)], axis=0)


def test_outside_of_its_region_each_background_stays_as_it_is(setting):
  _, _, run, weights = setting
  job = jobs.plan(run, [18, 3])  # More than one chunk of the first class.
  for label, numbers, painted in Sampler(run).stream(weights, job):
    around = _around(job.regions(label, numbers))
    assert 0 < around.mean() < 1
    before = job.backgrounds[job.chosen[label][numbers]]
    changed = (painted.image != before)[..., 0]
    assert not changed[~around].any() and changed.any((1, 2)).all()
    assert not painted.visible_mask[~around].any()


def test_a_region_depends_on_seed_class_and_number_alone(setting):
  config, workdir, run, _ = setting
  regions = jobs.draw_regions(run)
  many = regions(1, range(5))
  np.testing.assert_array_equal(regions(1, [3]), many[3:4])
  assert len({r.tobytes() for r in many}) > 1 and (regions(0, range(5)) != many).any()
  config = config.copy_and_resolve_references()
  config.generate.seed = 1
  assert (jobs.draw_regions(Run(config, workdir))(1, range(5)) != many).any()


def test_the_region_asked_for_is_what_is_painted_in(setting):
  _, _, run, weights = setting
  job = jobs.plan(run, [2, 2])
  backgrounds = np.stack([job.backgrounds[c] for c in job.chosen])
  regions = np.zeros((2, 2, 32, 32), np.uint8)
  regions[:, 0, 4:12, 6:10] = regions[:, 1, 20:24, 8:30] = 255
  sampler, keys = Sampler(run), jax.random.split(jax.random.key(0), (2, 2))
  painted = jax.jit(sampler.produce)(weights, backgrounds, keys, regions)
  erased = jax.jit(sampler.eliminate)(weights, backgrounds, regions)
  for image in (painted.image, erased):
    changed = (np.asarray(image) != backgrounds)[..., 0]
    assert not changed[~_around(regions)].any()
    assert changed[regions > 0].mean() > 0.5


def test_regions_are_written_and_generated_masks_lie_in_them(setting, tmp_path, capfd):
  config, workdir, run, _ = setting
  config = config.copy_and_resolve_references()
  config.generate.update({'out': str(tmp_path / 'out'), 'tries': 2})
  generate(config, workdir)
  rows, regions = manifest_rows(tmp_path / 'out'), jobs.draw_regions(run)
  find = defects.defect_finder(run)
  assert len(rows) == 2 * config.generate.per_class
  for row in rows:
    region, mask = (
        np.asarray(Image.open(tmp_path / 'out_annotations' / kind / row['file']))
        for kind in ('regions', 'masks'))
    label, number = run.info.classes.index(row['class']), int(row['file'][-9:-4])
    np.testing.assert_array_equal(
        region, regions(label, [number], int(row['tries']) - 1)[0])
    assert not mask[~_around(region)].any()
    left, top, right, bottom = map(int, row['asked'].split())
    assert region[top:bottom, left:right].sum() == region.sum() > 0
    visible = sum(of.mask.sum() for of in find(mask, row['class']))
    assert float(row['size'] or 0) == pytest.approx(
        visible / (region > 0).sum(), rel=0.01)
  said = capfd.readouterr().err
  for name, value in manifest.sizes(rows).items():
    assert re.search(rf'visible has .*{value:.2f} \({name}\).* times the area', said)


def test_frames_are_painted_in_regions_of_their_windows(setting, raw_dir, tmp_path):
  config, workdir, *_ = setting
  config = config.copy_and_resolve_references()
  config.generate.out = str(tmp_path / 'out')
  config.generate.frames = str(raw_dir / 'clean')
  generate(config, workdir)
  for path in sorted((tmp_path / 'out').glob('*.png')):
    with Image.open(path) as after, Image.open(raw_dir / 'clean' / path.name) as before:
      changed = np.asarray(after) != np.asarray(before)
    assert 0 < changed.mean() < 0.5


@pytest.mark.parametrize('image_size', [64, 96])
def test_images_of_another_size_than_the_networks_stay_as_they_are_too(
    boxed_dir, tmp_path, image_size):
  """They are resampled on their way to the network, and their ground must not be."""
  config = small_config('pegan_region')
  config.update({'data_dir': str(boxed_dir), 'image_size': image_size, 'match': False})
  run = Run(config, tmp_path)
  job, weights = jobs.plan(run, [3, 3]), run.init_state().ema
  judge = usual.Judge(run, defects.defect_finder(run))
  for label, numbers, painted in Sampler(run).stream(weights, job):
    before = job.backgrounds[job.chosen[label][numbers]]
    changed = (painted.image != before)[..., 0]
    around = _around(painted.region)  # 5 pixels, of which the network has 10 or 15.
    assert not changed[~around].any() and changed[painted.region > 0].mean() > 0.5
    for reasons in judge(label, before, painted):
      assert usual.OUTSIDE not in reasons
  # A level, far from a region and near one.
  region = np.zeros((1, 32, 32), np.uint8)
  region[:, 14:18, 14:18] = 255
  for pixel, outside in ((2, True), (10, False)):
    before = np.full((1, 32, 32, 1), 100, np.uint8)
    after = before - region[..., None] // 4
    after[0, pixel, pixel] += 1
    [reasons] = judge(0, before, Painted(after, region, region))
    assert (usual.OUTSIDE in reasons) == outside
