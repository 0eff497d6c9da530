"""Layers shared by the networks: convolutions that stay fast under double backward.

A convolution is bilinear, and all its derivatives of any order are read off one
trilinear form <conv(x, kernel), g>: the convolution itself, its adjoint in x
(the transposed convolution) and its adjoint in the kernel. `conv` is given these
three as its derivative rules, each computed as suits the backend
(`formulations.run`). Left to itself, XLA's CPU backend runs the kernel
gradient of a transposed convolution, which every gradient penalty and every
up-sampling layer needs, far slower: `benchmarks/iteration.py` prints by how much.
"""

import functools
import math

from flax import linen as nn
import jax
from jax import lax
import jax.numpy as jnp

from pegan_jax.nets.formulations import run

# torch.nn.Conv2d's default, which the method's PyTorch ancestors train with.
kernel_init = nn.initializers.variance_scaling(1 / 3, 'fan_in', 'uniform')

Initializer = nn.initializers.Initializer


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv(x, kernel, stride=1, pad=0):
  """Cross-correlates with zero padding, differentiable to any order.

  Args:
    x: [B, H, W, I].
    kernel: [K, K, I, O].
    stride: step in both directions.
    pad: zeros added on every side.

  Returns:
    [B, (H + 2 pad - K) // stride + 1, likewise for W, O].
  """
  return run('conv', x.shape[1:3], kernel.shape, stride, pad, x, kernel)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def conv_transpose(g, kernel, stride, pad, out_hw):
  """Computes the adjoint of `conv` in its input: a transposed convolution.

  Args:
    g: [B, h, w, O], shaped like the output of the convolution.
    kernel: [K, K, I, O], the convolution's own kernel.
    stride: the convolution's stride.
    pad: the convolution's padding.
    out_hw: (H, W) of the convolution's input.

  Returns:
    [B, H, W, I].
  """
  return run('transpose', out_hw, kernel.shape, stride, pad, g, kernel, out_hw)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _conv_kernel(x, g, stride, pad, size):
  """Computes the adjoint of `conv` in its kernel: x, g [B, h, w, O] -> [K, K, I, O]."""
  shape = (size, size, x.shape[3], g.shape[3])
  return run('kernel', x.shape[1:3], shape, stride, pad, x, g, size)


conv.defvjp(
    lambda x, kernel, stride, pad: (
        conv(x, kernel, stride, pad), (x, kernel)),
    lambda stride, pad, res, g: (
        conv_transpose(g, res[1], stride, pad, res[0].shape[1:3]),
        _conv_kernel(res[0], g, stride, pad, res[1].shape[0])))

conv_transpose.defvjp(
    lambda g, kernel, stride, pad, out_hw: (
        conv_transpose(g, kernel, stride, pad, out_hw), (g, kernel)),
    lambda stride, pad, out_hw, res, x: (
        conv(x, res[1], stride, pad),
        _conv_kernel(x, res[0], stride, pad, res[1].shape[0])))

_conv_kernel.defvjp(
    lambda x, g, stride, pad, size: (
        _conv_kernel(x, g, stride, pad, size), (x, g)),
    lambda stride, pad, size, res, kernel: (
        conv_transpose(res[1], kernel, stride, pad, res[0].shape[1:3]),
        conv(res[0], kernel, stride, pad)))


class Conv(nn.Module):
  """`conv` as a layer: [B, H, W, I] -> [B, H', W', features].

  Attributes:
    features: output channels.
    kernel_size: K of a K x K kernel.
    stride: step in both directions.
    pad: pixels added on every side: zeros, or with `reflect` the mirrored image.
    use_bias: whether a bias is added; useless before a normalisation.
    dtype: of the computation; the parameters are float32.
    reflect: how to pad.
    kernel_init: initialises the kernel.
  """
  features: int
  kernel_size: int
  stride: int = 1
  pad: int = 0
  use_bias: bool = False
  dtype: jnp.dtype = jnp.float32
  reflect: bool = False
  kernel_init: Initializer = kernel_init

  @nn.compact
  def __call__(self, x, label=None, num_labels=0):
    """Convolves.

    Args:
      x: [B, H, W, I].
      label: [B] int, or None. It counts as `num_labels` more channels of `x`, constant
        planes of ones and zeros, which are never built: their contribution is one map
        per label, the same for all images.
      num_labels: number of labels.

    Returns:
      [B, H', W', features].
    """
    shape = (self.kernel_size, self.kernel_size, x.shape[-1] + num_labels,
             self.features)
    kernel = self.param('kernel', self.kernel_init, shape).astype(self.dtype)
    image, planes = jnp.split(kernel, [x.shape[-1]], axis=2)
    ones = jnp.ones((1, *x.shape[1:3], 1))
    x = self._conv(x, image)
    if label is not None:
      maps = self._conv(ones, planes.reshape(*shape[:2], 1, -1))
      maps = maps.reshape(*x.shape[1:3], num_labels, self.features)
      x = x + jnp.einsum(
          'bl,hwlf->bhwf', jax.nn.one_hot(label, num_labels, dtype=x.dtype), maps,
          precision='highest')  # It only selects: rounding would be an error.
    if self.use_bias:
      bias = self.param('bias', nn.initializers.zeros, (self.features,))
      x = x + bias.astype(self.dtype)
    return x

  def _conv(self, x, kernel):
    x, pad = x.astype(self.dtype), self.pad
    if self.reflect:
      x = jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), 'reflect')
      pad = 0
    return conv(x, kernel, self.stride, pad)


class ConvTranspose(nn.Module):
  """Transposed convolution that doubles: [B, H, W, I] -> [B, 2H, 2W, features].

  Attributes:
    features: output channels.
    kernel_size: 4, or 3, which is padded on two sides only.
    use_bias: whether a bias is added.
    dtype: of the computation; the parameters are float32.
    kernel_init: initialises the kernel [K, K, features, I], that of the convolution
      this is the adjoint of; None is torch.nn.ConvTranspose2d's.
  """
  features: int
  kernel_size: int = 4
  use_bias: bool = False
  dtype: jnp.dtype = jnp.float32
  kernel_init: Initializer | None = None

  @nn.compact
  def __call__(self, x):
    size = self.kernel_size
    kernel = self.param('kernel', self.kernel_init or _transpose_init,
                        (size, size, self.features, x.shape[-1]))
    x = conv_transpose(
        x.astype(self.dtype), kernel.astype(self.dtype), 2, 1,
        (2 * x.shape[1], 2 * x.shape[2]))
    if self.use_bias:
      bias = self.param('bias', nn.initializers.zeros, (self.features,))
      x = x + bias.astype(self.dtype)
    return x


def _transpose_init(key, shape, dtype=jnp.float32):
  # torch.nn.ConvTranspose2d: the fan is counted over the output's channels.
  bound = 1 / math.sqrt(shape[0] * shape[1] * shape[2])
  return jax.random.uniform(key, shape, dtype, -bound, bound)


class InstanceNorm(nn.Module):
  """Each image's channels to zero mean and unit variance, then scale and shift.

  Statistics are float32 and the image's own, in training and after it.
  Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022.

  Attributes:
    affine: whether a scale and a shift are learned, or there are none.
    epsilon: added to the variance.
  """
  affine: bool = True
  epsilon: float = 1e-5

  @nn.compact
  def __call__(self, x):
    y, factor = _centred(x, self.epsilon)
    shift = 0.0
    if self.affine:
      factor *= self.param('scale', nn.initializers.ones, (x.shape[-1],))
      shift = self.param('bias', nn.initializers.zeros, (x.shape[-1],))
    return (y * factor + shift).astype(x.dtype)


class ConditionalInstanceNorm(nn.Module):
  """`InstanceNorm` whose scale and shift are linear in a vector: a class's, say.

  Dumoulin et al. 2017, https://arxiv.org/abs/1610.07629, with the vector of
  de Vries et al. 2017, https://arxiv.org/abs/1707.00683. Tables of scales and
  shifts would learn the classes apart more slowly: Adam moves an entry by no more
  than the learning rate, and a product with a vector by that for each component.
  """

  @nn.compact
  def __call__(self, x, vector):
    """Normalises: [B, H, W, C] and [B, E] -> [B, H, W, C]."""
    y, factor = _centred(x)
    init = nn.initializers.variance_scaling(0.1, 'fan_in', 'normal')
    affine = nn.Dense(2 * x.shape[-1], kernel_init=init, name='affine')(vector)
    scale, shift = jnp.split(affine[:, None, None], 2, axis=-1)
    return (y * factor * (1 + scale) + shift).astype(x.dtype)


def _centred(x, epsilon=1e-5):
  """Returns (x minus each image's channel means, 1 / their deviations), float32."""
  y = x.astype(jnp.float32)
  y = y - y.mean(axis=(1, 2), keepdims=True)
  var = jnp.square(y).mean(axis=(1, 2), keepdims=True)
  return y, lax.rsqrt(var + epsilon)


def levels(x, axes):
  """Returns brightness and contrast, which instance norm removes and lighting changes.

  Args:
    x: float [..., C] in [-1, 1].
    axes: what to average over.

  Returns:
    [..., 2C] without `axes`: means and deviations, scaled to about 1.
  """
  # Differentiable where all values are the same.
  deviation = jnp.sqrt(x.var(axes) + 1e-4)
  return jnp.concatenate([2 * x.mean(axes), 8 * deviation], axis=-1)
