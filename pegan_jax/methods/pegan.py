"""PE-GAN: production puts a defect on a background, elimination takes it away.

Sensors 2024, 24(8), 2642, with the WGAN-GP objective of its section 3.3. One
generator does both: a background's target is a random defect class, a defect's
target is the background, and translating back must restore the input.
"""

import jax
import jax.numpy as jnp

from pegan_jax.methods import conditional
from pegan_jax.methods.method import Networks
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.translator import Translator


def networks(config, num_classes, channels):
  """Builds the two networks."""
  del channels  # Images have three, whatever the data's.
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


# Production and elimination are in one batch; the losses are equations 6, with the
# gradient penalty, and 7.
METHOD = conditional.make(networks, choose_targets)
