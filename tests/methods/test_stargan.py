"""StarGAN's objective where it differs from PE-GAN's, and its networks' sizes."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import stargan as stargan_config
from known import Constant
from pegan_jax import methods
from pegan_jax.methods import stargan
from pegan_jax.methods.method import Networks


class TwoPatches(nn.Module):
  """A critic of two patches, scale and 3 scale times the sum of the pixels."""
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x, domain=None):
    del domain
    scale = self.param('scale', nn.initializers.constant(0.25), ())
    total = scale * x.sum(axis=(1, 2, 3))
    adv = jnp.stack([total, 3 * total], -1)[:, None]
    return adv, jnp.tile(jnp.array([jnp.log(2.), 0., 0.]), (len(x), 1))


@pytest.fixture
def setting():
  nets = Networks(Constant(), TwoPatches(), 2)
  image = jnp.stack([jnp.full((2, 2, 3), v) for v in (0.5, -0.5, 0.25)])
  batch = {'image': image, 'label': jnp.array([2, 1, 0])}
  return (nets, stargan_config.get_config(), {'shift': jnp.zeros(())},
          {'scale': jnp.float32(0.25)}, batch)


def test_targets_are_the_batchs_own_domains_in_another_order():
  label = jnp.array([0, 0, 1, 2, 2, 2, 3, 3])
  drawn = np.stack([stargan.choose_targets(k, label, 3)
                    for k in jax.random.split(jax.random.key(0), 20)])
  assert (np.sort(drawn, axis=1) == np.asarray(label)).all()
  assert (drawn != np.asarray(label)).any(axis=1).all()
  # Defects become other defects, too.
  assert ((drawn != 3) & (np.asarray(label) != 3)
          & (drawn != np.asarray(label))).any()


def test_discriminator_loss_by_hand(setting):
  nets, config, gen, disc, batch = setting
  key = jax.random.key(1)
  target = np.asarray(stargan.choose_targets(
      jax.random.split(key)[0], batch['label'], 2))
  loss, (metrics, aux) = stargan.METHOD.disc_loss(
      nets, config, disc, gen, (), batch, key)
  # Twelve pixels; the mean of both patches is 6 times a pixel's value.
  adv = np.mean(6 * (target / 10 - np.array([0.5, -0.5, 0.25])))
  # The penalty is on their sum, whose gradient is (0.25 + 0.75) in each pixel.
  penalty = (np.sqrt(12) - 1) ** 2
  cls = np.mean([np.log(4.), np.log(4.), np.log(2.)])  # odds 2 : 1 : 1
  assert metrics['disc/gradient_penalty'].compute() == pytest.approx(
      penalty, rel=1e-5)
  assert loss == pytest.approx(adv + 10 * penalty + cls, rel=1e-5)
  assert aux == ()


def test_generator_loss_by_hand(setting):
  nets, config, gen, disc, batch = setting
  key = jax.random.key(5)
  target = np.asarray(stargan.choose_targets(key, batch['label'], 2))
  loss, (metrics, _) = stargan.METHOD.gen_loss(
      nets, config, gen, disc, (), batch, key)
  adv = -np.mean(6 * target / 10)
  cls = np.mean([np.log(2.) if t == 0 else np.log(4.) for t in target])
  rec = np.mean([abs(0.5 - 0.2), abs(-0.5 - 0.1), abs(0.25 - 0.)])
  assert loss == pytest.approx(adv + cls + 10 * rec, rel=1e-5)
  # By what the target is: the background is domain 2.
  assert metrics['gen/rec_elimination'].count == (target == 2).sum() == 1
  assert metrics['gen/rec_production'].count == 2


def _count(params):
  return sum(x.size for x in jax.tree.leaves(params))


def _shapes(num_classes, size=128):
  config = stargan_config.get_config()
  config.image_size = size
  method = methods.get('stargan')
  nets = method.networks(config, num_classes, 1)
  return jax.eval_shape(lambda: method.init(nets, config, jax.random.key(0)))


def test_parameter_counts_are_the_originals():
  """As yunjey/stargan prints them: CelebA's five domains, RaFD's eight."""
  assert _count(_shapes(4)[0]) == 8_430_528
  assert _count(_shapes(7)[1]) == 44_786_624


@pytest.mark.parametrize('size,layers', [(32, 5), (64, 6), (96, 5), (128, 6)])
def test_it_halves_as_often_as_the_size_allows(size, layers):
  _, disc, aux = _shapes(2, size)
  assert f'Conv_{layers - 1}' in disc and f'Conv_{layers}' not in disc
  assert disc['cls']['kernel'].shape[:2] == (size >> layers,) * 2
  assert aux == ()
