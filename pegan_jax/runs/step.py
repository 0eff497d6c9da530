"""One training iteration as a pure function: n_critic D updates, one G update, EMA."""

from clu.metrics import Average
import jax
import jax.numpy as jnp
import optax

from pegan_jax.nets import masks
from pegan_jax.runs import optimizers
from pegan_jax.runs.state import GANState


def scale(image, size):
  """Scales uint8 [..., h, w, C] to float32 [..., size, size, C] in [-1, 1].

  Images of another size are resampled by a bicubic kernel, antialiased where they shrink.
  """
  image = image.astype(jnp.float32) / 127.5 - 1
  shape = (*image.shape[:-3], size, size, image.shape[-1])
  if image.shape != shape:
    image = jnp.clip(jax.image.resize(image, shape, 'cubic'), -1, 1)
  return image


def scale_region(region, size):
  """Scales uint8 [..., h, w, 1] to a soft region, float32 [..., size, size, 1] in [0, 1].

  Its edges are softened at the size of the network, see `masks.soften`.
  """
  region = region.astype(jnp.float32) / 255
  return masks.soften(jax.image.resize(
      region, (*region.shape[:-3], size, size, 1), 'linear'))


def to_pixels(image, size, channels):
  """Undoes `scale`, and the three channels of grey.

  Args:
    image: float [B, H, W, 3] in [-1, 1], or [B, H, W, 1].
    size: side of the result in pixels.
    channels: 1 (the mean of the three) or 3.

  Returns:
    uint8 [B, size, size, channels].
  """
  if image.shape[1:3] != (size, size):
    image = jax.image.resize(image, (image.shape[0], size, size, image.shape[-1]), 'cubic')
  if channels == 1:
    image = image.mean(-1, keepdims=True)
  return jnp.clip(jnp.round((image + 1) * 127.5), 0, 255).astype(jnp.uint8)


def prepare(config, key, batch):
  """Turns a raw batch into what methods take: floats, three channels, size, flips.

  Args:
    config: `image_size`, and `flip`, whether images are mirrored at random
      left-right and up-down.
    key: a random key.
    batch: {'image': uint8 [..., h, w, 1 or 3], 'label': int [...]}, and whatever
      else the method's layout has.

  Returns:
    {'image': float32 [..., H, W, 3] in [-1, 1], 'label': int32 [...]}, 'region' if there
    is one as `scale_region` has it, and the rest as it is.
  """
  maps = {'image': scale(batch['image'], config.image_size)}
  if 'region' in batch:
    maps['region'] = scale_region(batch['region'], config.image_size)
  if config.flip:
    flips = jax.random.bernoulli(key, shape=(2, *batch['label'].shape, 1, 1, 1))
    maps = {name: jnp.where(flips[0], x[..., ::-1, :, :], x) for name, x in maps.items()}
    maps = {name: jnp.where(flips[1], x[..., ::-1, :], x) for name, x in maps.items()}
  maps['image'] = jnp.broadcast_to(maps['image'], (*maps['image'].shape[:-1], 3))
  return batch | maps | {'label': batch['label'].astype(jnp.int32)}


def make_optimizers(config):
  """Returns the optimisers of the generator and of the discriminator."""
  return (optimizers.adam(config.gen, config.num_steps),
          optimizers.adam(config.disc, config.num_steps * config.n_critic))


def init_state(method, nets, config):
  """Initialises a state from `config.seed`."""
  # XLA takes 1 s to compile these random numbers, and 7 s for the default kind.
  key_init = jax.random.key(config.seed, impl='rbg')
  key_run = jax.random.key(config.seed)
  gen, disc, aux = method.init(nets, config, key_init)
  opt_gen, opt_disc = make_optimizers(config)
  return GANState(
      step=jnp.zeros((), jnp.int32), gen=gen, disc=disc,
      opt_gen=opt_gen.init(gen), opt_disc=opt_disc.init(disc),
      ema=jax.tree.map(jnp.copy, method.weights(gen, aux)), key=key_run, aux=aux)


def make_step(method, nets, config):
  """Builds the iteration for one method.

  Args:
    method: a `methods.method.Method`.
    nets: from its `networks`.
    config: the run's configuration.

  Returns:
    step(state, batch, frozen) -> (state, metrics), pure and ready for `jax.jit`;
    `batch` as `prepare` takes it, laid out [n_critic, ...] as `data.batches`
    does for the method; `frozen` is `nets.frozen`, an argument so that it is no constant
    of the compiled code; `metrics` maps names to `clu.metrics.Average`.
  """
  opt_gen, opt_disc = make_optimizers(config)

  def step(state, batch, frozen):
    bound = nets._replace(frozen=frozen)
    key = jax.random.fold_in(state.key, state.step)
    key_prepare, key_disc, key_gen = jax.random.split(key, 3)
    batches = prepare(config, key_prepare, batch)

    def disc_step(carry, inputs):
      disc, opt_state, aux = carry
      batch, key = inputs
      grads, (metrics, aux) = jax.grad(
          lambda disc: method.disc_loss(
              bound, config, disc, state.gen, aux, batch, key),
          has_aux=True)(disc)
      disc, opt_state, norm = _update(opt_disc, grads, opt_state, disc, 'disc')
      return (disc, opt_state, aux), metrics | norm

    (disc, disc_opt_state, aux), disc_metrics = jax.lax.scan(
        disc_step, (state.disc, state.opt_disc, state.aux),
        (batches, jax.random.split(key_disc, config.n_critic)),
        # XLA's CPU backend runs a loop's body seven to nine times slower than
        # the same operations outside of one.
        unroll=jax.default_backend() == 'cpu')
    # Averages over the scan: totals and counts both add up.
    disc_metrics = jax.tree.map(lambda x: x.sum(0), disc_metrics)

    last = jax.tree.map(lambda x: x[-1], batches)
    grads, (gen_metrics, aux) = jax.grad(
        lambda gen: method.gen_loss(
            bound, config, gen, disc, aux, last, key_gen),
        has_aux=True)(state.gen)
    gen, gen_opt_state, norm = _update(
        opt_gen, grads, state.opt_gen, state.gen, 'gen')
    state = state.replace(
        step=state.step + 1, gen=gen, disc=disc, opt_gen=gen_opt_state,
        opt_disc=disc_opt_state, aux=aux,
        ema=update_ema(config.ema_decay, state.step, state.ema,
                       method.weights(gen, aux)))
    return state, disc_metrics | gen_metrics | norm

  return step


def _update(optimizer, grads, opt_state, params, name):
  """Returns the parameters and the state after an update, and the gradient's norm."""
  updates, opt_state = optimizer.update(grads, opt_state, params)
  norm = Average.from_model_output(values=optax.tree.norm(grads)[None])
  return optax.apply_updates(params, updates), opt_state, {f'{name}/gradient_norm': norm}


def update_ema(decay, step, ema, params):
  """Returns ema * d + params * (1 - d), with d ramped up over the first steps.

  d = min(decay, (1 + step) / (10 + step)), so that the random initialisation
  leaves the average early. `decay` 0 means that the average is `params`.
  """
  step = step.astype(jnp.float32)
  d = jnp.minimum(decay, (1 + step) / (10 + step))
  return jax.tree.map(lambda e, p: p + d * (e - p), ema, params)
