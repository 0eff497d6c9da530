"""Heads that are fitted to features: which count how much, what is kept, what is said."""

import importlib
import json

import numpy as np
import pytest

from inspection import worlds
from inspection.worlds import CLASSES
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import inspector, linear_head, report, study, trainers, training
from pegan_jax.inspection.settings import Settings, STRONGLY, USUAL
from pegan_jax.inspection.verdict import HELPS, HURTS
from pegan_jax.metrics import features

SETTINGS = Settings(network='efficientnet_lite0')


class Pixels:
  """Stands in for `features.Extractor`: an image's pixels; counts images."""
  dim = worlds.SIZE**2

  def __init__(self):
    self.seen = []

  def __call__(self, images, progress=None):
    blocks = [images] if isinstance(images, np.ndarray) else list(images)
    self.seen.append(sum(map(len, blocks)))
    return np.concatenate([x.reshape(len(x), -1) for x in blocks]).astype(np.float32) / 255


@pytest.fixture
def pixels(monkeypatch):
  extractor = Pixels()
  monkeypatch.setattr(features, 'load', lambda *_: extractor)
  return extractor


@pytest.fixture
def drawn():
  """Four images of each class, and twelve labels."""
  rng = np.random.default_rng(0)
  images = np.concatenate([worlds.draw(rng, c, 4) for c in range(3)])
  return images, np.repeat(np.arange(3), 4)


def _config(name, data, **settings):
  config = importlib.import_module(f'configs.{name}').get_config().lock()
  config.update({'data_dir': str(data), 'network': 'efficientnet_lite0', **settings})
  return config


@pytest.mark.parametrize('real_share', [0, 0.75])
def test_images_weigh_as_often_as_batches_draw_them(real_share):
  labels = np.array([0, 0, 1, 1, 1, 2] + [0] * 10 + [1] * 4)
  pool = np.delete(np.arange(20), 3)
  found = linear_head.shares(pool, labels, 6, real_share)
  drawn = np.bincount(training.batches(pool, labels, 3000, 8, 0, 6, real_share).ravel(),
                      minlength=20)[pool]
  np.testing.assert_allclose(found, drawn / drawn.mean(), rtol=0.01)
  assert found.mean() == pytest.approx(1)


def test_a_head_is_the_same_for_the_same_images_and_no_feature_is_computed_twice(
    pixels, drawn):
  images, labels = drawn
  trainer = trainers.make(SETTINGS, images, labels, 3, 1)
  plain, loss = trainer.train(np.arange(12), 0, False)
  assert sum(pixels.seen) == 12 and 0 < loss < 0.1
  heads = list(trainer.train_all([np.arange(9), np.arange(12), np.arange(12)], [5, 6, 7],
                                 True, lambda steps: None))
  assert sum(pixels.seen) == 12 * linear_head.VIEWS
  np.testing.assert_array_equal(heads[1].weights, heads[2].weights)
  assert not any(np.array_equal(heads[1].weights, x.weights) for x in (heads[0], plain))
  # In another set, at another place, and from nothing: the same to rounding.
  fresh = trainers.make(SETTINGS, images[::-1].copy(), labels[::-1], 3, 1)
  other, _ = fresh.train(np.arange(12), 1, True)
  np.testing.assert_allclose(other.weights, heads[1].weights, atol=1e-3)
  # What is asked about twice is looked at once.
  before = sum(pixels.seen)
  p = trainer.probabilities(plain, images)
  np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)
  assert (p.argmax(1) == labels).all()
  trainer.probabilities(heads[0], images)
  assert sum(pixels.seen) == before + 12


def test_views_are_the_image_and_changes_of_it(pixels, drawn):
  trainer = trainers.make(SETTINGS, *drawn, 3, 1)
  trainer.train(np.arange(12), 0, True)
  views = trainer._features  # pylint: disable=protected-access
  np.testing.assert_array_equal(views[0], drawn[0].reshape(12, -1) / np.float32(255))
  trainer.train(np.arange(12), 0, STRONGLY)
  away = np.abs(views[1:] - views[:1]).mean((1, 2))
  assert (away > 0.02).all()
  # A change keeps an image's brightness to 20%; one that is usual, its noise too.
  usual, strong = views[:linear_head.VIEWS], views[linear_head.VIEWS:]
  assert strong.std(2).mean(1).max() < 0.8 * usual.std(2).mean(1).min()
  ratio = usual.mean(2) / views[0].mean(1)
  assert (np.abs(ratio - 1) < 0.22).all() and np.ptp(ratio[1:]) > 0.1


def test_a_share_of_real_images_is_that_of_the_loss(pixels, drawn):
  """Half of the images have wrong labels: the more they count, the more they teach."""
  images, labels = drawn
  both = np.concatenate([images, images]), np.concatenate([labels, (labels + 1) % 3])
  def right(share):
    settings = Settings(network='efficientnet_lite0', real_share=share)
    trainer = trainers.make(settings, *both, 3, 1, 12)
    head, _ = trainer.train(np.arange(24), 0, False)
    return trainer.probabilities(head, images)[np.arange(12), labels]
  np.testing.assert_allclose(right(0.75), 0.75, atol=0.03)
  np.testing.assert_allclose(right(0), 0.5, atol=0.03)


def test_a_planted_gain_is_found_and_wrong_labels_hurt(
    pixels, tmp_path, capsys, blank_charts):
  rng = np.random.default_rng(1)
  made = {c: worlds.draw(rng, i, 60) for i, c in enumerate(CLASSES)}
  data = worlds.write_dataset(tmp_path / 'data', worlds.plain_splits())
  folders = [worlds.write_images(tmp_path / 'planted', made), worlds.write_images(
      tmp_path / 'permuted', dict(zip(CLASSES, [made['b'], made['c'], made['a']])))]
  config = _config('study', data, seeds=3, generated=','.join(map(str, folders)))
  found = study.study(config, tmp_path / 'out')
  arms = found['fractions']['1']['arms']
  for name, expected in (('planted', HELPS), ('permuted', HURTS)):
    assert [arms[arm]['against'][arms[arm]['reference']]['verdict'] for arm in (
        f'real+{name}', f'augmented+{name}')] == [expected] * 2
  text = report.to_text(found)
  assert 'inspector  efficientnet_lite0, frozen; a linear head, fitted to ' in text
  assert '=> planted: use it' in text and 'too few    1 step' not in text
  # One line for the seeds of an arm, as they are equal; with its accuracy, and why.
  told = capsys.readouterr().err
  assert [f'{arm["title"]}, each of 3 seeds: {arm["accuracy"]["value"]:.1%}' in told
          for arm in arms.values()] == [True] * 11
  assert told.count('seeds: ') == 11 and 'seed 2: ' not in told
  assert told.count('seeds with the same images have one accuracy') == 1
  # All is done, also with another value of what it does without.
  count = len(pixels.seen)
  config.update({'epochs': 7, 'width': 0.25, 'learning_rate': 1.0})
  assert study.study(config, tmp_path / 'out') == found and len(pixels.seen) == count


def test_an_inspector_is_kept_and_asked(pixels, tmp_path, blank_charts):
  """On classes of another brightness."""
  rng = np.random.default_rng(0)
  splits = {split: [x for c, name in enumerate(CLASSES) for x in worlds.examples(
      worlds.draw(rng, c, 5, noise=8) // 4 + 64 * c, name, f'{name}/{split}')]
            for split in ('train', 'test')}
  data, workdir = worlds.write_dataset(tmp_path / 'data', splits), tmp_path / 'run'
  config = _config('inspect', data, augment=False)
  found = inspector.inspect(config, workdir)
  assert np.trace(found['confusion']) >= 14 and found['protocol']['steps'] == 1
  assert not found['too_few_steps']
  probabilities, _ = inspector.load(workdir)
  test = np.stack([x['image'] for x in splits['test']])
  p = probabilities(test)
  assert (p.argmax(1) == np.repeat(range(3), 5)).sum() == np.trace(found['confusion'])
  # One by one: nothing is kept of the one before.
  for i in (0, 14):
    np.testing.assert_allclose(probabilities(test[i:i + 1])[0], p[i], atol=1e-4)
  config.epochs = 7  # Without effect.
  assert inspector.inspect(config, workdir) == found
  config.augment = True
  with pytest.raises(UserError, match='augment'):
    inspector.inspect(config, workdir)
  saved = json.loads((workdir / 'inspector.json').read_text())
  saved['config']['pretrained'] = '0' * 64
  (workdir / 'inspector.json').write_text(json.dumps(saved))
  with pytest.raises(UserError, match='was trained with other weights of efficientnet_lite0'
                     ' than are installed'):
    inspector.load(workdir)


def test_what_is_kept_are_the_networks_features(drawn):
  """In blocks that are filled up, of images at any place."""
  images = drawn[0][[0, 4, 8]]
  trainer = trainers.make(SETTINGS, images, np.arange(3), 3, 1)
  head, _ = trainer.train(np.array([0, 2]), 0, False)
  head, _ = trainer.train(np.arange(3), 0, False)
  afresh = features.load('efficientnet')(images)
  np.testing.assert_allclose(
      trainer._features[0], afresh, atol=1e-4)  # pylint: disable=protected-access
  assert (trainer.probabilities(head, images).argmax(1) == np.arange(3)).all()


@pytest.mark.parametrize('settings, words', [
    ({'strong': True, 'augment': False}, 'without augment it has no effect'),
    ({'generated_first': True}, 'generated_first needs config.generated'),
    ({'generated_first': True, 'generated': 'x'}, 'whose fit forgets where it began')])
def test_what_has_no_effect_on_an_inspector_is_refused(tmp_path, settings, words):
  with pytest.raises(UserError, match=words):
    inspector.inspect(_config('inspect', tmp_path / 'none', **settings), tmp_path)


def test_an_inspector_is_trained_as_the_study_advises(
    pixels, tmp_path, blank_charts, monkeypatch):
  """Strongly augmented, or of generated images first: its trainer is told so."""
  data = worlds.write_dataset(tmp_path / 'data', worlds.plain_splits())
  made = worlds.write_images(tmp_path / 'made', {
      c: worlds.draw(np.random.default_rng(1), i, 5) for i, c in enumerate(CLASSES)})
  told = []
  train = linear_head.HeadFitter.train
  def note(self, pool, seed, augmented, *rest):
    told.append((pool, augmented))
    pool = np.concatenate(pool) if isinstance(pool, tuple) else pool
    return train(self, pool, seed, augmented, *rest)
  monkeypatch.setattr(linear_head.HeadFitter, 'train', note)
  inspector.inspect(_config('inspect', data, strong=True), tmp_path / 'strong')
  assert told[-1][1] == STRONGLY and len(told[-1][0]) == 12
  monkeypatch.setattr(Settings, 'fitted', property(lambda self: False))
  monkeypatch.setattr(trainers, 'make', lambda *args: linear_head.HeadFitter(
      *args[:4], 1, *args[5:]))
  inspector.inspect(_config('inspect', data, generated_first=True, generated=str(made)),
                    tmp_path / 'first')
  (first, then), level = told[-1]
  assert first.tolist() == list(range(12, 27)) and then.tolist() == list(range(12))
  assert level == USUAL
