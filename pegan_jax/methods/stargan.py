"""StarGAN: any domain to any domain (Choi et al. 2018).

https://arxiv.org/abs/1711.09020. What differs from PE-GAN: an image's target is
the domain of another image of the batch, so that defects become other defects
too; both networks have their original layout; the penalty is on the sum of the
critic's patches, as in the original's code.
"""

import jax
import jax.numpy as jnp

from pegan_jax.data.layouts import PAIRS
from pegan_jax.methods import conditional
from pegan_jax.methods.method import Method, Networks
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.translator import Translator


def networks(config, num_classes):
  """Builds the two networks; D halves six times, or as often as the size allows."""
  dtype = jnp.dtype(config.dtype)
  size = config.image_size
  halvings = min(6, (size & -size).bit_length() - 1)
  return Networks(
      Translator(num_classes + 1, config.width, config.num_blocks, dtype,
                 filters=(64, 128, 256), down_kernel=4),
      Discriminator(num_classes + 1, config.width, dtype,
                    filters=tuple(64 * 2**i for i in range(halvings))),
      num_classes)


def choose_targets(key, label_src):
  """Returns the batch's own domains in another order: [B] int -> [B] int."""
  return jax.random.permutation(key, label_src)


def disc_loss(nets, config, disc, gen, aux, batch, key):
  """Returns the discriminator's loss, equation 5."""
  key_target, key_gp = jax.random.split(key)
  label_trg = choose_targets(key_target, batch['label'])
  fake = conditional.translate(nets, gen, batch['image'], label_trg)
  loss, metrics = conditional.disc_loss(
      nets, config, disc, fake, batch, key_gp,
      score=lambda adv: adv.sum(axis=(1, 2)))
  return loss, (metrics, aux)


def gen_loss(nets, config, gen, disc, aux, batch, key):
  """Returns the generator's loss, equation 6."""
  label_trg = choose_targets(key, batch['label'])
  loss, metrics = conditional.gen_loss(
      nets, config, gen, disc, batch, label_trg)
  return loss, (metrics, aux)


METHOD = Method(
    PAIRS, networks, conditional.init, disc_loss, gen_loss, conditional.weights,
    conditional.produce, conditional.eliminate)
