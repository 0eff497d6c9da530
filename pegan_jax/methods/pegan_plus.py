"""PE-GAN+: PE-GAN's loop, with a generator that paints through a mask.

What differs from `pegan`: the generator (`nets.masked_translator`); noise beside the
image, so that a background carries many different defects of a class; targets that go
with the background (`--mode match`); a discriminator that is told the domain, and
the objective; and the weights and savings of configs/pegan_plus.py. docs/recipe.md says
what each brings.
"""

import functools
from typing import Callable, NamedTuple

from flax import linen as nn
import jax
import jax.numpy as jnp

from pegan_jax.common.errors import UserError
from pegan_jax.methods import conditional, losses
from pegan_jax.methods.conditional import sampler  # pylint: disable=unused-import
from pegan_jax.methods.diff_augment import augment, CHANGES
from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.feature_discriminator import FeatureDiscriminator
from pegan_jax.nets.masked_translator import GRID, MaskedTranslator, seen_mask
from pegan_jax.pretrained import perception

LAYOUT = 'matched_pairs'
TRANSLATES = True

_SMOOTH = 4  # Channels of smooth noise.

# Pairs are a background and a defect by turns.
_BACKGROUNDS = slice(None, None, 2)


class Objective(NamedTuple):
  """How discriminator and generator contest.

  Attributes:
    disc: the discriminator's loss, of scores of real and of generated images.
    gen: the generator's, of scores of its images.
    penalty: (score, real, fake, key) -> [B], of the discriminator's gradient; `score`
      maps what is seen of images and what the critic is told to scores, `real` and
      `fake` are such pairs.
  """
  disc: Callable
  gen: Callable
  penalty: Callable


def _penalty_between(score, real, fake, key):
  """WGAN-GP's; what an interpolate's critic is told lies between as it does."""
  image, told = jax.tree.map(functools.partial(losses.interpolate, key), real, fake)
  return losses.gradient_penalty(lambda x: score(x, told), image)[0]


def _penalty_of_real(score, real, fake, key):
  del fake, key
  image, told = real
  return losses.r1_penalty(lambda x: score(x, told), image)


OBJECTIVES = {
    'logistic_r1': Objective(losses.cross_entropy_disc, losses.cross_entropy_gen,
                             _penalty_of_real),
    'wgan_gp': Objective(losses.wasserstein_disc, losses.wasserstein_gen,
                         _penalty_between)}


class Networks(NamedTuple):
  """`conditional.Networks` and more.

  Attributes:
    grain: channels of noise from pixel to pixel.
    pretrained: whether the discriminator judges what `pretrained.perception` gives it,
      whose parameters are the method's `extra`; else it judges pixels.
  """
  gen: nn.Module
  disc: nn.Module
  num_domains: int
  grain: int
  pretrained: bool = False


def networks(config, num_domains):
  """The two networks, their parameters not yet drawn.

  Raises:
    UserError: a setting of this method's own makes no sense.
  """
  for name, known in (('objective', OBJECTIVES), ('augment', CHANGES)):
    asked = {config[name]} if name == 'objective' else set(config[name])
    if asked - set(known):
      raise UserError(f'{name} is {config[name]!r}: choose from {", ".join(known)}')
  if config.penalise_every < 1:
    raise UserError(f'penalise_every is {config.penalise_every}: it must be at least 1')
  if config.pretrained and config.objective == 'wgan_gp':
    raise UserError('objective wgan_gp is for a discriminator of pixels: with it set '
                    'pretrained=False')
  if round(64 * config.width * config.disc_width) < 1:
    raise UserError(f'disc_width is {config.disc_width}: it leaves no filters')
  dtype = jnp.dtype(config.dtype)
  disc = FeatureDiscriminator if config.pretrained else Discriminator
  return Networks(
      MaskedTranslator(num_domains, config.width, config.num_blocks, dtype,
                       channels=1 if config.grey else 3, grain=config.grain),
      disc(num_domains, config.width * config.disc_width, dtype,
           projection=config.projection),
      num_domains, config.grain, config.pretrained)


def init(nets, key, image_size):
  """Draws (gen, disc, extra): parameters for square images of `image_size`.

  Raises:
    UserError: the pretrained network is not installed.
  """
  key_gen, key_disc = jax.random.split(key)
  image = jnp.zeros((1, image_size, image_size, 3))
  label = jnp.zeros((1,), jnp.int32)
  noise = _noise(key, image.shape, nets.grain)
  extra = jax.tree.map(jnp.asarray, perception.load()) if nets.pretrained else ()
  seen = _see(nets, extra, image)
  return (nets.gen.init(key_gen, image, label, noise)['params'],
          nets.disc.init(key_disc, seen, _domain(nets, label))['params'], extra)


def _see(nets, extra, image):
  """What the discriminator judges of images [B, H, W, 3]."""
  return perception.see(extra, image) if nets.pretrained else image


def _domain(nets, label):
  """What the critic is told: [B] labels -> [B, num_domains], or None."""
  return (jax.nn.one_hot(label, nets.num_domains)
          if nets.disc.projection else None)


def _noise(key, shape, grain):
  """What makes images of one background and class differ.

  Args:
    key: a random key.
    shape: [..., H, W, 3] of the images.
    grain: channels that differ from pixel to pixel.

  Returns:
    [..., H, W, 4 + grain]: four channels are normal at an eighth of the resolution,
    and smooth between.
  """
  *batch, height, width, _ = shape
  key_smooth, key_grain = jax.random.split(key)
  smooth = jax.random.normal(key_smooth, (
      *batch, height // GRID, width // GRID, _SMOOTH))
  smooth = jax.image.resize(smooth, (*batch, height, width, _SMOOTH), 'linear')
  return jnp.concatenate([
      smooth, jax.random.normal(key_grain, (*batch, height, width, grain))], axis=-1)


def draw_targets(key, batch, num_domains):
  """Backgrounds get a defect class that goes with them, defects the background.

  Args:
    key: a random key.
    batch: label [B] int, the images' own domains, num_domains - 1 being the
      background; match [B, num_domains - 1], the probabilities of a background's
      classes.
    num_domains: defect classes and background.

  Returns:
    [B] int target domains.
  """
  background = num_domains - 1
  defect = jax.random.categorical(key, jnp.log(batch['match']))
  return jnp.where(batch['label'] == background, defect, background)


def _translate(nets, gen, image, label, noise):
  return nets.gen.apply({'params': gen}, image, label, noise)


def _some_pairs(every, x):
  """Every so many of the pairs, background and defect: [2 n, ...] -> [2 m, ...]."""
  return x.reshape(-1, 2, *x.shape[1:])[::every].reshape(-1, *x.shape[1:])


def disc_loss(nets, config, disc, gen, extra, batch, key):
  """The objective's, and PE-GAN's class loss, of augmented images."""
  objective = OBJECTIVES[config.objective]
  key_target, key_noise, key_penalty, key_augment = jax.random.split(key, 4)
  label_src = batch['label']
  label_trg = draw_targets(key_target, batch, nets.num_domains)
  fake, _ = _translate(nets, gen, batch['image'], label_trg,
                       _noise(key_noise, batch['image'].shape, nets.grain))
  # In one pass: a pretrained network takes long to compile. A fake comes next to its
  # image, so that a batch that is split over devices stays where it is.
  images, labels = (jnp.stack(x, 1).reshape(-1, *x[0].shape[1:])
                    for x in ((batch['image'], fake), (label_src, label_trg)))
  seen = jax.lax.stop_gradient(
      _see(nets, extra, augment(key_augment, images, config.augment)))
  told = _domain(nets, labels)

  def judge(x, told, dtype=nets.disc.dtype):
    adv, logits = nets.disc.clone(dtype=dtype).apply({'params': disc}, x, told)
    return losses.critic_score(adv), logits

  scores, logits = judge(seen, told)
  real_score, fake_score, logits = scores[::2], scores[1::2], logits[::2]
  adv = conditional.per_image(objective.disc(real_score, fake_score))
  cls = losses.classification(logits, label_src)
  ends = (jax.tree.map(lambda x, i=i: _some_pairs(config.penalise_every, x[i::2]),
                       (seen, told)) for i in (0, 1))
  # A second derivative needs float32, whatever the networks compute in.
  penalty = objective.penalty(
      lambda x, told: judge(x, told, jnp.float32)[0], *ends, key_penalty)
  loss = jnp.mean(adv + config.lambda_cls_real * cls)
  loss += config.lambda_gp * penalty.mean()
  average = conditional.average
  return loss, ({
      'disc/adv': average(adv),
      'disc/gradient_penalty': average(penalty),
      'disc/cls_real': average(cls),
      'disc/accuracy_real': average(logits.argmax(-1) == label_src),
      'disc/separation': average(conditional.separation(
          *map(conditional.per_image, (real_score, fake_score)))),
      'disc/loss': average(loss[None]),
  }, extra)


def gen_loss(nets, config, gen, disc, extra, batch, key):
  """PE-GAN's, but that only backgrounds are to come back, and a mask has its price.

  A defect's way back has noise of its own: that very defect cannot return, and to ask
  for it is to ask for a trace of it in the erased image. Where a mask paints nothing
  that is seen, it is to be closed; elsewhere it is to be open: content that is far off
  would be seen through any veil. Where the data set knows how much of its crops a class
  covers, it is to cover as much.
  """
  key_target, key_there, key_back, key_augment = jax.random.split(key, 4)
  real, label_trg = batch['image'], draw_targets(key_target, batch, nets.num_domains)
  fake, mask = _translate(
      nets, gen, real, label_trg, _noise(key_there, real.shape, nets.grain))
  recon, _ = _translate(
      nets, gen, fake[_BACKGROUNDS], batch['label'][_BACKGROUNDS],
      _noise(key_back, real[_BACKGROUNDS].shape, nets.grain))
  loss, metrics = conditional.adversarial(
      nets, config, disc, real, fake, label_trg,
      seen=_see(nets, extra, augment(key_augment, fake, config.augment)),
      domain=_domain(nets, label_trg), loss=OBJECTIVES[config.objective].gen)
  rec = losses.reconstruction(real[_BACKGROUNDS], recon)
  unseen, soft = losses.unseen_mask(real, fake, mask), losses.soft_mask(mask)
  outside = losses.outside_area(
      mask, batch['area'][jnp.arange(len(mask)), label_trg])
  loss += config.lambda_rec * rec.sum() / len(real)
  loss += config.lambda_mask * unseen.mean() + config.lambda_soft * soft.mean()
  loss += config.lambda_area * outside.mean()
  return loss, (metrics | {
      'gen/loss': conditional.average(loss[None]),
      'gen/rec_production': conditional.average(rec),
  } | conditional.by_target(
      nets, label_trg, mask=mask.mean(axis=(1, 2, 3)), unseen_mask=unseen,
      soft_mask=soft, outside_area=outside), extra)


def produce_masked(nets, gen, image, key):
  """Puts class c on the backgrounds of row c.

  Args:
    nets: `Networks`.
    gen: the generator's parameters.
    image: [C, B, H, W, 3] in [-1, 1].
    key: [C, B] random keys, one for each image's noise.

  Returns:
    [C, B, H, W, 3], and what is seen of the masks, [C, B, H, W, 1] in [0, 1].
  """
  rows, count = image.shape[:2]
  draw = functools.partial(_noise, shape=image.shape[2:], grain=nets.grain)
  noise = jax.vmap(jax.vmap(draw))(key)
  flat = lambda x: x.reshape(rows * count, *x.shape[2:])
  fake, mask = _translate(
      nets, gen, flat(image), jnp.repeat(jnp.arange(rows), count), flat(noise))
  seen = seen_mask(flat(image), fake, mask)
  return fake.reshape(image.shape), seen.reshape(*image.shape[:4], 1)


def produce(nets, gen, image, key):
  """`produce_masked` without the masks."""
  return produce_masked(nets, gen, image, key)[0]


def eliminate(nets, gen, image):
  """Turns defects into backgrounds, always with the same noise: the shape stays."""
  rows, count = image.shape[:2]
  flat = image.reshape(rows * count, *image.shape[2:])
  label = jnp.full(len(flat), nets.num_domains - 1)
  noise = _noise(jax.random.key(0), flat.shape, nets.grain)
  return _translate(nets, gen, flat, label, noise)[0].reshape(image.shape)
