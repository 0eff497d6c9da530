"""PE-GAN in a region: what it may change, and its losses by hand."""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import pegan_plus as plus_config, pegan_region as config_file
from pegan_jax.common.errors import UserError
from pegan_jax.methods import masked, pegan_plus, pegan_region
from pegan_jax.methods.method import Networks
from pegan_jax.nets.patch_discriminator import PatchDiscriminator
from pegan_jax.runs.step import init_state, make_step

BACKGROUND = 3
WEIGHTS = np.array([0.75, 0.25], np.float32)


def _compiled(loss):
  """The loss as one function: operation by operation, each would be compiled alone."""
  return lambda nets, config, *args: jax.jit(functools.partial(loss, nets, config))(*args)


disc_loss, gen_loss = map(_compiled, (pegan_region.disc_loss, pegan_region.gen_loss))


class Painter(nn.Module):
  """Content of a tenth of the label, all over the region."""
  grain: int = 1

  @nn.compact
  def __call__(self, x, label, noise, region):
    mask = region * self.param('open', nn.initializers.ones, ())
    content = label[:, None, None, None] / 10
    return x + mask * (content - x), mask


class Told(nn.Module):
  """Scores two patches, the first three times as heavy as the second.

  They are w sum(x) + domain + sum(r) / 64, and minus the domain. The logits of the
  domains are their numbers times the image's mean.
  """
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, features, region, label):
    x, = features
    w = self.param('w', nn.initializers.constant(0.01), ())
    total = lambda x: x.sum(axis=(1, 2, 3))
    scores = jnp.stack([w * total(x) + label + total(region) / 64, -1. * label], -1)
    return (scores, jnp.broadcast_to(WEIGHTS, scores.shape),
            x.mean(axis=(1, 2, 3))[:, None] * jnp.arange(BACKGROUND + 1.))


def loss_of(scores):
  """The discriminator's logistic loss of patches that should have low scores."""
  return (np.log1p(np.exp(scores)) @ WEIGHTS).mean()


def class_loss(x, label):
  """The cross-entropy of the logits of `Told`, averaged over images."""
  logits = np.asarray(x).mean((1, 2, 3))[:, None] * np.arange(BACKGROUND + 1)
  own = logits[np.arange(len(x)), np.asarray(label)]
  return np.mean(np.log(np.exp(logits).sum(1)) - own)


def score(x, region, label):
  total = lambda x: np.asarray(x).sum((1, 2, 3))
  label = np.array(label)
  return np.stack([0.01 * total(x) + label + total(region) / 64, -1. * label], -1)


@pytest.fixture
def setting():
  """Two pairs of a background and a defect, each with a region of its own."""
  nets = Networks(Painter(), Told(), BACKGROUND, pegan_region.Frozen())
  image = jnp.stack([jnp.full((8, 8, 3), x) for x in (0.5, -0.5, 0.25, -0.25)])
  region = np.zeros((4, 8, 8, 1), np.float32)
  for i in range(4):
    region[i, :i + 1, :4] = 1
  batch = {'image': image, 'label': jnp.array([3, 1, 3, 2]),
           'target': jnp.array([2, 3, 0, 3]), 'region': jnp.asarray(region)}
  config = config_file.get_config()
  config.augment, config.penalise_every = (), 1
  config.lambda_gp, config.lambda_mismatched, config.lambda_rec = 0.5, 0.25, 3.0
  config.lambda_cls_real, config.lambda_cls_fake = 0.7, 0.3
  config.lambda_brightness = 0.0
  return nets, config, {'open': jnp.ones(())}, {'w': jnp.float32(0.01)}, batch


def _fake(batch, opening=1.):
  content = np.asarray(batch['target'])[:, None, None, None] / 10
  image = np.asarray(batch['image'])
  return image + opening * np.asarray(batch['region']) * (content - image)


def test_a_mismatched_pair_is_anothers_region_or_a_class_on_a_background(setting):
  *_, batch = setting
  region, domain, how_wrong = pegan_region.mismatched(batch, BACKGROUND)
  # The defects' regions are 2 and 4 of the same columns high.
  np.testing.assert_allclose(how_wrong, [1, 0.5, 1, 0.5], rtol=1e-5)
  np.testing.assert_array_equal(domain, [2, 1, 0, 2])
  # The background's own; for the two defects each other's.
  np.testing.assert_array_equal(region, batch['region'][np.array([0, 3, 2, 1])])


def test_the_discriminators_loss(setting):
  nets, config, gen, disc, batch = setting
  loss, (metrics, aux) = disc_loss(
      nets, config, disc, gen, (), batch, jax.random.key(0))
  assert aux == ()
  real = score(batch['image'], batch['region'], batch['label'])
  fake = score(_fake(batch), batch['region'], batch['target'])
  wrong = score(batch['image'], batch['region'][np.array([0, 3, 2, 1])], [2, 1, 0, 2])
  adv = loss_of(-real) + loss_of(fake)
  mismatched = np.mean([w * loss_of(s) for w, s in zip([1, 0.5, 1, 0.5], wrong)])
  penalty = (0.01 * 0.75) ** 2 * 8 * 8 * 3 / 2  # By the image alone.
  values = {k: float(v.compute()) for k, v in metrics.items()}
  assert values['disc/adv'] == pytest.approx(adv, rel=1e-4)
  assert values['disc/mismatched'] == pytest.approx(mismatched, rel=1e-4)
  assert values['disc/gradient_penalty'] == pytest.approx(penalty, rel=1e-4)
  cls = class_loss(batch['image'], batch['label'])
  assert values['disc/cls_real'] == pytest.approx(cls, rel=1e-4)
  # Two of the four have a mean above 0, and so the highest label as the likeliest.
  assert values['disc/accuracy_real'] == pytest.approx(0.5)
  assert loss == pytest.approx(
      adv + 0.25 * mismatched + 0.5 * penalty + 0.7 * cls, rel=1e-4)


def test_the_generators_loss(setting):
  nets, config, _, disc, batch = setting
  gen = {'open': jnp.float32(0.5)}
  loss, (metrics, _) = gen_loss(
      nets, config, gen, disc, (), batch, jax.random.key(0))
  fake = _fake(batch, 0.5)
  adv = loss_of(-score(fake, batch['region'], batch['target']))
  # Erased again: content of 0.3 through half of the region once more.
  recon = fake + 0.5 * np.asarray(batch['region']) * (0.3 - fake)
  rec = np.abs(recon - np.asarray(batch['image']))[::2].mean()
  values = {k: float(v.compute()) for k, v in metrics.items()}
  assert values['gen/rec_production'] == pytest.approx(rec, rel=1e-4)
  assert values['gen/opacity_production'] == pytest.approx(0.5, rel=1e-3)
  assert values['gen/opacity_elimination'] == pytest.approx(0.5, rel=1e-3)
  cls = class_loss(fake, batch['target'])
  assert loss == pytest.approx(adv + 3 * rec + 0.3 * cls, rel=1e-4)


def test_a_defect_that_is_too_dark_or_bright_for_its_class_has_a_price(setting):
  nets, config, _, disc, batch = setting
  # Of whole images: what they change by is what is painted less what was there.
  batch = batch | {'region': jnp.ones_like(batch['region'])}
  usual = jnp.array([(0.1, 0.2), (-2, 2), (-0.1, 0.1), (-2, 2)])
  nets = nets._replace(frozen=pegan_region.Frozen(brightness=usual))

  def found(weight):
    config.lambda_brightness = weight
    loss, (metrics, _) = gen_loss(nets, config, {'open': jnp.float32(0.5)}, disc, (),
                                  batch, jax.random.key(0))
    return loss, float(metrics.get('gen/outside_brightness_production').compute())

  (free, _), (loss, mean) = found(0.0), found(0.5)
  # Half of 0.2 - 0.5 is 0.05 below its range, of 0 - 0.25 0.225; defects are erased freely.
  assert mean == pytest.approx((0.05 + 0.225) / 2, rel=1e-4)
  assert loss - free == pytest.approx(0.5 * (0.05 + 0.225) / 4, rel=1e-3)


def test_image_and_region_move_together_before_they_are_judged(setting, monkeypatch):
  nets, config, gen, disc, batch = setting
  config.augment = ('translation',)
  seen = []

  class Watching(Told):

    def __call__(self, features, region, label):
      seen.append((np.asarray(features[0]), np.asarray(region)))
      return super().__call__(features, region, label)

  # Where the image is 0.5, the region is.
  batch['image'] = batch['region'] * 0.5 * jnp.ones(3)
  pegan_region.gen_loss(nets._replace(disc=Watching()), config, {'open': jnp.zeros(())},
                        disc, (), batch, jax.random.key(0))
  (x, region), = seen
  np.testing.assert_array_equal(x[..., :1], 0.5 * region)
  assert (region != np.asarray(batch['region'])).any()


@pytest.fixture(scope='module')
def networks():
  config = config_file.get_config()
  config.width, config.num_blocks, config.image_size = 1 / 8, 1, 32
  config.pretrained = False
  nets = pegan_region.networks(config, 2, 1)
  gen, disc, _ = jax.jit(lambda: pegan_region.init(
      nets, config, jax.random.key(0)))()
  return nets, gen, disc


def test_outside_of_the_region_every_bit_stays(networks):
  nets, gen, _ = networks
  image = jax.random.uniform(jax.random.key(1), (2, 3, 32, 32, 3), minval=-1)
  region = jnp.zeros((2, 3, 32, 32, 1)).at[:, :, 8:20, 4:12].set(0.7)
  keys = jax.random.split(jax.random.key(2), (2, 3))
  fake, visible = jax.jit(lambda *x: pegan_region.produce(nets, *x))(
      gen, image, keys, region)
  erased = jax.jit(lambda *x: pegan_region.eliminate(nets, *x))(gen, image, region)
  outside = np.broadcast_to(np.asarray(region) == 0, image.shape)
  for changed in (fake, erased):
    np.testing.assert_array_equal(np.asarray(changed)[outside],
                                  np.asarray(image)[outside])
    # It starts open: what is inside is changed from the first step on.
    assert np.abs(np.asarray(changed - image))[~outside].mean() > 0.1
  visible = np.asarray(visible)
  assert visible.shape == region.shape
  assert (visible[np.asarray(region) == 0] == 0).all() and visible.max() > 0.1
  assert visible.max() <= 0.7


def test_what_is_painted_depends_on_region_noise_and_class(networks):
  nets, gen, _ = networks
  image = jnp.broadcast_to(
      jax.random.uniform(jax.random.key(1), (32, 32, 3)), (2, 2, 32, 32, 3))
  keys = jax.random.split(jax.random.key(2), (2, 2))
  region = jnp.zeros((2, 2, 32, 32, 1)).at[:, :, 8:20, 4:12].set(1)
  produce = jax.jit(lambda *x: pegan_region.produce(nets, *x)[0])
  fake = np.asarray(produce(gen, image, keys, region))
  assert np.abs(fake[0, 0] - fake[0, 1]).max() > 1e-3  # Noise.
  one = jnp.broadcast_to(keys[0, 0], (2, 2))
  same = np.asarray(produce(gen, image, one, region))
  assert np.abs(same[0, 0] - same[1, 0]).max() > 1e-3
  np.testing.assert_allclose(same[0, 0], same[0, 1], atol=1e-6)
  wider = np.asarray(produce(gen, image, keys, region.at[..., 20:28, :12, :].set(1)))
  assert np.abs(wider - fake)[:, :, 12:16, 6:10].max() > 1e-3  # In what both cover, too.


def test_the_discriminator_sees_region_and_domain(networks):
  nets, _, disc = networks
  image = jax.random.uniform(jax.random.key(1), (1, 32, 32, 3))
  apply = jax.jit(lambda region, label: nets.disc.apply(
      {'params': disc}, [image], region, label)[0])
  judge = lambda region, label: np.asarray(apply(region, jnp.array([label])))
  empty = jnp.zeros((1, 32, 32, 1))
  plain = judge(empty, 0)
  assert plain.shape == (1, 4 * 4 + 2 * 2)
  assert np.abs(judge(empty, 1) - plain).min() > 1e-4
  # The patch of the corner sees a region in it, and the one across does not.
  moved = np.abs(judge(empty.at[:, :4, :4].set(1), 0) - plain)[0, :16].reshape(4, 4)
  assert moved[0, 0] > 1e-4 and moved[3, 3] == 0


def test_patches_on_the_region_count_most_and_every_image_the_same(networks):
  nets, _, disc = networks
  region = jnp.zeros((2, 32, 32, 1)).at[0, :4, :4].set(1).at[1, :16].set(1)
  _, weights, _ = jax.jit(nets.disc.apply)(
      {'params': disc}, [jnp.zeros((2, 32, 32, 3))], region, jnp.array([0, 0]))
  fine, coarse = weights[:, :16].reshape(2, 4, 4), weights[:, 16:].reshape(2, 2, 2)
  # One of 16 and one of 4 patches, or half of them; the others have 0.1 to 1.1.
  for found, others, total in ((fine, 15, 2.6), (coarse, 3, 1.4)):
    np.testing.assert_allclose(
        found[0].ravel(), np.array([1.1] + others * [0.1]) / total / 2, rtol=1e-5)
  np.testing.assert_allclose(fine[1, :2], 1.1 / 9.6 / 2, rtol=1e-5)
  np.testing.assert_allclose(coarse[1, 1], 0.1 / 2.4 / 2, rtol=1e-5)


def test_pretrained_maps_are_judged_beside_the_pixels():
  config = config_file.get_config()
  config.width, config.num_blocks, config.image_size = 1 / 8, 0, 32
  nets = pegan_region.networks(config, 2, 1)
  shapes = jax.eval_shape(lambda: pegan_region.init(nets, config, jax.random.key(0)))[1]
  assert shapes['map0_1']['kernel'].shape[2] == 24 + 1  # The first map and the region.
  disc, image = PatchDiscriminator(3, 1 / 16), jnp.full((1, 32, 32, 3), 0.5)
  maps = [jax.random.normal(jax.random.key(i), (1, 16 >> i, 16 >> i, 4)) for i in (0, 1)]
  region, label = jnp.zeros((1, 32, 32, 1)), jnp.array([0])
  params = jax.jit(disc.init)(jax.random.key(2), [image, *maps], region, label)
  judge = jax.jit(lambda region, label: disc.apply(params, [image, *maps], region, label))
  of_map = slice(4 * 4 + 2 * 2, -8 * 8)  # After those of the pixels.
  scores, weights, logits = judge(region, label)
  np.testing.assert_allclose(weights[:, of_map].sum(), 1 / 4, rtol=1e-5)
  after, heavier, _ = judge(region.at[:, :4, :4].set(1), label)
  moved = np.abs(after - scores)[0, of_map].reshape(16, 16)
  assert moved[:3, :3].min() > 0 and moved[3:].max() == 0 and moved[:, 3:].max() == 0
  heavier = heavier[0, of_map]
  np.testing.assert_allclose(heavier[:2] / heavier[2], [11, 11], rtol=1e-5)
  said, _, same = judge(region, label + 1)
  assert np.abs(said - scores).min() > 0
  # What the image looks like does not depend on what it is said to be.
  assert logits.shape == (1, 3) and np.ptp(logits) > 0
  np.testing.assert_array_equal(same, logits)
  slopes = jax.jit(jax.grad(lambda params: disc.apply(
      params, [image, *maps], region, label)[0].sum()))(params)
  assert all(np.abs(x).max() > 0 for name, part in slopes['params'].items()
             if name.startswith('map') for x in jax.tree.leaves(part))


@pytest.mark.parametrize('name,value,words', [
    ('augment', ('mirror',), 'augment is .*choose from brightness'),
    ('disc_width', 0.001, 'disc_width is 0.001: it leaves no filters')])
def test_settings_that_make_no_sense(name, value, words):
  config = config_file.get_config()
  config[name] = value
  with pytest.raises(UserError, match=words):
    pegan_region.networks(config, BACKGROUND, 1)


@pytest.mark.parametrize('method,settings', [
    (pegan_plus, plus_config), (pegan_region, config_file)])
def test_content_has_colours_where_the_data_have(method, settings):
  config = settings.get_config()
  config.width, config.num_blocks, config.image_size = 1 / 8, 0, 32
  config.pretrained = False

  def networks(grey, channels):
    config.grey = grey
    return method.networks(config, 2, channels)

  image, keys = jnp.zeros((2, 1, 32, 32, 3)), jax.random.split(jax.random.key(1), (2, 1))
  for nets, coloured in ((networks(True, 1), False), (networks(False, 1), True)):
    placed = (jnp.ones((2, 1, 32, 32, 1)),) * nets.gen.skips
    gen = jax.jit(lambda nets=nets: method.init(nets, config, jax.random.key(0)))()[0]
    fake, _ = jax.jit(functools.partial(masked.produce, nets))(gen, image, keys, *placed)
    assert bool((fake[..., 0] != fake[..., 1]).any()) == coloured
  assert networks(True, 3) == networks(False, 1)


def test_a_step_fits_windows_of_256():
  """Traced, not compiled: the same parameters as at 32, and every map beside its region."""
  size = 256
  config = config_file.get_config()
  config.width, config.num_blocks = 1 / 8, 0
  config.image_size = 32
  nets = pegan_region.networks(config, 2, 1)
  small = jax.eval_shape(lambda: init_state(pegan_region.METHOD, nets, config))
  config.image_size = size
  state = jax.eval_shape(lambda: init_state(pegan_region.METHOD, nets, config))
  assert jax.tree.map(jnp.shape, state) == jax.tree.map(jnp.shape, small)
  of = lambda *shape, dtype=jnp.uint8: jax.ShapeDtypeStruct(shape, dtype)
  batch = {'image': of(1, 4, size, size, 1), 'region': of(1, 4, size, size, 1),
           'label': of(1, 4, dtype=jnp.int32), 'target': of(1, 4, dtype=jnp.int32)}
  after, metrics = jax.eval_shape(
      make_step(pegan_region.METHOD, nets, config), state, batch, nets.frozen)
  assert jax.tree.map(jnp.shape, after) == jax.tree.map(jnp.shape, state)
  assert {'gen/loss', 'disc/loss'} <= metrics.keys()
  fake, mask = jax.eval_shape(
      lambda *x: pegan_region.produce(nets, *x), state.gen, of(2, 3, size, size, 3),
      jax.eval_shape(lambda: jax.random.split(jax.random.key(0), (2, 3))),
      of(2, 3, size, size, 1, dtype=jnp.float32))
  assert fake.shape == (2, 3, size, size, 3) and mask.shape == (2, 3, size, size, 1)
