"""EfficientNet-Lite: MobileNet's inverted bottlenecks without squeeze-excite.

Lite0 is the network that the evaluation measures with; Lite1, which has a few more
layers, gives a discriminator its features (`pretrained/perception.py`).

Tan and Le 2019, https://arxiv.org/abs/1905.11946; the Lite variants are those of
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
Layers bear the names that they have in `efficientnet-lite0-57934424.pth`, the
original weights for PyTorch, and its siblings, with 'block_1' for '_blocks.1'.
"""

from flax import linen as nn

from pegan_jax.pretrained import layers

NAME = 'EfficientNet-Lite0, pooled'
SIZE = 224
DIM = 1280
CLASSES = 1000
CPU_BATCH = 8  # The fastest on two cores.

# (repeats, kernel, stride of the first, expansion, channels out)
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
          (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
STAGES_LITE1 = tuple((repeats, *rest) for repeats, (_, *rest) in zip(
    (1, 3, 3, 4, 4, 5, 1), STAGES))


def scale_input(x, resize='bicubic'):
  """Scales pixels in 0..255 to the network's input: (x - 127) / 128."""
  del resize
  return (x - 127) / 128


def _conv(x, name, features, kernel_size=1, stride=1):
  kernel, bias = layers.Weights(
      (kernel_size, kernel_size, x.shape[-1], features), name=name)()
  return layers.conv(x, kernel, stride) + bias


class Bottleneck(nn.Module):
  """Widen, filter each channel, narrow: [B, H, W, I] -> [B, h, w, features]."""
  kernel_size: int
  stride: int
  expansion: int
  features: int

  @nn.compact
  def __call__(self, x):
    y = x
    if self.expansion > 1:
      y = nn.relu6(_conv(x, 'expand_conv', self.expansion * x.shape[-1]))
    kernel, bias = layers.Weights(
        (self.kernel_size, self.kernel_size, 1, y.shape[-1]),
        name='depthwise_conv')()
    y = nn.relu6(layers.depthwise_conv(y, kernel, self.stride) + bias)
    y = _conv(y, 'project_conv', self.features)
    return x + y if x.shape == y.shape else y


class Net(nn.Module):
  """[B, 224, 224, 3] from `scale_input` -> pooled features [B, 1280].

  Attributes:
    stages: `STAGES` or another's.
    logits: return (features, logits [B, 1000]) instead.
    maps: numbers of stages, whose outputs are returned instead, a tuple of
      [B, H, W, C], for images of any size.
  """
  stages: tuple = STAGES
  logits: bool = False
  maps: tuple[int, ...] = ()

  @nn.compact
  def __call__(self, x):
    x = nn.relu6(_conv(x, 'conv_stem', 32, 3, stride=2))
    index, maps = 0, []
    # Nothing is traced behind the last stage that is asked for.
    used = self.stages[:max(self.maps) + 1] if self.maps else self.stages
    for repeats, kernel_size, stride, expansion, features in used:
      for repeat in range(repeats):
        x = Bottleneck(kernel_size, 1 if repeat else stride, expansion, features,
                       name=f'block_{index}')(x)
        index += 1
      maps.append(x)
    if self.maps:
      return tuple(maps[i] for i in self.maps)
    x = nn.relu6(_conv(x, 'conv_head', DIM))
    return layers.classify(x.mean(axis=(1, 2)), CLASSES, self.logits)


def _torch_names(path):
  """('block_1', 'depthwise_conv') -> ('_blocks.1._depthwise_conv', its norm)."""
  *block, layer = path
  if layer == 'fc':
    return '_fc', None
  prefix = f'_blocks.{block[0].removeprefix("block_")}.' if block else ''
  norms = {'conv_stem': 'bn0', 'conv_head': 'bn1', 'expand_conv': 'bn0',
           'depthwise_conv': 'bn1', 'project_conv': 'bn2'}
  return f'{prefix}_{layer}', f'{prefix}_{norms[layer]}'


def torch_shapes():
  """Returns the tensors that `convert` takes: a dict of name to shape."""
  return layers.torch_shapes(
      layers.parameter_shapes(Net(), SIZE), _torch_names)


def convert(tensors, stages=STAGES):
  """Converts the state dict of the PyTorch file to the network's parameters.

  Args:
    tensors: dict of name to array.
    stages: the network's.

  Returns:
    A nested dict of float32 arrays: the value of 'params' for `Net`.

  Raises:
    UserError: a tensor is missing, unknown, misshapen or not finite.
  """
  return layers.from_torch(
      tensors, layers.parameter_shapes(Net(stages), SIZE), _torch_names)
