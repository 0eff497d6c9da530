"""An inspector that starts from EfficientNet-Lite0 and is trained as a whole."""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from pegan_jax.nets.classifier import Classifier
from pegan_jax.pretrained import efficientnet, weights

# Images are enlarged: the network was trained at 224 pixels and misses fine texture at 64.
_ENLARGED = 2
# How fast its weights change, relative to the head's, which begin anywhere. Common practice.
RATE = 0.1
# Version of the converted weights in the cache.
_VERSION = 1


@functools.cache
def _load():
  """Returns the pretrained weights: nested dicts of float32 arrays."""
  params, _ = weights.load(weights.efficientnet_path(), 'efficientnet',
                           efficientnet.convert, version=_VERSION)
  return params


class TunedEfficientNet(nn.Module):
  """[B, H, W, 1 or 3] in [-1, 1] -> logits [B, num_classes]; called as `ResNet18` is.

  The parameters are what is added to the pretrained weights, times `RATE`: weight decay
  pulls to those (Li et al. 2018, https://arxiv.org/abs/1802.01483), and AdamW's steps are
  that much smaller. The batch norms are folded into the convolutions, with the statistics
  of photographs: those of a batch would depend on how many of its images are generated,
  and on few images if there are few.

  Attributes:
    num_classes: outputs.
    width: without effect; others have chosen it.
  """
  num_classes: int
  width: float = 1.0

  @nn.compact
  def __call__(self, x, train):
    """Computes logits, the same with and without `train`."""
    del train
    start = dict(_load())
    unused = {'fc': start.pop('fc')}  # The photographs' own classes.
    change = self.param('change', lambda key: jax.tree.map(jnp.zeros_like, start))
    params = jax.tree.map(lambda w, d: w + RATE * d, start, change)
    batch, height, width, _ = x.shape
    x = jax.image.resize(jnp.broadcast_to(x, (batch, height, width, 3)),
                         (batch, _ENLARGED * height, _ENLARGED * width, 3),
                         'cubic').clip(-1, 1)
    # In [-1, 1] is where `scale_input` puts pixels, to within a 100th.
    x = efficientnet.Net().apply({'params': params | unused}, x)
    return Classifier(self.num_classes)(x)
