"""What a discriminator sees through a pretrained network."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.pretrained import efficientnet
from pegan_jax.pretrained import perception


def test_what_is_seen_is_the_networks_maps_and_of_one_size():
  """As the whole network has them; a photograph's texture is noise with a slope."""
  noise = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).cumsum(1).cumsum(2)
  x = jnp.asarray(np.broadcast_to(noise / np.abs(noise).max(), (2, 64, 64, 3)),
                  jnp.float32)
  params = perception.load()
  maps = perception.see(params, x)
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
