"""ResNet18, an inspector: He et al. 2016, https://arxiv.org/abs/1512.03385."""

from flax import linen as nn

from pegan_jax.nets.classifier import BatchNorm, Classifier, Conv
from pegan_jax.nets.pool import max_pool


class ResNet18(nn.Module):
  """The original's layers, stem included: 64x64 images end as 2x2 maps.

  Attributes:
    num_classes: outputs.
    width: multiplies every layer's filters.
  """
  num_classes: int
  width: float = 1.0

  @nn.compact
  def __call__(self, x, train):
    """Classifies.

    Args:
      x: [B, H, W, 1 or 3], any size; grey counts as three equal channels.
      train: whether batch norms use the batch's statistics and update their
        averages in the collection 'batch_stats'.

    Returns:
      [B, num_classes] logits.
    """
    f = [max(1, round(n * self.width)) for n in (64, 128, 256, 512)]
    x = Conv(f[0], 7, 2, rgb=True)(x)
    x = nn.relu(BatchNorm()(x, train))
    x = max_pool(x, 2)
    for stage, features in enumerate(f):
      for block in range(2):
        x = _Block(features, 2 if stage and not block else 1)(x, train)
    return Classifier(self.num_classes)(x.mean((1, 2)))


class _Block(nn.Module):
  """Two 3x3 convolutions and a shortcut, projected where the shape changes."""
  features: int
  stride: int

  @nn.compact
  def __call__(self, x, train):
    y = Conv(self.features, 3, self.stride)(x)
    y = nn.relu(BatchNorm()(y, train))
    y = BatchNorm()(Conv(self.features, 3)(y), train)
    if self.stride != 1 or x.shape[-1] != self.features:
      x = BatchNorm()(
          Conv(self.features, 1, self.stride)(x), train)
    return nn.relu(x + y)
