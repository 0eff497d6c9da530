"""Features of a network trained on photographs, as a discriminator's input.

Its layers stay as they are. With a hundred images per class, a discriminator of pixels
memorises them before it has learnt what to look for; these features have that already
(Sauer et al. 2021, "Projected GANs converge faster", https://arxiv.org/abs/2111.01007).
The network is EfficientNet-Lite1. The evaluation measures with Lite0, or InceptionV3: a
generator must not be measured by the network that it was trained to please.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.nets import blocks
from pegan_jax.pretrained import efficientnet, weights

# Images are enlarged: the network was trained at 240 pixels and misses fine texture at 64.
_ENLARGED = 2
# The stages whose maps are used: a half, a quarter, ... a 16th of the resolution.
_STAGES = (1, 2, 4, 6)
# The maps' typical values (root mean square), by which they are divided: none outweighs.
_SIZES = (10., 8., 5., 2.)
# Side of the squares whose mean and deviation are added as a map; the network itself
# hardly depends on them.
_SIDE = 4
# Version of the converted weights in the cache.
_VERSION = 1


@functools.cache
def load():
  """Returns the network's parameters: nested dicts of float32 arrays, 3.7 M numbers.

  Raises:
    UserError: they are not installed, or damaged.
  """
  params, _ = weights.load(
      weights.efficientnet_path('lite1'), 'efficientnet_lite1',
      functools.partial(efficientnet.convert, stages=efficientnet.STAGES_LITE1),
      version=_VERSION)
  return {name: value for name, value in params.items()
          if name not in ('conv_head', 'fc')}


def blank(x):
  """Returns zeros in the shapes of what `see` gives of `x`, without the network."""
  batch, height, width, channels = x.shape
  # Enlarged as much as the network's first layer halves.
  strides = np.cumprod([stride for _, _, stride, *_ in efficientnet.STAGES_LITE1])
  maps = [(height // strides[i], width // strides[i], efficientnet.STAGES_LITE1[i][-1])
          for i in _STAGES]
  return tuple(jnp.zeros((batch, *shape)) for shape in (
      *maps, (height // _SIDE, width // _SIDE, 2 * channels)))


def see(params, x):
  """Computes maps of features, fine to coarse, and of brightness and contrast.

  Args:
    params: from `load`.
    x: [B, H, W, 3] in [-1, 1], H and W divisible by 16.

  Returns:
    Four arrays [B, h, w, C] of 24 to 320 channels, from half the resolution to a
    16th of it, and [B, H/4, W/4, 6]; with values of about 1.
  """
  batch, height, width, channels = x.shape
  enlarged = jax.image.resize(
      x, (batch, _ENLARGED * height, _ENLARGED * width, channels), 'linear')
  net = efficientnet.Net(efficientnet.STAGES_LITE1, maps=_STAGES)
  # 1 is where `scale_input` puts white to within a 200th.
  maps = net.apply({'params': params}, enlarged)
  squares = x.reshape(batch, height // _SIDE, _SIDE, width // _SIDE, _SIDE, channels)
  return (*(m / size for m, size in zip(maps, _SIZES)), blocks.levels(squares, (2, 4)))
