"""The discriminator of a pretrained network's maps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.nets.feature_discriminator import FeatureDiscriminator


@pytest.fixture(name='maps')
def fixture_maps():
  return tuple(jax.random.normal(jax.random.key(i), (3, 8 >> i, 8 >> i, 4 + i))
               for i in range(3))


def test_each_critic_has_a_map_of_its_own(maps):
  net = FeatureDiscriminator(5, 1 / 16)
  params, apply = jax.jit(net.init)(jax.random.key(9), maps), jax.jit(net.apply)
  adv, cls = apply(params, maps)
  assert adv.shape == (3, 1, 1, 3) and cls.shape == (3, 5)
  for i in range(3):
    other = tuple(x + (i == j) for j, x in enumerate(maps))
    changed, logits = apply(params, other)
    moved = np.abs(changed - adv).max((0, 1, 2)) > 0
    np.testing.assert_array_equal(moved, np.arange(3) == i)
    assert np.abs(logits - cls).max() > 0  # The class head sees them all.
  # And an image's scores are its own.
  np.testing.assert_allclose(
      apply(params, tuple(x[1:] for x in maps))[0], adv[1:], atol=1e-6)


def test_a_critic_that_is_told_the_domain_adds_a_product_with_its_vector(maps):
  net = FeatureDiscriminator(5, 1 / 16, projection=True)
  told = jax.nn.one_hot(jnp.array([0, 4, 2]), 5)
  params, apply = jax.jit(net.init)(jax.random.key(9), maps, told), jax.jit(net.apply)
  at = lambda x: apply(params, maps, x)[0]
  none = at(jnp.zeros((3, 5)))
  # Linear in what it is told: half of each of two is half of either's.
  np.testing.assert_allclose(at(told / 2) - none, (at(told) - none) / 2, atol=1e-5)
  assert np.abs(at(told) - at(told[::-1]))[0].min() > 1e-4
