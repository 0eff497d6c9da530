"""Matches of classes with backgrounds, and their use in training and generation."""

import json
import os
import shutil
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import pegan_plus
from conftest import save_untrained, small_config
from pegan_jax.common.errors import UserError
from pegan_jax.data import batches, dataset, matches
from pegan_jax.data.layouts import MATCHED_PAIRS
from pegan_jax.generation import jobs
from pegan_jax.methods import pegan_plus as method
from pegan_jax.metrics import match
from pegan_jax.runs.run import Run
from pegan_jax.training import writers
from pegan_jax.training.train import train


def test_shares_are_the_nearest_defects_and_balanced():
  rng = np.random.default_rng(0)
  centres = np.array([[0., 0.], [10., 0.], [0., 10.]])
  labels = np.arange(3).repeat(40)
  defects = centres[labels] + rng.normal(size=(120, 2))
  backgrounds = centres.repeat(20, 0) + rng.normal(size=(60, 2))
  p = match.probabilities(backgrounds, defects, labels)
  np.testing.assert_allclose(p.sum(1), 1, rtol=1e-12)
  np.testing.assert_allclose(p.sum(0), 20, rtol=1e-5)
  own = p[np.arange(60), np.arange(3).repeat(20)]
  assert own.min() > 0.9
  # Most backgrounds look like the first class, and all classes come as often.
  p = match.probabilities(backgrounds[:25], defects, labels)
  np.testing.assert_allclose(p.sum(0), 25 / 3, rtol=1e-5)
  # Beside them those that look like the second are the second class's.
  assert p[20:, 1].min() > 0.9 and p[:20, 1].max() < 0.3


def test_a_rare_class_weighs_as_much():
  labels = np.array([0] * 90 + [1] * 10)
  same = np.zeros((100, 1))
  p = match.probabilities(np.zeros((4, 1)), same, labels)
  np.testing.assert_allclose(p, 0.5)


@pytest.fixture
def matched(data_dir, tmp_path, pixel_features):
  folder = tmp_path / 'data'
  shutil.copytree(data_dir, folder)
  match.match(_config(folder), None)
  return folder


def _config(folder):
  config = pegan_plus.get_config()
  config.update({'data_dir': str(folder), 'batch_size': 8, 'n_critic': 2,
                 'num_steps': 3})
  return config


def test_a_batch_has_the_rows_of_its_backgrounds(matched):
  info = dataset.load_info(matched)
  rows = matches.load(info, 'train')
  records = dataset.Records(info, 'train')
  clean = records.find(info.background)
  assert rows.shape == (len(clean), 9)
  np.testing.assert_allclose(rows.sum(1), 1, atol=1e-4)
  by_pixels = dict(zip([x.tobytes() for x in records.images(clean)], rows))
  assert len(by_pixels) == len(clean)
  for batch in batches.iterate(_config(matched), info, MATCHED_PAIRS, matched=True):
    assert batch['match'].shape == (2, 16, 9)
    for image, row in zip(batch['image'][:, ::2].reshape(-1, 32, 32, 1),
                          batch['match'][:, ::2].reshape(-1, 9)):
      np.testing.assert_array_equal(by_pixels[image.tobytes()], row)


def test_without_matches_every_class_is_as_likely(data_dir):
  config = _config(data_dir)
  config.match = False
  batch = next(batches.iterate(config, dataset.load_info(data_dir), MATCHED_PAIRS))
  np.testing.assert_allclose(batch['match'], 1 / 9, rtol=1e-6)


def test_a_batch_has_the_areas_that_the_data_set_knows(data_dir):
  config, info = _config(data_dir), dataset.load_info(data_dir)
  config.match = False
  info.metadata['areas'] = {info.classes[2]: [0.25, 0.5]}
  area = next(batches.iterate(config, info, MATCHED_PAIRS))['area']
  assert area.shape == (2, 16, 10, 2)
  np.testing.assert_array_equal(area[..., 2, :], np.tile([0.25, 0.5], (2, 16, 1)))
  np.testing.assert_array_equal(np.delete(area, 2, axis=2), np.tile(
      np.array([0, 1]), (2, 16, 9, 1)))


def test_targets_are_drawn_by_the_rows():
  batch = {'label': jnp.array([3, 1, 3, 3]),
           'match': jnp.eye(3)[jnp.array([2, 0, 1, 0])]}
  for seed in range(5):
    np.testing.assert_array_equal(
        method.choose_targets(jax.random.key(seed), batch, 3), [2, 3, 1, 0])


def test_generation_puts_a_class_where_it_goes():
  weights = np.zeros((10, 2))
  weights[:4, 0], weights[4:, 1] = 1, [0, 0, 0, 1, 1, 1]
  first, second = jobs.choose_backgrounds(0, [50, 40], 10, weights)
  assert set(first) == {0, 1, 2, 3} and set(second) == {7, 8, 9}
  fewer, _ = jobs.choose_backgrounds(0, [20, 40], 10, weights)
  np.testing.assert_array_equal(fewer, first[:20])


@pytest.mark.parametrize('damage,words', [
    (lambda f: f.unlink(), 'make it with the same command and --mode match'),
    (lambda f: f.write_text('{"train": 3'), 'is damaged'),
    (lambda f: f.write_text(json.dumps(
        json.loads(f.read_text()) | {'classes': ['x'] * 9})), 'of other classes'),
    (lambda f: f.write_text(json.dumps(  # As copied from another's folder.
        json.loads(f.read_text()) | {'content': '0' * 16})), 'of another data set')])
def test_matches_that_cannot_be_used(matched, damage, words):
  damage(matched / matches.FILE)
  info = dataset.load_info(matched)
  with pytest.raises(UserError, match=words):
    next(batches.iterate(_config(matched), info, MATCHED_PAIRS, matched=True))


def _run(folder, workdir, **settings):
  config = _config(folder)
  config.update({'image_size': 32, 'width': 1 / 16, 'num_blocks': 1, 'pretrained': False,
                 'num_steps': 2, **settings})
  return Run(config.lock(), workdir)


def _stamp(folder):
  return (folder / matches.FILE).stat().st_mtime_ns


def test_a_run_that_wants_matches_makes_them_once(matched, tmp_path, capsys):
  path = matched / matches.FILE
  whole = path.read_bytes()
  damages = [path.unlink, lambda: path.write_text('{"train": 3'),
             lambda: path.write_text('{}'), lambda: path.write_bytes(
                 whole.replace(dataset.load_info(matched).content.encode(), b'0' * 16))]
  for damage in damages:
    damage()
    run = _run(matched, tmp_path)
    match.ensure(run)
    assert path.read_bytes() == whole
    assert run.saved_config['dataset']['matches'] == matches.digest(run.info)
    assert capsys.readouterr().err == (
        'matching backgrounds with classes, once per data set\n')
  stamp = _stamp(matched)
  match.ensure(run)
  assert _stamp(matched) == stamp and not capsys.readouterr().err


def test_what_wants_no_matches_makes_none(data_dir, tmp_path, monkeypatch):
  monkeypatch.setattr(match, '_match', None)
  match.ensure(_run(data_dir, tmp_path, match=False))
  for key, value in (('matched', False), ('backgrounds', 'mine'), ('frames', 'mine')):
    run = _run(data_dir, tmp_path)
    run.config.generate[key] = value
    match.ensure_to_sample(run, frames=key == 'frames')
  config = small_config('pegan')
  config.data_dir = str(data_dir)
  match.ensure(Run(config, tmp_path))
  assert not (data_dir / matches.FILE).exists()


def test_training_matches_first_and_refuses_other_matches(matched, tmp_path, capsys):
  run, path = _run(matched, tmp_path / 'run', eval_every=0), matched / matches.FILE
  save_untrained(run.config, run.workdir)
  grid = writers.sample_path(run.workdir / 'samples', run.config.num_steps, 'production')
  grid.parent.mkdir()
  grid.touch()  # Or it would be drawn, which compiles for long.
  whole = path.read_bytes()
  path.unlink()
  train(run.config, run.workdir)
  assert path.read_bytes() == whole
  said = capsys.readouterr().err
  assert said.index('matching backgrounds') < said.index('already trained to step 2')
  found = json.loads(whole)
  found['train'].reverse()
  path.write_text(json.dumps(found))
  with pytest.raises(UserError, match='dataset.matches is not what it was'):
    train(run.config, run.workdir)


def test_a_data_set_that_cannot_be_written(matched, tmp_path, monkeypatch):
  (matched / matches.FILE).unlink()
  def refuse(path, *_):
    raise PermissionError(13, 'Permission denied', str(path))
  monkeypatch.setattr(os, 'open', refuse)
  with pytest.raises(UserError, match=r'cannot be written \(Permission denied\): .*'
                     '--config.match=False'):
    match.ensure(_run(matched, tmp_path))


def test_the_command_says_what_it_wrote_or_what_is_wrong(
    data_dir, tmp_path, pixel_features, capsys):
  folder = tmp_path / 'data'
  shutil.copytree(data_dir, folder)
  match.match(_config(folder), None)
  out = capsys.readouterr().out
  assert f'Wrote {folder}/matches.json: 20 train and 0 test backgrounds.' in out
  config = _config('')
  (tmp_path / 'run').mkdir()
  folder.rename(tmp_path / 'run' / 'dataset')
  match.match(config, tmp_path / 'run')
  assert 'run/dataset/matches.json' in capsys.readouterr().out
  with pytest.raises(UserError, match='no data set at'):
    match.match(config, tmp_path)


@pytest.mark.parametrize('change, words', [
    (lambda rows: rows[1:], 'is of 19 backgrounds, and the train split has 20'),
    (lambda rows: [row[1:] for row in rows], 'no shares of the 9 classes'),
    (lambda rows: [row * 2 for row in rows], 'no shares of the 9 classes'),
    (lambda rows: [[float('nan')] * 9, *rows[1:]], 'no shares'),
    (lambda rows: [[-1.0] + [1.0] * 8, *rows[1:]], 'no shares'),
    (lambda rows: [[0.0] * 9, *rows[1:]], 'no shares'),
    (lambda rows: [[0.0] + row[1:] for row in rows], 'no shares'),
    (lambda rows: [rows[0][1:], *rows[1:]], 'is damaged'),
    (lambda rows: [], 'is of 0 backgrounds'),
    (lambda rows: {}, 'is damaged'),
    (lambda rows: 'x', 'is damaged'),
])
def test_numbers_that_are_none_of_this_data_set(matched, change, words):
  path = matched / 'matches.json'
  found = json.loads(path.read_text())
  found['train'] = change(found['train'])
  path.write_text(json.dumps(found))
  config = _config(matched)
  with pytest.raises(UserError, match=words):
    next(batches.iterate(config, dataset.load_info(matched), MATCHED_PAIRS, matched=True))
  run = types.SimpleNamespace(config=config, info=dataset.load_info(matched), matched=True)
  with pytest.raises(UserError, match=words):
    jobs.choose(run, [1] * 9, 20)


@pytest.mark.parametrize('content', [b'[]', b'{"classes"', b'\xff', b'{}'])
def test_a_damaged_file(matched, content):
  (matched / 'matches.json').write_bytes(content)
  with pytest.raises(UserError, match='matches.json is damaged'):
    matches.load(dataset.load_info(matched), 'train')


def test_a_data_set_without_a_test_split(matched):
  path = matched / 'dataset_info.json'
  info = json.loads(path.read_text())
  info['splits'] = [s for s in info['splits'] if s['name'] == 'train']
  path.write_text(json.dumps(info))
  match.match(_config(matched), None)
  assert matches.load(dataset.load_info(matched), 'test').shape == (0, 9)
