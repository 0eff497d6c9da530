"""PE-GAN+: PE-GAN's loop, with a generator that paints content through a mask.

The generator has an opacity m in [0, 1] and shows its content c there, on an image x:

  x' = x + m (c - x)

Both depend on the target domain and on noise, so that a background carries many
different defects of a class. The discriminator D gets an image's features and its domain
as a condition; it scores (D) and classifies (C). With y the domain of x and y' that of x':

  L_D = adversarial + lambda_cls_real C(x, y) + lambda_gp penalty
  L_G = adversarial + lambda_cls_fake C(x', y') + lambda_rec |x - x''|
        + lambda_mask unseen(m) + lambda_soft 4 m (1 - m) + lambda_area outside(m)

x'' is a background that was given a defect and erased again. `OBJECTIVES` has the
adversarial terms and the penalty; the lambdas are keys of configs/pegan_plus.py.
docs/recipe.md says what each part brings.
"""

import functools
from typing import Callable, NamedTuple

import jax
import jax.numpy as jnp

from pegan_jax.common.errors import UserError
from pegan_jax.data.layouts import MATCHED_PAIRS
from pegan_jax.methods import conditional, losses, masked
from pegan_jax.methods.diff_augment import augment, CHANGES
from pegan_jax.methods.masked import draw_noise, produce
from pegan_jax.methods.method import average, Method, Networks
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.feature_discriminator import FeatureDiscriminator
from pegan_jax.nets.masked_translator import MaskedTranslator
from pegan_jax.pretrained import perception


# --- Networks ---

def networks(config, num_classes, channels):
  """Builds the two networks, and loads the pretrained weights for D's features.

  Raises:
    UserError: one of this method's own settings makes no sense, or the pretrained
      weights are not installed.
  """
  for name, known in (('objective', OBJECTIVES), ('augment', CHANGES)):
    asked = {config[name]} if name == 'objective' else set(config[name])
    if asked - set(known):
      raise UserError(f'{name} is {config[name]!r}: choose from {", ".join(known)}')
  if config.pretrained and config.objective == 'wgan_gp':
    raise UserError('objective wgan_gp is for a discriminator of pixels: with it set '
                    'pretrained=False')
  if round(64 * config.width * config.disc_width) < 1:
    raise UserError(f'disc_width is {config.disc_width}: it leaves no filters')
  dtype, num_domains = jnp.dtype(config.dtype), num_classes + 1
  disc = FeatureDiscriminator if config.pretrained else Discriminator
  return Networks(
      MaskedTranslator(num_domains, config.width, config.num_blocks, dtype,
                       channels=1 if config.grey and channels == 1 else 3,
                       grain=config.grain),
      disc(num_domains, config.width * config.disc_width, dtype,
           projection=config.projection),
      num_classes, perception.load() if config.pretrained else ())


def init(nets, config, key):
  """Initialises (gen, disc, ()) for square images of `config.image_size`."""
  key_gen, key_disc = jax.random.split(key)
  image = jnp.zeros((1, config.image_size, config.image_size, 3))
  label = jnp.zeros((1,), jnp.int32)
  noise = draw_noise(key, image.shape, nets.gen.grain)
  # Only the shapes of the features matter here: the network is not even traced.
  features = perception.blank(image) if jax.tree.leaves(nets.frozen) else image
  return (nets.gen.init(key_gen, image, label, noise)['params'],
          nets.disc.init(key_disc, features, _condition(nets, label))['params'], ())


def _translate(nets, gen, image, label, key):
  """Returns x' and the opacity m: [B, H, W, 3] and [B] targets -> two of [B, H, W, ..]."""
  return nets.gen.apply(
      {'params': gen}, image, label, draw_noise(key, image.shape, nets.gen.grain))


def _features(nets, image):
  """Returns the discriminator's features of images [B, H, W, 3]."""
  pretrained = jax.tree.leaves(nets.frozen)
  return perception.see(nets.frozen, image) if pretrained else image


def _condition(nets, label):
  """Returns the discriminator's condition: [B] labels -> [B, num_domains], or None."""
  return (jax.nn.one_hot(label, nets.num_domains)
          if nets.disc.projection else None)


# --- Targets ---

def choose_targets(key, batch, background):
  """Chooses a matching defect class for a background, the background for a defect.

  Args:
    key: a random key.
    batch: label [B] int, the images' own domains; match [B, background], the
      probabilities of a background's classes.
    background: its label, the one after the defect classes.

  Returns:
    [B] int target domains.
  """
  defect = jax.random.categorical(key, jnp.log(batch['match']))
  return jnp.where(batch['label'] == background, defect, background)


# --- Objectives ---

class Objective(NamedTuple):
  """The adversarial losses and the penalty.

  Attributes:
    disc: the discriminator's loss, from scores of real and of generated images.
    gen: the generator's, from scores of its images.
    penalty: (score, real, fake, key) -> [B], from the discriminator's gradient; `score`
      maps features and their condition to scores, `real` and `fake` are such pairs.
  """
  disc: Callable
  gen: Callable
  penalty: Callable


def _penalty_between(score, real, fake, key):
  """Returns WGAN-GP's penalty; conditions are interpolated like their images."""
  image, condition = jax.tree.map(functools.partial(losses.interpolate, key), real, fake)
  return losses.gradient_penalty(lambda x: score(x, condition), image)[0]


def _penalty_of_real(score, real, fake, key):
  del fake, key
  features, condition = real
  return losses.r1_penalty(lambda x: score(x, condition), features)


OBJECTIVES = {
    'logistic_r1': Objective(losses.cross_entropy_disc, losses.cross_entropy_gen,
                             _penalty_of_real),
    'wgan_gp': Objective(losses.wasserstein_disc, losses.wasserstein_gen,
                         _penalty_between)}


# --- The discriminator's loss ---

def disc_loss(nets, config, disc, gen, aux, batch, key):
  """Returns L_D, on augmented images."""
  objective = OBJECTIVES[config.objective]
  key_target, key_noise, key_penalty, key_augment = jax.random.split(key, 4)
  label_src = batch['label']
  label_trg = choose_targets(key_target, batch, nets.background)
  fake, _ = _translate(nets, gen, batch['image'], label_trg, key_noise)

  # In one pass, since a pretrained network takes long to compile.
  images = conditional.by_turns(batch['image'], fake)
  labels = conditional.by_turns(label_src, label_trg)
  features = jax.lax.stop_gradient(
      _features(nets, augment(key_augment, images, config.augment)))
  condition = _condition(nets, labels)

  def discriminate(features, condition, dtype=nets.disc.dtype):
    adv, logits = nets.disc.clone(dtype=dtype).apply(
        {'params': disc}, features, condition)
    return losses.critic_score(adv), logits

  scores, logits = discriminate(features, condition)
  real_score, fake_score = conditional.apart(scores)
  logits, _ = conditional.apart(logits)
  adv = conditional.per_image(objective.disc(real_score, fake_score))
  cls = losses.classification(logits, label_src)

  real_pair, fake_pair = (
      jax.tree.map(
          lambda x, i=i: conditional.some_pairs(
              config.penalise_every, conditional.apart(x)[i]),
          (features, condition)) for i in (0, 1))
  # A second derivative needs float32, whatever the networks compute in.
  penalty = objective.penalty(
      lambda *x: discriminate(*x, jnp.float32)[0], real_pair, fake_pair, key_penalty)

  loss = jnp.mean(adv + config.lambda_cls_real * cls)
  loss += config.lambda_gp * penalty.mean()
  return loss, ({
      'disc/adv': average(adv),
      'disc/gradient_penalty': average(penalty),
      'disc/cls_real': average(cls),
      'disc/accuracy_real': average(logits.argmax(-1) == label_src),
      'disc/separation': average(conditional.separation(
          *map(conditional.per_image, (real_score, fake_score)))),
      'disc/loss': average(loss[None]),
  }, aux)


# --- The generator's loss ---

def gen_loss(nets, config, gen, disc, aux, batch, key):
  """Returns L_G, like PE-GAN's except for two things.

  The cycle loss covers backgrounds only: erasing a defect loses it, so asking for it
  back would reward leaving a trace. And there are three penalties on the mask: on opacity
  where the content cannot be seen, on opacity between 0 and 1 (content that is far from
  the image shows even through a faint mask), and on a share of the image that is unusual
  for the class, where the data set knows that.
  """
  key_target, key_forward, key_backward, key_augment = jax.random.split(key, 4)
  real, label_trg = batch['image'], choose_targets(key_target, batch, nets.background)
  fake, opacity = _translate(nets, gen, real, label_trg, key_forward)

  answers = nets.disc.apply(
      {'params': disc}, _features(nets, augment(key_augment, fake, config.augment)),
      _condition(nets, label_trg))
  loss, metrics = conditional.adversarial(
      nets, config, answers, real, fake, label_trg, OBJECTIVES[config.objective].gen)

  background, _ = conditional.apart(real)
  recon, _ = _translate(nets, gen, conditional.apart(fake)[0],
                        conditional.apart(batch['label'])[0], key_backward)
  rec = losses.reconstruction(background, recon)
  # The mean is over all images, as PE-GAN's, though defects have no such loss.
  loss += config.lambda_rec * rec.sum() / len(real)

  unseen, soft = losses.unseen_mask(real, fake, opacity), losses.soft_mask(opacity)
  outside = losses.outside_area(
      opacity, batch['area'][jnp.arange(len(opacity)), label_trg])
  loss += config.lambda_mask * unseen.mean() + config.lambda_soft * soft.mean()
  loss += config.lambda_area * outside.mean()
  return loss, (metrics | {
      'gen/loss': average(loss[None]),
      'gen/rec_production': average(rec),
  } | conditional.by_target(
      nets, label_trg, mask=opacity.mean(axis=(1, 2, 3)), unseen_mask=unseen,
      soft_mask=soft, outside_area=outside), aux)


# --- Sampling ---

def eliminate(nets, gen, image):
  """Turns defects into backgrounds, always with the same noise: the shape stays."""
  flat = image.reshape(-1, *image.shape[2:])
  label = jnp.full(len(flat), nets.background)
  return _translate(nets, gen, flat, label, jax.random.key(0))[0].reshape(image.shape)


METHOD = Method(
    MATCHED_PAIRS, networks, init, disc_loss, gen_loss, conditional.weights, produce,
    eliminate, masked.draw, masked.paint, masked.erase, has_masks=True,
    matched=lambda config: config.match)
