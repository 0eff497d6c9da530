"""Shared by conditional GANs: one generator, conditioned on the target domain.

`make` is all of PE-GAN and StarGAN: the discriminator scores and classifies; the objective
is WGAN-GP, a class loss and a reconstruction loss. PE-GAN+ and `pegan_region` take some of
the parts, and write their own losses.
"""

import jax
import jax.numpy as jnp

from pegan_jax.data.layouts import PAIRS
from pegan_jax.methods import losses
from pegan_jax.methods.method import average, Method


def init(nets, config, key):
  """Initialises (gen, disc, ()) for square images of `config.image_size`."""
  key_gen, key_disc = jax.random.split(key)
  image = jnp.zeros((1, config.image_size, config.image_size, 3))
  label = jnp.zeros((1,), jnp.int32)
  return (nets.gen.init(key_gen, image, label)['params'],
          nets.disc.init(key_disc, image)['params'], ())


def weights(gen, aux):
  """Returns the generator's parameters: all that images are sampled with."""
  del aux
  return gen


def translate(nets, gen, image, label):
  """Returns G(x, c): [B, H, W, 3] in [-1, 1], [B] target domains -> [B, H, W, 3]."""
  return nets.gen.apply({'params': gen}, image, label)


def produce(nets, gen, image, key):
  """Puts class c on the backgrounds of row c: [C, B, H, W, 3] -> the same, no masks."""
  del key
  label = jnp.arange(image.shape[0])
  return _translate_rows(nets, gen, image, label), None


def eliminate(nets, gen, image):
  """Turns defects into backgrounds: [C, B, H, W, 3] -> the same."""
  label = jnp.full(image.shape[0], nets.background)
  return _translate_rows(nets, gen, image, label)


def paint(nets, gen, image, label, noise):
  """Translates to the labels, without masks; see `Method`."""
  del noise
  return translate(nets, gen, image, label), None


def erase(nets, gen, image):
  """Translates [B, H, W, 3] to backgrounds."""
  return translate(nets, gen, image, jnp.broadcast_to(nets.background, image.shape[:1]))


def _translate_rows(nets, gen, image, label):
  rows, count = image.shape[:2]
  flat = translate(nets, gen, image.reshape(rows * count, *image.shape[2:]),
                   jnp.repeat(label, count))
  return flat.reshape(image.shape)


def per_image(x):
  """Averages over a discriminator's critics: [B, ...] -> [B]."""
  return x.reshape(len(x), -1).mean(-1)


def by_turns(real, fake):
  """Puts both in one batch: [n, ...] twice -> [2 n, ...], real[0], fake[0], real[1], ...

  An image comes next to its fake, so that a batch split over devices stays where it is.
  """
  return jnp.stack([real, fake], 1).reshape(-1, *real.shape[1:])


def apart(x):
  """Undoes `by_turns`; splits a batch of pairs into (backgrounds, defects)."""
  return x[::2], x[1::2]


def some_pairs(every, x):
  """Keeps every `every`-th (background, defect) pair: [2 n, ...] -> [2 m, ...]."""
  return x.reshape(-1, 2, *x.shape[1:])[::every].reshape(-1, *x.shape[1:])


def disc_loss(nets, config, disc, fake, batch, key, score):
  """Returns WGAN-GP's loss, and the class loss on real images.

  Args:
    nets: `method.Networks`, G(x, c) and D(x).
    config: weights `lambda_gp` and `lambda_cls_real`.
    disc: the discriminator's parameters, the ones to differentiate.
    fake: [B, H, W, 3], generated from the batch.
    batch: image [B, H, W, 3] in [-1, 1] and label [B].
    key: a random key.
    score: the penalised critic's score of each image, [B, h, w] -> [B].

  Returns:
    The scalar loss, and its unweighted terms.
  """
  real, label_src = batch['image'], batch['label']
  fake = jax.lax.stop_gradient(fake)

  def discriminate(x, dtype=nets.disc.dtype):
    return nets.disc.clone(dtype=dtype).apply({'params': disc}, x)

  maps, logits = discriminate(by_turns(real, fake))  # Faster on a GPU than two passes.
  real_score, fake_score = apart(losses.critic_score(maps))
  logits, _ = apart(logits)
  adv = losses.wasserstein_disc(real_score, fake_score)
  cls = losses.classification(logits, label_src)
  # A second derivative needs float32, whatever the networks compute in.
  penalty, norm = losses.gradient_penalty(
      lambda x: score(discriminate(x, jnp.float32)[0]),
      losses.interpolate(key, real, fake))
  loss = jnp.mean(
      adv + config.lambda_cls_real * cls + config.lambda_gp * penalty)
  return loss, {
      'disc/adv': average(adv),
      'disc/wasserstein': average(-adv),
      'disc/gradient_penalty': average(penalty),
      'disc/gradient_norm_interpolates': average(norm),
      'disc/cls_real': average(cls),
      'disc/accuracy_real': average(logits.argmax(-1) == label_src),
      'disc/separation': average(separation(real_score, fake_score)),
      'disc/loss': average(loss[None]),
  }


def separation(real, fake):
  """Measures overfitting as ADA does: is a real image's score above the middle?

  The middle lies between the mean scores of real and of generated images, since a
  Wasserstein critic's zero means nothing.

  Args:
    real: [B] scores of real images.
    fake: [B] scores of generated images.

  Returns:
    [B], -1 or 1; its mean is near 1 where the discriminator tells them all apart.

  References:
    Karras et al. 2020, https://arxiv.org/abs/2006.06676, equation 1.
  """
  return jnp.sign(real - (real.mean() + fake.mean()) / 2)


def gen_loss(nets, config, gen, disc, batch, label_trg):
  """Returns the adversarial, the class and the cycle loss on generated images.

  Args:
    nets: as `disc_loss` takes them.
    config: weights `lambda_cls_fake` and `lambda_rec`.
    gen: the generator's parameters, the ones to differentiate.
    disc: the discriminator's parameters.
    batch: image [B, H, W, 3] in [-1, 1] and label [B].
    label_trg: [B] target domains.

  Returns:
    The scalar loss, and its terms without weights: 'production' for targets that are
    defects, 'elimination' for the background as target.
  """
  real = batch['image']
  fake = translate(nets, gen, real, label_trg)
  recon = translate(nets, gen, fake, batch['label'])
  answers = nets.disc.apply({'params': disc}, fake)
  loss, metrics = adversarial(nets, config, answers, real, fake, label_trg)
  rec = losses.reconstruction(real, recon)
  loss += config.lambda_rec * rec.mean()
  return loss, metrics | {'gen/loss': average(loss[None])} | by_target(
      nets, label_trg, rec=rec)


def adversarial(nets, config, answers, real, fake, label_trg,
                loss=losses.wasserstein_gen):
  """Returns the generator's adversarial and class losses.

  Args:
    nets, config: as in `gen_loss`.
    answers: what the discriminator says of `fake`: (score maps, logits [B, C + 1]).
    real: [B, H, W, 3] in [-1, 1], the images.
    fake: their translations to `label_trg`.
    label_trg: [B] target domains.
    loss: of the generator, scores -> the same shape.

  Returns:
    The scalar loss, and its terms as `gen_loss` has them.
  """
  adv_map, logits = answers
  adv = per_image(loss(losses.critic_score(adv_map)))
  cls = losses.classification(logits, label_trg)
  return jnp.mean(adv + config.lambda_cls_fake * cls), {
      'gen/adv': average(adv)} | by_target(
          nets, label_trg, cls_fake=cls, change=losses.reconstruction(real, fake),
          accuracy_fake=logits.argmax(-1) == label_trg)


def by_target(nets, label_trg, **values):
  """Returns averages of [B]: gen/<name>_production and gen/<name>_elimination."""
  produced = label_trg != nets.background
  return {f'gen/{name}_{kind}': average(value, mask)
          for name, value in values.items()
          for kind, mask in (('production', produced), ('elimination', ~produced))}


def make(networks, choose_targets, score=losses.critic_score):
  """Returns the `Method` of both losses, on (background, defect) pairs.

  Args:
    networks: as `Method` has it.
    choose_targets: (key, [B] the images' domains, the background's label) -> [B] targets.
    score: as `disc_loss` takes it.
  """
  def of_disc(nets, config, disc, gen, aux, batch, key):
    key_target, key_gp = jax.random.split(key)
    label_trg = choose_targets(key_target, batch['label'], nets.background)
    fake = translate(nets, gen, batch['image'], label_trg)
    loss, metrics = disc_loss(nets, config, disc, fake, batch, key_gp, score)
    return loss, (metrics, aux)

  def of_gen(nets, config, gen, disc, aux, batch, key):
    label_trg = choose_targets(key, batch['label'], nets.background)
    loss, metrics = gen_loss(nets, config, gen, disc, batch, label_trg)
    return loss, (metrics, aux)

  return Method(PAIRS, networks, init, of_disc, of_gen, weights, produce, eliminate,
                paint=paint, erase=erase)
