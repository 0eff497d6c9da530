"""InceptionV3 as the FID network has it (the TensorFlow graph of 2015-12-05).

It differs from later InceptionV3s: its average pools leave the padding out of
the mean, the pool of its last block takes the maximum, and its classifier has
1008 outputs. Szegedy et al. 2015, https://arxiv.org/abs/1512.00567; Heusel et
al. 2017, https://arxiv.org/abs/1706.08500. Layers bear the names that they have
in `pt_inception-2015-12-05-6726825d.pth`, the graph's weights for PyTorch.
"""

from flax import linen as nn
import jax.numpy as jnp
import numpy as np

from pegan_jax.nets import pool
from pegan_jax.pretrained import layers

NAME = 'InceptionV3 (FID, 2015-12-05), pool3'
SIZE = 299
DIM = 2048
CLASSES = 1008
CPU_BATCH = 8  # The fastest on two cores.

def _block_a(pooled):
  return {'branch1x1': [(64, 1, 1)],
          'branch5x5': [(48, 1, 1), (64, 5, 5)],
          'branch3x3dbl': [(64, 1, 1), (96, 3, 3), (96, 3, 3)],
          'avg_pool': [(pooled, 1, 1)]}


def _block_c(c):
  return {'branch1x1': [(192, 1, 1)],
          'branch7x7': [(c, 1, 1), (c, 1, 7), (192, 7, 1)],
          'branch7x7dbl': [(c, 1, 1), (c, 7, 1), (c, 1, 7), (c, 7, 1),
                           (192, 1, 7)],
          'avg_pool': [(192, 1, 1)]}


def _block_e(pooling):
  ends = [(384, 1, 3), (384, 3, 1)]
  return {'branch1x1': [(320, 1, 1)],
          'branch3x3': [(384, 1, 1), ends],
          'branch3x3dbl': [(448, 1, 1), (384, 3, 3), ends],
          pooling: [(192, 1, 1)]}


# A branch is a chain of convolutions (features, KH, KW), a list in it is side by
# side; 'avg_pool' and 'max_pool' begin with that pool.
BLOCKS = {
    'Mixed_5b': _block_a(32),
    'Mixed_5c': _block_a(64),
    'Mixed_5d': _block_a(64),
    'Mixed_6a': {'branch3x3': [(384, 3, 3)],
                 'branch3x3dbl': [(64, 1, 1), (96, 3, 3), (96, 3, 3)],
                 'max_pool': []},
    'Mixed_6b': _block_c(128),
    'Mixed_6c': _block_c(160),
    'Mixed_6d': _block_c(160),
    'Mixed_6e': _block_c(192),
    'Mixed_7a': {'branch3x3': [(192, 1, 1), (320, 3, 3)],
                 'branch7x7x3': [(192, 1, 1), (192, 1, 7), (192, 7, 1),
                                 (192, 3, 3)],
                 'max_pool': []},
    'Mixed_7b': _block_e('avg_pool'),
    'Mixed_7c': _block_e('max_pool'),
}
# Each branch's last layer has a stride of two there, and no padding.
HALVING = ('Mixed_6a', 'Mixed_7a')


def scale_input(x, resize='bicubic'):
  """Scales pixels in 0..255 to the network's input.

  The graph itself, torch-fidelity and clean-fid compute (x - 128) / 128;
  pytorch-fid, whose figures the 'legacy' resize reproduces, 2 x / 255 - 1.
  """
  return x * (2 / 255) - 1 if resize == 'legacy' else (x - 128) / 128


def _conv(x, name, shape, stride=1, padding='SAME'):
  """Convolution, bias, ReLU; `shape` is (features, KH, KW)."""
  features, kh, kw = shape
  kernel, bias = layers.Weights((kh, kw, x.shape[-1], features), name=name)()
  return nn.relu(layers.conv(x, kernel, stride, padding) + bias)


def _named(branch, chain):
  """Returns a branch's layers with their names in the file: [(name, layer), ...]."""
  branch = 'branch_pool' if branch.endswith('_pool') else branch
  if len(chain) == 1:
    return [(branch, chain[0])]
  return [(f'{branch}_{i}', layer) for i, layer in enumerate(chain, 1)]


class Mixed(nn.Module):
  """An Inception block: [B, H, W, I] -> [B, h, w, O].

  Attributes:
    branches: its entry in `BLOCKS`.
    halve: whether it is one of `HALVING`.
  """
  branches: dict
  halve: bool = False

  @nn.compact
  def __call__(self, x):
    chains = {branch: _named(branch, chain)
              for branch, chain in self.branches.items()}
    heads = self._heads(x, chains)
    last = (2, 'VALID') if self.halve else (1, 'SAME')
    outs = []
    for branch, chain in chains.items():
      y = heads.get(branch, x)
      if branch == 'max_pool':
        y = pool.max_pool(x, *last)
      for name, layer in chain[1:] if branch in heads else chain:
        if isinstance(layer[0], tuple):
          y = jnp.concatenate(
              [_conv(y, name + c, part) for c, part in zip('ab', layer)], -1)
        else:
          y = _conv(y, name, layer, *(last if name == chain[-1][0] else ()))
      outs.append(y)
    return jnp.concatenate(outs, -1)

  def _heads(self, x, chains):
    """Computes all 1x1 convolutions that begin a branch as one wide convolution.

    An average pool before the convolution commutes with it and is cheaper after
    it; the bias too may come first, as a mean without padding keeps a constant.
    """
    first = {branch: chain[0] for branch, chain in chains.items()
             if branch != 'max_pool' and chain[0][1][1:] == (1, 1)}
    weights = [layers.Weights((1, 1, x.shape[-1], layer[0]), name=name)()
               for name, layer in first.values()]
    kernel, bias = (jnp.concatenate(parts, -1) for parts in zip(*weights))
    y = layers.conv(x, kernel) + bias
    ends = np.cumsum([layer[0] for _, layer in first.values()])
    heads = dict(zip(first, jnp.split(y, ends[:-1], -1)))
    if 'avg_pool' in heads:
      heads['avg_pool'] = pool.avg_pool(heads['avg_pool'])
    return {branch: nn.relu(y) for branch, y in heads.items()}


class Net(nn.Module):
  """[B, 299, 299, 3] from `scale_input` -> pool3 [B, 2048].

  Attributes:
    logits: return (pool3, logits [B, 1008]) instead.
  """
  logits: bool = False

  @nn.compact
  def __call__(self, x):
    x = _conv(x, 'Conv2d_1a_3x3', (32, 3, 3), 2, 'VALID')
    x = _conv(x, 'Conv2d_2a_3x3', (32, 3, 3), padding='VALID')
    x = _conv(x, 'Conv2d_2b_3x3', (64, 3, 3))
    x = pool.max_pool(x, 2, 'VALID')
    x = _conv(x, 'Conv2d_3b_1x1', (80, 1, 1))
    x = _conv(x, 'Conv2d_4a_3x3', (192, 3, 3), padding='VALID')
    x = pool.max_pool(x, 2, 'VALID')
    for name, branches in BLOCKS.items():
      x = Mixed(branches, name in HALVING, name=name)(x)
    return layers.classify(x.mean(axis=(1, 2)), CLASSES, self.logits)


def _torch_names(path):
  """('Mixed_5b', 'branch1x1') -> ('Mixed_5b.branch1x1.conv', its norm)."""
  name = '.'.join(path)
  return ('fc', None) if name == 'fc' else (name + '.conv', name + '.bn')


def torch_shapes():
  """Returns the tensors that `convert` takes: a dict of name to shape."""
  return layers.torch_shapes(
      layers.parameter_shapes(Net(), SIZE), _torch_names)


def convert(tensors):
  """Converts the state dict of the PyTorch file to the network's parameters.

  Args:
    tensors: dict of name to array.

  Returns:
    A nested dict of float32 arrays: the value of 'params' for `Net`.

  Raises:
    UserError: a tensor is missing, unknown, misshapen or not finite.
  """
  return layers.from_torch(
      tensors, layers.parameter_shapes(Net(), SIZE), _torch_names)
