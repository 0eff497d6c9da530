"""Shared by DCGAN, LSGAN and WGAN-GP: noise to image, one model per defect class."""

from clu.metrics import Average
import jax
import jax.numpy as jnp

from pegan_jax.common.errors import UserError
from pegan_jax.data.layouts import CLASSES
from pegan_jax.methods import per_class
from pegan_jax.methods.method import Method, Networks
from pegan_jax.nets.dcgan import Discriminator, Generator, NOISE


def networks(config, num_classes, norm=True):
  """Builds G(z) and D(x), each for `num_classes` sets of parameters.

  Args:
    config: `image_size`, `width` and `dtype`.
    num_classes: number of defect classes.
    norm: whether D has batch normalisation.

  Raises:
    UserError: the size is no power of two.
  """
  size = config.image_size
  if size & (size - 1):
    raise UserError(f'image_size is {size}: {config.method} takes a power of '
                    'two, such as 32, 64 or 128')
  dtype = jnp.dtype(config.dtype)
  return Networks(Generator(size, config.width, dtype=dtype),
                  Discriminator(config.width, norm, dtype), num_classes)


def init(nets, config, key):
  """Initialises (gen, disc, aux), aux being G's running batch statistics."""
  size = config.image_size

  def one(key):
    key_gen, key_disc = jax.random.split(key)
    gen = nets.gen.init(key_gen, jnp.zeros((2, NOISE)))
    disc = nets.disc.init(key_disc, jnp.zeros((2, size, size, 3)))
    return gen['params'], disc['params'], gen['batch_stats']

  return per_class.init(one, key, nets.num_classes)


def weights(gen, aux):
  """Returns G's variables: images are normalised by the running statistics."""
  return {'params': gen, 'batch_stats': aux}


def produce(nets, weights, image, key):  # pylint: disable=redefined-outer-name
  """Samples images of every class: keys [C, B] -> [C, B, H, W, 3] in [-1, 1], no masks."""
  del image
  def one(variables, key):
    z = jax.vmap(lambda key: jax.random.normal(key, (NOISE,)))(key)
    return nets.gen.clone(train=False).apply(variables, z)

  return jax.vmap(one)(weights, key), None


def _generate(nets, gen, stats, key, count):
  """Returns images from fresh noise, and G's running statistics after them."""
  z = jax.random.normal(key, (count, NOISE))
  image, changed = nets.gen.apply(
      {'params': gen, 'batch_stats': stats}, z, mutable='batch_stats')
  return image, changed['batch_stats']


def _discriminate(nets, disc, image, dtype=None):
  # Real and generated images are normalised apart. D's running statistics are not used.
  score, _ = nets.disc.clone(dtype=dtype or nets.disc.dtype).apply(
      {'params': disc}, image, mutable='batch_stats')
  return score


def disc_loss(nets, disc, gen, aux, batch, key, adversarial):
  """Returns the discriminators' loss, added up over classes.

  Args:
    nets: `method.Networks`.
    disc: parameters, class axis first, the ones to differentiate.
    gen: parameters, class axis first.
    aux: G's running statistics, class axis first.
    batch: image [B, C, H, W, 3] in [-1, 1], column c of class c.
    key: a random key.
    adversarial: (discriminate, real, fake, key) -> (losses [B], further metrics), where
      `discriminate` maps images, and a dtype to compute in, to scores [B].

  Returns:
    As a method's `disc_loss`; `aux` is not changed.
  """
  def one(disc, gen, stats, real, key):
    key_noise, key_adv = jax.random.split(key)
    fake, _ = _generate(nets, gen, stats, key_noise, len(real))
    fake = jax.lax.stop_gradient(fake)
    loss, metrics = adversarial(
        lambda *x: _discriminate(nets, disc, *x), real, fake, key_adv)
    metrics |= {'disc/loss': Average.from_model_output(values=loss)}
    return loss.mean(), (metrics, stats)

  real = batch['image'].swapaxes(0, 1)
  keys = jax.random.split(key, len(real))
  return per_class.add(one, disc, gen, aux, real, keys)


def gen_loss(nets, gen, disc, aux, batch, key, adversarial):
  """Returns the generators' loss, added up over classes.

  Args:
    nets: `method.Networks`.
    gen: parameters, class axis first, the ones to differentiate.
    disc: parameters, class axis first.
    aux: G's running statistics, class axis first.
    batch: only its size matters.
    key: a random key.
    adversarial: scores [B] of generated images -> losses [B].

  Returns:
    As a method's `gen_loss`; `aux` has seen the generated images.
  """
  count, classes = batch['label'].shape

  def one(gen, disc, stats, key):
    fake, stats = _generate(nets, gen, stats, key, count)
    loss = adversarial(_discriminate(nets, disc, fake))
    return loss.mean(), (
        {'gen/loss': Average.from_model_output(values=loss)}, stats)

  keys = jax.random.split(key, classes)
  return per_class.add(one, gen, disc, aux, keys)


def make(disc_loss, gen_loss, networks=networks):  # pylint: disable=redefined-outer-name
  """Returns the `Method` of two losses on these networks."""
  return Method(CLASSES, networks, init, disc_loss, gen_loss, weights, produce)
