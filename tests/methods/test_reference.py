"""A real defect for the generator: what it is shown, what is written, what is a copy."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conftest import manifest_rows, save_untrained, small_config
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation import jobs, usual
from pegan_jax.generation.frames import plan
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Painted, Sampler
from pegan_jax.methods import cut_outs, pegan_region, reference
from pegan_jax.metrics import evaluate, evaluation
from pegan_jax.metrics.feature_set import FeatureSet
from pegan_jax.nets import masks
from pegan_jax.runs.checkpoints import fit
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

pytestmark = pytest.mark.usefixtures('traced_once')


def _config(data_dir, with_reference=True):
  config = small_config('pegan_region')
  config.update({'data_dir': str(data_dir), 'match': False, 'pretrained': False,
                 'reference': with_reference})
  return config


@pytest.fixture(scope='module')
def trained(boxed_dir, tmp_path_factory):
  """(config, workdir) of an untrained run."""
  config, workdir = _config(boxed_dir), tmp_path_factory.mktemp('reference')
  save_untrained(config, workdir)
  return config, workdir


@pytest.fixture(scope='module')
def triangle():
  """(bank of one defect, its soft region): no mirrored triangle lies as well in it."""
  inside = (np.tril(np.ones((32, 32), bool)) & (np.arange(32) < 20))[None, ..., None]
  inside[:, :8] = False
  image = np.random.default_rng(0).integers(90, 110, inside.shape).astype(np.uint8)
  bank = {'image': np.where(inside, image - 40, image), 'mask': inside,
          'label': np.zeros(1, np.int32), 'record': np.array([7], np.int32),
          'mirrors': np.ones(4, bool),
          **jax.jit(jax.vmap(cut_outs.of_region))(inside)}
  soft = jax.jit(masks.soften)(jnp.asarray(inside[0], jnp.float32))
  return jax.tree.map(jnp.asarray, bank), soft


def test_what_is_shown_is_the_change_of_a_pasted_defect(triangle):
  bank, soft = triangle
  image = jnp.full((2, 32, 32, 3), 0.25)
  keys = jax.random.split(jax.random.key(1), 2)
  found = jax.jit(reference.draw)(
      bank, image, jnp.zeros(2, int), keys, jnp.stack([soft, soft]))
  assert found.record.tolist() == [7, 7]
  own = np.asarray(bank['image'][0] / np.float32(127.5) - 1)
  np.testing.assert_allclose(found.crop[0], np.broadcast_to(own, (32, 32, 3)), atol=1e-5)
  change, opacity = np.split(np.asarray(found.shown[0]), 2, axis=-1)
  inside = np.asarray(bank['mask'][0])
  np.testing.assert_allclose(opacity[inside], np.asarray(soft)[inside], rtol=1e-5)
  assert not change[opacity == 0].any() and (opacity == 0).mean() > 0.3
  # Darker than its ground of 100 levels by 40, and as much in the light of this one, but
  # for the noise.
  lit = (0.25 + 1 + 32 / 127.5) / ((100 + 32) / 127.5)
  assert change[opacity == 1].mean() == pytest.approx(lit * -40 / 127.5, abs=0.03)
  # Where it is opaque, it is the cut-out but for the light and a constant.
  opaque = opacity[..., 0] == 1
  fitted = np.ptp(change[opaque]) / np.ptp(own[opaque])
  assert fitted == pytest.approx(lit, rel=0.02)
  assert np.ptp((change - fitted * own)[opaque]) < 1e-5


def test_half_of_the_backgrounds_are_shown_one_and_what_is_erased_none(triangle):
  bank, soft = triangle
  nets = types.SimpleNamespace(frozen=pegan_region.Frozen(defects=bank))
  batch = {'image': jnp.zeros((80, 32, 32, 3)), 'target': jnp.zeros(80, int),
           'region': jnp.broadcast_to(soft, (80, *soft.shape))}
  [shown] = jax.jit(lambda key: pegan_region._shown(nets, batch, key))(jax.random.key(0))
  seen = np.asarray(shown != 0).any((1, 2, 3))
  assert not seen[1::2].any() and 10 <= seen[::2].sum() <= 30
  nets.frozen = pegan_region.Frozen()
  assert pegan_region._shown(nets, batch, jax.random.key(0)) == []


def test_a_generator_paints_with_and_without(trained, boxed_dir):
  run = Run(*trained)
  gen, region = run.init_state().gen, jnp.ones((1, 32, 32, 1))
  paint = jax.jit(lambda *shown: run.nets.gen.apply(
      {'params': gen}, jnp.zeros((1, 32, 32, 3)), jnp.array([0]),
      jnp.zeros((1, 32, 32, 4 + run.config.grain)), region, *shown)[0])
  shown = jnp.zeros((1, 32, 32, run.info.channels + 1))
  np.testing.assert_allclose(paint(), paint(shown), atol=1e-5)
  assert np.abs(paint(shown.at[:, 8:12].set(1)) - paint()).max() > 1e-3
  # Without the setting, the networks have no weights for it.
  bare = Run(_config(boxed_dir, False), 'nowhere')
  assert bare.nets.frozen.defects == () and bare.nets.gen.reference == 0
  sizes = [sum(x.size for x in jax.tree.leaves(x.init_state().gen)) for x in (run, bare)]
  assert sizes[0] > sizes[1]


def test_which_one_was_shown_is_written_and_drawn_by_the_seed(trained, tmp_path):
  config, workdir = trained
  config = config.copy_and_resolve_references()
  config.generate.update({'per_class': 4, 'tries': 1, 'out': str(tmp_path / 'crops')})
  rows = manifest_rows(generate(config, workdir))
  run = Run(config, workdir)
  records = dataset.Records(run.info, 'train')
  for label, name in enumerate(run.info.classes):
    named = {r['reference'] for r in rows if r['class'] == name}
    assert named and named <= {*records.sources(records.find(label))}
  assert len({r['reference'] for r in rows}) > 2  # Not one for all.
  weights, job = restore(run, 'newest').state.ema, jobs.plan(run, [4, 4])
  for label, numbers, painted in Sampler(run).stream(weights, job):
    of_class = [r['reference'] for r in rows if r['class'] == run.info.classes[label]]
    assert records.sources(painted.record) == [of_class[i] for i in numbers]
    assert painted.reference.shape == painted.image.shape
  # On whole frames, too.
  config.generate.update({'frames': str(run.info.folder.parent / 'raw' / 'frames'),
                          'out': str(tmp_path / 'frames')})
  count = len(plan(Run(config, workdir)).sources)
  rows = manifest_rows(generate(config, workdir))
  assert len(rows) == count and all(r['reference'] for r in rows)


def test_an_evaluation_compares_with_what_was_shown(trained):
  run = Run(*trained)
  run.config.generate.tries = 0
  made, _ = evaluate._generate(
      run, restore(run, 'newest'), lambda x, _: x.reshape(len(x), -1).astype(np.float32),
      {'rp': 3}, at_regions=False)
  assert made.references.features['rp'].shape == made.features['rp'].shape
  real = FeatureSet({'rp': np.float32([[0] * 1024, [200] * 1024, [210] * 1024])},
                    {'rp': ['a', 'b', 'c']})
  assert evaluation.find_copies(real, made) == []
  made.features['rp'][1] = made.references.features['rp'][1] + 0.01
  [copy] = evaluation.find_copies(real, made)
  assert copy['generated'] == 'rp/00001.png'
  assert copy['real'] == made.references.names['rp'][1] + ' (shown, moved)'


def test_a_copy_of_what_was_shown_is_rejected(monkeypatch):
  class_of = object.__new__(usual.Usual)
  class_of._scale, class_of._real = np.array([1.0, 4.0]), np.zeros((3, 2))
  class_of._near, class_of._far = 1.0, 9.0
  features, shown = np.array([[5., 0], [5, 0]]), np.array([[5, 3.], [9, 0]])
  assert [f.reason for f in class_of.compare(features)] == ['', '']
  assert [f.reason for f in class_of.compare(features, shown)] == [usual.COPY, '']
  # What is shown is compared in the region asked for.
  judge = object.__new__(usual.Judge)
  judge._usual, judge._run = {0: class_of}, types.SimpleNamespace(
      info=types.SimpleNamespace(classes=['a']))
  monkeypatch.setattr(judge, '_of_pixels', lambda *_: ((), []), raising=False)
  judge._features = lambda images, regions: np.stack(
      [[x[r].mean(), 0] for x, r in zip(images, regions)])
  image = np.full((1, 4, 4, 1), 5, np.uint8)
  region = np.zeros((1, 4, 4), np.uint8)
  region[0, 1] = 255
  moved = np.where(region[..., None] > 0, image, 99)
  painted = Painted(image, region, region)
  assert judge(0, image, painted) == [()]
  assert judge(0, image, painted._replace(reference=moved)) == [(usual.COPY,)]


@pytest.mark.parametrize('change, words', [
    ({}, 'neither masks nor boxes of pa, sc, and config.reference cuts defects out'),
    ({'image_size': 64}, 'config.reference copies pixels: give --config.image_size=32')])
def test_where_no_defect_can_be_cut_out_it_is_refused(two_classes_dir, change, words):
  config = _config(two_classes_dir)
  config.update(change)
  with pytest.raises(UserError, match=words):
    Run(config, 'nowhere')


def test_checkpoints_from_before_the_setting_are_read_without_it():
  before = {'width': 1.0}
  fit.check_config('F', before | {'reference': False, 'lambda_brightness': 0.0}, before)
  with pytest.raises(UserError, match='reference is true, was false; give '
                     '--config.reference=false'):
    fit.check_config('F', before | {'reference': True}, before)
