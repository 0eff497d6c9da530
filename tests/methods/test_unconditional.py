"""DCGAN and LSGAN: losses by hand, one model per class, and batch statistics."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import dcgan as dcgan_config
from configs import lsgan as lsgan_config
from configs import wgan_gp as wgan_gp_config
from pegan_jax import methods
from pegan_jax.common.errors import UserError
from pegan_jax.methods import dcgan, lsgan, unconditional, wgan_gp
from pegan_jax.methods.method import Networks
from pegan_jax.nets.dcgan import Discriminator, Generator, NOISE


class Paint(nn.Module):
  """Paints its level, whatever the noise, and counts how often it is asked."""
  train: bool = True

  @nn.compact
  def __call__(self, z):
    level = self.param('level', nn.initializers.zeros, ())
    asked = self.variable('batch_stats', 'asked', lambda: jnp.zeros(()))
    if self.train:
      asked.value += 1
    return jnp.broadcast_to(level, (len(z), 2, 2, 3))


class Scale(nn.Module):
  """Scores scale * the pixels' mean."""
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x):
    return self.param('scale', nn.initializers.ones, ()) * x.mean((1, 2, 3))


NETS = Networks(Paint(), Scale(), 2)
# Two classes: generators paint 0.5 and -1, discriminators scale by 1 and 2.
GEN = {'level': jnp.array([0.5, -1.])}
DISC = {'scale': jnp.array([1., 2.])}
STATS = {'asked': jnp.array([3., 3.])}
REAL = np.array([[0.25, -0.25], [0.75, 0.5]])  # [B, C] mean values
BATCH = {'image': jnp.broadcast_to(
    jnp.asarray(REAL, jnp.float32)[..., None, None, None], (2, 2, 2, 2, 3)),
         'label': jnp.array([[0, 1], [0, 1]])}
KEY = jax.random.key(0)


def _sigmoid(x):
  return 1 / (1 + np.exp(-x))


def test_dcgan_by_hand():
  loss, (metrics, stats) = dcgan.METHOD.disc_loss(
      NETS, None, DISC, GEN, STATS, BATCH, KEY)
  real, fake = REAL * [1, 2], np.array([0.5, -2.])
  expected = (-np.log(_sigmoid(real)).mean(0) - np.log(1 - _sigmoid(fake)))
  assert loss == pytest.approx(expected.sum(), rel=1e-5)
  assert metrics['disc/loss'].compute() == pytest.approx(expected.mean(),
                                                         rel=1e-5)
  assert metrics['disc/accuracy_real'].compute() == 0.75  # -0.5 is not above 0
  assert metrics['disc/accuracy_fake'].compute() == 0.5
  np.testing.assert_array_equal(stats['asked'], [3, 3])
  loss, (_, stats) = dcgan.METHOD.gen_loss(NETS, None, GEN, DISC, STATS, BATCH, KEY)
  assert loss == pytest.approx(-np.log(_sigmoid(fake)).sum(), rel=1e-5)
  np.testing.assert_array_equal(stats['asked'], [4, 4])


def test_lsgan_by_hand():
  config = lsgan_config.get_config()
  config.a, config.b, config.c = -1., 1., 0.5
  loss, (metrics, _) = lsgan.METHOD.disc_loss(
      NETS, config, DISC, GEN, STATS, BATCH, KEY)
  real, fake = REAL * [1, 2], np.array([0.5, -2.])
  expected = ((real - 1) ** 2).mean(0) / 2 + (fake + 1) ** 2 / 2
  assert loss == pytest.approx(expected.sum(), rel=1e-5)
  assert metrics['disc/score_real'].compute() == pytest.approx(real.mean())
  assert metrics['disc/score_fake'].compute() == pytest.approx(fake.mean())
  loss, _ = lsgan.METHOD.gen_loss(NETS, config, GEN, DISC, STATS, BATCH, KEY)
  assert loss == pytest.approx(((fake - 0.5) ** 2).sum() / 2, rel=1e-5)


def test_wgan_gp_by_hand():
  config = wgan_gp_config.get_config()
  loss, (metrics, _) = wgan_gp.METHOD.disc_loss(
      NETS, config, DISC, GEN, STATS, BATCH, KEY)
  real, fake = REAL * [1, 2], np.array([0.5, -2.])
  # Each of twelve pixels has the gradient scale / 12.
  penalty = (np.array([1, 2]) / np.sqrt(12) - 1) ** 2
  assert metrics['disc/gradient_penalty'].compute() == pytest.approx(
      penalty.mean(), rel=1e-5)
  assert metrics['disc/wasserstein'].compute() == pytest.approx(
      (real - fake).mean(), rel=1e-5)
  assert loss == pytest.approx(
      (fake - real.mean(0) + 10 * penalty).sum(), rel=1e-5)
  loss, _ = wgan_gp.METHOD.gen_loss(NETS, config, GEN, DISC, STATS, BATCH, KEY)
  assert loss == pytest.approx(1.5, rel=1e-5)


@pytest.mark.parametrize('method', [dcgan, lsgan])
def test_updates_are_the_networks_own_and_the_classs_own(method):
  config = lsgan_config.get_config()
  grad = jax.grad(lambda gen: method.METHOD.disc_loss(
      NETS, config, DISC, gen, STATS, BATCH, KEY)[0])(GEN)
  assert not grad['level'].any()

  def gradient(batch, disc):
    return jax.grad(lambda d: method.METHOD.disc_loss(
        NETS, config, d, GEN, STATS, batch, KEY)[0])(disc)['scale']

  before = gradient(BATCH, DISC)
  other = BATCH | {'image': BATCH['image'].at[:, 1].add(1.)}
  after = gradient(other, {'scale': DISC['scale'].at[1].add(1.)})
  assert before[0] == after[0] and before[1] != after[1]


def test_the_summed_loss_has_each_models_own_gradient():
  both = jax.grad(lambda d: dcgan.METHOD.disc_loss(
      NETS, None, d, GEN, STATS, BATCH, KEY)[0])(DISC)['scale']
  for c in (0, 1):
    def alone(scale, c=c):
      real, fake = scale * REAL[:, c], scale * GEN['level'][c]
      return (jax.nn.softplus(-real) + jax.nn.softplus(fake)).mean()
    expected = jax.grad(alone)(DISC['scale'][c])
    np.testing.assert_allclose(both[c], expected, rtol=1e-5)


def test_samples_use_running_statistics_and_their_own_keys_alone():
  config = dcgan_config.get_config()
  config.image_size, config.width = 16, 0.125
  nets = unconditional.networks(config, 2, 1)
  gen, _, stats = jax.jit(
      lambda: unconditional.init(nets, config, jax.random.key(1)))()
  weights = unconditional.weights(gen, stats)
  keys = jax.random.split(jax.random.key(2), (2, 5))
  draw = jax.jit(lambda keys: unconditional.produce(nets, weights, None, keys)[0])
  images = draw(keys)
  assert images.shape == (2, 5, 16, 16, 3)
  assert np.abs(images).max() <= 1
  np.testing.assert_allclose(images[:, 2:3], draw(keys[:, 2:3]), atol=1e-5)
  assert np.abs(images[:, 0] - images[:, 1]).mean() > 1e-3


def _count(params):
  return sum(x.size for x in jax.tree.leaves(params))


def _shapes(net, x):
  return jax.eval_shape(lambda: net.init(jax.random.key(0), x))['params']


def test_parameter_counts_are_the_originals():
  """dcgan.torch at 64x64: 4x4 kernels without biases, pairs of numbers per norm."""
  gen = [100 * 512, 512 * 256, 256 * 128, 128 * 64, 64 * 3]
  disc = [3 * 64, 64 * 128, 128 * 256, 256 * 512, 512]
  assert _count(_shapes(Generator(64), jnp.zeros((2, NOISE)))) == (
      16 * sum(gen) + 2 * (512 + 256 + 128 + 64)) == 3_576_704
  assert _count(_shapes(Discriminator(), jnp.zeros((2, 64, 64, 3)))) == (
      16 * sum(disc) + 2 * (128 + 256 + 512)) == 2_765_568


def test_without_norms_there_are_biases_instead():
  shapes = _shapes(Discriminator(norm=False), jnp.zeros((2, 64, 64, 3)))
  assert not any('Norm' in name for name in shapes)
  assert [k for k, v in shapes.items() if 'bias' in v] == [
      f'Conv_{i}' for i in range(4)]


def test_a_layer_more_at_128_and_one_less_at_32():
  for size, layers in ((32, 3), (64, 4), (128, 5)):
    shapes = _shapes(Generator(size), jnp.zeros((2, NOISE)))
    assert sum('ConvTranspose' in name for name in shapes) == layers
    image = jax.eval_shape(lambda s=size: Generator(s).init_with_output(
        jax.random.key(0), jnp.zeros((2, NOISE)))[0])
    assert image.shape == (2, size, size, 3)
    shapes = _shapes(Discriminator(), jnp.zeros((2, size, size, 3)))
    assert sum('Conv' in name for name in shapes) == layers + 1


def test_a_size_that_is_no_power_of_two():
  config = dcgan_config.get_config()
  config.image_size = 96
  with pytest.raises(UserError, match='96: dcgan takes a power of two'):
    methods.get('dcgan').networks(config, 3, 1)
