"""PE-GAN: production puts a defect on a background, elimination takes it away.

Sensors 2024, 24(8), 2642, with the WGAN-GP objective of its section 3.3. One
generator does both: a background's target is a random defect class, a defect's
target is the background, and translating back must restore the input.
"""

import jax
import jax.numpy as jnp

from pegan_jax.methods import conditional
from pegan_jax.methods.conditional import eliminate, init, produce, sampler  # pylint: disable=unused-import
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.translator import Translator

LAYOUT = 'pairs'
TRANSLATES = True


def networks(config, num_domains):
  """The two networks, their parameters not yet drawn."""
  dtype = jnp.dtype(config.dtype)
  return conditional.Networks(
      Translator(num_domains, config.width, config.num_blocks, dtype),
      Discriminator(num_domains, config.width, dtype=dtype), num_domains)


def draw_targets(key, label_src, num_domains):
  """Backgrounds get a uniformly drawn defect class, defects the background.

  Args:
    key: a random key.
    label_src: [B] int, the images' own domains; num_domains - 1 is background.
    num_domains: defect classes and background.

  Returns:
    [B] int target domains.
  """
  background = num_domains - 1
  defect = jax.random.randint(key, label_src.shape, 0, background)
  return jnp.where(label_src == background, defect, background)


def disc_loss(nets, config, disc, gen, extra, batch, key):
  """L_D of equation 6 with the gradient penalty."""
  key_target, key_gp = jax.random.split(key)
  label_trg = draw_targets(key_target, batch['label'], nets.num_domains)
  fake = conditional.translate(nets, gen, batch['image'], label_trg)
  loss, metrics = conditional.disc_loss(
      nets, config, disc, fake, batch, key_gp)
  return loss, (metrics, extra)


def gen_loss(nets, config, gen, disc, extra, batch, key):
  """L_G of equation 7, production and elimination in one batch."""
  label_trg = draw_targets(key, batch['label'], nets.num_domains)
  loss, metrics = conditional.gen_loss(
      nets, config, gen, disc, batch, label_trg)
  return loss, (metrics, extra)
