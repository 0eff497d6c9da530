"""LSGAN (Mao et al. 2017): DCGAN with the least-squares loss.

https://arxiv.org/abs/1611.04076. D learns to score generated images a and real
ones b; G learns to be scored c.
"""

from pegan_jax.methods import losses, unconditional
from pegan_jax.methods.method import average


def disc_loss(config, discriminate, real, fake, key):
  """Returns half of (D(x) - b)^2 + (D(G(z)) - a)^2, equation 2."""
  del key
  real, fake = discriminate(real), discriminate(fake)
  loss = (losses.least_squares(real, config.b)
          + losses.least_squares(fake, config.a)) / 2
  return loss, {'disc/score_real': average(real),
                'disc/score_fake': average(fake)}


def gen_loss(config, fake):
  """Returns half of (D(G(z)) - c)^2, equation 2."""
  return losses.least_squares(fake, config.c) / 2


METHOD = unconditional.make(disc_loss, gen_loss)
