"""PE-GAN's objective, with networks whose answers are known."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from configs import pegan as pegan_config
from known import Constant
from pegan_jax import methods
from pegan_jax.common.errors import UserError
from pegan_jax.methods import pegan
from pegan_jax.methods.method import Networks
import pytest

BACKGROUND = 3  # label of the background, after three defect classes


class Linear(nn.Module):
  """A critic that sums scale * pixels, with logits that favour class 0."""
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x, domain=None):
    del domain
    scale = self.param('scale', nn.initializers.constant(0.25), ())
    adv = scale * x.sum(axis=(1, 2, 3))
    logits = jnp.tile(jnp.array([jnp.log(2.), 0., 0., 0.]), (len(x), 1))
    return adv[:, None, None], logits


@pytest.fixture
def setting():
  nets = Networks(Constant(), Linear(), BACKGROUND)
  # A background of value 0.5 and a defect (class 1) of value -0.5, 2x2x3.
  image = jnp.stack([jnp.full((2, 2, 3), 0.5), jnp.full((2, 2, 3), -0.5)])
  batch = {'image': image, 'label': jnp.array([BACKGROUND, 1])}
  gen = {'shift': jnp.zeros(())}
  disc = {'scale': jnp.float32(0.25)}
  return nets, pegan_config.get_config(), gen, disc, batch


def _values(metrics):
  return {name: float(m.compute()) for name, m in metrics.items()}


def test_production_gets_defects_and_elimination_the_background():
  label = jnp.tile(jnp.array([BACKGROUND, 0, 1, 2]), 500)
  target = np.asarray(pegan.choose_targets(jax.random.key(0), label, 3))
  assert (target[label != BACKGROUND] == BACKGROUND).all()
  drawn = np.bincount(target[label == BACKGROUND], minlength=4)
  assert drawn[BACKGROUND] == 0
  assert (drawn[:3] > 120).all()  # uniform: 167 each is expected


def test_discriminator_loss_by_hand(setting):
  nets, config, gen, disc, batch = setting
  key = jax.random.key(0)
  target = pegan.choose_targets(jax.random.split(key)[0], batch['label'], 3)
  loss, (metrics, extra) = pegan.METHOD.disc_loss(
      nets, config, disc, gen, (), batch, key)
  assert extra == ()
  # 12 pixels: D(x) = 3 * value; fakes are target / 10; |grad D| is
  # 0.25 * sqrt(12).
  adv = np.mean(3 * (np.asarray(target) / 10 - np.array([0.5, -0.5])))
  penalty = (0.25 * np.sqrt(12) - 1) ** 2
  cls = np.mean([np.log(5.), np.log(5.)])  # odds 2 : 1 : 1 : 1, never class 0
  values = _values(metrics)
  assert values['disc/adv'] == pytest.approx(adv, rel=1e-5)
  assert values['disc/gradient_penalty'] == pytest.approx(penalty, rel=1e-5)
  assert values['disc/cls_real'] == pytest.approx(cls, rel=1e-5)
  assert loss == pytest.approx(adv + 10 * penalty + 2 * cls, rel=1e-5)


def test_generator_loss_by_hand(setting):
  nets, config, gen, disc, batch = setting
  key = jax.random.key(3)
  target = np.asarray(pegan.choose_targets(key, batch['label'], 3))
  loss, (metrics, extra) = pegan.METHOD.gen_loss(
      nets, config, gen, disc, (), batch, key)
  assert extra == ()
  adv = -np.mean(3 * target / 10)
  cls = [np.log(2.5) if t == 0 else np.log(5.) for t in target]
  rec = [abs(0.5 - 0.3), abs(-0.5 - 0.1)]  # back to the images' own labels
  values = _values(metrics)
  assert values['gen/adv'] == pytest.approx(adv, rel=1e-5)
  assert values['gen/cls_fake_production'] == pytest.approx(cls[0], rel=1e-5)
  assert values['gen/cls_fake_elimination'] == pytest.approx(cls[1], rel=1e-5)
  assert values['gen/rec_production'] == pytest.approx(rec[0], rel=1e-5)
  assert values['gen/rec_elimination'] == pytest.approx(rec[1], rel=1e-5)
  assert values['gen/change_production'] == pytest.approx(
      abs(0.5 - target[0] / 10), rel=1e-5)
  expected = adv + 5 * np.mean(cls) + 10 * np.mean(rec)
  assert loss == pytest.approx(expected, rel=1e-5)


def test_the_critic_does_not_move_the_generator(setting):
  nets, config, gen, disc, batch = setting
  grad = jax.grad(lambda gen: pegan.METHOD.disc_loss(
      nets, config, disc, gen, (), batch, jax.random.key(0))[0])(gen)
  assert grad['shift'] == 0


def test_an_unknown_method_is_named():
  with pytest.raises(UserError, match="'pegn'.*pegan"):
    methods.get('pegn')
