"""Compares images/s of the feature networks with eager PyTorch.

  pip install -e '.[bench]'
  python -m benchmarks.features [--network efficientnet inception]
      [--batches 4 8 16 32] [--rounds 5] [--threads 2]

All run the same network on the same pixels [B, S, S, 3] with the same random weights.
First they are checked to give the same features. PyTorch runs in two ways: as the ported
networks are published (NCHW, a batch norm after each convolution, `inference_mode`), and
as fast as it gets without a compiler (channels last, batch norms folded into the
convolutions, as ours are). EfficientNet-Lite0 also runs as ours with XLA's grouped
convolution instead of `layers.depthwise_conv`. All take turns in one process, on the same
number of cores. Each counts at its fastest batch size, by the best of the rounds. Prints
images/s, and the ratio of ours to each of the others. If other programs use the cores,
`--threads 1` measures CPU time, which they distort less. Runs on a GPU if JAX and PyTorch
both find one.
"""

import argparse
import os
import time
from unittest import mock

NETWORKS = ('efficientnet', 'inception')


def _torch_network(module, tensors, folded, device):
  """Returns PyTorch's network: function of uint8 [B, S, S, 3] to features [B, D].

  Args:
    module: `inception` or `efficientnet`, whose tables list the layers.
    tensors: {name: array}, the state dict.
    folded: whether to use channels last and fold batch norms into the convolutions.
    device: PyTorch's device, 'cpu' or 'cuda'.
  """
  # pylint: disable=g-import-not-at-top
  import numpy as np
  import torch
  from torch.nn import functional as F
  from pegan_jax.pretrained import layers
  params = {name: torch.from_numpy(np.array(x)).to(device)
            for name, x in tensors.items()}
  if folded:
    for name in [n for n in params if n.endswith('running_var')]:
      norm = name.removesuffix('.running_var')
      weight = _norms(module)[norm] + '.weight'
      scale = params[norm + '.weight'] / torch.sqrt(
          params[name] + layers.BN_EPSILON)
      params[weight] = (params[weight] * scale[:, None, None, None]).contiguous(
          memory_format=torch.channels_last)
      params[norm + '.bias'] -= params[norm + '.running_mean'] * scale

  def conv(x, weight, norm, stride=1, padding=0, groups=1):
    if folded:
      return F.conv2d(x, params[weight + '.weight'], params[norm + '.bias'],
                      stride, padding, groups=groups)
    x = F.conv2d(x, params[weight + '.weight'], None, stride, padding,
                 groups=groups)
    return F.batch_norm(
        x, *(params[f'{norm}.{n}'] for n in (
            'running_mean', 'running_var', 'weight', 'bias')),
        eps=layers.BN_EPSILON)

  forward = {'efficientnet': _efficientnet, 'inception': _inception}[
      module.__name__.rpartition('.')[2]]

  def run(pixels):
    with torch.inference_mode():
      x = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float()
      x = module.scale_input(x).contiguous(
          memory_format=torch.channels_last if folded
          else torch.contiguous_format)
      return forward(module, F, conv, x).mean((2, 3)).cpu().numpy()
  return run


def _norms(module):
  """Maps each batch norm to the convolution before it, by names in the state dict."""
  # pylint: disable=protected-access,g-import-not-at-top
  from pegan_jax.pretrained import layers
  names = map(module._torch_names, layers._kernels(
      layers.parameter_shapes(module.Net(), module.SIZE)))
  return {norm: weight for weight, norm in names if norm}


def _efficientnet(module, F, conv, x):
  """[B, 3, 224, 224] -> [B, 1280, 7, 7]."""
  def same(x, weight, norm, kernel_size, stride, groups=1):
    if stride == 1:
      return conv(x, weight, norm, 1, kernel_size // 2, groups)
    pad = kernel_size - stride  # As in TensorFlow, for maps of even size.
    ends = (pad // 2, pad - pad // 2)
    return conv(F.pad(x, ends * 2), weight, norm, stride, 0, groups)

  x = F.relu6(same(x, '_conv_stem', '_bn0', 3, 2), inplace=True)
  index = 0
  for repeats, kernel_size, stride, expansion, _ in module.STAGES:
    for repeat in range(repeats):
      block, y = f'_blocks.{index}.', x
      if expansion > 1:
        y = F.relu6(conv(y, block + '_expand_conv', block + '_bn0'),
                    inplace=True)
      y = F.relu6(same(y, block + '_depthwise_conv', block + '_bn1',
                       kernel_size, 1 if repeat else stride, y.shape[1]),
                  inplace=True)
      y = conv(y, block + '_project_conv', block + '_bn2')
      x = x + y if x.shape == y.shape else y
      index += 1
  return F.relu6(conv(x, '_conv_head', '_bn1'), inplace=True)


def _inception(module, F, conv, x):
  """[B, 3, 299, 299] -> [B, 2048, 8, 8]."""
  import torch  # pylint: disable=g-import-not-at-top

  def layer(x, name, kernel=(3, 3), stride=1, same=True):
    pad = (kernel[0] // 2, kernel[1] // 2) if same else 0
    return F.relu(conv(x, name + '.conv', name + '.bn', stride, pad),
                  inplace=True)

  def mixed(x, block, branches, halve):
    outs = []
    for branch, chain in branches.items():
      y = x
      if branch == 'avg_pool':
        y = F.avg_pool2d(y, 3, 1, 1, count_include_pad=False)
      elif branch == 'max_pool':
        y = F.max_pool2d(y, 3, 2) if halve else F.max_pool2d(y, 3, 1, 1)
      named = module._named(branch, chain)  # pylint: disable=protected-access
      for name, shape in named:
        name = f'{block}.{name}'
        if isinstance(shape[0], tuple):
          y = torch.cat([layer(y, name + c, part[1:])
                         for c, part in zip('ab', shape)], 1)
        else:
          last = halve and name.endswith(named[-1][0])
          y = layer(y, name, shape[1:], 2 if last else 1, not last)
      outs.append(y)
    return torch.cat(outs, 1)

  x = layer(x, 'Conv2d_1a_3x3', stride=2, same=False)
  x = layer(layer(x, 'Conv2d_2a_3x3', same=False), 'Conv2d_2b_3x3')
  x = layer(F.max_pool2d(x, 3, 2), 'Conv2d_3b_1x1', (1, 1))
  x = F.max_pool2d(layer(x, 'Conv2d_4a_3x3', same=False), 3, 2)
  for block, branches in module.BLOCKS.items():
    x = mixed(x, block, branches, block in module.HALVING)
  return x


def _random_weights(shapes):
  """Makes a state dict that keeps the signal's scale: {name: array}."""
  import numpy as np  # pylint: disable=g-import-not-at-top
  rng = np.random.default_rng(0)
  tensors = {}
  for name, shape in shapes.items():
    if len(shape) > 1:
      tensor = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
    elif name.endswith('running_var') or (
        name.endswith('weight') and 'bn' in name):
      tensor = rng.uniform(0.7, 1.3, shape)
    else:
      tensor = rng.normal(0, 0.1, shape)
    tensors[name] = tensor.astype(np.float32)
  return tensors


def _compare(name, batches, rounds, clock):
  # pylint: disable=g-import-not-at-top
  import importlib
  import jax
  import numpy as np
  import torch
  from pegan_jax.metrics.features import Extractor
  from pegan_jax.nets import depthwise
  module = importlib.import_module(f'pegan_jax.pretrained.{name}')
  tensors = _random_weights(module.torch_shapes())
  gpu = jax.default_backend() != 'cpu' and torch.cuda.is_available()
  device = 'cuda' if gpu else 'cpu'
  params = module.convert(tensors)
  eager, folded = (_torch_network(module, tensors, folded, device)
                   for folded in (False, True))
  rng = np.random.default_rng(0)
  rates = {'ours': {}, 'PyTorch': {}, 'PyTorch, channels last, folded': {},
           'ours, grouped convolution': {}}
  if name != 'efficientnet':
    del rates['ours, grouped convolution']
  for batch in batches:
    extractor, grouped = (Extractor(module, params, '', batch_size=batch)
                          for _ in range(2))
    pixels = rng.integers(0, 256, (batch, module.SIZE, module.SIZE, 3), np.uint8)
    runs = dict(zip(rates, (extractor, eager, folded, grouped)))
    if grouped in runs.values():
      with mock.patch.object(depthwise, '_use_shifts', lambda _: False):
        grouped(pixels)  # Compiles with the patch in place.
    features = [run(pixels) for run in runs.values()]  # Compiles, warms up.
    apart = max(np.abs(x - features[0]).max() for x in features[1:])
    apart /= np.abs(features[0]).max()
    if not apart < 1e-4:  # Also catches NaN.
      raise SystemExit(f'{name}: the networks differ by {apart:.1e}')
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
      for who, run in runs.items():
        began = clock()
        run(pixels)
        best[who] = min(best[who], clock() - began)
    for who, seconds in best.items():
      rates[who][batch] = batch / seconds
    print(f'{name}, batch {batch}: ' + ', '.join(
        f'{who} {rates[who][batch]:.1f}' for who in rates), flush=True)
  fastest = {who: max(r, key=r.get) for who, r in rates.items()}
  print(f'{name}, {device}, images/s at the fastest batch: ' + '; '.join(
      f'{who} {rates[who][b]:.1f} ({b})' for who, b in fastest.items()))
  ours, *others = (max(r.values()) for r in rates.values())
  print(f'{name}: ours is ' + ', '.join(
      f'{ours / rate:.2f} times as fast as {who}'
      for who, rate in zip(list(rates)[1:], others)), flush=True)


def main():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
  parser.add_argument('--network', nargs='+', default=NETWORKS,
                      choices=NETWORKS)
  parser.add_argument('--batches', nargs='+', type=int, default=[4, 8, 16, 32])
  parser.add_argument('--rounds', type=int, default=5)
  parser.add_argument('--threads', type=int, default=2)
  args = parser.parse_args()
  if hasattr(os, 'sched_setaffinity'):  # Before JAX counts the cores.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:args.threads])
  import torch  # pylint: disable=g-import-not-at-top
  torch.set_num_threads(args.threads)
  torch.backends.cudnn.allow_tf32 = False  # Ours does not use TF32 either.
  for name in args.network:
    _compare(name, args.batches, args.rounds,
             time.process_time if args.threads == 1 else time.perf_counter)


if __name__ == '__main__':
  main()
