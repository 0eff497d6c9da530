"""MobileNetV2, an inspector: Sandler et al. 2018, https://arxiv.org/abs/1801.04381."""

from flax import linen as nn
import jax
import jax.numpy as jnp

from pegan_jax.nets.classifier import BatchNorm, Classifier, Conv
from pegan_jax.nets.depthwise import DepthwiseConv

# Expansion, filters, blocks, stride of the first (the paper's Table 2).
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
           (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class MobileNetV2(nn.Module):
  """The original's layers, stem included: 64x64 images end as 2x2 maps.

  Attributes:
    num_classes: outputs.
    width: multiplies every layer's filters, rounded to eights; the last convolution
      never has fewer than the original.
  """
  num_classes: int
  width: float = 1.0

  @nn.compact
  def __call__(self, x, train):
    """Classifies; as `ResNet18`."""
    x = Conv(_eights(32 * self.width), 3, 2, rgb=True)(x)
    x = _relu6(BatchNorm()(x, train))
    for expansion, filters, blocks, stride in _STAGES:
      for block in range(blocks):
        x = _Block(_eights(filters * self.width), expansion,
                   1 if block else stride)(x, train)
    last = _eights(1280 * max(1.0, self.width))
    x = _relu6(BatchNorm()(Conv(last, 1)(x), train))
    return Classifier(self.num_classes)(x.mean((1, 2)))


class _Block(nn.Module):
  """Inverted residual: expand, filter each channel by itself, project."""
  features: int
  expansion: int
  stride: int

  @nn.compact
  def __call__(self, x, train):
    y = x
    if self.expansion != 1:
      y = Conv(self.expansion * x.shape[-1], 1)(y)
      y = _relu6(BatchNorm()(y, train))
    y = DepthwiseConv(self.stride)(y)
    y = _relu6(BatchNorm()(y, train))
    y = BatchNorm()(Conv(self.features, 1)(y), train)
    return x + y if self.stride == 1 and x.shape == y.shape else y


@jax.custom_jvp
def _relu6(x):
  """Returns min(max(x, 0), 6), without a gradient at 0 and 6, unlike JAX's own."""
  return jnp.clip(x, 0, 6)


@_relu6.defjvp
def _(primals, tangents):
  (x,), (t,) = primals, tangents
  return _relu6(x), jnp.where((x > 0) & (x < 6), t, 0)


def _eights(filters):
  """Returns the nearest multiple of 8 that is at least nine tenths of `filters`."""
  rounded = max(8, int(filters + 4) // 8 * 8)
  return rounded + 8 if rounded < 0.9 * filters else rounded
