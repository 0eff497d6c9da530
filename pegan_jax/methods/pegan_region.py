"""PE-GAN in a region: the defect that is asked for, painted where it is asked for.

The generator gets a soft map r in [0, 1] of the region wanted. On an image x it shows its
content c through an opacity m in [0, 1], inside of the region alone:

  x' = x + r m (c - x)

so that x' is x, bit for bit, where r is 0. Elimination is the same with the background as
target, and the region of the defect: what lies around it stays. The discriminator D judges
an image together with a region and a domain, patch by patch, those on the region above
all. With y the domain of x, y' that of x', and L the logistic loss:

  L_D = L(D(x, r, y)) + L(-D(x', r, y')) + lambda_mismatched L(-D(x, r*, y*))
        + lambda_gp ||grad_x D(x, r, y)||^2 / 2 + lambda_cls_real CE(C(x, r), y)
  L_G = L(D(x', r, y')) + lambda_cls_fake CE(C(x', r), y') + lambda_rec |x - x''|
        + lambda_brightness outside(x' - x)

(r*, y*) do not go with x: another defect's region, or a region and a class on a background
without a defect. A background with a region and no class is real, which is what a defect
must become. C is D's class head, CE the cross-entropy. x'' is a background that was given a
defect and erased again. `outside` is how far the mean of x' - x in the region lies outside
of what real defects of y' have, see `data/brightness.py`; to the pretrained features a dark
scratch is nearer to a bright one than two bright ones are to each other.

With `reference` the generator is also shown a training defect of the class that it is to
paint, see `reference.py`: half of the time while it trains, so that it paints without, too.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.data import brightness
from pegan_jax.data.dataset import Records
from pegan_jax.data.layouts import PLACED_PAIRS
from pegan_jax.methods import conditional, cut_outs, losses, masked, reference
from pegan_jax.methods.diff_augment import augment, CHANGES
from pegan_jax.methods.masked import draw_noise, produce
from pegan_jax.methods.method import average, Method, Networks
from pegan_jax.nets import masks
from pegan_jax.nets.masked_translator import MaskedTranslator
from pegan_jax.nets.patch_discriminator import PatchDiscriminator
from pegan_jax.pretrained import perception

# Added to the opacity's logit. In a sketch whose opacity started at a half, it closed
# before the discriminator had learnt what to ask for, and nothing was ever painted.
_OPENING = 2.0


class Frozen(NamedTuple):
  """Holds what nothing trains.

  Attributes:
    eyes: weights of the pretrained network that the discriminator sees with, or ().
    defects: what references are drawn from, see `cut_outs.defects`, or ().
    brightness: float32 [num_domains, 2], the least and the most that a domain's defects are
      brighter than their ground, images being in [-1, 1]; or ().
  """
  eyes: Any = ()
  defects: Any = ()
  brightness: Any = ()


def networks(config, num_classes, channels):
  """Builds the two networks.

  Raises:
    UserError: one of this method's own settings makes no sense, or the pretrained
      weights are not installed.
  """
  if set(config.augment) - set(CHANGES):
    raise UserError(f'augment is {config.augment!r}: choose from {", ".join(CHANGES)}')
  if round(48 * config.width * config.disc_width) < 1:
    raise UserError(f'disc_width is {config.disc_width}: it leaves no filters')
  dtype, num_domains = jnp.dtype(config.dtype), num_classes + 1
  return Networks(
      MaskedTranslator(num_domains, config.width, config.num_blocks, dtype,
                       channels=1 if config.grey and channels == 1 else 3,
                       grain=config.grain, opening=_OPENING, skips=config.skips,
                       # The image's, and the opacity.
                       reference=config.reference * (channels + 1)),
      PatchDiscriminator(num_domains, config.width * config.disc_width, dtype),
      num_classes, Frozen(perception.load() if config.pretrained else ()))


def of_data(nets, config, info):
  """Returns networks with what is taken from the training defects.

  That is how bright they are, and those that references are drawn from, if any are.

  Raises:
    UserError: as `cut_outs.defects`.
  """
  records, frozen = Records(info, 'train', config.cache_mb), nets.frozen
  if config.lambda_brightness:
    levels = [brightness.usual(records, label) for label in range(nets.num_classes)]
    # What changes by 2 at most has no bounds: the background, and what is not annotated.
    frozen = frozen._replace(brightness=np.clip(
        [*np.divide(levels, 127.5), (-2, 2)], -2, 2).astype(np.float32))
  if config.reference:
    frozen = frozen._replace(
        defects=cut_outs.defects(config, info, records, 'config.reference'))
  return nets._replace(frozen=frozen)


def init(nets, config, key):
  """Initialises (gen, disc, ()) for square images of `config.image_size`."""
  key_gen, key_disc = jax.random.split(key)
  image = jnp.zeros((1, config.image_size, config.image_size, 3))
  region, label = image[..., :1], jnp.zeros((1,), jnp.int32)
  noise = draw_noise(key, image.shape, nets.gen.grain)
  # Only the shapes of the features matter here: the network is not even traced.
  maps = perception.blank(image) if nets.frozen.eyes else ()
  return (nets.gen.init(key_gen, image, label, noise, region)['params'],
          nets.disc.init(key_disc, (image, *maps), region, label)['params'], ())


def _features(nets, image):
  """Returns what the discriminator gets of images [B, H, W, 3]: them, and maps if any."""
  maps = perception.see(nets.frozen.eyes, image) if nets.frozen.eyes else ()
  return (image, *maps)


def _translate(nets, gen, image, label, region, key, *shown):
  """Returns x' and its opacity r m: [B, H, W, 3], [B], [B, H, W, 1] -> two of [B, ..]."""
  noise = draw_noise(key, image.shape, nets.gen.grain)
  return nets.gen.apply({'params': gen}, image, label, noise, region, *shown)


def _shown(nets, batch, key):
  """Returns what the generator is shown beside a batch of pairs: a list of one, or empty.

  To half of the backgrounds nothing is shown, nor to the defects, which are to be erased.
  """
  if not nets.frozen.defects:
    return []
  image, label, region = (conditional.apart(batch[name])[0]
                          for name in ('image', 'target', 'region'))
  # The noise takes the key's first two.
  key_drop, *keys = jax.random.split(jax.random.fold_in(key, 2), 1 + len(image))
  shown = reference.draw(nets.frozen.defects, image, label, jnp.stack(keys), region).shown
  shown *= jax.random.bernoulli(key_drop, shape=(len(shown), 1, 1, 1))
  return [conditional.by_turns(shown, jnp.zeros_like(shown))]


# --- Losses ---

def _average(values, weights):
  """Averages over an image's patches: two of [B, patches], 1 in all per image -> [B]."""
  return (values * weights).sum(-1)


def mismatched(batch, background):
  """Pairs each image with a region and a domain that do not go with it.

  Args:
    batch: label, target [B] int; region [B, H, W, 1]; pairs of background and defect.
    background: its label.

  Returns:
    region [B, H, W, 1] and domain [B]: of a defect, the next defect's region; of a
    background, its region as it is, and the class that it is to become. And [B] in
    [0, 1], how little a pair can be right: for a defect, 1 less what the two regions
    have in common (intersection over union).
  """
  clean, region = batch['label'] == background, batch['region']
  others = jnp.roll(region, -2, axis=0)
  common = jnp.minimum(region, others).sum((1, 2, 3)) / (
      jnp.maximum(region, others).sum((1, 2, 3)) + 1e-6)
  return (jnp.where(clean[:, None, None, None], region, others),
          jnp.where(clean, batch['target'], batch['label']),
          jnp.where(clean, 1, 1 - common))


def disc_loss(nets, config, disc, gen, aux, batch, key):
  """Returns L_D, on augmented images and regions."""
  key_noise, key_augment = jax.random.split(key)
  real, region, label = batch['image'], batch['region'], batch['label']
  fake, _ = _translate(nets, gen, real, batch['target'], region, key_noise,
                       *_shown(nets, batch, key_noise))
  wrong_region, wrong_domain, how_wrong = mismatched(batch, nets.background)

  def discriminate(features, region, domain, dtype=nets.disc.dtype):
    return nets.disc.clone(dtype=dtype).apply(
        {'params': disc}, features, region, domain)

  def interleave(*x):  # A batch that is split keeps an image's three pairs together.
    return jnp.stack(x, 1).reshape(-1, *x[0].shape[1:])

  # A mismatched pair is of the same augmented image as the real one.
  images, regions = augment(
      key_augment, conditional.by_turns(real, fake), config.augment,
      conditional.by_turns(*(jnp.concatenate([region, x], -1)
                             for x in (wrong_region, region))))
  features = jax.lax.stop_gradient(_features(nets, images))
  features = jax.tree.map(lambda x: interleave(
      *conditional.apart(x), conditional.apart(x)[0]), features)
  (own, others), (asked, _) = (
      jnp.split(x, 2, axis=-1) for x in conditional.apart(regions))
  regions = interleave(own, asked, others)
  domains = interleave(label, batch['target'], wrong_domain)
  scores, weights, logits = discriminate(features, regions, domains)
  signs = jnp.tile(jnp.array([1, -1, -1]), len(real))[:, None]
  of_real, of_fake, wrong = jnp.moveaxis(
      _average(losses.cross_entropy_gen(signs * scores), weights).reshape(-1, 3), 1, 0)
  adv, wrong = of_real + of_fake, how_wrong * wrong
  cls = losses.classification(logits[::3], label)

  some = lambda x: conditional.some_pairs(config.penalise_every, x[::3])
  # A second derivative needs float32, whatever the networks compute in.
  penalty = losses.r1_penalty(lambda x: _average(*discriminate(
      x, some(regions), some(domains), jnp.float32)[:2]), jax.tree.map(some, features))

  loss = jnp.mean(adv + config.lambda_mismatched * wrong + config.lambda_cls_real * cls)
  loss += config.lambda_gp * penalty.mean()
  return loss, ({
      'disc/adv': average(adv),
      'disc/mismatched': average(wrong),
      'disc/gradient_penalty': average(penalty),
      'disc/cls_real': average(cls),
      'disc/accuracy_real': average(logits[::3].argmax(-1) == label),
      'disc/separation': average(conditional.separation(
          *_average(scores, weights).reshape(-1, 3).T[:2])),
      'disc/loss': average(loss[None]),
  }, aux)


def gen_loss(nets, config, gen, disc, aux, batch, key):
  """Returns L_G; the cycle covers backgrounds only, as PE-GAN+'s does."""
  key_forward, key_backward, key_augment = jax.random.split(key, 3)
  real, region, target = batch['image'], batch['region'], batch['target']
  fake, opacity = _translate(nets, gen, real, target, region, key_forward,
                             *_shown(nets, batch, key_forward))
  images, regions = augment(key_augment, fake, config.augment, region)
  scores, weights, logits = nets.disc.apply(
      {'params': disc}, _features(nets, images), regions, target)
  adv = _average(losses.cross_entropy_gen(scores), weights)
  cls = losses.classification(logits, target)

  background, _ = conditional.apart(real)
  produced, place = (conditional.apart(x)[0] for x in (fake, region))
  recon, _ = _translate(nets, gen, produced, conditional.apart(batch['label'])[0],
                        place, key_backward)
  rec = losses.reconstruction(background, recon)
  loss = adv.mean() + config.lambda_cls_fake * cls.mean() + config.lambda_rec * rec.mean()
  outside = jnp.zeros(len(real))
  if len(nets.frozen.brightness):
    outside = losses.outside_brightness(
        real, fake, masks.harden(region), nets.frozen.brightness[target])
    loss += config.lambda_brightness * outside.mean()
  inside = lambda x: x.sum((1, 2, 3)) / (region.sum((1, 2, 3)) + 1e-3)
  return loss, ({
      'gen/loss': average(loss[None]), 'gen/rec_production': average(rec),
  } | conditional.by_target(
      nets, target, adv=adv, cls=cls, opacity=inside(opacity), outside_brightness=outside,
      change=inside(jnp.abs(fake - real).mean(-1, keepdims=True))), aux)


# --- Sampling ---

def eliminate(nets, gen, image, region):
  """Turns defects into backgrounds inside of the regions, always with the same noise."""
  flat = lambda x: x.reshape(-1, *x.shape[2:])
  label = jnp.full(image.shape[0] * image.shape[1], nets.background)
  return _translate(nets, gen, flat(image), label, flat(region),
                    jax.random.key(0))[0].reshape(image.shape)


def references(nets, image, key, region):
  """Draws the real defect that each image is produced with, see `Method`."""
  if not nets.frozen.defects:
    return None
  flat = lambda x: x.reshape(-1, *x.shape[2:])
  label = jnp.repeat(jnp.arange(len(image)), image.shape[1])
  found = reference.draw(nets.frozen.defects, flat(image), label, flat(key), flat(region))
  return jax.tree.map(lambda x: x.reshape(*image.shape[:2], *x.shape[1:]), found)


METHOD = Method(
    PLACED_PAIRS, networks, init, disc_loss, gen_loss, conditional.weights, produce,
    eliminate, masked.draw, masked.paint, masked.erase, has_masks=True,
    matched=lambda config: config.match, of_data=of_data, references=references)
