"""An inspector's training: which batches, and the jitted steps over them."""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import allocator
from pegan_jax.data import rounds
from pegan_jax.inspection import augment
from pegan_jax.inspection.settings import STRONGLY
from pegan_jax.inspection.steps import init_state, make_steps, optimizer
from pegan_jax.nets.mobilenet import MobileNetV2
from pegan_jax.nets.resnet import ResNet18
from pegan_jax.pretrained.tuned import TunedEfficientNet
from pegan_jax.runs.checkpoints import host_arrays, reading

# Networks that are trained step by step, by the names in `settings`.
NETWORKS = {'resnet18': ResNet18, 'mobilenetv2': MobileNetV2,
            'efficientnet_lite0_tuned': TunedEfficientNet}

# Steps per call where a loop costs nothing; on the CPU it is one, see `steps.make_steps`.
_STEPS_PER_CALL = 32
_EVAL_BATCH = 64


def set_up():
  """Prepares the process for training inspectors; call it before JAX computes."""
  allocator.keep_pages()
  # Synchronous, as a process interrupted while a step is in flight crashes on exit.
  jax.config.update('jax_cpu_enable_async_dispatch', False)


def batches(pool, labels, steps, batch_size, seed, num_real=0, real_share=0.0):
  """Chooses a training's batches: every class comes equally often.

  So does every image of a class. Only where the real images of a class would be less than
  `real_share` of it, they get that share: then all its real images come equally often, and
  all its generated ones.

  Args:
    pool: int [n] indices of the images to train on.
    labels: int [N] of all images.
    steps, batch_size: number of batches, and images per batch.
    seed: of the choice.
    num_real: indices below it are those of real images.
    real_share: least share of real images in a class that has both kinds.

  Returns:
    int [steps, batch_size], indices out of `pool`. A class's images come in
    shuffled rounds, and so do the classes.
  """
  rng = np.random.default_rng(seed)
  own = labels[pool]
  classes = np.unique(own)
  total = steps * batch_size
  turns = np.tile(classes, (-(-total // len(classes)), 1))
  sequence = rng.permuted(turns, axis=1).ravel()[:total]
  drawn = np.empty(total, np.int32)
  for c in classes:
    members, places = pool[own == c], np.flatnonzero(sequence == c)
    real, made = members[members < num_real], members[members >= num_real]
    if 0 < len(real) < real_share * len(members):
      count = round(real_share * len(places))
      chosen = rng.permutation(np.concatenate([
          rounds.draw(rng, real, count), rounds.draw(rng, made, len(places) - count)]))
    else:
      chosen = rounds.draw(rng, members, len(places))
    drawn[places] = chosen
  return drawn.reshape(steps, batch_size)


def _checked(state):
  """Returns a state; raises UserError where training diverged."""
  if why := reading.astray(host_arrays.describe(state), host_arrays.to_host(state)):
    raise UserError(f'the training of an inspector diverged, {why}: try a lower learning '
                    'rate')
  return state


def in_batches(answer, images):
  """Answers for images in batches of one size, so that nothing is traced again.

  Args:
    answer: jitted, uint8 [B, H, W, C] -> [B, ...].
    images: uint8 [n, H, W, C], n >= 0; the last batch is filled up with zeros.

  Returns:
    [n, ...].
  """
  done = []
  for first in range(0, max(1, len(images)), _EVAL_BATCH):
    part = images[first:first + _EVAL_BATCH]
    full = np.zeros((_EVAL_BATCH, *images.shape[1:]), np.uint8)
    full[:len(part)] = part
    done.append((answer(full), len(part)))
  return np.concatenate([np.asarray(found)[:n] for found, n in done])


def together(image_size):
  """Returns whether several train faster under `vmap` than one after the other.

  Measured on two CPU cores (`benchmarks/inspector.py --seeds`); one training is far
  from filling an accelerator.
  """
  return jax.default_backend() != 'cpu' or image_size <= 32


class Trainer:
  """Trains inspectors on subsets of one set of images; compiles once.

  Args:
    settings: `Settings`.
    images: uint8 [N, H, W, 1 or 3]; put on the device once.
    labels: int [N] in [0, num_classes).
    num_classes: number of classes.
    steps: optimiser steps of each training.
    num_real: number of real images, which come first; the others are generated.
  """

  def __init__(self, settings, images, labels, num_classes, steps, num_real=0):
    self._settings, self.steps, self._num_real = settings, steps, num_real
    self._labels = np.asarray(labels)
    self._on_device = jnp.asarray(images), jnp.asarray(labels)
    self._size = images.shape[1]
    net = NETWORKS[settings.network](num_classes, settings.width)
    tx = optimizer(settings, steps)
    self.init = jax.jit(lambda seed: init_state(net, tx, self._size, seed))
    changes = [make_steps(net, tx), make_steps(net, tx, augment.strong, mix=True)]
    self._run = [jax.jit(run, donate_argnums=0) for run in changes]
    self._run_all = [jax.jit(jax.vmap(run, (0, None, None, 0, 0, None)),
                             donate_argnums=0) for run in changes]
    self._net = net
    self._predict = jax.jit(self.answer)

  def train(self, pool, seed, augmented, state=None, until=None, progress=None):
    """Trains one inspector, the same for the same arguments.

    Args:
      pool: int [n] indices of the images to train on; a tuple of such parts the steps
        equally among them, one after the other.
      seed: of the initial weights, the batches and the augmentation.
      augmented: how much images are, `PLAIN`, `USUAL` or `STRONGLY` of `settings`.
      state: the state to go on from; None starts from the beginning.
      until: the step to stop at; None means the last.
      progress: called with the number of steps done since its last call.

    Returns:
      (`State`, loss of the last step).
    """
    if state is None:
      state = self.init(seed)
    rows = self._rows(pool, seed)[int(state.step):until]
    state, losses = self._call(self._run[augmented == STRONGLY], state, rows,
                               jax.random.key(seed), augmented,
                               progress or (lambda steps: None))
    return state, None if losses is None else float(losses[-1])

  def train_all(self, pools, seeds, augmented, progress):
    """Trains inspectors that differ in images and seed, each like `train`.

    They train together, under `vmap`, where that is faster (`together`).

    Args:
      pools: k of what `train` takes.
      seeds: k seeds.
      augmented: as `train` takes it.
      progress: called with the number of steps done since its last call.

    Yields:
      Each one's `State` in turn, as soon as it is trained.

    Raises:
      UserError: a training diverged.
    """
    if not together(self._size) or len(seeds) == 1:
      for pool, seed in zip(pools, seeds):
        yield _checked(self.train(pool, seed, augmented, progress=progress)[0])
      return
    rows = np.stack([self._rows(*x) for x in zip(pools, seeds)], 1)
    states = jax.tree.map(lambda *x: jnp.stack(x), *map(self.init, seeds))
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    run = self._run_all[augmented == STRONGLY]
    states, _ = self._call(
        lambda states, images, labels, rows, *rest: run(
            states, images, labels, rows.swapaxes(0, 1), *rest),
        states, rows, keys, augmented,
        lambda steps: progress(steps * len(seeds)))
    for i in range(len(seeds)):
      yield _checked(jax.tree.map(lambda x, i=i: x[i], states))

  def _rows(self, pool, seed):
    parts = pool if isinstance(pool, tuple) else (pool,)
    ends = np.arange(len(parts) + 1) * self.steps // len(parts)
    return np.concatenate([
        batches(part, self._labels, steps, self._settings.batch_size, seed,
                self._num_real, self._settings.real_share)
        for part, steps in zip(parts, np.diff(ends))])

  def _call(self, run, state, rows, key, augmented, progress):
    """Steps through `rows`, several per call: (state, losses of the last call)."""
    strength = (self._settings.rotate if augmented == STRONGLY else
                jnp.float32(augmented))
    size = 1 if jax.default_backend() == 'cpu' else _STEPS_PER_CALL
    losses = None
    for first in range(0, len(rows), size):
      previous = losses
      part = rows[first:first + size]
      state, losses = run(state, *self._on_device, part, key, strength)
      if previous is not None:
        previous.block_until_ready()  # A limit: at most one call ahead.
      progress(len(part))
    return state, losses

  def answer(self, state, images):
    """Does as `probabilities`, of any [n, H, W, C], where JAX traces it."""
    return nn.softmax(self._net.apply(
        {'params': state.params, 'batch_stats': state.batch_stats},
        images.astype(jnp.float32) / 127.5 - 1, train=False))

  def probabilities(self, state, images):
    """Predicts probabilities: uint8 [n, H, W, C] to float32 [n, num_classes]."""
    return in_batches(functools.partial(self._predict, state), images)
