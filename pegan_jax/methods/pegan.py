"""PE-GAN: production puts a defect on a background, elimination takes it away.

Sensors 2024, 24(8), 2642, with the WGAN-GP objective of its section 3.3. One
generator does both: a background's target is a random defect class, a defect's
target is the background, and translating back must restore the input.
"""

from typing import NamedTuple

from clu.metrics import Average
from flax import linen as nn
import jax
import jax.numpy as jnp

from pegan_jax import losses
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.translator import Translator


class Networks(NamedTuple):
  gen: nn.Module
  disc: nn.Module
  num_domains: int


def networks(config, num_domains):
  """The two networks, their parameters not yet drawn."""
  dtype = jnp.dtype(config.dtype)
  return Networks(
      Translator(num_domains, config.width, config.num_blocks, dtype),
      Discriminator(num_domains, config.width, dtype=dtype), num_domains)


def init(nets, key, image_size):
  """Draws (gen, disc) parameters for square images of `image_size`."""
  key_gen, key_disc = jax.random.split(key)
  image = jnp.zeros((1, image_size, image_size, 3))
  label = jnp.zeros((1,), jnp.int32)
  return (nets.gen.init(key_gen, image, label)['params'],
          nets.disc.init(key_disc, image)['params'])


def translate(nets, gen, image, label):
  """G(x, c): [B, H, W, 3] in [-1, 1] and [B] target domains -> [B, H, W, 3]."""
  return nets.gen.apply({'params': gen}, image, label)


def draw_targets(key, label_src, num_domains):
  """Backgrounds get a uniformly drawn defect class, defects the background.

  Args:
    key: a random key.
    label_src: [B] int, the images' own domains; num_domains - 1 is background.
    num_domains: defect classes and background.

  Returns:
    [B] int target domains.
  """
  background = num_domains - 1
  defect = jax.random.randint(key, label_src.shape, 0, background)
  return jnp.where(label_src == background, defect, background)


def _average(values, mask=None):
  return Average.from_model_output(values=values, mask=mask)


def disc_loss(nets, config, disc, gen, batch, key):
  """L_D of equation 6 with the gradient penalty.

  Args:
    nets: from `networks`.
    config: weights `lambda_gp` and `lambda_cls_real`.
    disc: the discriminator's parameters, the ones to differentiate.
    gen: the generator's parameters.
    batch: image [B, H, W, 3] in [-1, 1] and label [B].
    key: a random key.

  Returns:
    The scalar loss, and its unweighted terms.
  """
  real, label_src = batch['image'], batch['label']
  key_target, key_gp = jax.random.split(key)
  label_trg = draw_targets(key_target, label_src, nets.num_domains)
  fake = jax.lax.stop_gradient(translate(nets, gen, real, label_trg))

  def judge(x, dtype=nets.disc.dtype):
    adv, cls = nets.disc.clone(dtype=dtype).apply({'params': disc}, x)
    return losses.critic_score(adv), cls

  score_real, logits = judge(real)
  score_fake, _ = judge(fake)
  adv = losses.wasserstein_disc(score_real, score_fake)
  cls = losses.classification(logits, label_src)
  # A second derivative needs float32, whatever the networks compute in.
  penalty, norm = losses.gradient_penalty(
      lambda x: judge(x, jnp.float32)[0],
      losses.interpolate(key_gp, real, fake))
  loss = jnp.mean(adv + config.lambda_gp * penalty
                  + config.lambda_cls_real * cls)
  return loss, {
      'disc/adv': _average(adv),
      'disc/wasserstein': _average(-adv),
      'disc/gradient_penalty': _average(penalty),
      'disc/gradient_norm_interpolates': _average(norm),
      'disc/cls_real': _average(cls),
      'disc/accuracy_real': _average(logits.argmax(-1) == label_src),
      'disc/loss': _average(loss[None]),
  }


def gen_loss(nets, config, gen, disc, batch, key):
  """L_G of equation 7, production and elimination in one batch.

  Args:
    nets: from `networks`.
    config: weights `lambda_cls_fake` and `lambda_rec`.
    gen: the generator's parameters, the ones to differentiate.
    disc: the discriminator's parameters.
    batch: image [B, H, W, 3] in [-1, 1] and label [B].
    key: a random key.

  Returns:
    The scalar loss, and its unweighted terms, by process where they differ.
  """
  real, label_src = batch['image'], batch['label']
  label_trg = draw_targets(key, label_src, nets.num_domains)
  fake = translate(nets, gen, real, label_trg)
  recon = translate(nets, gen, fake, label_src)
  adv_map, logits = nets.disc.apply({'params': disc}, fake)
  adv = losses.wasserstein_gen(losses.critic_score(adv_map))
  cls = losses.classification(logits, label_trg)
  rec = losses.reconstruction(real, recon)
  loss = jnp.mean(adv + config.lambda_cls_fake * cls + config.lambda_rec * rec)
  produced = label_src == nets.num_domains - 1
  change = losses.reconstruction(real, fake)
  metrics = {'gen/adv': _average(adv), 'gen/loss': _average(loss[None])}
  for name, mask in (('production', produced), ('elimination', ~produced)):
    metrics |= {
        f'gen/cls_fake_{name}': _average(cls, mask),
        f'gen/rec_{name}': _average(rec, mask),
        f'gen/change_{name}': _average(change, mask),
        f'gen/accuracy_fake_{name}': _average(
            logits.argmax(-1) == label_trg, mask),
    }
  return loss, metrics
