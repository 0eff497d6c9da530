"""Times functions whose work runs on behind Python's back, as on a GPU."""

import statistics
import time

import jax
import jax.numpy as jnp


def seconds(run, least=0.3):
  """Measures one call of a function, many in a row where one is short.

  Args:
    run: calls what is timed as often as its argument says, and waits for the last.
    least: seconds that one measurement takes at least.

  Returns:
    Seconds per call. A first call warms up and is not counted.
  """
  run(1)
  began = time.perf_counter()
  run(1)
  once = time.perf_counter() - began
  times = max(1, round(least / once))
  began = time.perf_counter()
  run(times)
  return (time.perf_counter() - began) / times


def repeated(step, state, *arguments):
  """Turns step(state, *arguments) -> (state, metrics) into what `seconds` takes."""
  holder = [state]

  def run(times):
    for _ in range(times):
      holder[0], metrics = step(holder[0], *arguments)
    jax.block_until_ready((holder[0], metrics))
  return run


def by_turns(runs, rounds):
  """Returns the median seconds per call of each of several functions: {name: s}."""
  found = {name: [] for name in runs}
  for _ in range(rounds):
    for name, run in runs.items():
      found[name].append(seconds(run))
  return {name: statistics.median(times) for name, times in found.items()}


def device_rates(dtypes):
  """Measures ({dtype: matrix rate in operations/s}, copy rate in bytes/s).

  On random numbers: a GPU multiplies zeros faster.
  """
  cpu = jax.default_backend() == 'cpu'
  n, rates = 2048 if cpu else 8192, {}
  for dtype in dtypes:
    a = jax.random.normal(jax.random.key(0), (n, n), dtype)
    rates[dtype] = 2 * n**3 / seconds(_again(jax.jit(jnp.matmul), a, a))
  x = jax.random.normal(jax.random.key(0), (1 << (26 if cpu else 29),), jnp.float32)
  return rates, 2 * x.nbytes / seconds(_again(jax.jit(lambda x: x + 1), x))


def _again(function, *arguments):
  def run(times):
    for _ in range(times):
      result = function(*arguments)
    result.block_until_ready()
  return run
