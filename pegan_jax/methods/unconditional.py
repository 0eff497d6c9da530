"""Shared by the GANs from noise: noise to image, one model per defect class."""

import functools

import jax
import jax.numpy as jnp

from pegan_jax.common.errors import UserError
from pegan_jax.data.layouts import CLASSES
from pegan_jax.methods import per_class
from pegan_jax.methods.method import average, Method, Networks
from pegan_jax.nets.dcgan import Discriminator, Generator, NOISE


def networks(config, num_classes, channels, norm=True):
  """Builds G(z) and D(x), each for `num_classes` sets of parameters.

  Args:
    config: `image_size`, `width` and `dtype`.
    num_classes: number of defect classes.
    channels: of the data; images have three, whatever it is.
    norm: whether D has batch normalisation.

  Raises:
    UserError: the size is no power of two.
  """
  del channels
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


def draw(nets, config, key):
  """Draws the noise of one image: {'z': [100]}."""
  del nets, config
  return {'z': jax.random.normal(key, (NOISE,))}


def paint(nets, weights, image, label, noise):  # pylint: disable=redefined-outer-name
  """Makes images of a class by its own weights: z [B, 100] -> [B, H, W, 3], no masks."""
  del image, label
  return nets.gen.clone(train=False).apply(weights, noise['z']), None


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


def make(disc_adversarial, gen_adversarial, norm=True):
  """Returns the `Method` of two losses on these networks, added up over classes.

  Args:
    disc_adversarial: (config, discriminate, real, fake, key) -> (the discriminator's
      losses [B], further metrics), for one class; `discriminate` maps images, and a dtype
      to compute in, to scores [B].
    gen_adversarial: (config, scores [B] of generated images) -> the generator's losses
      [B].
    norm: as `networks` takes it.
  """
  def disc_loss(nets, config, disc, gen, aux, batch, key):
    def one(disc, gen, stats, real, key):
      key_noise, key_adv = jax.random.split(key)
      fake, _ = _generate(nets, gen, stats, key_noise, len(real))
      loss, metrics = disc_adversarial(
          config, functools.partial(_discriminate, nets, disc), real,
          jax.lax.stop_gradient(fake), key_adv)
      metrics |= {'disc/loss': average(loss)}
      return loss.mean(), (metrics, stats)

    real = batch['image'].swapaxes(0, 1)
    return per_class.add(
        one, disc, gen, aux, real, jax.random.split(key, len(real)))

  def gen_loss(nets, config, gen, disc, aux, batch, key):
    count, classes = batch['label'].shape

    def one(gen, disc, stats, key):
      fake, stats = _generate(nets, gen, stats, key, count)
      loss = gen_adversarial(config, _discriminate(nets, disc, fake))
      return loss.mean(), ({'gen/loss': average(loss)}, stats)

    return per_class.add(one, gen, disc, aux, jax.random.split(key, classes))

  return Method(CLASSES, functools.partial(networks, norm=norm), init, disc_loss,
                gen_loss, weights, produce, draw=draw, paint=paint)
