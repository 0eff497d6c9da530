"""A linear head on the features of a network that others trained and nothing changes.

The head is logistic regression, whose loss has one optimum: there are no steps and no rate
to choose, and no luck beside that of the images. Its prior is that of
`metrics.label_fidelity`. Accuracy hardly depends on its strength: fitted to 20 training
crops of each class of NEU-CLS-64 and asked about others, it stays within a point while the
strength changes by a factor of 100.

The network sees each image once, and the features are kept. With augmentation it sees
`VIEWS` views: the image itself, and changes of it by `augment.batch`. With strong
augmentation it sees as many more, changed by `augment.strong`. The views depend on the
image's pixels alone, so that all trainings share them. Images are not mixed with each
other: with features, that would only act as a stronger prior.
"""

from typing import NamedTuple
import zlib

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common import terminal
from pegan_jax.inspection import augment
from pegan_jax.metrics import features, label_fidelity

VIEWS = 4  # Eight are up to a point better, and take twice the time.
_BLOCK = 64  # Images that are augmented at a time.


class Head(NamedTuple):
  """Logits are features @ weights + bias.

  Attributes:
    weights: float32 [D, num_classes].
    bias: float32 [num_classes].
  """
  weights: jax.Array
  bias: jax.Array


def shares(pool, labels, num_real, real_share):
  """Weighs images as often as `training.batches` draws them, in the long run.

  Args:
    pool, labels, num_real, real_share: as `training.batches` takes them.

  Returns:
    float64 [n], of n images; their mean is 1.
  """
  own, real = labels[pool], pool < num_real
  found = np.empty(len(pool))
  classes = np.unique(own)
  for c in classes:
    mine = own == c
    kinds, parts = [mine], [1]
    if 0 < (mine & real).sum() < real_share * mine.sum():
      kinds, parts = [mine & real, mine & ~real], [real_share, 1 - real_share]
    for kind, part in zip(kinds, parts):
      found[kind] = part * len(pool) / (len(classes) * kind.sum())
  return found


class HeadFitter:
  """Fits heads to subsets of one set of images; has the methods of `training.Trainer`.

  Args:
    settings, images, labels, num_classes, steps, num_real: as `Trainer` takes them.
  """

  def __init__(self, settings, images, labels, num_classes, steps, num_real=0):
    self._settings, self.steps, self._num_real = settings, steps, num_real
    self._images, self._labels = images, np.asarray(labels)
    self._extractor = features.load('efficientnet')
    self._num_classes = num_classes
    self.init = lambda seed: Head(jnp.zeros((self._extractor.dim, num_classes)),
                                  jnp.zeros(num_classes))
    # The image, changes of it, and stronger changes.
    self._features = np.empty((2 * VIEWS, len(images), self._extractor.dim), np.float32)
    self._known = np.zeros((2 * VIEWS, len(images)), bool)
    self._asked = None, None  # The images that were asked about last, their features.
    self._augmented = jax.jit(_augmented, static_argnames='strong')

  def train(self, pool, seed, augmented, state=None, until=None, progress=None):
    """Fits one head, the same for the same images, whatever the seed.

    Returns:
      (`Head`, its mean loss on what it was fitted to).
    """
    del seed, state, until  # A fit is one step, and has no luck.
    views = range((1, VIEWS, 2 * VIEWS)[augmented])
    self._see(views, pool)
    x = np.concatenate([self._features[view, pool] for view in views])
    labels, weights = (np.tile(part, len(views)) for part in (self._labels[pool], shares(
        pool, self._labels, self._num_real, self._settings.real_share)))
    # Views of an image are no further evidence: together they count as it does.
    weights = weights / len(views)
    fit = label_fidelity.fit_weighted(x, labels, self._num_classes, weights)
    slopes = fit.weights / fit.scale[:, None]
    head = Head(jnp.float32(slopes), jnp.float32(fit.bias - fit.mean @ slopes))
    right = np.take_along_axis(fit.probabilities(x), labels[:, None], 1)[:, 0]
    if progress:
      progress(1)
    return head, float(-np.average(np.log(right), weights=weights))

  def train_all(self, pools, seeds, augmented, progress):
    """Fits a head per pool; of equal pools one: yields `Head`s, as `Trainer` does."""
    fitted = {}
    for pool, seed in zip(pools, seeds):
      key = pool.tobytes()
      if key not in fitted:
        fitted[key], _ = self.train(pool, seed, augmented)
      progress(1)
      yield fitted[key]

  def answer(self, state, images):
    """Does as `probabilities`, of any [n, H, W, C], where JAX traces it."""
    return jax.nn.softmax(
        self._extractor.features(images) @ state.weights + state.bias)

  def probabilities(self, state, images):
    """Predicts probabilities: uint8 [n, H, W, C] to float32 [n, num_classes]."""
    if images is not self._asked[0]:
      self._asked = images, self._extractor(images)
    return np.asarray(jax.nn.softmax(self._asked[1] @ state.weights + state.bias))

  def _see(self, views, pool):
    """Computes those of the images' features that are not known yet."""
    todo = {view: new for view in views if len(new := pool[~self._known[view, pool]])}
    bar = terminal.Progress(sum(map(len, todo.values())), unit='image')
    for view, indices in todo.items():
      self._features[view, indices] = self._extractor(
          self._blocks(view, indices), bar.update)
      self._known[view, indices] = True
    bar.close()

  def _blocks(self, view, indices):
    """Yields a view of images in blocks: uint8 [n, H, W, C]."""
    for first in range(0, len(indices), _BLOCK):
      images = self._images[indices[first:first + _BLOCK]]
      if not view:
        yield images
        continue
      count = len(images)
      images = np.concatenate([images, np.zeros((_BLOCK - count, *images.shape[1:]),
                                                np.uint8)])
      seeds = np.array([zlib.crc32(np.ascontiguousarray(x)) for x in images], np.uint32)
      yield np.asarray(self._augmented(
          images, seeds, view, self._settings.rotate, strong=view >= VIEWS))[:count]


def _augmented(images, seeds, view, rotate, strong):
  """Changes images at random, each by its own seed: uint8 [n, H, W, C] to the same."""
  def one(image, seed):
    key = jax.random.fold_in(jax.random.key(seed), view)
    image, first = image[None], jnp.zeros(1, int)
    return (augment.strong(key, image, first, rotate) if strong else
            augment.batch(key, image, first, 1))[0]
  return jnp.round((jax.vmap(one)(images, seeds) + 1) * 127.5).astype(jnp.uint8)
