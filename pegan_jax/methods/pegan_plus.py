"""PE-GAN+: PE-GAN's objective, with a generator that paints through a mask.

What differs from `pegan`: the generator (`nets.masked_translator`), noise beside the
image, so that a background carries many different defects of a class, and targets
that go with the background (`data_prep.match`).
"""

import functools

import jax
import jax.numpy as jnp

from pegan_jax.methods import conditional
from pegan_jax.methods.conditional import sampler  # pylint: disable=unused-import
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.masked_translator import MaskedTranslator, NOISE_STRIDE

LAYOUT = 'matched_pairs'
TRANSLATES = True
NOISE_CHANNELS = 4


def networks(config, num_domains):
  """The two networks, their parameters not yet drawn."""
  dtype = jnp.dtype(config.dtype)
  return conditional.Networks(
      MaskedTranslator(num_domains, config.width, config.num_blocks, dtype),
      Discriminator(num_domains, config.width, dtype=dtype), num_domains)


def init(nets, key, image_size):
  """Draws (gen, disc, ()): parameters for square images of `image_size`."""
  key_gen, key_disc = jax.random.split(key)
  image = jnp.zeros((1, image_size, image_size, 3))
  label = jnp.zeros((1,), jnp.int32)
  return (nets.gen.init(key_gen, image, label, _noise(key, image.shape))['params'],
          nets.disc.init(key_disc, image)['params'], ())


def _noise(key, shape):
  """Standard normal noise for images [..., H, W, 3]."""
  *batch, height, width, _ = shape
  return jax.random.normal(key, (
      *batch, height // NOISE_STRIDE, width // NOISE_STRIDE, NOISE_CHANNELS))


def draw_targets(key, batch, num_domains):
  """Backgrounds get a defect class that goes with them, defects the background.

  Args:
    key: a random key.
    batch: label [B] int, the images' own domains, num_domains - 1 being the
      background; match [B, num_domains - 1], the probabilities of a background's
      classes.
    num_domains: defect classes and background.

  Returns:
    [B] int target domains.
  """
  background = num_domains - 1
  defect = jax.random.categorical(key, jnp.log(batch['match']))
  return jnp.where(batch['label'] == background, defect, background)


def _translate(nets, gen, image, label, noise):
  return nets.gen.apply({'params': gen}, image, label, noise)


def disc_loss(nets, config, disc, gen, extra, batch, key):
  """PE-GAN's."""
  key_target, key_noise, key_gp = jax.random.split(key, 3)
  label_trg = draw_targets(key_target, batch, nets.num_domains)
  fake, _ = conditional.in_parts(
      functools.partial(_translate, nets, gen), batch['image'], label_trg,
      _noise(key_noise, batch['image'].shape))
  loss, metrics = conditional.disc_loss(nets, config, disc, fake, batch, key_gp)
  return loss, (metrics, extra)


def gen_loss(nets, config, gen, disc, extra, batch, key):
  """PE-GAN's; the way back has noise of its own."""
  key_target, key_there, key_back = jax.random.split(key, 3)
  real, label_trg = batch['image'], draw_targets(key_target, batch, nets.num_domains)
  fake, mask = _translate(
      nets, gen, real, label_trg, _noise(key_there, real.shape))
  recon, _ = _translate(
      nets, gen, fake, batch['label'], _noise(key_back, real.shape))
  loss, metrics = conditional.gen_terms(
      nets, config, disc, real, fake, recon, label_trg)
  area = mask.mean(axis=(1, 2, 3))
  produced = label_trg != nets.num_domains - 1
  metrics |= {'gen/mask_production': conditional.average(area, produced),
              'gen/mask_elimination': conditional.average(area, ~produced)}
  return loss, (metrics, extra)


def produce_masked(nets, gen, image, key):
  """Puts class c on the backgrounds of row c.

  Args:
    nets: `Networks`.
    gen: the generator's parameters.
    image: [C, B, H, W, 3] in [-1, 1].
    key: [C, B] random keys, one for each image's noise.

  Returns:
    [C, B, H, W, 3], and the masks [C, B, H, W, 1] in [0, 1].
  """
  rows, count = image.shape[:2]
  noise = jax.vmap(jax.vmap(functools.partial(_noise, shape=image.shape[2:])))(key)
  flat = lambda x: x.reshape(rows * count, *x.shape[2:])
  fake, mask = _translate(
      nets, gen, flat(image), jnp.repeat(jnp.arange(rows), count), flat(noise))
  return fake.reshape(image.shape), mask.reshape(*image.shape[:4], 1)


def produce(nets, gen, image, key):
  """`produce_masked` without the masks."""
  return produce_masked(nets, gen, image, key)[0]


def eliminate(nets, gen, image):
  """Turns defects into backgrounds, always with the same noise: the shape stays."""
  rows, count = image.shape[:2]
  flat = image.reshape(rows * count, *image.shape[2:])
  label = jnp.full(len(flat), nets.num_domains - 1)
  noise = _noise(jax.random.key(0), flat.shape)
  return _translate(nets, gen, flat, label, noise)[0].reshape(image.shape)
