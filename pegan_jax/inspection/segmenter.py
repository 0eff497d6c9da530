"""A segmenter's training: which pixels of a crop are a defect's."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from pegan_jax.data import rounds
from pegan_jax.inspection import augment, training
from pegan_jax.nets.unet import UNet
from pegan_jax.pretrained.tuned import TunedUNet

NETWORKS = {'unet': UNet, 'unet_efficientnet_lite0': TunedUNet}


class Part(NamedTuple):
  """A part of a training set.

  Attributes:
    indices: int [n], of the crops in it.
    share: of each batch that is drawn from it; those of all parts add up to 1.
  """
  indices: np.ndarray
  share: float


def batches(parts, settings, seed):
  """Chooses a training's batches: int [steps, batch_size].

  Each batch has every part's share of crops, to rounding; a part's crops come equally
  often, in shuffled rounds.
  """
  rng = np.random.default_rng(seed)
  ends = np.rint(np.cumsum([part.share for part in parts]) * settings.batch_size)
  rows = []
  for part, count in zip(parts, np.diff(ends, prepend=0).astype(int)):
    rows.append(rounds.draw(rng, part.indices, settings.steps * count).reshape(
        settings.steps, count))
  return np.concatenate(rows, 1)


class Segmenter:
  """Trains segmenters on subsets of one set of crops; compiles once.

  Args:
    settings: `Settings`.
    images: uint8 [N, H, W, 1 or 3]; put on the device once.
    masks: bool [N, H, W], true on defects.
  """

  def __init__(self, settings, images, masks):
    self._settings = settings
    self._images, self._masks = jnp.asarray(images), jnp.asarray(masks)
    net = NETWORKS[settings.network](settings.width)
    tx = optax.adamw(training.schedule(settings.learning_rate, settings.steps),
                     weight_decay=settings.weight_decay)

    @jax.jit
    def init(seed):
      params = net.init(jax.random.key(seed), jnp.zeros((1, *images.shape[1:])))
      return params, tx.init(params)

    @jax.jit
    def step(state, images, masks, indices, key):
      params, opt_state = state
      x, truth = augment.with_masks(key, images, masks, indices)
      loss, grads = jax.value_and_grad(lambda params: optax.sigmoid_binary_cross_entropy(
          net.apply(params, x), truth).mean())(params)
      updates, opt_state = tx.update(grads, opt_state, params)
      return (optax.apply_updates(params, updates), opt_state), loss

    self._init, self._step = init, step
    self._scores = jax.jit(lambda params, x: jax.nn.sigmoid(
        net.apply(params, x.astype(jnp.float32) / 127.5 - 1)))

  def train(self, parts, seed, progress=lambda steps: None):
    """Trains one segmenter, the same for the same arguments.

    Args:
      parts: `Part`s of the crops.
      seed: of the initial weights, the batches and the augmentation.
      progress: called with 1 after each step.

    Returns:
      Its parameters.
    """
    return self.train_on(batches(parts, self._settings, seed), seed, progress)

  def train_on(self, rows, seed, progress=lambda steps: None):
    """Trains one segmenter on batches of crops, int [steps, batch_size], as `train` does."""
    state, key = self._init(seed), jax.random.key(seed)
    for i, row in enumerate(rows):
      state, loss = self._step(
          state, self._images, self._masks, row, jax.random.fold_in(key, i))
      loss.block_until_ready()  # No queue of steps, whose memory would add up.
      progress(1)
    return state[0]

  def scores(self, params, images):
    """Finds defects: uint8 [n, H, W, C] -> float32 [n, H, W] in [0, 1]."""
    return training.in_batches(functools.partial(self._scores, params), images)
