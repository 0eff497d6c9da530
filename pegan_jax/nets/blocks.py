"""Layers shared by the networks: convolutions that stay fast under double backward.

A convolution is bilinear, and all its derivatives of any order are read off one
trilinear form <conv(x, kernel), g>: the convolution itself, its adjoint in x
(the transposed convolution) and its adjoint in the kernel. `conv` is given these
three as its derivative rules. Left to itself, XLA's CPU backend runs the kernel
gradient of a transposed convolution, which every gradient penalty and every
up-sampling layer needs, far slower: `benchmarks/iteration.py` prints by how much.
"""

import functools
import math

from flax import linen as nn
import jax
from jax import lax
import jax.numpy as jnp

# torch.nn.Conv2d's default, which the method's PyTorch ancestors train with.
kernel_init = nn.initializers.variance_scaling(1 / 3, 'fan_in', 'uniform')


def _conv_lax(x, kernel, stride, pad):
  return lax.conv_general_dilated(
      x, kernel, (stride, stride), [(pad, pad), (pad, pad)],
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


def _conv_patches(x, kernel, stride, pad):
  """The same convolution as one matrix product over shifted copies of `x`."""
  kh, kw, features_in, features_out = kernel.shape
  x = jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
  out_h = (x.shape[1] - kh) // stride + 1
  out_w = (x.shape[2] - kw) // stride + 1
  shifted = [
      x[:, i:i + (out_h - 1) * stride + 1:stride,
        j:j + (out_w - 1) * stride + 1:stride]
      for i in range(kh) for j in range(kw)]
  patches = jnp.concatenate(shifted, axis=-1)
  return patches @ kernel.reshape(kh * kw * features_in, features_out)


def _use_patches(height, width, features_in, kernel_size, backend):
  """Whether `_conv_patches` is the faster formulation (measured, float32).

  On the CPU, small maps and few input channels leave XLA's convolution without
  a fast path; elsewhere cuDNN and the TPU serve every shape.
  """
  return backend == 'cpu' and (
      height * width <= 64 or features_in * kernel_size**2 <= 48)


def _forward(x, kernel, stride, pad):
  patches = _use_patches(x.shape[1], x.shape[2], x.shape[3], kernel.shape[0],
                         jax.default_backend())
  return (_conv_patches if patches else _conv_lax)(x, kernel, stride, pad)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv(x, kernel, stride=1, pad=0):
  """Cross-correlation with zero padding, differentiable to any order.

  Args:
    x: [B, H, W, I].
    kernel: [K, K, I, O].
    stride: step in both directions.
    pad: zeros added on every side.

  Returns:
    [B, (H + 2 pad - K) // stride + 1, likewise for W, O].
  """
  return _forward(x, kernel, stride, pad)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def conv_transpose(g, kernel, stride, pad, out_hw):
  """The adjoint of `conv` in its input: a transposed convolution.

  Args:
    g: [B, h, w, O], shaped like the output of the convolution.
    kernel: [K, K, I, O], the convolution's own kernel.
    stride: the convolution's stride.
    pad: the convolution's padding.
    out_hw: (H, W) of the convolution's input.

  Returns:
    [B, H, W, I].
  """
  x = jax.ShapeDtypeStruct((g.shape[0], *out_hw, kernel.shape[2]), g.dtype)
  return jax.linear_transpose(
      lambda x: _forward(x, kernel, stride, pad), x)(g)[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _conv_kernel(x, g, stride, pad, kernel_size):
  """The adjoint of `conv` in its kernel: [B, H, W, I], [B, h, w, O] -> kernel."""
  kernel = jax.ShapeDtypeStruct(
      (kernel_size, kernel_size, x.shape[3], g.shape[3]), x.dtype)
  return jax.linear_transpose(
      lambda kernel: _forward(x, kernel, stride, pad), kernel)(g)[0]


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
    lambda x, g, stride, pad, kernel_size: (
        _conv_kernel(x, g, stride, pad, kernel_size), (x, g)),
    lambda stride, pad, kernel_size, res, kernel: (
        conv_transpose(res[1], kernel, stride, pad, res[0].shape[1:3]),
        conv(res[0], kernel, stride, pad)))


class Conv(nn.Module):
  """`conv` as a layer: [B, H, W, I] -> [B, H', W', features].

  Attributes:
    features: output channels.
    kernel_size: K of a K x K kernel.
    stride: step in both directions.
    pad: zeros on every side.
    use_bias: whether a bias is added; useless before a normalisation.
    dtype: of the computation; the parameters are float32.
  """
  features: int
  kernel_size: int
  stride: int = 1
  pad: int = 0
  use_bias: bool = False
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x):
    shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
    kernel = self.param('kernel', kernel_init, shape)
    x = conv(x.astype(self.dtype), kernel.astype(self.dtype), self.stride,
             self.pad)
    if self.use_bias:
      bias = self.param('bias', nn.initializers.zeros, (self.features,))
      x = x + bias.astype(self.dtype)
    return x


class ConvTranspose(nn.Module):
  """4x4/2 transposed convolution: [B, H, W, I] -> [B, 2H, 2W, features]."""
  features: int
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x):
    # The kernel is that of the convolution this is the adjoint of.
    kernel = self.param('kernel', _transpose_init,
                        (4, 4, self.features, x.shape[-1]))
    return conv_transpose(
        x.astype(self.dtype), kernel.astype(self.dtype), 2, 1,
        (2 * x.shape[1], 2 * x.shape[2]))


def _transpose_init(key, shape):
  # torch.nn.ConvTranspose2d: the fan is counted over the output's channels.
  bound = 1 / math.sqrt(shape[0] * shape[1] * shape[2])
  return jax.random.uniform(key, shape, minval=-bound, maxval=bound)


class InstanceNorm(nn.Module):
  """Each image's channel to zero mean and unit variance, then scale and shift.

  Statistics are float32 and the image's own, in training and after it.
  Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022.
  """
  epsilon: float = 1e-5

  @nn.compact
  def __call__(self, x):
    scale = self.param('scale', nn.initializers.ones, (x.shape[-1],))
    bias = self.param('bias', nn.initializers.zeros, (x.shape[-1],))
    y = x.astype(jnp.float32)
    mean = y.mean(axis=(1, 2), keepdims=True)
    y = y - mean
    var = jnp.square(y).mean(axis=(1, 2), keepdims=True)
    y = y * (lax.rsqrt(var + self.epsilon) * scale) + bias
    return y.astype(x.dtype)
