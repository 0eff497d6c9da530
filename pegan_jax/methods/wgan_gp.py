"""WGAN-GP (Gulrajani et al. 2017) on DCGAN's networks, one model per defect class.

https://arxiv.org/abs/1704.00028. D has no batch normalisation: the penalty is on
the gradient of each image alone.
"""

import jax.numpy as jnp

from pegan_jax.methods import losses, unconditional
from pegan_jax.methods.method import average


def disc_loss(config, discriminate, real, fake, key):
  """Returns D(G(z)) - D(x) + lambda_gp (||grad D|| - 1)^2."""
  adv = losses.wasserstein_disc(discriminate(real), discriminate(fake))
  # A second derivative needs float32, whatever the networks compute in.
  penalty, _ = losses.gradient_penalty(
      lambda x: discriminate(x, jnp.float32), losses.interpolate(key, real, fake))
  return adv + config.lambda_gp * penalty, {
      'disc/wasserstein': average(-adv),
      'disc/gradient_penalty': average(penalty)}


def gen_loss(config, fake):
  """Returns -D(G(z))."""
  del config
  return losses.wasserstein_gen(fake)


METHOD = unconditional.make(disc_loss, gen_loss, norm=False)
