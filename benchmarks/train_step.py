"""Compares PE-GAN's iteration with PyTorch's, and with what the device can do.

  pip install -e '.[bench]'
  python -m benchmarks.train_step [--image_size 64] [--width 1] [--rounds 3]
      [--dtypes float32 bfloat16] [--compile]

Counts an iteration's operations (by XLA's analysis, and by hand from the layers) and the
fewest bytes that it must move. Measures the device's matrix and copy rates. Checks that
both packages compute the same. Then times one iteration of each, by turns. Prints time,
images/s, the fraction of the matrix rate, memory and compilation time.
"""

import argparse
import resource
import time
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import torch

from benchmarks import timing, torch_pegan
from configs import pegan
from pegan_jax import methods
from pegan_jax.common.runtime import allocator
from pegan_jax.methods import losses
from pegan_jax.nets import formulations
from pegan_jax.runs import step

DOMAINS = 10


def _pairs(size, kernel, stride, pad):
  """Counts how often a kernel's taps meet pixels, not padding, on a square map."""
  outputs = (size + 2 * pad - kernel) // stride + 1
  return sum(0 <= i * stride - pad + tap < size
             for i in range(outputs) for tap in range(kernel)) ** 2


def hand_count(config):
  """Counts one image's multiply-adds: (G, D, G's first layer, D's first layer)."""
  s, w = config.image_size, config.width
  f = [round(n * w) for n in (32, 64, 128)]
  first = _pairs(s, 7, 1, 3) * (3 + DOMAINS) * f[0]
  gen = (first + _pairs(s, 5, 2, 2) * f[0] * f[1]
         + _pairs(s // 2, 5, 2, 2) * f[1] * f[2]
         + 2 * config.num_blocks * _pairs(s // 4, 3, 1, 1) * f[2] ** 2
         + _pairs(s // 2, 4, 2, 1) * f[2] * f[1] + _pairs(s, 4, 2, 1) * f[1] * f[0]
         + _pairs(s, 7, 1, 3) * f[0] * 3)
  d = [3, *(round(n * w) for n in (64, 128, 256, 512, 1024))]
  trunk = [_pairs(s >> i, 4, 2, 1) * a * b for i, (a, b) in enumerate(zip(d, d[1:]))]
  last = s // 32
  heads = (_pairs(last, 3, 1, 1) + last**2 * DOMAINS) * d[-1]
  return gen, sum(trunk) + heads, first, trunk[0]


def iteration_count(config):
  """Counts the floating-point operations of one iteration by hand.

  A forward pass counts once. A layer's gradients with respect to its kernel and its input
  count once each; the first layers need none for their input. The penalty is a forward
  pass, the gradient with respect to the input, and the two gradients of that gradient. As
  leaky ReLU's derivative is constant, nothing goes back through the forward pass.
  """
  gen, disc, gen_first, disc_first = hand_count(config)
  images = 2 * config.batch_size
  disc_update = gen + 6 * disc - 2 * disc_first + 4 * disc
  gen_update = 6 * gen - gen_first + 2 * disc
  return 2 * images * (config.n_critic * disc_update + gen_update)


def xla_count(config, method, nets, state, batch):
  """Counts the same by XLA's analysis of both gradients, with plain convolutions.

  Returns None where XLA has no analysis before it compiles, as on a GPU.
  """
  key = jax.random.key(0)
  one = step.prepare(config, key, jax.tree.map(lambda x: x[0], batch))
  with mock.patch.object(formulations, 'choose', lambda *_: formulations.LAX):
    counts = [
        jax.jit(jax.grad(lambda disc: method.disc_loss(
            nets, config, disc, state.gen, (), one, key)[0])).lower(
                state.disc).cost_analysis(),
        jax.jit(jax.grad(lambda gen: method.gen_loss(
            nets, config, gen, state.disc, (), one, key)[0])).lower(
                state.gen).cost_analysis()]
  if None in counts:
    return None
  return config.n_critic * counts[0]['flops'] + counts[1]['flops']


def fewest_bytes(config, state, dtype):
  """Counts the fewest bytes that must move: states and activations.

  States are read and written once per update. A layer's output is written and read once in
  a pass, and read once more for its gradient. The penalty's pass has two such chains.
  """
  size = jnp.dtype(dtype).itemsize
  nbytes = lambda tree: sum(x.size * 4 for x in jax.tree.leaves(tree))
  s, w = config.image_size, config.width
  gen = s * s * w * (32 * 2 + 64 / 4 * 2 + 128 / 16 * (1 + 2 * config.num_blocks))
  disc = s * s * w * sum(n / 4 ** (i + 1) for i, n in enumerate(
      (64, 128, 256, 512, 1024)))
  passes = config.n_critic * (2 * gen + (3 + 3 + 6) * disc) + 9 * gen + 4 * disc
  states = 2 * (config.n_critic * 3 * nbytes(state.disc) + 4 * nbytes(state.gen))
  return 2 * config.batch_size * passes * size + states


def check(config, nets, state, batch):
  """Returns the largest differences, divided by the largest values, from PyTorch.

  They are those of G's images, D's class logits, and the norm of D's gradient.
  """
  trainer = torch_pegan.Trainer(config, DOMAINS)
  host = jax.tree.map(np.array, (state.gen, state.disc))
  torch_pegan.load(trainer.gen, host[0])
  torch_pegan.load(trainer.disc, host[1])
  x = batch['image'][0, :4].astype(np.float32) / 127.5 - 1
  x, label = np.repeat(x, 3, -1), np.arange(4)
  theirs = torch.from_numpy(x).permute(0, 3, 1, 2)

  @jax.jit
  def ours(state, x, label):
    score = lambda x: losses.critic_score(nets.disc.apply({'params': state.disc}, x)[0])
    return (nets.gen.apply({'params': state.gen}, x, label),
            nets.disc.apply({'params': state.disc}, x)[1],
            losses.gradient_penalty(score, x)[1])
  pairs = zip(ours(state, x, label), (
      trainer.gen(theirs, torch.from_numpy(label)).permute(0, 2, 3, 1),
      trainer.disc(theirs)[1], torch_pegan.gradient_penalty(trainer.disc, theirs)[1]))
  found = []
  for a, b in pairs:
    b = b.detach().numpy()
    found.append(float(np.abs(np.asarray(a) - b).max() / np.abs(b).max()))
  return found


def ours(config, method, batch):
  """Returns (runs an iteration n times, seconds of compilation, bytes it needs)."""
  nets = method.networks(config, DOMAINS - 1, 1)
  state = jax.jit(lambda: step.init_state(method, nets, config))()
  batch, frozen = jax.device_put((batch, nets.frozen))
  began = time.perf_counter()
  compiled = jax.jit(step.make_step(method, nets, config),
                     donate_argnums=0).lower(state, batch, frozen).compile()
  seconds = time.perf_counter() - began
  memory = compiled.memory_analysis()
  return (timing.repeated(compiled, state, batch, frozen), seconds,
          memory.temp_size_in_bytes + memory.argument_size_in_bytes)


def theirs(config, batch, dtype, compiled):
  """Returns the same for PyTorch: first run's seconds, and no bytes before it runs."""
  device = 'cuda' if torch.cuda.is_available() else 'cpu'
  trainer = torch_pegan.Trainer(config, DOMAINS, device, dtype, compiled)
  images = torch.from_numpy(batch['image']).to(device)
  labels = torch.from_numpy(batch['label']).long().to(device)

  def run(times):
    for _ in range(times):
      trainer.step(images, labels)
    if device == 'cuda':
      torch.cuda.synchronize()
  began = time.perf_counter()
  run(1)
  return run, time.perf_counter() - began, None


def _parse():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--image_size', type=int, default=64)
  parser.add_argument('--width', type=float, default=1.0)
  parser.add_argument('--batch_size', type=int, default=16)
  parser.add_argument('--n_critic', type=int, default=5)
  parser.add_argument('--rounds', type=int, default=3)
  parser.add_argument('--dtypes', nargs='+', default=['float32'],
                      choices=['float32', 'bfloat16'])
  parser.add_argument('--compile', action='store_true',
                      help='torch.compile as well; needs a C++ compiler')
  return parser.parse_args()


def main():
  args = _parse()
  allocator.keep_pages()  # As pegan_jax.main does; this helps PyTorch as well.
  torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
  config = pegan.get_config()
  config.update({k: getattr(args, k) for k in (
      'image_size', 'width', 'batch_size', 'n_critic')})
  method, rng = methods.get('pegan'), np.random.default_rng(0)
  shape = (args.n_critic, 2 * args.batch_size)
  batch = {'image': rng.integers(
      0, 256, (*shape, args.image_size, args.image_size, 1), np.uint8),
           'label': rng.integers(0, DOMAINS, shape)}
  print(f'{jax.devices()[0].device_kind}, jax {jax.__version__}, torch '
        f'{torch.__version__}, {torch.get_num_threads()} threads; '
        f'{args.image_size}x{args.image_size}, width {args.width:g}, '
        f'{args.batch_size} + {args.batch_size} images, {args.n_critic} D updates')

  nets = method.networks(config, DOMAINS - 1, 1)
  state = jax.jit(lambda: step.init_state(method, nets, config))()
  operations, counted = iteration_count(config), xla_count(
      config, method, nets, state, batch)
  print(f'operations of an iteration: {operations / 1e9:.1f} G by hand' + (
      f', {counted / 1e9:.1f} G by XLA ({counted / operations:.2f} times)'
      if counted else ''))
  rates, copy = timing.device_rates(args.dtypes)
  for dtype, rate in rates.items():
    moved = fewest_bytes(config, state, dtype)
    print(f'{dtype}: matrix rate {rate / 1e9:.0f} G/s, so {operations / rate:.3f} s; '
          f'copy rate {copy / 1e9:.1f} GB/s, so {moved / copy:.3f} s for the fewest '
          f'{moved / 1e9:.2f} GB')
  # A GPU rounds float32 products to TF32 by default.
  for precision in ('highest', 'default')[:1 + (jax.default_backend() != 'cpu')]:
    with jax.default_matmul_precision(precision):
      print('ours against PyTorch on the CPU, largest difference over largest value, '
            f'precision {precision}: ' + 'G {:.1e}, D {:.1e}, norm of its gradient '
            '{:.1e}'.format(*check(config, nets, state, batch)))

  runs = {}
  for dtype in args.dtypes:
    config.dtype = dtype
    runs['ours', dtype] = ours(config, method, batch)
    kinds = ('eager', 'compiled') if args.compile else ('eager',)
    for kind in kinds:
      runs[f'PyTorch, {kind}', dtype] = theirs(
          config, batch, getattr(torch, dtype), kind == 'compiled')
  medians = timing.by_turns({name: run for name, (run, *_) in runs.items()}, args.rounds)
  for (name, dtype), (_, first, memory) in runs.items():
    median = medians[name, dtype]
    against = medians['ours', dtype]
    print(f'{name:18s} {dtype:8s} {median:8.4f} s, {np.prod(shape) / median:7.0f} '
          f'images/s, {operations / median / rates[dtype]:6.1%} of the matrix rate, '
          f'{median / against:5.2f} times ours; first {first:.1f} s'
          + (f', {memory / 1e9:.2f} GB' if memory else ''))
  if torch.cuda.is_available():
    print(f'PyTorch: {torch.cuda.max_memory_allocated() / 1e9:.2f} GB at most')
  print(f'process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB '
        'at most')


if __name__ == '__main__':
  main()
