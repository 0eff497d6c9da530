"""Layers of the classifiers: convolution, batch norm, output."""

from flax import linen as nn
from jax import lax
import jax.numpy as jnp

from pegan_jax.nets import blocks

# torchvision's initialisation of classifiers.
_kernel_init = nn.initializers.variance_scaling(2.0, 'fan_out', 'normal')


class Conv(nn.Module):
  """`blocks.conv` as a layer without bias: [B, H, W, I] -> [B, H', W', features].

  Attributes:
    features: output channels.
    kernel_size: K of a K x K kernel, odd; K // 2 zeros are added on every side.
    stride: step in both directions.
    rgb: whether grey input [B, H, W, 1] counts as three equal channels: the
      kernel is that of three, and its sum over them is what grey needs.
  """
  features: int
  kernel_size: int
  stride: int = 1
  rgb: bool = False

  @nn.compact
  def __call__(self, x):
    features_in = 3 if self.rgb else x.shape[-1]
    shape = (self.kernel_size, self.kernel_size, features_in, self.features)
    kernel = self.param('kernel', _kernel_init, shape)
    if features_in != x.shape[-1]:
      kernel = kernel.sum(2, keepdims=True)
    return blocks.conv(x, kernel, self.stride, self.kernel_size // 2)


class BatchNorm(nn.Module):
  """Each channel to zero mean and unit variance over the batch, scale, shift.

  Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167; as in PyTorch, the
  moving averages take in a tenth of each batch's mean and unbiased variance.

  Attributes:
    epsilon: added to the variance.
    momentum: the share of the averages that a step keeps.
  """
  epsilon: float = 1e-5
  momentum: float = 0.9

  @nn.compact
  def __call__(self, x, train):
    """Normalises.

    Args:
      x: [B, H, W, C].
      train: whether by the batch's own statistics, which also enter the
        averages in the collection 'batch_stats'; else by those averages.

    Returns:
      [B, H, W, C].
    """
    shape = x.shape[-1:]
    scale = self.param('scale', nn.initializers.ones, shape)
    bias = self.param('bias', nn.initializers.zeros, shape)
    mean = self.variable('batch_stats', 'mean', jnp.zeros, shape)
    var = self.variable('batch_stats', 'var', jnp.ones, shape)
    if not train:
      return _normalise(x, mean.value, var.value, self.epsilon, scale, bias)
    batch_mean = x.mean((0, 1, 2))
    batch_var = jnp.square(x - batch_mean).mean((0, 1, 2))
    if not self.is_initializing():
      count = x.size // x.shape[-1]
      unbiased = batch_var * (count / max(1, count - 1))
      mean.value += (1 - self.momentum) * (batch_mean - mean.value)
      var.value += (1 - self.momentum) * (unbiased - var.value)
    return _normalise(x, batch_mean, batch_var, self.epsilon, scale, bias)


def _normalise(x, mean, var, epsilon, scale, bias):
  return (x - mean) * (lax.rsqrt(var + epsilon) * scale) + bias


class Classifier(nn.Module):
  """The output layer: features [B, D] to logits [B, num_classes].

  torch.nn.Linear's initialisation.

  Attributes:
    num_classes: outputs.
  """
  num_classes: int

  @nn.compact
  def __call__(self, x):
    bound = x.shape[-1] ** -0.5
    uniform = nn.initializers.uniform(2 * bound)
    return nn.Dense(
        self.num_classes,
        kernel_init=lambda *args: uniform(*args) - bound,
        bias_init=lambda *args: uniform(*args) - bound)(x)
