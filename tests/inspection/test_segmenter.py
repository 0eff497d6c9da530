"""A segmenter's batches, what it learns, and that it depends on its arguments alone."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.inspection import augment, segmenter
from pegan_jax.inspection.localise.settings import NETWORKS, Settings
from pegan_jax.inspection.segmenter import Part, Segmenter
from pegan_jax.metrics.localisation import average_precision

_FEW = Settings(width=0.34, steps=30, batch_size=8, learning_rate=2e-2)


def _squares(count, seed):
  """Bright squares on noise, and where they are."""
  rng = np.random.default_rng(seed)
  images = rng.integers(80, 120, (count, 16, 16, 1), np.uint8)
  masks = np.zeros((count, 16, 16), bool)
  for mask in masks:
    top, left = rng.integers(0, 11, 2)
    mask[top:top + 5, left:left + 5] = True
  images[masks] += 90
  return images, masks


def test_the_settings_know_every_network():
  assert NETWORKS.keys() == segmenter.NETWORKS.keys()


def test_batches_have_each_part_s_share_and_use_its_crops_equally_often():
  settings = Settings(steps=30, batch_size=24)
  parts = [Part(np.arange(10), 0.4), Part(np.arange(10, 13), 0.4),
           Part(np.arange(13, 40), 0.2)]
  rows = segmenter.batches(parts, settings, seed=0)
  assert rows.shape == (30, 24)
  for part, share in zip(parts, (10, 9, 5)):  # 9.6, 9.6, 4.8: together 24.
    assert (np.isin(rows, part.indices).sum(1) == share).all()
    counts = [np.count_nonzero(rows == i) for i in part.indices]
    assert max(counts) - min(counts) <= 1
  np.testing.assert_array_equal(rows, segmenter.batches(parts, settings, seed=0))
  assert (rows != segmenter.batches(parts, settings, seed=1)).any()


def test_masks_move_with_their_images():
  images, masks = _squares(12, 0)
  x, moved = augment.with_masks(
      jax.random.key(0), jnp.asarray(images), jnp.asarray(masks), jnp.arange(12))
  level = (np.asarray(x)[..., 0] + 1) * 127.5
  assert (np.asarray(moved) != masks).any((1, 2)).sum() > 8
  for image, mask in zip(level, np.asarray(moved)):
    assert image[mask].min() > image[~mask].max()


def test_it_finds_what_its_masks_show():
  images, masks = _squares(40, 0)
  trained = Segmenter(_FEW, images, masks)
  whole = Part(np.arange(40), 1.0)
  steps = []
  state = trained.train([whole], 0, steps.append)
  assert sum(steps) == _FEW.steps
  held, truth = _squares(70, 1)  # More than are scored together.
  scores = trained.scores(state, held)
  assert scores.shape == (70, 16, 16) and 0 <= scores.min() <= scores.max() <= 1
  untrained = trained.scores(trained.init(0), held)
  assert average_precision(scores, truth) > 0.95
  assert average_precision(untrained, truth) < 0.7
  # The same again, and another for another seed.
  again, other = trained.train([whole], 0), trained.train([whole], 1)
  jax.tree.map(np.testing.assert_array_equal, state, again)
  assert any(jax.tree.leaves(jax.tree.map(lambda a, b: (a != b).any(), state, other)))


def test_an_image_s_scores_do_not_depend_on_the_others():
  images, masks = _squares(9, 2)
  trained = Segmenter(_FEW, images, masks)
  state = trained.init(0)
  np.testing.assert_array_equal(
      trained.scores(state, images)[4:5], trained.scores(state, images[4:5]))
  assert trained.scores(state, images[:0]).shape == (0, 16, 16)
