"""Measures what the project's CPU optimisations gain over a method's whole iteration.

  python -m benchmarks.iteration [--method pegan] [--image_size 64] [--width 0.25]
      [--rounds 3]

Times one iteration (n_critic D updates, one G update) as it is trained, and the variants
that --variants names, by turns in one process:

- XLA everywhere: XLA's convolution for every shape;
- permuted dimensions: its adjoints as `jax.linear_transpose` makes them;
- grouped: one grouped convolution for networks that train side by side (methods with one
  model per class);
- rolled loop: the critic's loop is not unrolled;
- lax.conv derivatives: XLA's own derivatives of `lax.conv` in place of `nets.blocks.conv`;
- memory given back: freed memory goes back to the kernel.

Prints the median seconds of each, and how many times slower than ours the variants are.
"""

import argparse
import contextlib
import ctypes
import importlib
import statistics
import time
from unittest import mock

import jax
from jax import lax
import numpy as np

from pegan_jax import methods
from pegan_jax.common.runtime import allocator
from pegan_jax.data import layouts
from pegan_jax.nets import blocks, formulations
from pegan_jax.runs import step

CLASSES = 9


def _plain_conv(x, kernel, stride=1, pad=0):
  return formulations.LAX.conv(x, kernel, stride, pad)


def _plain_conv_transpose(g, kernel, stride, pad, out_hw):
  del pad, out_hw
  return lax.conv_general_dilated(
      g, kernel[::-1, ::-1].swapaxes(2, 3), (1, 1), [(2, 2)] * 2,
      lhs_dilation=(stride, stride), dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


def _lax_only(*_):
  return formulations.LAX


def _permuted(*args):
  """Chooses XLA's convolution with adjoints by `jax.linear_transpose`."""
  chosen = _CHOOSE(*args)
  if chosen is formulations.LAX:
    chosen = formulations._transposed(chosen.conv)._replace(batches=False)  # pylint: disable=protected-access
  return chosen


def _grouped(*args):
  return _CHOOSE(*args)._replace(batches=True)


def _rolled_scan(*args, unroll, **kwargs):
  del unroll
  return _SCAN(*args, **kwargs)


_SCAN, _CHOOSE = lax.scan, formulations.choose
VARIANTS = {
    'ours': [],
    'XLA everywhere': [mock.patch.object(formulations, 'choose', _lax_only)],
    'permuted dimensions': [mock.patch.object(formulations, 'choose', _permuted)],
    'grouped': [mock.patch.object(formulations, 'choose', _grouped)],
    'rolled loop': [mock.patch.object(lax, 'scan', _rolled_scan)],
    'lax.conv derivatives': [
        mock.patch.object(blocks, 'conv', _plain_conv),
        mock.patch.object(blocks, 'conv_transpose', _plain_conv_transpose)],
    'memory given back': [],
}


@contextlib.contextmanager
def _memory(name):
  """Restores glibc's defaults while the variant 'memory given back' runs."""
  if name != 'memory given back':
    yield
    return
  mallopt = ctypes.CDLL(None).mallopt
  for parameter, default in ((-1, 128 << 10), (-2, 0), (-4, 65536)):  # malloc.h
    mallopt(parameter, default)
  yield
  allocator.keep_pages()


def _compile(config, patches, batch):
  """Builds one variant: (compiled step, seconds of compilation, its arguments)."""
  for patch in patches:
    patch.start()
  method = methods.get(config.method)
  nets = method.networks(config, CLASSES)
  state = jax.jit(lambda: step.init_state(method, nets, config))()
  arguments = jax.device_put((state, batch, nets.frozen))
  began = time.perf_counter()
  compiled = jax.jit(step.make_step(method, nets, config)).lower(*arguments).compile()
  seconds = time.perf_counter() - began
  for patch in patches:
    patch.stop()
  return compiled, seconds, arguments


def _labels(config, layout):
  """Returns labels laid out as by `batches.iterate`; all pairs are of class 3."""
  defects = np.arange(CLASSES) if layout.per_class else np.array([3])
  label = np.tile(defects, (config.n_critic, config.batch_size, 1))
  if layout.with_backgrounds:
    label = np.stack([np.full_like(label, CLASSES), label], 2).reshape(
        config.n_critic, -1, len(defects))
  label = label if layout.per_class else label[..., 0]
  assert label.size == layouts.reals_per_step(config, layout, CLASSES)
  return label


def batch(config, layout):
  """Returns random images, and labels laid out as by `batches.iterate`."""
  label, size = _labels(config, layout), config.image_size
  found = {'image': np.random.default_rng(0).integers(
      0, 256, (*label.shape, size, size, 1), np.uint8), 'label': label}
  if layout.matched:
    found['match'] = np.full((*label.shape, CLASSES), 1 / CLASSES, np.float32)
    found['area'] = np.tile(np.float32([0, 1]), (*label.shape, CLASSES + 1, 1))
  return found


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--method', default='pegan', choices=methods.METHODS)
  parser.add_argument('--image_size', type=int, default=64)
  parser.add_argument('--width', type=float, default=0.25)
  parser.add_argument('--batch_size', type=int, help="the method's own if unset")
  parser.add_argument('--n_critic', type=int, help='likewise')
  parser.add_argument('--rounds', type=int, default=3)
  parser.add_argument('--variants', nargs='*', choices=list(VARIANTS)[1:],
                      default=list(VARIANTS)[1:], help='beside ours')
  args = parser.parse_args()
  allocator.keep_pages()  # As pegan_jax.main does.
  config = importlib.import_module(f'configs.{args.method}').get_config()
  config.update({k: v for k, v in vars(args).items()
                 if k not in ('rounds', 'variants') and v is not None})

  size, layout = config.image_size, methods.get(args.method).layout
  inputs = batch(config, layout)
  steps = {name: _compile(config, VARIANTS[name], inputs)
           for name in ('ours', *args.variants)}
  times = {name: [] for name in steps}
  for _ in range(args.rounds + 1):
    for name, (compiled, _, arguments) in steps.items():
      with _memory(name):
        jax.block_until_ready(compiled(*arguments))  # Warms up in this memory state.
        began = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        times[name].append(time.perf_counter() - began)
  medians = {name: statistics.median(t[1:]) for name, t in times.items()}
  print(f'{jax.devices()[0].device_kind}, jax {jax.__version__}, {args.method}, '
        f'{size}x{size}, width {config.width}, {inputs["label"].size} real images an '
        f'iteration, n_critic {config.n_critic}')
  for name, median in medians.items():
    print(f'{name:22s} {median:8.3f} s an iteration, {median / medians["ours"]:5.2f}'
          f' times ours; compiled in {steps[name][1]:.1f} s')


if __name__ == '__main__':
  main()
