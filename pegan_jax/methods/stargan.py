"""StarGAN: any domain to any domain (Choi et al. 2018).

https://arxiv.org/abs/1711.09020. What differs from PE-GAN: an image's target is
the domain of another image of the batch, so that defects become other defects
too; both networks have their original layout; the penalty is on the sum of the
critic's patches, as in the original's code.
"""

import jax
import jax.numpy as jnp

from pegan_jax.methods import conditional
from pegan_jax.methods.method import Networks
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.translator import Translator


def networks(config, num_classes, channels):
  """Builds the two networks; D halves six times, or as often as the size allows."""
  del channels  # Images have three, whatever the data's.
  dtype = jnp.dtype(config.dtype)
  size = config.image_size
  halvings = min(6, (size & -size).bit_length() - 1)
  return Networks(
      Translator(num_classes + 1, config.width, config.num_blocks, dtype,
                 filters=(64, 128, 256), down_kernel=4),
      Discriminator(num_classes + 1, config.width, dtype,
                    filters=tuple(64 * 2**i for i in range(halvings))),
      num_classes)


def choose_targets(key, label_src, background):
  """Returns the batch's own domains in another order: [B] int -> [B] int."""
  del background
  return jax.random.permutation(key, label_src)


# The losses are equations 5 and 6.
METHOD = conditional.make(
    networks, choose_targets, score=lambda adv: adv.sum(axis=(1, 2)))
