"""CycleGAN's objective with known networks, its pool, and its networks' sizes."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import cyclegan as cyclegan_config
from pegan_jax.methods import cyclegan
from pegan_jax.methods.method import Networks
from pegan_jax.nets.cyclegan import Discriminator, Generator


class Add(nn.Module):
  """A generator that adds its shift."""

  @nn.compact
  def __call__(self, x):
    return x + self.param('shift', nn.initializers.zeros, ())


class Patches(nn.Module):
  """Scores scale * each pixel's mean over channels."""

  @nn.compact
  def __call__(self, x):
    return self.param('scale', nn.initializers.ones, ()) * x.mean(-1)


# Two classes; one background and one defect each, flat.
NETS = Networks(Add(), Patches(), 2)
GEN = {'ab': {'shift': jnp.array([0.5, 0.25])},
       'ba': {'shift': jnp.array([-0.25, -0.5])}}
DISC = {'a': {'scale': jnp.array([1., 2.])}, 'b': {'scale': jnp.array([3., 1.])}}
A, B = np.array([0.1, 0.2]), np.array([0.6, -0.4])
BATCH = {'image': jnp.broadcast_to(
    jnp.stack([jnp.asarray(A), jnp.asarray(B)]).astype(
        jnp.float32)[..., None, None, None], (2, 2, 2, 2, 3)),
         'label': jnp.array([[2, 2], [0, 1]])}
KEY = jax.random.key(0)


def _pools():
  pool = cyclegan.empty_pool(4, (2, 2, 3))
  return {name: jax.tree.map(lambda x: jnp.stack([x, x]), pool)
          for name in ('a', 'b')}


def test_discriminator_loss_by_hand():
  loss, (metrics, pools) = cyclegan.disc_loss(
      NETS, None, DISC, GEN, _pools(), BATCH, KEY)
  fake_a, fake_b = B + [-0.25, -0.5], A + [0.5, 0.25]
  loss_a = ((A * [1, 2] - 1) ** 2 + (fake_a * [1, 2]) ** 2) / 2
  loss_b = ((B * [3, 1] - 1) ** 2 + (fake_b * [3, 1]) ** 2) / 2
  assert metrics['disc/loss_a'].compute() == pytest.approx(loss_a.mean(),
                                                           rel=1e-5)
  assert metrics['disc/loss_b'].compute() == pytest.approx(loss_b.mean(),
                                                           rel=1e-5)
  assert loss == pytest.approx((loss_a + loss_b).sum(), rel=1e-5)
  np.testing.assert_array_equal(pools['a']['count'], [1, 1])
  np.testing.assert_allclose(pools['b']['image'][:, 0, 0, 0, 0], fake_b)


def test_generator_loss_by_hand():
  config = cyclegan_config.get_config()
  loss, (metrics, pools) = cyclegan.gen_loss(
      NETS, config, GEN, DISC, _pools(), BATCH, KEY)
  ab, ba = np.array([0.5, 0.25]), np.array([-0.25, -0.5])
  adv = ((A + ab) * [3, 1] - 1) ** 2 + ((B + ba) * [1, 2] - 1) ** 2
  cycle = 2 * np.abs(ab + ba)  # both ways
  identity = np.abs(ab) + np.abs(ba)
  assert loss == pytest.approx((adv + 10 * cycle + 5 * identity).sum(), rel=1e-5)
  values = {k: float(v.compute()) for k, v in metrics.items()}
  assert values['gen/cycle_production'] == pytest.approx(
      np.abs(ab + ba).mean(), rel=1e-5)
  assert values['gen/identity_elimination'] == pytest.approx(
      np.abs(ba).mean(), rel=1e-5)
  assert values['gen/change_production'] == pytest.approx(ab.mean(), rel=1e-5)
  np.testing.assert_array_equal(pools['a']['count'], [0, 0])


def test_updates_are_the_networks_own():
  grad = jax.grad(lambda gen: cyclegan.disc_loss(
      NETS, None, DISC, gen, _pools(), BATCH, KEY)[0])(GEN)
  assert not any(x.any() for x in jax.tree.leaves(grad))
  grad = jax.grad(lambda d: cyclegan.disc_loss(
      NETS, None, d, GEN, _pools(), BATCH, KEY)[0])(DISC)
  assert all((x != 0).all() for x in jax.tree.leaves(grad))


def test_row_c_is_translated_by_the_models_of_class_c():
  image = BATCH['image'].swapaxes(0, 1)  # [classes, 2, ...]
  np.testing.assert_allclose(
      cyclegan.produce(NETS, GEN, image, None)[0] - image,
      np.broadcast_to(np.array([0.5, 0.25])[:, None, None, None, None],
                      image.shape), atol=1e-6)
  np.testing.assert_allclose(
      cyclegan.eliminate(NETS, GEN, image) - image,
      np.broadcast_to(np.array([-0.25, -0.5])[:, None, None, None, None],
                      image.shape), atol=1e-6)


def _numbered(first, count):
  return jnp.arange(first, first + count, dtype=jnp.float32).reshape(
      count, 1, 1, 1)


def test_a_pool_that_is_not_full_keeps_and_returns_the_new():
  pool = cyclegan.empty_pool(5, (1, 1, 1))
  out, pool = cyclegan.query(pool, _numbered(1, 3), jax.random.key(0))
  np.testing.assert_array_equal(out, _numbered(1, 3))
  assert pool['count'] == 3
  np.testing.assert_array_equal(pool['image'].ravel(), [1, 2, 3, 0, 0])


def test_a_full_pool_exchanges_half_and_loses_nothing():
  pool = cyclegan.empty_pool(50, (1, 1, 1))
  _, pool = cyclegan.query(pool, _numbered(1, 50), jax.random.key(0))
  new = _numbered(51, 400)
  out, after = cyclegan.query(pool, new, jax.random.key(1))
  # What came out and what is inside are what went in, each once.
  np.testing.assert_array_equal(
      np.sort(np.concatenate([out.ravel(), after['image'].ravel()])),
      np.arange(1, 451))
  old = (out != new).mean()
  assert 0.4 < old < 0.6  # 0.5, with a standard deviation of 0.025
  assert after['count'] == 50


def _count(net, size):
  shapes = jax.eval_shape(
      lambda: net.init(jax.random.key(0), jnp.zeros((1, size, size, 3))))
  return sum(x.size for x in jax.tree.leaves(shapes))


def test_parameter_counts_are_the_originals():
  """What pytorch-CycleGAN-and-pix2pix prints: 11.378 M, 7.838 M and 2.765 M."""
  def block(n):
    return 2 * (9 * n * n + n)
  stem = 49 * 3 * 64 + 64 + 9 * 64 * 128 + 128 + 9 * 128 * 256 + 256
  ends = 9 * 256 * 128 + 128 + 9 * 128 * 64 + 64 + 49 * 64 * 3 + 3
  assert _count(Generator(num_blocks=9), 256) == (
      stem + 9 * block(256) + ends) == 11_378_179
  assert _count(Generator(num_blocks=6), 128) == (
      stem + 6 * block(256) + ends) == 7_837_699
  widths = (3, 64, 128, 256, 512, 1)
  assert _count(Discriminator(), 256) == sum(
      16 * a * b + b for a, b in zip(widths, widths[1:])) == 2_764_737


def test_the_discriminator_scores_30_by_30_patches_of_256_by_256_pixels():
  shape = jax.eval_shape(lambda: Discriminator(0.125).init_with_output(
      jax.random.key(0), jnp.zeros((1, 256, 256, 3)))[0])
  assert shape.shape == (1, 30, 30)
