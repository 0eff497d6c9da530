"""WGAN-GP (Gulrajani et al. 2017) on DCGAN's networks, one model per defect class.

https://arxiv.org/abs/1704.00028. D has no batch normalisation: the penalty is on
the gradient of each image alone.
"""

from clu.metrics import Average
import jax.numpy as jnp

from pegan_jax.methods import losses, unconditional


def networks(config, num_classes):
  """Builds DCGAN's networks with biases in place of D's norms."""
  return unconditional.networks(config, num_classes, norm=False)


def disc_loss(nets, config, disc, gen, aux, batch, key):
  """Returns D(G(z)) - D(x) + lambda_gp (||grad D|| - 1)^2."""
  def adversarial(discriminate, real, fake, key):
    adv = losses.wasserstein_disc(discriminate(real), discriminate(fake))
    # A second derivative needs float32, whatever the networks compute in.
    penalty, _ = losses.gradient_penalty(
        lambda x: discriminate(x, jnp.float32), losses.interpolate(key, real, fake))
    return adv + config.lambda_gp * penalty, {
        'disc/wasserstein': Average.from_model_output(values=-adv),
        'disc/gradient_penalty': Average.from_model_output(values=penalty)}

  return unconditional.disc_loss(
      nets, disc, gen, aux, batch, key, adversarial)


def gen_loss(nets, config, gen, disc, aux, batch, key):
  """Returns -D(G(z))."""
  del config
  return unconditional.gen_loss(
      nets, gen, disc, aux, batch, key, losses.wasserstein_gen)


METHOD = unconditional.make(disc_loss, gen_loss, networks)
