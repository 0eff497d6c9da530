"""WGAN-GP (Gulrajani et al. 2017) on DCGAN's networks, one model a defect class.

https://arxiv.org/abs/1704.00028. D has no batch normalisation: the penalty is on
each image's own gradient.
"""

from clu.metrics import Average
import jax.numpy as jnp

from pegan_jax.methods import losses, unconditional
from pegan_jax.methods.unconditional import (  # pylint: disable=unused-import
    init, LAYOUT, produce, sampler, TRANSLATES)


def networks(config, num_domains):
  """DCGAN's networks with biases in place of D's norms."""
  return unconditional.networks(config, num_domains, norm=False)


def disc_loss(nets, config, disc, gen, extra, batch, key):
  """D(G(z)) - D(x) + lambda_gp (||grad D|| - 1)^2."""
  def adversarial(judge, real, fake, key):
    adv = losses.wasserstein_disc(judge(real), judge(fake))
    # A second derivative needs float32, whatever the networks compute in.
    penalty, _ = losses.gradient_penalty(
        lambda x: judge(x, jnp.float32), losses.interpolate(key, real, fake))
    return adv + config.lambda_gp * penalty, {
        'disc/wasserstein': Average.from_model_output(values=-adv),
        'disc/gradient_penalty': Average.from_model_output(values=penalty)}

  return unconditional.disc_loss(
      nets, disc, gen, extra, batch, key, adversarial)


def gen_loss(nets, config, gen, disc, extra, batch, key):
  """-D(G(z))."""
  del config
  return unconditional.gen_loss(
      nets, gen, disc, extra, batch, key, losses.wasserstein_gen)
