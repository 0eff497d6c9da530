"""Measures what the project's optimisations gain over a method's whole iteration.

  python -m benchmarks.iteration [--method pegan] [--image_size 64] [--width 0.25]
      [--dtype float32] [--rounds 3] [--variants 'rolled loop' ...]

Times one iteration (n_critic D updates, one G update) as it is trained, and the variants
that --variants names, by turns in one process:

- XLA everywhere: XLA's convolution for every shape;
- permuted dimensions: its adjoints as `jax.linear_transpose` makes them;
- grouped: one grouped convolution for networks that train side by side (methods with one
  model per class);
- rolled loop, unrolled loop: the critic's;
- ten a dispatch: one call of the compiled program does ten iterations;
- lax.conv derivatives: XLA's own derivatives of `lax.conv` in place of `nets.blocks.conv`;
- depthwise by shifts, depthwise grouped: `nets/depthwise.py`'s two ways, on any device;
- memory given back: freed memory goes back to the kernel.

Prints the median seconds of each, and how many times slower than ours the variants are.
"""

import argparse
import contextlib
import ctypes
import importlib
import time
from unittest import mock

import jax
from jax import lax
import numpy as np

from benchmarks import timing
from pegan_jax import methods
from pegan_jax.common.runtime import allocator
from pegan_jax.data import layouts
from pegan_jax.nets import blocks, depthwise, formulations
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


def _rolled_scan(*args, unroll=None, **kwargs):
  del unroll
  return _SCAN(*args, **kwargs)


def _unrolled_scan(*args, unroll=None, **kwargs):
  del unroll
  return _SCAN(*args, unroll=True, **kwargs)


_SCAN, _CHOOSE = lax.scan, formulations.choose
VARIANTS = {
    'ours': [],
    'XLA everywhere': [mock.patch.object(formulations, 'choose', _lax_only)],
    'permuted dimensions': [mock.patch.object(formulations, 'choose', _permuted)],
    'grouped': [mock.patch.object(formulations, 'choose', _grouped)],
    'rolled loop': [mock.patch.object(lax, 'scan', _rolled_scan)],
    'unrolled loop': [mock.patch.object(lax, 'scan', _unrolled_scan)],
    'ten a dispatch': [],
    'lax.conv derivatives': [
        mock.patch.object(blocks, 'conv', _plain_conv),
        mock.patch.object(blocks, 'conv_transpose', _plain_conv_transpose)],
    'depthwise by shifts': [mock.patch.object(depthwise, '_use_shifts', lambda _: True)],
    'depthwise grouped': [mock.patch.object(depthwise, '_use_shifts', lambda _: False)],
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


def compile_step(config, iterations=1):
  """Builds a method's iteration: (compiled, seconds of it, state, [batch, frozen]).

  Args:
    config: of the run.
    iterations: how many one call does, all with the same batch.
  """
  method = methods.get(config.method)
  nets = method.networks(config, CLASSES, 1)
  state = jax.jit(lambda: step.init_state(method, nets, config))()
  rest = jax.device_put([batch(config, method.layout), nets.frozen])
  once = step.make_step(method, nets, config)

  def several(state, batch, frozen):
    return _SCAN(lambda state, _: once(state, batch, frozen), state, length=iterations)
  began = time.perf_counter()
  compiled = jax.jit(once if iterations == 1 else several, donate_argnums=0).lower(
      state, *rest).compile()
  return compiled, time.perf_counter() - began, state, rest


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


def add_flags(parser):
  """Adds the flags from which `configure` makes a config."""
  parser.add_argument('--method', default='pegan', choices=methods.METHODS)
  parser.add_argument('--image_size', type=int, default=64)
  parser.add_argument('--width', type=float, default=0.25)
  parser.add_argument('--dtype', default='float32', choices=['float32', 'bfloat16'])
  parser.add_argument('--batch_size', type=int, help="the method's own if unset")
  parser.add_argument('--n_critic', type=int, help='likewise')


def configure(args):
  """Returns the config of the method that the flags name, with their values."""
  config = importlib.import_module(f'configs.{args.method}').get_config()
  for key in ('image_size', 'width', 'dtype', 'batch_size', 'n_critic'):
    if getattr(args, key) is not None:
      config[key] = getattr(args, key)
  return config


def describe(config):
  """Returns a line: the device, the versions, and what an iteration is."""
  reals = layouts.reals_per_step(config, methods.get(config.method).layout, CLASSES)
  return (f'{jax.devices()[0].device_kind}, jax {jax.__version__}, {config.method}, '
          f'{config.image_size}x{config.image_size}, width {config.width}, '
          f'{config.dtype}, {reals} real images an iteration, '
          f'n_critic {config.n_critic}')


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  add_flags(parser)
  parser.add_argument('--rounds', type=int, default=3)
  parser.add_argument('--variants', nargs='*', choices=list(VARIANTS)[1:],
                      default=list(VARIANTS)[1:], help='beside ours')
  args = parser.parse_args()
  allocator.keep_pages()  # As pegan_jax.main does.
  config, runs, compiling = configure(args), {}, {}
  for name in ('ours', *args.variants):
    with contextlib.ExitStack() as stack:
      for patch in VARIANTS[name]:
        stack.enter_context(patch)
      iterations = 10 if name == 'ten a dispatch' else 1
      compiled, compiling[name], state, rest = compile_step(config, iterations)
    runs[name] = _within(name, timing.repeated(compiled, state, *rest))
  medians = timing.by_turns(runs, args.rounds)
  if 'ten a dispatch' in medians:
    medians['ten a dispatch'] /= 10
  print(describe(config))
  for name, median in medians.items():
    print(f'{name:22s} {median:9.4f} s an iteration, {median / medians["ours"]:5.2f}'
          f' times ours; compiled in {compiling[name]:.1f} s')


def _within(name, run):
  """Returns `run` in the state of memory of the variant `name`."""
  def inside(times):
    with _memory(name):
      run(times)
  return inside


if __name__ == '__main__':
  main()
