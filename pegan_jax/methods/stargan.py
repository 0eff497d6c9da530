"""StarGAN: any domain to any domain (Choi et al. 2018).

https://arxiv.org/abs/1711.09020. What differs from PE-GAN: an image's target is
the domain of another image of the batch, so that defects become other defects
too; both networks have their original layout; the penalty is on the sum of the
critic's patches, as in the original's code.
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
  """The two networks; D halves six times, or as often as the size allows."""
  dtype = jnp.dtype(config.dtype)
  size = config.image_size
  halvings = min(6, (size & -size).bit_length() - 1)
  return conditional.Networks(
      Translator(num_domains, config.width, config.num_blocks, dtype,
                 filters=(64, 128, 256), down_kernel=4),
      Discriminator(num_domains, config.width, dtype,
                    filters=tuple(64 * 2**i for i in range(halvings))),
      num_domains)


def draw_targets(key, label_src):
  """The batch's own domains in another order: [B] int -> [B] int."""
  return jax.random.permutation(key, label_src)


def disc_loss(nets, config, disc, gen, extra, batch, key):
  """The discriminator's loss, equation 5."""
  key_target, key_gp = jax.random.split(key)
  label_trg = draw_targets(key_target, batch['label'])
  fake = conditional.translate(nets, gen, batch['image'], label_trg)
  loss, metrics = conditional.disc_loss(
      nets, config, disc, fake, batch, key_gp,
      score=lambda adv: adv.sum(axis=(1, 2)))
  return loss, (metrics, extra)


def gen_loss(nets, config, gen, disc, extra, batch, key):
  """The generator's loss, equation 6."""
  label_trg = draw_targets(key, batch['label'])
  loss, metrics = conditional.gen_loss(
      nets, config, gen, disc, batch, label_trg)
  return loss, (metrics, extra)
