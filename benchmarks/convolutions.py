"""Finds the fastest formulation of each convolution in a method's iteration.

  python -m benchmarks.convolutions [--method pegan] [--image_size 64] [--width 1]
      [--n_critic 5] [--rounds 5]

Traces one iteration and lists every convolution and adjoint in it, with its count. Times
each with every formulation of `pegan_jax/nets/formulations.py` that may be fast. Prints
the costliest first: the milliseconds of each formulation, with `*` at the one that
`choose` takes, and the operations per second of the chosen one, counted as a plain
convolution. At the end, prints the total time as chosen, and with the fastest of each.
"""

import argparse
import collections
import importlib
import statistics
import time
from typing import NamedTuple
from unittest import mock

import jax
from jax.extend.core import jaxprs_in_params
from jax.interpreters import partial_eval
import numpy as np

from pegan_jax import methods
from pegan_jax.common.runtime import allocator
from pegan_jax.nets import blocks, formulations
from pegan_jax.runs import step

from benchmarks import iteration


class Call(NamedTuple):
  """One call of `formulations.run`: its arguments, with shapes in place of arrays."""
  kind: str
  hw: tuple
  kernel_shape: tuple
  stride: int
  pad: int
  a: tuple
  b: tuple
  rest: tuple

  def multiplications(self):
    """Counts a plain convolution's multiplications, without taps on the padding."""
    size, _, features_in, features_out = self.kernel_shape
    pairs = 1
    for n in self.hw:
      outputs = (n + 2 * self.pad - size) // self.stride + 1
      pairs *= sum(0 <= i * self.stride - self.pad + tap < n
                   for i in range(outputs) for tap in range(size))
    return self.a[0] * pairs * features_in * features_out

  def forms(self):
    """Yields names of the formulations that can compute it and may be fast."""
    size, pixels = self.kernel_shape[0], self.hw[0] * self.hw[1]
    yield 'LAX'
    if size == 1 and not self.pad:
      yield 'POINTWISE'
    if pixels * size**2 <= 128**2 * 49:
      yield 'PATCHES'
    if self.kind == 'transpose' and self.stride == 1:
      yield 'FLIPPED'
    if pixels <= 64:
      yield 'POSITIONS'
    if (size, self.stride) == (3, 1):
      yield 'WINOGRAD'

  def chosen(self):
    form = formulations.choose(
        self.kind, self.hw, self.kernel_shape, self.stride, self.pad, np.float32,
        jax.default_backend())
    return next(name for name in self.forms()
                if getattr(formulations, name) is form)


def calls(config):
  """Counts the `Call`s in one iteration of `config.method`: a Counter."""
  names = {}

  def run(kind, hw, kernel_shape, stride, pad, a, b, *rest):
    call = Call(kind, tuple(hw), kernel_shape, stride, pad, a.shape, b.shape, rest)
    # A jitted function keeps its name through every transformation.
    name = f'call_{names.setdefault(call, len(names))}'
    function = lambda a, b: formulations.run(
        kind, hw, kernel_shape, stride, pad, a, b, *rest)
    function.__name__ = name
    return jax.jit(function)(a, b)

  method = methods.get(config.method)
  nets = method.networks(config, iteration.CLASSES, 1)
  state = jax.eval_shape(lambda: step.init_state(method, nets, config))
  with mock.patch.object(blocks, 'run', run):
    jaxpr = jax.make_jaxpr(step.make_step(method, nets, config))(
        state, iteration.batch(config, method.layout), nets.frozen)
  listed, found = list(names), collections.Counter()

  def walk(jaxpr, times):
    for eqn in jaxpr.eqns:
      name = str(eqn.params.get('name', ''))
      if name.startswith('call_'):
        found[listed[int(name.removeprefix('call_'))]] += times
        continue
      repeat = eqn.params['length'] if eqn.primitive.name == 'scan' else 1
      for inner in jaxprs_in_params(eqn.params):
        walk(inner, times * repeat)

  live, _ = partial_eval.dce_jaxpr(  # Without gradients that nothing needs.
      jaxpr.jaxpr, [True] * len(jaxpr.jaxpr.outvars))
  walk(live, 1)
  return found


def times(call, rounds):
  """Times the formulations by turns: {formulation: median seconds}."""
  rng = np.random.default_rng(0)
  a, b = (jax.device_put(rng.standard_normal(s, np.float32)) for s in (call.a, call.b))
  compiled = {}
  for name in call.forms():
    function = getattr(getattr(formulations, name), call.kind)
    compiled[name] = jax.jit(lambda a, b, function=function: function(
        a, b, call.stride, call.pad, *call.rest)).lower(a, b).compile()
  found = {name: [] for name in compiled}
  for _ in range(rounds + 1):
    for name, function in compiled.items():
      began = time.perf_counter()
      function(a, b).block_until_ready()
      found[name].append(time.perf_counter() - began)
  return {name: statistics.median(t[1:]) for name, t in found.items()}


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--method', default='pegan', choices=methods.METHODS)
  parser.add_argument('--image_size', type=int, default=64)
  parser.add_argument('--width', type=float, default=1.0)
  parser.add_argument('--batch_size', type=int, help="the method's own if unset")
  parser.add_argument('--n_critic', type=int, help='likewise')
  parser.add_argument('--rounds', type=int, default=5)
  args = parser.parse_args()
  allocator.keep_pages()
  config = importlib.import_module(f'configs.{args.method}').get_config()
  config.update({k: v for k, v in vars(args).items()
                 if k not in ('method', 'rounds') and v is not None})
  print(f'{jax.devices()[0].device_kind}, jax {jax.__version__}, {args.method}, '
        f'{config.image_size}x{config.image_size}, width {config.width:g}')
  rows = []
  for call, count in calls(config).items():
    found = times(call, args.rounds)
    rows.append((count * found[call.chosen()], count * min(found.values()), call,
                 count, found))
  total = sum(row[0] for row in rows)
  for seconds, _, call, count, found in sorted(
      rows, key=lambda row: row[0], reverse=True):
    size, _, features_in, features_out = call.kernel_shape
    chosen = call.chosen()
    print(f'{seconds / total:5.1%} {count:3d} x {call.kind:9s} '
          f'{call.a[0]:3d} of {call.hw[0]}x{call.hw[1]}, {size}x{size}/{call.stride} '
          f'{features_in}->{features_out}: '
          + ', '.join(f'{name} {1e3 * t:.1f}' + '*' * (name == chosen)
                      for name, t in sorted(found.items(), key=lambda x: x[1]))
          + f' ms; {2e-9 * call.multiplications() / found[chosen]:.0f} G/s')
  print(f'all: {total:.3f} s as chosen, {sum(row[1] for row in rows):.3f} s with the '
        f'fastest of each')


if __name__ == '__main__':
  main()
