"""DCGAN (Radford et al. 2015): noise to image, one model per defect class.

https://arxiv.org/abs/1511.06434, with the original GAN's loss.
"""

from pegan_jax.methods import losses, unconditional
from pegan_jax.methods.method import average


def disc_loss(config, discriminate, real, fake, key):
  """Returns -log s(D(x)) - log(1 - s(D(G(z))))."""
  del config, key
  real, fake = discriminate(real), discriminate(fake)
  return losses.cross_entropy_disc(real, fake), {
      'disc/accuracy_real': average(real > 0),
      'disc/accuracy_fake': average(fake < 0)}


def gen_loss(config, fake):
  """Returns -log s(D(G(z)))."""
  del config
  return losses.cross_entropy_gen(fake)


METHOD = unconditional.make(disc_loss, gen_loss)
