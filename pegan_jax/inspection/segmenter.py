"""A segmenter's training: which pixels of a crop are a defect's."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from pegan_jax.data import rounds
from pegan_jax.inspection import augment, training
from pegan_jax.inspection.steps import optimizer, State
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
    tx = optimizer(settings, settings.steps)

    @jax.jit
    def init(seed):
      params = net.init(jax.random.key(seed), jnp.zeros((1, *images.shape[1:])))
      return State(jnp.zeros((), jnp.int32), params, {}, tx.init(params))

    @jax.jit
    def step(state, images, masks, indices, key):
      x, truth = augment.with_masks(
          jax.random.fold_in(key, state.step), images, masks, indices)
      loss, grads = jax.value_and_grad(lambda params: optax.sigmoid_binary_cross_entropy(
          net.apply(params, x), truth).mean())(state.params)
      updates, opt_state = tx.update(grads, state.optimizer, state.params)
      return State(state.step + 1, optax.apply_updates(state.params, updates), {},
                   opt_state), loss

    self.init, self.steps = init, settings.steps
    self._step, self._net = step, net
    self._scores = jax.jit(self.answer)

  def train(self, parts, seed, progress=lambda steps: None):
    """Trains one segmenter, the same for the same arguments.

    Args:
      parts: `Part`s of the crops.
      seed: of the initial weights, the batches and the augmentation.
      progress: called with 1 after each step.

    Returns:
      Its `State`.
    """
    return self.train_on(batches(parts, self._settings, seed), seed, progress)[0]

  def train_on(self, rows, seed, progress=lambda steps: None, state=None, until=None):
    """Trains one segmenter on batches of crops, as `train` does.

    Args:
      rows: int [steps, batch_size], the batches.
      seed, progress: as `train` takes them.
      state: the state to go on from; None starts from the beginning.
      until: the step to stop at; None means the last.

    Returns:
      (`State`, loss of the last step).
    """
    state, key = state or self.init(seed), jax.random.key(seed)
    for row in rows[int(state.step):until]:
      state, loss = self._step(state, self._images, self._masks, row, key)
      loss.block_until_ready()  # No queue of steps, whose memory would add up.
      progress(1)
    return state, float(loss)

  def answer(self, state, images):
    """Does as `scores`, of any [n, H, W, C], where JAX traces it."""
    return jax.nn.sigmoid(
        self._net.apply(state.params, images.astype(jnp.float32) / 127.5 - 1))

  def scores(self, state, images):
    """Finds defects: uint8 [n, H, W, C] -> float32 [n, H, W] in [0, 1]."""
    return training.in_batches(functools.partial(self._scores, state), images)
