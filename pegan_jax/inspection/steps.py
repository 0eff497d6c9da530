"""An inspector's training step: state, rates, and several steps in one call."""

import flax
import jax
import jax.numpy as jnp
import optax

from pegan_jax.inspection import augment


@flax.struct.dataclass
class State:
  """The state of a training.

  Attributes:
    step: int32 scalar, updates done.
    params: the network's parameters.
    batch_stats: its batch norms' moving averages; {} where it has none.
    optimizer: optax's state.
  """
  step: jax.Array
  params: dict
  batch_stats: dict
  optimizer: optax.OptState


def schedule(peak, steps):
  """Returns one cycle (Smith and Topin 2018) with the defaults of torch's OneCycleLR.

  From a 25th of the peak up over three tenths of the steps, then down to a
  10,000th of that, along cosines.
  """
  up = max(1, round(0.3 * steps))
  return optax.join_schedules([
      _cosine(peak / 25, peak, up),
      _cosine(peak, peak / 25e4, max(1, steps - up))], [up])


def _cosine(start, end, steps):
  def rate(step):
    share = jnp.clip(step / steps, 0, 1)
    return end + (start - end) * (1 + jnp.cos(jnp.pi * share)) / 2
  return rate


def optimizer(settings, steps):
  """Returns AdamW (Loshchilov and Hutter 2019) over one cycle of `steps`."""
  return optax.adamw(schedule(settings.learning_rate, steps),
                     weight_decay=settings.weight_decay)


def init_state(net, tx, image_size, seed):
  """Initialises a state from `seed`."""
  variables = net.init(jax.random.key(seed, impl='rbg'),
                       jnp.zeros((2, image_size, image_size, 1)), train=True)
  return State(jnp.zeros((), jnp.int32), variables['params'],
               variables.get('batch_stats', {}), tx.init(variables['params']))


def make_steps(net, tx, change=augment.batch, mix=False):
  """Builds a function that trains for several steps.

  Args:
    net: the network.
    tx: the optimiser.
    change: selects and changes images, as `augment.batch` does.
    mix: whether images are mixed with others, and so are their losses.

  Returns:
    run(state, images, labels, indices, key, strength) -> (state, losses), pure
    and ready for `jax.jit`: uint8 [N, H, W, C] and int [N], all images and labels,
    indices int [k, B] of k steps' batches, a key into which each step is folded,
    and the last argument of `change`; losses [k].
  """
  def step(state, batch):
    images, labels, indices, key, strength = batch
    key = jax.random.fold_in(key, state.step)
    x = change(key, images, indices, strength)
    if mix:
      x, other, share = augment.mixed(jax.random.fold_in(key, 0), x)

    def loss(params):
      logits, changed = net.apply(
          {'params': params, 'batch_stats': state.batch_stats}, x, train=True,
          mutable='batch_stats')
      losses = optax.softmax_cross_entropy_with_integer_labels(
          logits, labels[indices])
      if mix:
        losses = share * losses + (
            1 - share) * optax.softmax_cross_entropy_with_integer_labels(
                logits, labels[indices[other]])
      return losses.mean(), changed.get('batch_stats', {})

    (value, batch_stats), grads = jax.value_and_grad(loss, has_aux=True)(
        state.params)
    updates, opt_state = tx.update(grads, state.optimizer, state.params)
    return State(state.step + 1, optax.apply_updates(state.params, updates),
                 batch_stats, opt_state), value

  def run(state, images, labels, indices, key, strength):
    if len(indices) == 1:  # No loop: XLA would keep a loop of one.
      state, value = step(state, (images, labels, indices[0], key, strength))
      return state, value[None]
    return jax.lax.scan(
        lambda state, row: step(state, (images, labels, row, key, strength)),
        state, indices)

  return run
