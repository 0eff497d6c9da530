"""What a discriminator sees through a pretrained network."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.pretrained import efficientnet, perception


def test_what_is_seen_is_the_networks_maps_and_of_one_size():
  """As the whole network has them; a photograph's texture is noise with a slope."""
  noise = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).cumsum(1).cumsum(2)
  x = jnp.asarray(np.broadcast_to(noise / np.abs(noise).max(), (2, 64, 64, 3)),
                  jnp.float32)
  params = perception.load()
  maps = jax.jit(perception.see)(params, x)
  assert [m.shape[1:] for m in maps] == [
      (32, 32, 24), (16, 16, 40), (8, 8, 112), (4, 4, 320), (16, 16, 6)]
  assert [m.shape for m in perception.blank(x)] == [m.shape for m in maps]
  for m in maps:
    assert 0.3 < np.sqrt(np.square(m).mean()) < 3
  # Each stage goes on from the one before: cut short, the network is the same.
  short = efficientnet.Net(efficientnet.STAGES_LITE1[:3], maps=(2,))
  cut, = jax.jit(short.apply)({'params': params}, jax.image.resize(
      x, (2, 128, 128, 3), 'linear'))
  ratio = np.asarray(cut) / np.asarray(maps[1])
  np.testing.assert_allclose(ratio, np.median(ratio), rtol=1e-3)


def test_brightness_and_contrast_are_those_of_squares():
  x = np.zeros((1, 32, 32, 3), np.float32)
  x[0, :4, 4:8] = 0.25               # An even square, brighter,
  x[0, 4:8, 0:4:2], x[0, 4:8, 1:4:2] = -0.5, 0.5  # and one of stripes.
  see = jax.jit(lambda x: perception.see(perception.load(), x)[-1])
  levels = see(jnp.asarray(x))
  even = 8 * np.sqrt(1e-4)
  expected = np.tile(np.float32([0, even]).repeat(3), (8, 8, 1))
  expected[0, 1, :3] = 2 * 0.25
  expected[1, 0, 3:] = 8 * np.sqrt(0.25 + 1e-4)
  np.testing.assert_allclose(levels[0], expected, atol=1e-5)
  slope = jax.grad(lambda x: see(x).sum())(jnp.asarray(x))
  assert np.isfinite(slope).all()
