"""Inspectors that start from EfficientNet-Lite0 and are trained as a whole."""

import functools

from flax import linen as nn
import jax
import jax.numpy as jnp

from pegan_jax.nets import unet
from pegan_jax.nets.classifier import Classifier
from pegan_jax.pretrained import efficientnet, layers, weights

# Images are enlarged: the network was trained at 224 pixels and misses fine texture at 64.
_ENLARGED = 2
# Stages whose maps a segmenter reads, the last of each size: 1/2, 1/4, 1/8 and 1/16.
_MAPS = (0, 1, 2, 4)
# How fast its weights change, relative to the head's, which begin anywhere; as is common.
RATE = 0.1
# Version of the converted weights in the cache.
_VERSION = 1


@functools.cache
def _load():
  """Returns the pretrained weights: nested dicts of float32 arrays."""
  params, _ = weights.load(weights.efficientnet_path(), 'efficientnet',
                           efficientnet.convert, version=_VERSION)
  return params


def _encode(module, x, maps=()):
  """Computes features with the pretrained weights and what a module adds to them.

  Args:
    module: gets the parameter 'change': what is added, times `RATE`.
    x: [B, H, W, 1 or 3] in [-1, 1].
    maps: as for `efficientnet.Net`; without, features are pooled.
  """
  start, net = dict(_load()), efficientnet.Net()
  unused = {'fc': start.pop('fc')}  # The photographs' own classes.
  if maps:  # What comes after them is not needed.
    net = efficientnet.Net(efficientnet.STAGES[:maps[-1] + 1], maps=maps)
    start = {name: start[name] for name in layers.parameter_shapes(net, efficientnet.SIZE)}
  change = module.param('change', lambda key: jax.tree.map(jnp.zeros_like, start))
  params = jax.tree.map(lambda w, d: w + RATE * d, start, change)
  batch, height, width, _ = x.shape
  x = jax.image.resize(jnp.broadcast_to(x, (batch, height, width, 3)),
                       (batch, _ENLARGED * height, _ENLARGED * width, 3),
                       'cubic').clip(-1, 1)
  # In [-1, 1] is where `scale_input` puts pixels, to within a 100th.
  return net.apply({'params': params | unused}, x)


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
    return Classifier(self.num_classes)(_encode(self, x))


class TunedUNet(nn.Module):
  """[B, H, W, 1 or 3] in [-1, 1] -> [B, H, W] logits of a pixel being a defect's.

  A `UNet` whose way down is the pretrained network, changed as in `TunedEfficientNet`.
  Sides are divisible by 8.

  Attributes:
    width: without effect; others have chosen it.
  """
  width: float = 1.0

  @nn.compact
  def __call__(self, x):
    *skips, smallest = _encode(self, x, _MAPS)
    return unet.way_up(smallest, skips)
