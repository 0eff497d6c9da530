"""Times an inspector's epoch in this package and in eager PyTorch, by turns.

  pip install 'torch>=2.13,<2.14'
  python -m benchmarks.inspector [--image_size 64] [--batch_size 64] [--rounds 5]
      [--width 1] [--seeds 5]

Both have the same network, batch size, loss and AdamW, on grey images in memory. An epoch
is the whole batches of 1,260 images (140 for each of nine classes). Prints the median
seconds per epoch, and our speed relative to the faster of PyTorch's two memory layouts.
Both get the memory settings of `allocator.keep_pages`. Then times a depthwise convolution
with its gradients, ours against XLA's grouped one. With --seeds, compares that number of
inspectors under `vmap` with the same number one after the other, instead of PyTorch.
"""

import argparse
import statistics
import time

import jax
from jax import lax
import jax.numpy as jnp
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

from pegan_jax.common.runtime import allocator
from pegan_jax.inspection import steps as steps_lib, training
from pegan_jax.inspection.settings import Settings
from pegan_jax.nets import depthwise

CLASSES, IMAGES = 9, 1260


class Residual(nn.Module):

  def __init__(self, features_in, features, stride):
    super().__init__()
    self.conv1 = nn.Conv2d(features_in, features, 3, stride, 1, bias=False)
    self.bn1 = nn.BatchNorm2d(features)
    self.conv2 = nn.Conv2d(features, features, 3, 1, 1, bias=False)
    self.bn2 = nn.BatchNorm2d(features)
    self.short = nn.Sequential()
    if stride != 1 or features_in != features:
      self.short = nn.Sequential(
          nn.Conv2d(features_in, features, 1, stride, bias=False),
          nn.BatchNorm2d(features))

  def forward(self, x):
    y = F.relu(self.bn1(self.conv1(x)))
    return F.relu(self.short(x) + self.bn2(self.conv2(y)))


class ResNet18(nn.Module):

  def __init__(self, num_classes, width=1.0):
    super().__init__()
    f = [round(n * width) for n in (64, 128, 256, 512)]
    self.stem = nn.Sequential(
        nn.Conv2d(3, f[0], 7, 2, 3, bias=False), nn.BatchNorm2d(f[0]),
        nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    self.blocks = nn.Sequential(*(
        Residual(f[max(0, i - 1 if not j else i)], n, 2 if i and not j else 1)
        for i, n in enumerate(f) for j in range(2)))
    self.head = nn.Linear(f[3], num_classes)

  def forward(self, x):
    return self.head(self.blocks(self.stem(x)).mean((2, 3)))


def _conv_bn(features_in, features, kernel, stride=1, groups=1, relu=True):
  return nn.Sequential(
      nn.Conv2d(features_in, features, kernel, stride, kernel // 2,
                groups=groups, bias=False), nn.BatchNorm2d(features),
      *([nn.ReLU6()] if relu else []))


class Inverted(nn.Module):

  def __init__(self, features_in, features, expansion, stride):
    super().__init__()
    hidden = features_in * expansion
    self.layers = nn.Sequential(
        *([_conv_bn(features_in, hidden, 1)] if expansion != 1 else []),
        _conv_bn(hidden, hidden, 3, stride, groups=hidden),
        _conv_bn(hidden, features, 1, relu=False))
    self.add = stride == 1 and features_in == features

  def forward(self, x):
    return x + self.layers(x) if self.add else self.layers(x)


class MobileNetV2(nn.Module):

  def __init__(self, num_classes, width=1.0):
    super().__init__()
    def eights(n):
      rounded = max(8, int(n * width + 4) // 8 * 8)
      return rounded + 8 * (rounded < 0.9 * n * width)
    layers, features = [_conv_bn(3, eights(32), 3, 2)], eights(32)
    for expansion, n, blocks, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
        (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
      for i in range(blocks):
        layers.append(Inverted(features, eights(n), expansion,
                               1 if i else stride))
        features = eights(n)
    last = eights(1280 / width * max(1, width))
    self.features = nn.Sequential(*layers, _conv_bn(features, last, 1))
    self.head = nn.Linear(last, num_classes)

  def forward(self, x):
    return self.head(self.features(x).mean((2, 3)))


TORCH = {'resnet18': ResNet18, 'mobilenetv2': MobileNetV2}


def _torch_epoch(name, width, images, labels, batch_size, steps, channels_last):
  net = TORCH[name](CLASSES, width).train()
  x = torch.from_numpy(images).permute(0, 3, 1, 2)
  y = torch.from_numpy(labels).long()
  if channels_last:
    net = net.to(memory_format=torch.channels_last)
  optimizer = torch.optim.AdamW(net.parameters(), 2e-3)

  def epoch():
    order = torch.randperm(len(x))
    for k in range(steps):
      rows = order[k * batch_size:(k + 1) * batch_size]
      batch = (x[rows].float() / 127.5 - 1).expand(-1, 3, -1, -1)
      if channels_last:
        batch = batch.contiguous(memory_format=torch.channels_last)
      optimizer.zero_grad()
      F.cross_entropy(net(batch), y[rows]).backward()
      optimizer.step()
  return epoch


def _our_epoch(name, width, images, labels, batch_size, steps, seeds=1,
               together=False):
  """Returns a function that trains one epoch of `seeds` inspectors.

  They train under `vmap` if `together`, else one after the other.
  """
  settings = Settings(network=name, width=width)
  net = training.NETWORKS[name](CLASSES, width)
  tx = steps_lib.optimizer(settings, 40 * steps)
  init = jax.jit(lambda seed: steps_lib.init_state(net, tx, images.shape[1], seed))
  states, run = [init(i) for i in range(seeds)], steps_lib.make_steps(net, tx)
  if together:
    states = [jax.tree.map(lambda *x: jnp.stack(x), *states)]
    run = jax.vmap(run, (0, None, None, None, None, None))
  run = jax.jit(run, donate_argnums=0)
  images, labels = jnp.asarray(images), jnp.asarray(labels)
  key, strength = jax.random.key(0), jnp.float32(0)
  rng = np.random.default_rng(0)

  def epoch():
    order = rng.permutation(len(images))[:steps * batch_size]
    for rows in order.reshape(steps, 1, batch_size):
      for i, state in enumerate(states):
        states[i], _ = run(state, images, labels, rows, key, strength)
    jax.block_until_ready(states)
  return epoch


def _by_turns(functions, rounds):
  """Returns each function's median seconds over `rounds`, after one to warm up."""
  times = {name: [] for name in functions}
  for _ in range(rounds + 1):
    for name, function in functions.items():
      began = time.perf_counter()
      function()
      times[name].append(time.perf_counter() - began)
  return {name: statistics.median(t[1:]) for name, t in times.items()}


def _depthwise(batch_size, rounds):
  """Times the depthwise convolution of an expanded block, with its gradients."""
  rng = np.random.default_rng(0)
  x = jnp.asarray(rng.normal(size=(batch_size, 16, 16, 144)), jnp.float32)
  kernel = jnp.asarray(rng.normal(size=(3, 3, 1, 144)), jnp.float32)

  def grouped(x, kernel):
    return lax.conv_general_dilated(
        x, kernel, (1, 1), [(1, 1), (1, 1)], feature_group_count=144,
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'))

  def both(f):
    run = jax.jit(jax.value_and_grad(
        lambda x, kernel: jnp.square(f(x, kernel)).mean(), argnums=(0, 1)))
    return lambda: jax.block_until_ready(run(x, kernel))

  return _by_turns({'ours': both(depthwise.depthwise_conv),
                    'grouped': both(grouped)}, rounds)


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--image_size', type=int, default=64)
  parser.add_argument('--batch_size', type=int, default=64)
  parser.add_argument('--rounds', type=int, default=5)
  parser.add_argument('--width', type=float, default=1.0)
  parser.add_argument('--seeds', type=int, default=0)
  parser.add_argument('--networks', nargs='+', default=list(TORCH))
  parser.add_argument('--steps', type=int, default=0,
                      help='steps timed at a time; 0 is an epoch')
  args = parser.parse_args()
  allocator.keep_pages()
  print(f'{jax.devices()[0].device_kind}, jax {jax.__version__}, torch '
        f'{torch.__version__}, {torch.get_num_threads()} threads, '
        f'{args.image_size}x{args.image_size}, width {args.width:g}, batches of '
        f'{args.batch_size}')
  rng = np.random.default_rng(0)
  images = rng.integers(
      0, 256, (IMAGES, args.image_size, args.image_size, 1), np.uint8)
  labels = rng.integers(0, CLASSES, IMAGES)
  epoch = IMAGES // args.batch_size
  steps = args.steps or epoch
  for name in args.networks:
    same = (name, args.width, images, labels, args.batch_size, steps)
    if args.seeds:
      functions = {
          f'{args.seeds} in turn': _our_epoch(*same, args.seeds),
          f'{args.seeds} under vmap': _our_epoch(*same, args.seeds, True)}
    else:
      functions = {
          'ours': _our_epoch(*same), 'eager PyTorch': _torch_epoch(*same, False),
          'eager PyTorch, channels last': _torch_epoch(*same, True)}
    medians = _by_turns(functions, args.rounds)
    for kind, seconds in medians.items():
      print(f'{name:12s} {kind:29s} {seconds * epoch / steps:7.2f} s an epoch')
    first, *others = medians
    best = min(medians[kind] for kind in others)
    print(f'{name:12s} {first} is {best / medians[first]:.2f} times as fast')
  if args.seeds:
    return
  found = _depthwise(args.batch_size, args.rounds)
  print(f'depthwise 16x16x144 with gradients: {1e3 * found["ours"]:.1f} ms, '
        f'grouped {found["grouped"] / found["ours"]:.1f} times that')


if __name__ == '__main__':
  main()
