"""Features of what lies in a region: EfficientNet-Lite0's maps, averaged over it.

It is the network that the evaluation measures with, and not the one that discriminators
get their input from: see `perception.py`.
"""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.pretrained import efficientnet, weights

_SIDE = 128  # pixels to which images are resized
_STAGES = (1, 2, 4)  # Of a quarter to a 16th of that: what is local.
_BATCH = 16
_VERSION = 1  # of the converted weights in the cache


class RegionFeatures:
  """Turns images and regions into features.

  Raises:
    UserError: the weights are damaged.
  """

  def __init__(self):
    params, _ = weights.load(
        weights.efficientnet_path(), 'efficientnet', efficientnet.convert,
        version=_VERSION)
    self._params = {name: value for name, value in params.items()
                    if name not in ('conv_head', 'fc')}
    self._compute = jax.jit(_compute)

  def __call__(self, images, regions):
    """Returns the features of regions of images.

    Args:
      images: uint8 [n, h, w, 1 or 3].
      regions: bool [n, h, w], none of them empty.

    Returns:
      float32 [n, D].
    """
    found = []
    for first in range(0, len(images), _BATCH):
      part = slice(first, first + _BATCH)
      missing = _BATCH - len(images[part])
      pad = lambda x, n=missing: np.concatenate([x, x[:1].repeat(n, 0)])
      found.append(np.asarray(self._compute(
          self._params, pad(images[part]), pad(regions[part])))[:_BATCH - missing])
    return np.concatenate(found)


def load():
  """Returns `RegionFeatures`, or None where the weights are not installed."""
  try:
    weights.efficientnet_path()
  except UserError:
    return None
  return RegionFeatures()


def _compute(params, images, regions):
  shape = (len(images), _SIDE, _SIDE)
  x = jnp.broadcast_to(images.astype(jnp.float32), (*images.shape[:3], 3))
  x = efficientnet.scale_input(jax.image.resize(x, (*shape, 3), 'linear'))
  maps = efficientnet.Net(maps=_STAGES).apply({'params': params}, x)
  features = []
  for m in maps:
    weight = jax.image.resize(
        regions.astype(jnp.float32), m.shape[:3], 'linear')[..., None]
    features.append((m * weight).sum((1, 2)) / (weight.sum((1, 2)) + 1e-6))
  return jnp.concatenate(features, -1)
