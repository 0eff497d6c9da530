"""What a network that was trained on photographs sees, for a discriminator to judge.

Its layers stay as they are. With a hundred images a class, a discriminator of pixels
knows them by heart before it has learnt what to look for; this one knows that already
(Sauer et al. 2021, "Projected GANs converge faster", https://arxiv.org/abs/2111.01007).
The network is EfficientNet-Lite1. The evaluation measures with Lite0, or InceptionV3: a
generator is not to be judged by what it was trained to please.
"""

import functools

import jax

from pegan_jax.nets import blocks
from pegan_jax.pretrained import efficientnet, weights

# It is shown images at twice their size: its layers look for what photographs of four
# times that have, and at their own size fine texture goes by unseen.
_ENLARGED = 2
# Maps at a half, a quarter ... a 16th of the images' resolution.
_STAGES = (1, 2, 4, 6)
# About what their values are (root of the mean square): none is to outweigh the others.
_SIZES = (10., 8., 5., 2.)
# Squares of so many pixels, whose brightness and contrast are shown beside the maps: the
# network, made for photographs in any light, minds them little.
_SIDE = 4
# Of the converted weights in the cache.
_VERSION = 1


@functools.cache
def load():
  """The network's parameters: a nested dict of float32 arrays, 3.7 M numbers.

  Raises:
    UserError: they are not installed, or damaged.
  """
  params, _ = weights.load(
      weights.efficientnet_path('lite1'), 'efficientnet_lite1',
      functools.partial(efficientnet.convert, stages=efficientnet.STAGES_LITE1),
      version=_VERSION)
  return {name: value for name, value in params.items()
          if name not in ('conv_head', 'fc')}


def see(params, x):
  """Maps of features, fine to coarse, and of brightness and contrast.

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
