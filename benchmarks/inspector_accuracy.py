"""What an inspector learns in this package and in PyTorch, from the same images.

  pip install 'torch>=2.13,<2.14'
  python -m benchmarks.inspector_accuracy --data data/neu64 [--split random]
      [--augment] [--network resnet18] [--seeds 1]

The same network, batches in the same order (augmented the same way with
--augment), AdamW and cycle; each draws its own initial weights. Prints the share
of test images that each gets right. `--split random` draws train and test images
anew, class by class, without regard to near-duplicates: what is usually published.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from tqdm import trange

from benchmarks.inspector import TORCH
from pegan_jax import allocator, data
from pegan_jax.inspection import augment, images, training


def _resplit(train, test, seed):
  """(pixels, labels, indices of train, indices of test), the counts as they were."""
  pixels = np.concatenate([train.pixels, test.pixels])
  labels = np.concatenate([train.labels, test.labels])
  rng, pool = np.random.default_rng(seed), []
  for c, count in enumerate(np.bincount(train.labels)):
    pool.append(rng.permutation(np.flatnonzero(labels == c))[:count])
  pool = np.concatenate(pool)
  return pixels, labels, pool, np.setdiff1d(np.arange(len(labels)), pool)


def _torch(settings, num_classes, pixels, labels, rows, test, seed, augmented):
  """Trains in PyTorch; returns the answers to `test`."""
  torch.manual_seed(seed)
  net = TORCH[settings.network](num_classes, settings.width).to(
      memory_format=torch.channels_last)
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
  parser.add_argument('--width', type=float, default=1.0)
  parser.add_argument('--epochs', type=int, default=40)
  parser.add_argument('--seeds', type=int, default=1)
  args = parser.parse_args()
  allocator.keep_pages()
  info = data.load_info(args.data)
  train, test = images.load_splits(info)
  settings = training.Settings(
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
    answers = _torch(settings, len(info.classes), pixels, labels, rows, held,
                     seed, args.augment)
    found['PyTorch'].append((answers == labels[held]).mean())
    trainer = training.Trainer(settings, pixels, labels, len(info.classes), steps)
    with trange(steps, desc='ours') as bar:
      state, _ = trainer.train(pool, seed, args.augment, progress=bar.update)
    answers = trainer.probabilities(state, pixels[held]).argmax(1)
    found['ours'].append((answers == labels[held]).mean())
  print(f'{args.network}, width {args.width:g}, {args.split} split, '
        f'{"augmented" if args.augment else "not augmented"}, {args.epochs} epochs, '
        f'{len(held)} test images, {args.seeds} seeds')
  for name, shares in found.items():
    print(f'{name:8s} {100 * np.mean(shares):.1f}%  '
          f'({", ".join(f"{100 * x:.1f}" for x in shares)})')


if __name__ == '__main__':
  main()
