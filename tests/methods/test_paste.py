"""Pasting: which defect, how it is moved, and what of the image changes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conftest import small_config
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, matches
from pegan_jax.generation import jobs
from pegan_jax.generation.sampler import Sampler
from pegan_jax.methods import cut_outs, paste
from pegan_jax.methods.method import Networks
from pegan_jax.metrics import match
from pegan_jax.nets import masks
from pegan_jax.runs.run import Run
from pegan_jax.training.train import train

pytestmark = pytest.mark.usefixtures('traced_once')


def _bank(*defects):
  """A bank of (label, bool [32, 32]) on noise."""
  inside = np.stack([mask for _, mask in defects])[..., None]
  return {'image': np.random.default_rng(0).integers(0, 256, inside.shape, np.uint8),
          'mask': inside, 'label': np.array([label for label, _ in defects], np.int32),
          'mirrors': np.ones(4, bool),
          **jax.tree.map(np.asarray, jax.jit(jax.vmap(cut_outs.of_region))(inside))}


def _box(top, bottom, left, right):
  inside = np.zeros((32, 32), bool)
  inside[top:bottom, left:right] = True
  return inside


def _soft(inside):
  return jax.jit(masks.soften)(jnp.asarray(inside, jnp.float32)[..., None])


def _drawn(bank, label, inside, count=64):
  """The numbers and mirrors drawn for a region, [count] and [count, 2]."""
  draw = jax.jit(jax.vmap(cut_outs.draw, (None, 0, None, None)))
  found = draw(bank, jax.random.split(jax.random.key(0), count), label, _soft(inside))
  return tuple(map(np.asarray, found))


# --- Which defect ---

def test_a_region_is_described_by_its_span_its_edges_and_its_shape():
  triangle = np.tril(np.ones((32, 32), bool)) & _box(8, 32, 0, 24)
  of_region = jax.jit(cut_outs.of_region)
  found = jax.tree.map(np.asarray, of_region(triangle[..., None]))
  assert found['span'].tolist() == [[8, 32], [0, 24]]
  assert found['cut'].tolist() == [[False, True], [True, False]]
  assert found['points'][0, 0] and not found['points'][0, -1] and found['points'][-1, -1]
  nothing = of_region(np.zeros((32, 32, 1), bool))
  assert np.asarray(nothing['span']).tolist() == [[0, 32], [0, 32]]


@pytest.mark.parametrize('inside', [
    _box(8, 20, 6, 16), _box(0, 5, 30, 32), _box(9, 10, 9, 10),
    _box(4, 12, 4, 8) | _box(18, 28, 9, 26)])
def test_a_softened_region_is_found_again(inside):
  np.testing.assert_array_equal(np.asarray(masks.harden(_soft(inside)))[..., 0], inside)


def test_the_defect_is_of_the_class_and_of_about_the_size():
  bank = _bank((0, _box(4, 20, 4, 12)), (1, _box(4, 20, 4, 12)), (0, _box(4, 8, 4, 30)),
               (0, _box(5, 22, 4, 12)))
  numbers, _ = _drawn(bank, 0, _box(10, 26, 15, 23))
  assert set(numbers) == {0, 3}  # Higher by 1 / 16: about 3 in 13.
  assert 0.1 < (numbers == 3).mean() < 0.4
  assert set(_drawn(bank, 1, _box(10, 14, 2, 28))[0]) == {1}


def test_no_defect_is_mirrored_where_flip_is_off(boxed_dir):
  config = small_config('paste')
  config.data_dir = str(boxed_dir)
  info = dataset.load_info(boxed_dir)
  records = dataset.Records(info, 'train')
  for flip, allowed in ((True, [True] * 4), (False, [True, False, False, False])):
    config.flip = flip
    bank = cut_outs.defects(config, info, records, 'paste')
    assert bank['mirrors'].tolist() == allowed
    label = int(bank['label'][0])
    _, mirrored = _drawn(bank, label, _box(10, 26, 8, 22))
    assert mirrored.any() == flip


def test_a_defect_is_mirrored_as_its_region_lies():
  diagonal = np.eye(32, dtype=bool) & _box(4, 28, 4, 28)
  diagonal |= np.roll(diagonal, 1, 1)
  numbers, mirrored = _drawn(_bank((0, diagonal)), 0, diagonal[:, ::-1])
  assert (mirrored.sum(1) == 1).all() and not numbers.any()
  _, mirrored = _drawn(_bank((0, _box(4, 28, 4, 8))), 0, _box(4, 28, 4, 8))
  assert {tuple(m) for m in mirrored} == {(a, b) for a in (0, 1) for b in (0, 1)}


def test_what_an_edge_cut_off_lies_at_an_edge_again():
  bank = _bank((0, _box(0, 12, 10, 20)), (0, _box(5, 16, 10, 20)))
  assert set(_drawn(bank, 0, _box(12, 24, 10, 20))[0]) == {1}
  numbers, mirrored = _drawn(bank, 0, _box(20, 32, 10, 20))
  assert (numbers == 0).any() and mirrored[numbers == 0, 0].all()  # At the lower one.


# --- How it is moved ---

def test_a_defect_in_its_own_place_is_itself():
  bank = _bank((0, _box(6, 13, 9, 25)))
  image, inside, known = map(np.asarray, jax.jit(cut_outs.cut_out)(
      bank, 0, jnp.array([False, False]), bank['span'][0]))
  np.testing.assert_allclose(image, bank['image'][0] / 127.5 - 1, atol=1e-5)
  np.testing.assert_array_equal(inside, bank['mask'][0])
  assert known.all()


def test_a_defect_is_mirrored_moved_and_scaled_to_the_span():
  own = _box(6, 14, 8, 24) & ~_box(6, 10, 8, 16)  # Without its upper left quarter.
  bank = _bank((0, own))
  moved = lambda mirrored, span: [np.asarray(x)[..., 0] for x in jax.jit(cut_outs.cut_out)(
      bank, 0, jnp.array(mirrored), jnp.array(span, jnp.float32))]
  image, inside, known = moved((True, False), [[20, 28], [1, 17]])
  np.testing.assert_array_equal(inside, _box(20, 28, 1, 17) & ~_box(24, 28, 1, 9))
  np.testing.assert_allclose(
      image[20:28, 1:17], bank['image'][0, 6:14, 8:24, 0][::-1] / 127.5 - 1, atol=1e-5)
  # Its crop ends 8 columns to the right of it and, upside down, 18 rows above it.
  np.testing.assert_array_equal(known, _box(2, 32, 0, 25))
  _, inside, _ = moved((False, False), [[4, 20], [0, 32]])
  assert inside[4:20].sum() == 4 * own.sum() and inside.sum() == inside[4:20].sum()


def test_bright_defects_on_bright_ground_end_at_white():
  bank = _bank((0, _box(8, 18, 12, 18)))
  bank['image'] = np.where(bank['mask'], 220, 20).astype(np.uint8)
  nets = Networks(
      paste.BLENDS['feather'], None, 1, jax.tree.map(jnp.asarray, bank))
  soft = _soft(_box(8, 18, 12, 18))[None, None]
  painted, _ = jax.jit(functools.partial(paste.produce, nets))(
      (), jnp.full((1, 1, 32, 32, 3), 0.6), jax.random.split(jax.random.key(0), (1, 1)),
      soft)
  assert painted.max() == 1 and painted.min() >= 0.5


# --- The run ---

@pytest.fixture(scope='module', params=sorted(paste.BLENDS))
def run(request, boxed_dir):
  config = _config(boxed_dir)
  config.blend = request.param
  return Run(config, 'nowhere')


def _config(data_dir):
  config = small_config('paste')
  config.data_dir, config.num_steps, config.match = str(data_dir), 0, False
  return config


def _sample(run, seed=0, counts=(5, 4)):
  """{(label, number): Painted}, and the job."""
  job, found = jobs.plan(run, list(counts)), {}
  for label, numbers, painted in Sampler(run).stream((), job, seed=seed):
    for i, number in enumerate(numbers.tolist()):
      found[label, number] = jax.tree.map(lambda x, i=i: x[i], painted)
  return found, job


def test_the_mask_is_what_was_pasted_and_lies_in_the_region(run):
  found, job = _sample(run)
  assert len(found) == 9
  for (label, number), painted in found.items():
    before = job.backgrounds[job.chosen[label][number]]
    near = np.asarray(_soft(painted.region > 0))[..., 0] > 0
    changed = (painted.image != before).any(-1)
    assert painted.visible_mask.max() > 200 and changed[painted.visible_mask > 127].any()
    assert not changed[painted.visible_mask == 0].any()
    assert not painted.visible_mask[~near].any()


def test_an_image_depends_on_seed_class_and_number_alone(run):
  found, _ = _sample(run)
  again, _ = _sample(run, counts=(5, 18))
  for key, painted in found.items():
    for a, b in zip(painted, again[key], strict=True):
      np.testing.assert_array_equal(a, b)
  others, _ = _sample(run, seed=1)
  assert any((others[key].image != painted.image).any() for key, painted in found.items())


def test_defects_are_those_of_the_train_split(run, boxed_dir):
  bank, train_split = run.nets.frozen, dataset.Records(run.info, 'train')
  indices = np.flatnonzero(train_split.labels != run.info.background)
  assert sorted(x.tobytes() for x in bank['image']) == sorted(
      x.tobytes() for x in train_split.images(indices))
  assert np.bincount(bank['label']).tolist() == np.bincount(
      train_split.labels[indices]).tolist()
  of_image = {x.tobytes(): m for x, m in zip(bank['image'], bank['mask'])}
  for image, mask in zip(train_split.images(indices), train_split.masks(indices)):
    np.testing.assert_array_equal(of_image[image.tobytes()], mask > 0)


def test_a_filled_region_meets_what_surrounds_it(run):
  image = jnp.asarray(np.broadcast_to(
      np.linspace(-0.5, 0.5, 32, dtype=np.float32)[:, None, None], (1, 1, 32, 32, 3)))
  region = _soft(_box(10, 20, 8, 16))[None, None]
  noise = jnp.where(region > 0, jax.random.normal(jax.random.key(0), image.shape), 0)
  filled = jax.jit(functools.partial(run.method.eliminate, run.nets))(
      (), image + noise, region)
  np.testing.assert_allclose(np.asarray(filled), np.asarray(image), atol=1e-4)


def test_a_run_is_made_once(boxed_dir, tmp_path, capsys):
  config, workdir = _config(boxed_dir), tmp_path / 'run'
  train(config, workdir)
  assert 'paste is not trained' in capsys.readouterr().err
  before = {p: p.stat().st_mtime_ns for p in workdir.rglob('*')}
  assert workdir / 'samples' / '0000000_production.png' in before
  train(config, workdir)
  assert 'is ready' in capsys.readouterr().err
  assert {p: p.stat().st_mtime_ns for p in workdir.rglob('*')
          if p.is_file()}.items() <= before.items()
  # After a kill before the pictures.
  (workdir / 'samples' / '0000000_production.png').unlink()
  train(config, workdir)
  assert (workdir / 'samples' / '0000000_production.png').exists()


def test_a_run_is_the_same_before_and_after_matching(
    boxed_dir, tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(match, 'ensure', pytest.fail)  # Images alone need it.
  config = _config(boxed_dir)
  config.match = True
  monkeypatch.setattr(matches, 'digest', lambda info: None)
  train(config, tmp_path)
  monkeypatch.setattr(matches, 'digest', lambda info: 'abc')
  train(config, tmp_path)
  assert 'is ready' in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize('change, words', [
    ({'image_size': 64}, 'give --config.image_size=32'),
    ({'blend': 'alpha'}, "blend is 'alpha': choose from feather, poisson"),
    ({'num_steps': 5}, 'num_steps is 5: it must be 0, as paste is not trained')])
def test_what_makes_no_sense_is_refused(boxed_dir, change, words):
  config = _config(boxed_dir)
  config.update(change)
  with pytest.raises(UserError, match=words):
    Run(config, 'nowhere')


def test_classes_without_annotations_are_refused_by_name(two_classes_dir):
  with pytest.raises(UserError, match='neither masks nor boxes of pa, sc'):
    Run(_config(two_classes_dir), 'nowhere')


def test_what_is_trained_takes_a_step(quick):
  quick.num_steps = 0
  with pytest.raises(UserError, match='num_steps is 0: it must be at least 1'):
    Run(quick, 'nowhere')
