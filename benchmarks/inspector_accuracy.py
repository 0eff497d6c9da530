"""Compares an inspector's accuracy in this package and in PyTorch, on the same images.

  pip install 'torch>=2.13,<2.14'
  python -m benchmarks.inspector_accuracy --data data/neu64 [--split random]
      [--augment] [--network resnet18] [--start ours] [--seeds 1]

Both have the same network, initial weights (ours, or with --start torch PyTorch's), batches
in the same order (with --augment, augmented in the same way), AdamW and cycle. Prints the
share of test images that each gets right. `--split random` splits train and test images
again, at random per class, and ignores near-duplicates: this is what is usually
published.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from tqdm import trange

from benchmarks.inspector import TORCH
from pegan_jax.common.runtime import allocator
from pegan_jax.data import dataset
from pegan_jax.inspection import augment, images, training
from pegan_jax.inspection.settings import Settings


def _resplit(train, test, seed):
  """Splits again at random: (pixels, labels, indices of train, indices of test).

  The number of training images per class stays as it was.
  """
  pixels = np.concatenate([train.pixels, test.pixels])
  labels = np.concatenate([train.labels, test.labels])
  rng, pool = np.random.default_rng(seed), []
  for c, count in enumerate(np.bincount(train.labels)):
    pool.append(rng.permutation(np.flatnonzero(labels == c))[:count])
  pool = np.concatenate(pool)
  return pixels, labels, pool, np.setdiff1d(np.arange(len(labels)), pool)


def _matched(params, net):
  """Pairs all parameters: [(our dict that holds it, its name there, PyTorch's)]."""
  def number(name):
    return int(name.rpartition('_')[2])

  blocks = [params[k] for k in sorted(params, key=number) if k.startswith('_Block')]
  stem, end = ({k: v for k, v in params.items() if not k.startswith('_Block')
                and k.endswith(last)} for last in ('_0', '_1'))
  kinds = {
      'Conv': (lambda m: isinstance(m, nn.Conv2d) and m.groups == 1,
               {'kernel': 'weight'}),
      'DepthwiseConv': (lambda m: isinstance(m, nn.Conv2d) and m.groups > 1,
                        {'kernel': 'weight'}),
      'BatchNorm': (lambda m: isinstance(m, nn.BatchNorm2d),
                    {'scale': 'weight', 'bias': 'bias'})}
  pairs = []
  for kind, (belongs, names) in kinds.items():
    ours = [layers[k] for layers in (stem, *blocks, end)
            for k in sorted(layers, key=number) if k.rpartition('_')[0] == kind]
    for mine, layer in zip(ours, filter(belongs, net.modules()), strict=True):
      pairs += [(mine, a, getattr(layer, b)) for a, b in names.items()]
  dense = params['Classifier_0']['Dense_0']
  return [*pairs, (dense, 'kernel', net.head.weight), (dense, 'bias', net.head.bias)]


def _copy(params, net, start):
  """Copies our parameters to PyTorch's network or, with start 'torch', its to ours.

  Our kernel [K, K, I, O] is [O, I, K, K] there, and a matrix is transposed.
  """
  orders = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
  params = jax.tree.map(np.array, params)
  with torch.no_grad():
    for mine, name, theirs in _matched(params, net):
      order = orders[theirs.ndim]
      if start == 'torch':
        mine[name] = theirs.numpy().transpose(np.argsort(order)).copy()
      else:
        theirs.copy_(torch.from_numpy(mine[name].transpose(order)))
  return params


def _torch(settings, net, pixels, labels, rows, test, seed, augmented):
  """Trains in PyTorch; returns the predicted labels of the images `test`."""
  optimizer = torch.optim.AdamW(net.parameters(), settings.learning_rate,
                                weight_decay=settings.weight_decay)
  cycle = torch.optim.lr_scheduler.OneCycleLR(
      optimizer, settings.learning_rate, len(rows), cycle_momentum=False)
  draw = jax.jit(augment.batch)
  on_device, key = jnp.asarray(pixels), jax.random.key(seed)

  def tensor(x):
    x = torch.from_numpy(np.array(x)).permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
    return x.contiguous(memory_format=torch.channels_last)

  for step in trange(len(rows), desc='PyTorch'):
    x = draw(jax.random.fold_in(key, step), on_device, rows[step],
             jnp.float32(augmented))
    optimizer.zero_grad()
    F.cross_entropy(net(tensor(x)), torch.from_numpy(
        labels[rows[step]]).long()).backward()
    optimizer.step()
    cycle.step()
  net.eval()
  with torch.no_grad():
    return np.concatenate([
        net(tensor(x.astype(np.float32) / 127.5 - 1)).argmax(1).numpy()
        for x in np.array_split(pixels[test], 8)])


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--data', required=True)
  parser.add_argument('--split', choices=['built', 'random'], default='built')
  parser.add_argument('--augment', action='store_true')
  parser.add_argument('--network', choices=list(TORCH), default='resnet18')
  parser.add_argument('--start', choices=['ours', 'torch'], default='ours')
  parser.add_argument('--width', type=float, default=1.0)
  parser.add_argument('--epochs', type=int, default=40)
  parser.add_argument('--seeds', type=int, default=1)
  args = parser.parse_args()
  allocator.keep_pages()
  info = dataset.load_info(args.data)
  train, test = images.load_splits(info)
  settings = Settings(
      network=args.network, width=args.width, epochs=args.epochs)
  steps, found = settings.steps(len(train)), {'ours': [], 'PyTorch': []}
  for seed in range(args.seeds):
    if args.split == 'random':
      pixels, labels, pool, held = _resplit(train, test, seed)
    else:
      pixels = np.concatenate([train.pixels, test.pixels])
      labels = np.concatenate([train.labels, test.labels])
      pool, held = np.arange(len(train)), len(train) + np.arange(len(test))
    rows = training.batches(pool, labels, steps, settings.batch_size, seed)
    trainer = training.Trainer(settings, pixels, labels, len(info.classes), steps)
    torch.manual_seed(seed)
    net = TORCH[args.network](len(info.classes), args.width).to(
        memory_format=torch.channels_last)
    state = trainer.init(seed)
    state = state.replace(params=_copy(state.params, net, args.start))
    answers = _torch(settings, net, pixels, labels, rows, held, seed, args.augment)
    found['PyTorch'].append((answers == labels[held]).mean())
    with trange(steps, desc='ours') as bar:
      state, _ = trainer.train(
          pool, seed, args.augment, state, progress=bar.update)
    answers = trainer.probabilities(state, pixels[held]).argmax(1)
    found['ours'].append((answers == labels[held]).mean())
  print(f'{args.network}, width {args.width:g}, {args.split} split, '
        f'{"augmented" if args.augment else "not augmented"}, {args.epochs} epochs, '
        f'start {args.start}, {len(held)} test images, {args.seeds} seeds')
  for name, shares in found.items():
    print(f'{name:8s} {100 * np.mean(shares):.1f}%  '
          f'({", ".join(f"{100 * x:.1f}" for x in shares)})')


if __name__ == '__main__':
  main()
