"""PE-GAN+'s losses by hand, its noise and its masks."""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import pegan_plus as config_file
from pegan_jax.common.errors import UserError
from pegan_jax.methods import conditional, pegan_plus
from pegan_jax.methods.method import Networks
from pegan_jax.methods.masked import draw_noise
from pegan_jax.nets.discriminator import Discriminator

BACKGROUND = 3


def _compiled(loss):
  """The loss as one function: operation by operation, each would be compiled alone."""
  return lambda nets, config, *args: jax.jit(functools.partial(loss, nets, config))(*args)


disc_loss, gen_loss = map(_compiled, (pegan_plus.disc_loss, pegan_plus.gen_loss))


class Painter(nn.Module):
  """Content of a tenth of the label, through a mask of the first noise channel's sign."""
  grain: int = 1

  @nn.compact
  def __call__(self, x, label, noise):
    mask = (noise[..., :1] > 0) * self.param('open', nn.initializers.ones, ())
    content = label[:, None, None, None] / 10
    return x + mask * (content - x), mask


class Told(nn.Module):
  """D(x) = sum(x) / 4 + what it is told . (1, 2, 3, 4); always odds 2:1:1:1."""
  dtype: jnp.dtype = jnp.float32
  projection: bool = True

  @nn.compact
  def __call__(self, x, domain):
    scale = self.param('scale', nn.initializers.constant(0.25), ())
    adv = scale * x.sum(axis=(1, 2, 3)) + domain @ jnp.arange(1., 5.)
    logits = jnp.tile(jnp.array([jnp.log(2.), 0., 0., 0.]), (len(x), 1))
    return adv[:, None, None], logits


@pytest.fixture
def setting():
  nets = Networks(Painter(), Told(), BACKGROUND)
  image = jnp.stack([jnp.full((8, 8, 3), 0.5), jnp.full((8, 8, 3), -0.5)])
  batch = {'image': image, 'label': jnp.array([BACKGROUND, 1]),
           'match': jnp.array([[0., 0., 1.], [1., 0., 0.]]),  # the background: 2
           'area': jnp.tile(jnp.array([0., 1.]), (2, 4, 1))}
  config = config_file.get_config()
  config.penalise_every, config.pretrained = 1, False
  config.lambda_mask = config.lambda_soft = config.lambda_area = 0.0
  config.objective, config.lambda_gp, config.lambda_rec = 'wgan_gp', 10.0, 10.0
  config.lambda_cls_real, config.lambda_cls_fake = 2.0, 5.0
  return nets, config, {'open': jnp.ones(())}, {'scale': jnp.float32(0.25)}, batch


def _fake(batch, key, label):
  noise = draw_noise(key, batch['image'].shape, Painter.grain)
  mask = np.asarray(noise[..., :1] > 0)
  return np.where(mask, np.array(label)[:, None, None, None] / 10, batch['image']), mask


def test_the_critic_is_told_the_domains(setting):
  nets, config, gen, disc, batch = setting
  key = jax.random.key(0)
  loss, (metrics, _) = disc_loss(nets, config, disc, gen, (), batch, key)
  fake, _ = _fake(batch, jax.random.split(key, 4)[1], [2, BACKGROUND])
  score = lambda x, told: np.asarray(x).sum((1, 2, 3)) / 4 + told
  # Told 1 + label: the fakes' targets, the real images' own.
  adv = (score(fake, [3, 4]) - score(batch['image'], [4, 2])).mean()
  penalty = (0.25 * np.sqrt(8 * 8 * 3) - 1) ** 2
  assert float(metrics['disc/adv'].compute()) == pytest.approx(adv, rel=1e-4)
  assert loss == pytest.approx(adv + 10 * penalty + 2 * np.log(5), rel=1e-4)
  separation = float(metrics['disc/separation'].compute())
  assert separation == pytest.approx(np.sign(
      score(batch['image'], [4, 2])
      - (score(fake, [3, 4]) + score(batch['image'], [4, 2])).mean() / 2).mean())


def test_the_logistic_objective_penalises_the_real_images_gradient(setting):
  nets, config, gen, disc, batch = setting
  config.objective, config.lambda_gp = 'logistic_r1', 0.5
  key = jax.random.key(0)
  loss, (metrics, _) = disc_loss(nets, config, disc, gen, (), batch, key)
  fake, _ = _fake(batch, jax.random.split(key, 4)[1], [2, BACKGROUND])
  score = lambda x, told: np.asarray(x).sum((1, 2, 3)) / 4 + told
  adv = np.mean(np.log1p(np.exp(-score(batch['image'], [4, 2])))
                + np.log1p(np.exp(score(fake, [3, 4]))))
  penalty = 0.25 ** 2 * 8 * 8 * 3 / 2
  assert float(metrics['disc/gradient_penalty'].compute()) == pytest.approx(penalty)
  assert loss == pytest.approx(adv + 0.5 * penalty + 2 * np.log(5), rel=1e-4)
  key_there = jax.random.split(key, 4)[1]
  loss, (metrics, _) = gen_loss(nets, config, gen, disc, (), batch, key)
  fake, _ = _fake(batch, key_there, [2, BACKGROUND])
  adv = np.log1p(np.exp(-score(fake, [3, 4]))).mean()
  assert float(metrics['gen/adv'].compute()) == pytest.approx(adv, rel=1e-4)


class Pair(nn.Module):
  """Two critics: the first seen's sum times its weight, and minus the second's."""
  dtype: jnp.dtype = jnp.float32
  projection: bool = False

  @nn.compact
  def __call__(self, seen, domain):
    assert domain is None
    scale = self.param('scale', nn.initializers.ones, ())
    adv = [scale * seen[0].sum(axis=(1, 2, 3)), -seen[1].sum(axis=(1, 2, 3))]
    return jnp.stack(adv, -1)[:, None, None], jnp.zeros((len(seen[0]), 4))


def test_what_a_pretrained_network_sees_is_judged_critic_by_critic(
    setting, monkeypatch):
  """Seen: the image times `frozen`, and its first pixel."""
  nets, config, gen, _, batch = setting
  monkeypatch.setattr(pegan_plus.perception, 'see', lambda frozen, x: (
      frozen * x, x[:, :1, :1]))
  nets = nets._replace(disc=Pair(), frozen=jnp.float32(0.5))
  config.objective, config.lambda_gp = 'logistic_r1', 0.5
  disc, key = {'scale': jnp.float32(0.1)}, jax.random.key(0)
  loss, (metrics, aux) = disc_loss(nets, config, disc, gen, (), batch, key)
  assert aux == ()
  scores = lambda x: np.stack([
      0.05 * np.asarray(x).sum((1, 2, 3)), -np.asarray(x)[:, 0, 0].sum(-1)], -1)
  softplus = lambda x: np.log1p(np.exp(x))
  fake, _ = _fake(batch, jax.random.split(key, 4)[1], [2, BACKGROUND])
  adv = (softplus(-scores(batch['image'])) + softplus(scores(fake))).mean()
  assert float(metrics['disc/adv'].compute()) == pytest.approx(adv, rel=1e-4)
  # By what is seen, not by the pixels: 0.1 at 8 x 8 x 3, 1 at 3 of them.
  penalty = (0.1 ** 2 * 8 * 8 * 3 + 3) / 2
  assert float(metrics['disc/gradient_penalty'].compute()) == pytest.approx(penalty)
  assert loss == pytest.approx(adv + 0.5 * penalty + 2 * np.log(4), rel=1e-4)
  _, (metrics, _) = gen_loss(nets, config, gen, disc, (), batch, key)
  fake, _ = _fake(batch, jax.random.split(key, 4)[1], [2, BACKGROUND])
  assert float(metrics['gen/adv'].compute()) == pytest.approx(
      softplus(-scores(fake)).mean(), rel=1e-4)
  # The generator's gradient goes through what is seen.
  config.lambda_cls_fake = config.lambda_rec = 0.0
  slope = jax.grad(lambda gen: gen_loss(
      nets, config, gen, disc, (), batch, key)[0])(gen)['open']
  step = 1e-2
  values = [float(gen_loss(nets, config, {'open': 1 + s}, disc, (),
                                      batch, key)[0]) for s in (-step, step)]
  assert slope == pytest.approx((values[1] - values[0]) / (2 * step), rel=2e-2)


@pytest.mark.parametrize('name,value,words', [
    ('objective', 'hinge', "objective is 'hinge': choose from logistic_r1, wgan_gp"),
    ('objective', 'wgan_gp', 'wgan_gp is for a discriminator of pixels'),
    ('augment', ('mirror',), 'augment is .*choose from brightness'),
    ('disc_width', 0.001, 'disc_width is 0.001: it leaves no filters')])
def test_settings_that_make_no_sense(name, value, words):
  config = config_file.get_config()
  config[name] = value
  with pytest.raises(UserError, match=words):
    pegan_plus.networks(config, BACKGROUND, 1)


def test_only_backgrounds_must_come_back(setting):
  nets, config, gen, disc, batch = setting
  key = jax.random.key(1)
  loss, (metrics, _) = gen_loss(nets, config, gen, disc, (), batch, key)
  values = {k: float(v.compute()) for k, v in metrics.items()}
  _, key_there, key_back, _ = jax.random.split(key, 4)
  fake, mask = _fake(batch, key_there, [2, BACKGROUND])
  recon, _ = _fake({'image': fake[:1]}, key_back, [BACKGROUND])
  rec = np.abs(recon - np.asarray(batch['image'][:1])).mean()
  adv = -(fake.sum((1, 2, 3)) / 4 + [3, 4]).mean()
  assert values['gen/rec_production'] == pytest.approx(rec, rel=1e-4)
  assert values['gen/mask_production'] == pytest.approx(mask[0].mean(), rel=1e-4)
  assert values['gen/mask_elimination'] == pytest.approx(mask[1].mean(), rel=1e-4)
  assert loss == pytest.approx(adv + 5 * np.log(5) + 10 * rec / 2, rel=1e-4)


def test_a_mask_has_a_price_where_it_changes_little(setting):
  nets, config, gen, disc, batch = setting
  key = jax.random.key(1)
  # A content of 0.2 on 0.25 is hardly seen, one of 0.3 on -0.5 is.
  batch = batch | {'image': batch['image'].at[0].set(0.25)}
  loss, _ = gen_loss(nets, config, gen, disc, (), batch, key)
  config.lambda_mask = 2.0
  more, (metrics, _) = gen_loss(nets, config, gen, disc, (), batch, key)
  _, mask = _fake(batch, jax.random.split(key, 4)[1], [2, BACKGROUND])
  unseen = mask[0].mean() * np.exp(-0.05 / 0.3)
  assert float(metrics['gen/unseen_mask_production'].compute()) == pytest.approx(
      unseen, rel=1e-2)
  assert more - loss == pytest.approx(
      unseen + mask[1].mean() * np.exp(-0.8 / 0.3), rel=1e-2)


def test_a_veil_has_a_price(setting):
  nets, config, _, disc, batch = setting
  key = jax.random.key(1)
  _, mask = _fake(batch, jax.random.split(key, 4)[1], [2, BACKGROUND])
  for opened, price in ((0.25, 0.75), (1.0, 0)):
    gen = {'open': jnp.float32(opened)}
    config.lambda_soft = 0.0
    loss, _ = gen_loss(nets, config, gen, disc, (), batch, key)
    config.lambda_soft = 2.0
    more, (metrics, _) = gen_loss(nets, config, gen, disc, (), batch, key)
    assert float(metrics['gen/soft_mask_production'].compute()) == pytest.approx(
        price * mask[0].mean())
    assert more - loss == pytest.approx(2 * price * mask.mean(), abs=1e-4)


def test_a_mask_is_to_cover_as_much_as_its_class(setting):
  nets, config, _, disc, batch = setting
  key, gen = jax.random.key(0), {'open': jnp.float32(0.5)}
  loss, _ = gen_loss(nets, config, gen, disc, (), batch, key)
  config.lambda_area = 2.0
  _, mask = _fake(batch, jax.random.split(key, 4)[1], [2, BACKGROUND])
  share = 0.5 * mask[0].mean()
  assert share == 0.5
  for area, price in (([share - 0.1, share + 0.1], 0.0), ([share + 0.2, 1.0], 0.2),
                      ([0.0, share - 0.3], 0.3)):
    # The background's target is class 2; the others' ranges are not asked.
    areas = jnp.ones((2, 4, 2)).at[:, 2].set(jnp.array(area)).at[:, 3].set(
        jnp.array([0.0, 1.0]))
    more, (metrics, _) = gen_loss(
        nets, config, gen, disc, (), batch | {'area': areas}, key)
    assert float(metrics['gen/outside_area_production'].compute()) == pytest.approx(
        price, abs=1e-5)
    assert more - loss == pytest.approx(2 * price / 2, abs=1e-3)


def test_a_share_of_the_penalties_has_backgrounds_and_defects():
  x = jnp.arange(12).reshape(6, 2)  # Rows 0, 2 and 4 are backgrounds.
  np.testing.assert_array_equal(conditional.some_pairs(1, x), x)
  np.testing.assert_array_equal(conditional.some_pairs(2, x), x[jnp.array([0, 1, 4, 5])])
  np.testing.assert_array_equal(conditional.some_pairs(9, x), x[:2])


def test_only_that_share_is_penalised(setting):
  nets, config, gen, disc, _ = setting
  nets = nets._replace(disc=Discriminator(BACKGROUND + 1, 1 / 16, filters=(64, 128),
                                          projection=True))
  key = jax.random.key(0)
  batch = {'image': jax.random.uniform(key, (4, 8, 8, 3)) - 0.5,
           'label': jnp.array([0, 1, 3, 3]), 'match': jnp.full((4, 3), 1 / 3)}
  disc = jax.jit(nets.disc.init)(key, batch['image'], jnp.eye(4))['params']
  def penalties(every):
    config.penalise_every = every
    m = disc_loss(nets, config, disc, gen, (), batch, key)[1][0]['disc/gradient_penalty']
    return float(m.total), float(m.count)
  total, count = penalties(1)
  assert count == 4
  half, count = penalties(2)
  assert count == 2 and 0 < half < total


def test_noise_is_smooth_and_grain_is_not():
  noise_of = lambda grain: np.asarray(draw_noise(
      jax.random.key(0), (2, 64, 64, 3), grain))
  noise = noise_of(2)
  assert noise.shape == (2, 64, 64, 6)
  step = np.abs(np.diff(noise, axis=1)).mean((0, 1, 2))
  assert step[:4].max() < 0.2 < 0.9 < step[4:].min()
  assert noise_of(0).shape[-1] == 4


def test_an_image_depends_on_its_own_key_alone(setting):
  nets, _, gen, *_ = setting
  image = jax.random.uniform(jax.random.key(0), (3, 5, 16, 16, 3))
  keys = jax.random.split(jax.random.key(1), (3, 5))
  produce = jax.jit(functools.partial(pegan_plus.produce, nets))
  fake, mask = produce(gen, image, keys)
  assert mask.shape == (3, 5, 16, 16, 1)
  alone, _ = produce(gen, image[:, 2:3], keys[:, 2:3])
  np.testing.assert_allclose(fake[:, 2:3], alone, atol=1e-6)
  content = np.arange(3)[:, None, None, None, None] / 10
  np.testing.assert_allclose(fake, np.where(mask > 0, content, image), atol=1e-6)
