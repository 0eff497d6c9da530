"""DCGAN (Radford et al. 2015): noise to image, one model a defect class.

https://arxiv.org/abs/1511.06434, with the original GAN's loss.
"""

from clu.metrics import Average

from pegan_jax.methods import losses, unconditional
from pegan_jax.methods.unconditional import (  # pylint: disable=unused-import
    init, LAYOUT, networks, produce, sampler, TRANSLATES)


def disc_loss(nets, config, disc, gen, extra, batch, key):
  """-log s(D(x)) - log(1 - s(D(G(z))))."""
  del config
  def adversarial(judge, real, fake, key):
    del key
    real, fake = judge(real), judge(fake)
    return losses.cross_entropy_disc(real, fake), {
        'disc/accuracy_real': Average.from_model_output(values=real > 0),
        'disc/accuracy_fake': Average.from_model_output(values=fake < 0)}

  return unconditional.disc_loss(
      nets, disc, gen, extra, batch, key, adversarial)


def gen_loss(nets, config, gen, disc, extra, batch, key):
  """-log s(D(G(z)))."""
  del config
  return unconditional.gen_loss(
      nets, gen, disc, extra, batch, key, losses.cross_entropy_gen)
