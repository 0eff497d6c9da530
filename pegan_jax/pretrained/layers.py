"""Layers of the feature networks, and their parameters from PyTorch's tensors.

Both networks are read-only: every batch normalisation is folded into the
convolution before it, and a layer is a kernel and a bias.
"""

from flax import linen as nn
from flax import traverse_util
import jax
from jax import lax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common import errors
from pegan_jax.nets import backend, depthwise

BN_EPSILON = 1e-3  # of both networks


def conv(x, kernel, stride=1, padding='SAME'):
  """Cross-correlates: [B, H, W, I], [KH, KW, I, O] -> [B, h, w, O]."""
  kh, kw = kernel.shape[:2]
  height = (x.shape[1] - kh) // stride + 1
  if backend.name() == 'cpu':
    if kh == kw == stride == 1:
      return x @ kernel[0, 0]
    if padding == 'VALID':
      # Without padding XLA takes another routine, up to five times slower.
      padding = ((0, 1), (0, 0))
  x = lax.conv_general_dilated(
      x, kernel, (stride, stride), padding,
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))
  return x if padding == 'SAME' else x[:, :height]


def depthwise_conv(x, kernel, stride=1):
  """Applies one filter per channel: [B, H, W, C], [K, K, 1, C] -> [B, h, w, C]."""
  pads = lax.padtype_to_pads(x.shape[1:3], kernel.shape[:2], (stride, stride), 'SAME')
  return depthwise.depthwise_conv(x, kernel, stride, tuple(pads))


class Weights(nn.Module):
  """A kernel and a bias under one name: () -> (kernel, bias).

  Attributes:
    shape: of the kernel; its last axis is the bias's.
  """
  shape: tuple[int, ...]

  @nn.compact
  def __call__(self):
    # They come from a file: to draw them would only take time to trace.
    kernel = self.param('kernel', nn.initializers.zeros, self.shape)
    return kernel, self.param('bias', nn.initializers.zeros, self.shape[-1:])


def classify(pooled, classes, logits):
  """Returns pooled features [B, D], or with `logits` (them, logits [B, classes])."""
  # Declared in either case: the weights are the same.
  kernel, bias = Weights((pooled.shape[-1], classes), name='fc')()
  if not logits:
    return pooled
  return pooled, pooled @ kernel + bias


def parameter_shapes(net, size):
  """Returns the shapes of a network's parameters, as a nested dict."""
  x = jax.ShapeDtypeStruct((1, size, size, 3), jnp.float32)
  return jax.eval_shape(net.init, jax.random.key(0), x)['params']


def _kernels(shapes):
  """Returns the kernels' shapes by their layer's path, a tuple of names."""
  return {tuple(path): leaf.shape for (*path, name), leaf in
          traverse_util.flatten_dict(shapes).items() if name == 'kernel'}


def torch_shapes(shapes, torch_names):
  """Returns the state dict that `from_torch` needs: a dict of name to shape."""
  expected = {}
  for path, shape in _kernels(shapes).items():
    weight, norm = torch_names(path)
    # A convolution: HWIO -> OIHW; a linear layer: IO -> OI.
    expected[weight + '.weight'] = (
        (*shape[:1:-1], *shape[:2]) if len(shape) == 4 else shape[::-1])
    for name in ('bias',) if norm is None else (
        'weight', 'bias', 'running_mean', 'running_var'):
      expected[f'{norm or weight}.{name}'] = shape[-1:]
  return expected


def from_torch(tensors, shapes, torch_names):
  """Checks a PyTorch state dict and folds its batch norms: -> parameters.

  Args:
    tensors: dict of name to array. 'num_batches_tracked' is ignored.
    shapes: nested dict of the parameters' shapes, with a 'kernel' and a 'bias'
      in every innermost dict.
    torch_names: function of a layer's path, a tuple of names, to its name of
      weights and the prefix of its batch norm; None for a layer without one,
      which has a bias.

  Returns:
    A nested dict like `shapes` of float32 arrays; kernels are [KH, KW, I, O] or
    [I, O]. The folding is computed in float64.

  Raises:
    UserError: a tensor is missing, unknown, misshapen or not finite.
  """
  expected = torch_shapes(shapes, torch_names)
  tensors = {name: np.asarray(value) for name, value in tensors.items()
             if not name.endswith('num_batches_tracked')}
  _check(tensors, expected)
  params = {}
  for path in _kernels(shapes):
    params[*path, 'kernel'], params[*path, 'bias'] = _fold(tensors, *torch_names(path))
  return traverse_util.unflatten_dict(params)


def _check(tensors, expected):
  """Raises UserError unless `tensors` are `expected`: dict of name to shape."""
  wrong = [
      f'{name} is missing (expected shape {list(shape)})'
      for name, shape in expected.items() if name not in tensors]
  wrong += [
      f'{name} of shape {list(value.shape)} is not part of it'
      for name, value in tensors.items() if name not in expected]
  for name, shape in expected.items():
    if name in tensors:
      value = tensors[name]
      if value.shape != shape:
        wrong.append(f'{name} has the shape {list(value.shape)}, expected '
                     f'{list(shape)}')
      elif not np.isfinite(value).all():
        wrong.append(f'{name} of shape {list(shape)} holds a value that is not '
                     'finite')
      elif name.endswith('running_var') and value.min() < 0:
        wrong.append(f'{name} of shape {list(shape)} is a negative variance')
  if wrong:
    raise errors.UserError(
        f'these are not the weights of this network: {errors.listed(wrong, 1)}')


def _fold(tensors, weight, norm):
  """One layer's (kernel, bias), float32."""
  kernel = tensors[weight + '.weight'].astype(np.float64)
  # OIHW -> HWIO; OI -> IO.
  kernel = kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T
  if norm is None:
    bias = tensors[weight + '.bias']
  else:
    gamma, beta, mean, var = (
        tensors[f'{norm}.{name}'].astype(np.float64)
        for name in ('weight', 'bias', 'running_mean', 'running_var'))
    scale = gamma / np.sqrt(var + BN_EPSILON)
    kernel, bias = kernel * scale, beta - mean * scale
  return (np.ascontiguousarray(kernel, np.float32),
          np.ascontiguousarray(bias, np.float32))
