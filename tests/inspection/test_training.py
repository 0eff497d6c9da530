"""An inspector's training: its batches, its schedule, and going on with it."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from inspection.worlds import Tiny
from pegan_jax.inspection import settings as settings_lib, steps, training
from pegan_jax.inspection.settings import Settings, STRONGLY, USUAL
from pegan_jax.nets.classifier import Classifier
from pegan_jax.runs.checkpoints.store import Checkpoints


@pytest.fixture
def settings(monkeypatch):
  monkeypatch.setitem(training.NETWORKS, 'tiny', Tiny)
  monkeypatch.setitem(settings_lib.NETWORKS, 'tiny', ())
  return Settings(network='tiny', epochs=4, batch_size=6, learning_rate=0.05)


def _data():
  """Bright and dark images: easy to tell apart."""
  rng = np.random.default_rng(0)
  labels = np.arange(24) % 2
  images = rng.integers(0, 100, (24, 8, 8, 1)) + 150 * labels[:, None, None, None]
  return images.clip(0, 255).astype(np.uint8), labels.astype(np.int32)


def test_batches_take_classes_and_images_equally_often():
  labels = np.array([0] * 2 + [1] * 7 + [2] * 3 + [1] * 5)
  pool = np.arange(12)  # The last five are not in it.
  found = training.batches(pool, labels, 21, 4, seed=0)
  assert found.shape == (21, 4)
  times = np.bincount(found.ravel(), minlength=17)
  assert (times[12:] == 0).all()
  for c in range(3):
    mine = times[:12][labels[:12] == c]
    assert mine.sum() == 28 and np.ptp(mine) <= 1
  again = training.batches(pool, labels, 21, 4, seed=0)
  np.testing.assert_array_equal(found, again)
  assert (found != training.batches(pool, labels, 21, 4, seed=1)).any()
  # The order of the classes does not depend on their images.
  fewer = training.batches(np.arange(1, 12), labels, 21, 4, seed=0)
  np.testing.assert_array_equal(labels[found], labels[fewer])


def test_a_share_of_each_class_is_real():
  """Whatever there is of each kind; a class with one kind alone is left as it is."""
  labels = np.array([0, 0, 1, 1, 1] + [0] * 30 + [1] * 10 + [2] * 4)
  found = training.batches(np.arange(len(labels)), labels, 30, 8, seed=0,
                           num_real=5, real_share=0.4)
  times = np.bincount(found.ravel(), minlength=len(labels))
  real = np.arange(len(labels)) < 5
  for c, expected in enumerate((32, 32, 0)):  # 80 images per class.
    mine, theirs = times[(labels == c) & real], times[(labels == c) & ~real]
    assert mine.sum() == expected and theirs.sum() == 80 - expected
    assert all(np.ptp(x) <= 1 for x in (mine, theirs) if len(x))
  # Both kinds all along, not one after the other.
  early = found[:15].ravel()
  assert 8 <= np.sum((early < 5) & (labels[early] == 0)) <= 24


def test_the_schedule_is_torchs_one_cycle():
  """torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=11): its values
  at its ends and its peak, reached after 0.3 of the steps."""
  rate = steps.schedule(1.0, 10)
  found = [float(rate(k)) for k in range(11)]
  np.testing.assert_allclose(found[0], 1 / 25, rtol=1e-6)
  np.testing.assert_allclose(found[3], 1, rtol=1e-6)
  np.testing.assert_allclose(found[10], 1 / 25e4, atol=1e-6)
  assert (np.diff(found[:4]) > 0).all() and (np.diff(found[3:]) < 0).all()
  # Half-way up and half-way down a cosine is half-way between its ends.
  np.testing.assert_allclose(float(rate(1.5)), (1 / 25 + 1) / 2, rtol=1e-6)
  assert np.isfinite(steps.schedule(1.0, 1)(0))


def test_it_learns_and_resumed_equals_uninterrupted(settings):
  images, labels = _data()
  trainer = training.Trainer(settings, images, labels, 2, settings.steps(24))
  assert trainer.steps == 16
  pool, counted = np.arange(24), []
  whole, loss = trainer.train(pool, 0, True, progress=counted.append)
  assert sum(counted) == 16 and loss < 0.3
  half, _ = trainer.train(pool, 0, True, until=7)
  assert int(half.step) == 7
  resumed, _ = trainer.train(pool, 0, True, state=half)
  for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(resumed), strict=True):
    np.testing.assert_array_equal(a, b)
  p = trainer.probabilities(whole, images)
  np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)
  assert (p.argmax(1) == labels).all()
  other, _ = trainer.train(pool, 1, True)
  assert any((a != b).any() for a, b in zip(
      jax.tree.leaves(whole.params), jax.tree.leaves(other.params)))


class _NoNorm(nn.Module):
  """A network without averages, as a tuned one is."""
  num_classes: int
  width: float = 1.0

  @nn.compact
  def __call__(self, x, train):
    del train
    return Classifier(self.num_classes)(x.mean((1, 2)))


def test_a_network_without_batch_statistics_is_trained_kept_and_resumed(
    settings, monkeypatch, tmp_path):
  monkeypatch.setitem(training.NETWORKS, 'tiny', _NoNorm)
  images, labels = _data()
  trainer = training.Trainer(settings, images, labels, 2, 16)
  whole, _ = trainer.train(np.arange(24), 0, True)
  assert (trainer.probabilities(whole, images).argmax(1) == labels).all()
  half, _ = trainer.train(np.arange(24), 0, True, until=7)
  kept = Checkpoints(tmp_path)
  kept.save(7, half, {}, {})
  kept.close()
  found = kept.restore(jax.eval_shape(trainer.init, 0), {})
  resumed, _ = trainer.train(np.arange(24), 0, True, jax.device_put(found.state))
  for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(resumed), strict=True):
    np.testing.assert_array_equal(a, b)


def test_too_few_steps_are_told_with_what_to_do():
  assert Settings(epochs=40).too_few_steps(60).startswith('40 steps, as 60 images give few')
  assert '--config.epochs=200 makes 200 or more' in Settings(epochs=40).too_few_steps(60)
  assert Settings(epochs=67).steps(130) == 201
  assert '--config.epochs=67 ' in Settings(epochs=12).too_few_steps(130)
  assert not Settings(epochs=67).too_few_steps(130)


def test_many_steps_in_one_call_are_those_steps(settings):
  """The CPU does step by step what other backends do in one scan."""
  images, labels = _data()
  net, tx = Tiny(2), steps.optimizer(settings, 6)
  state = steps.init_state(net, tx, 8, 0)
  run = jax.jit(steps.make_steps(net, tx))
  rows = training.batches(np.arange(24), labels, 6, 6, 0)
  rest = jnp.asarray(images), jnp.asarray(labels)
  scanned, losses = run(state, *rest, rows, jax.random.key(0), jnp.float32(1))
  stepped = []
  for row in rows:
    state, loss = run(state, *rest, row[None], jax.random.key(0), jnp.float32(1))
    stepped.append(float(loss[0]))
  np.testing.assert_allclose(losses, stepped, rtol=1e-4)
  for a, b in zip(jax.tree.leaves(scanned), jax.tree.leaves(state), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('together', [True, False])
def test_several_at_once_are_each_one_alone(settings, monkeypatch, together):
  monkeypatch.setattr(training, 'together', lambda *_: together)
  images, labels = _data()
  trainer = training.Trainer(settings, images, labels, 2, 3)
  pools, seeds, counted = [np.arange(24), np.arange(4, 20)], [3, 5], []
  states = list(trainer.train_all(pools, seeds, True, counted.append))
  assert sum(counted) == 2 * 3
  for state, pool, seed in zip(states, pools, seeds, strict=True):
    alone, _ = trainer.train(pool, seed, True)
    assert state.step == 3
    for a, b in zip(jax.tree.leaves(state), jax.tree.leaves(alone), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_one_step_of_adamw_by_hand():
  """AdamW's first update is the rate, by the gradient's sign, and the decay."""
  settings = Settings(learning_rate=0.1, weight_decay=0.5)
  tx = steps.optimizer(settings, 100)
  params = {'w': jnp.array([2.0, -3.0])}
  updates, _ = tx.update({'w': jnp.array([0.7, 0.1])}, tx.init(params), params)
  found = optax.apply_updates(params, updates)['w']
  rate = 0.1 / 25
  np.testing.assert_allclose(
      found, [2 - rate * (1 + 0.5 * 2), -3 - rate * (1 - 0.5 * 3)], rtol=1e-5)


def test_generated_images_first_and_then_real_ones(settings):
  """As many steps as of both mixed, and each half of one kind alone."""
  images, labels = _data()
  trainer = training.Trainer(settings, images, labels, 2, 9, 12)
  first, then = np.arange(12, 24), np.arange(12)
  rows = trainer._rows((first, then), 0)  # pylint: disable=protected-access
  assert rows.shape == (9, settings.batch_size)
  assert set(rows[:4].ravel()) <= set(first) and set(rows[4:].ravel()) <= set(then)


def test_real_images_come_more_often_where_they_are_fewer_alone():
  labels = np.repeat([0, 1], [12, 10])
  num_real = np.array([*range(0, 2), *range(12, 20)])  # Two of twelve, eight of ten.
  order = np.concatenate([num_real, np.setdiff1d(np.arange(22), num_real)])
  labels = labels[order]
  drawn = training.batches(np.arange(22), labels, 500, 8, 0, 10, 0.5).ravel()
  for label, share in ((0, 0.5), (1, 0.8)):
    mine = drawn[labels[drawn] == label]
    assert (mine < 10).mean() == pytest.approx(share, abs=0.01)


def test_strong_augmentation_mixes_the_losses_too(settings):
  """Two flat images of two classes are learned no surer than their mixtures are."""
  images = np.repeat([60, 190], 12)[:, None, None, None] * np.ones((1, 8, 8, 1))
  images, labels = images.astype(np.uint8), np.repeat([0, 1], 12)
  trainer = training.Trainer(settings, images, labels, 2, 60)
  loss = {}
  for level in (USUAL, STRONGLY):
    state, loss[level] = trainer.train(np.arange(24), 0, level)
    assert (trainer.probabilities(state, images).argmax(1) == labels).all()
  assert loss[STRONGLY] > 1.5 * loss[USUAL]
