"""The discriminator of a pretrained network's maps, and what it is given."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.metrics import efficientnet
from pegan_jax.nets import pretrained
from pegan_jax.nets.feature_discriminator import FeatureDiscriminator


@pytest.fixture(name='maps')
def fixture_maps():
  return tuple(jax.random.normal(jax.random.key(i), (3, 8 >> i, 8 >> i, 4 + i))
               for i in range(3))


def test_each_critic_has_a_map_of_its_own(maps):
  net = FeatureDiscriminator(5, 1 / 16)
  params = net.init(jax.random.key(9), maps)
  adv, cls = net.apply(params, maps)
  assert adv.shape == (3, 1, 1, 3) and cls.shape == (3, 5)
  for i in range(3):
    other = tuple(x + (i == j) for j, x in enumerate(maps))
    changed, logits = net.apply(params, other)
    moved = np.abs(changed - adv).max((0, 1, 2)) > 0
    np.testing.assert_array_equal(moved, np.arange(3) == i)
    assert np.abs(logits - cls).max() > 0  # The class head sees them all.
  # And an image's scores are its own.
  np.testing.assert_allclose(
      net.apply(params, tuple(x[1:] for x in maps))[0], adv[1:], atol=1e-6)


def test_a_critic_that_is_told_the_domain_adds_a_product_with_its_vector(maps):
  net = FeatureDiscriminator(5, 1 / 16, projection=True)
  told = jax.nn.one_hot(jnp.array([0, 4, 2]), 5)
  params = net.init(jax.random.key(9), maps, told)
  at = lambda x: net.apply(params, maps, x)[0]
  none = at(jnp.zeros((3, 5)))
  # Linear in what it is told: half of each of two is half of either's.
  np.testing.assert_allclose(at(told / 2) - none, (at(told) - none) / 2, atol=1e-5)
  assert np.abs(at(told) - at(told[::-1]))[0].min() > 1e-4


def test_what_is_seen_is_the_networks_maps_and_of_one_size():
  """As the whole network has them; a photograph's texture is noise with a slope."""
  noise = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).cumsum(1).cumsum(2)
  x = jnp.asarray(np.broadcast_to(noise / np.abs(noise).max(), (2, 64, 64, 3)),
                  jnp.float32)
  params = pretrained.load()
  maps = pretrained.see(params, x)
  assert [m.shape[1:] for m in maps] == [
      (32, 32, 24), (16, 16, 40), (8, 8, 112), (4, 4, 320)]
  for m in maps:
    assert 0.3 < np.sqrt(np.square(m).mean()) < 3
  # Each stage goes on from the one before: cut short, the network is the same.
  short = efficientnet.Net(efficientnet.STAGES_LITE1[:3], maps=(2,))
  cut, = short.apply({'params': params}, jax.image.resize(
      x, (2, 128, 128, 3), 'linear'))
  ratio = np.asarray(cut) / np.asarray(maps[1])
  np.testing.assert_allclose(ratio, np.median(ratio), rtol=1e-3)
