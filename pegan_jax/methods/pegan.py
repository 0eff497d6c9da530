"""PE-GAN: production puts a defect on a background, elimination takes it away.

Sensors 2024, 24(8), 2642, with the WGAN-GP objective of its section 3.3. One
generator does both: a background's target is a random defect class, a defect's
target is the background, and translating back must restore the input.
"""

import jax
import jax.numpy as jnp

from pegan_jax.data.layouts import PAIRS
from pegan_jax.methods import conditional
from pegan_jax.methods.method import Method, Networks
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.translator import Translator


def networks(config, num_classes):
  """Builds the two networks."""
  dtype = jnp.dtype(config.dtype)
  return Networks(
      Translator(num_classes + 1, config.width, config.num_blocks, dtype),
      Discriminator(num_classes + 1, config.width, dtype=dtype), num_classes)


def choose_targets(key, label_src, background):
  """Chooses a uniformly random defect class for backgrounds, the background for defects.

  Args:
    key: a random key.
    label_src: [B] int, the images' own domains.
    background: its label, the one after the defect classes.

  Returns:
    [B] int target domains.
  """
  defect = jax.random.randint(key, label_src.shape, 0, background)
  return jnp.where(label_src == background, defect, background)


def disc_loss(nets, config, disc, gen, aux, batch, key):
  """Returns L_D of equation 6 with the gradient penalty."""
  key_target, key_gp = jax.random.split(key)
  label_trg = choose_targets(key_target, batch['label'], nets.background)
  fake = conditional.translate(nets, gen, batch['image'], label_trg)
  loss, metrics = conditional.disc_loss(
      nets, config, disc, fake, batch, key_gp)
  return loss, (metrics, aux)


def gen_loss(nets, config, gen, disc, aux, batch, key):
  """Returns L_G of equation 7, production and elimination in one batch."""
  label_trg = choose_targets(key, batch['label'], nets.background)
  loss, metrics = conditional.gen_loss(
      nets, config, gen, disc, batch, label_trg)
  return loss, (metrics, aux)


METHOD = Method(
    PAIRS, networks, conditional.init, disc_loss, gen_loss, conditional.weights,
    conditional.produce, conditional.eliminate)
