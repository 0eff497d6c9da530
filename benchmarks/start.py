"""Measures the time until a training's first update: in the first run and in later ones.

  python -m benchmarks.start --data data/neu64 [--config configs/pegan.py] [--rounds 2]

Trains one step in a new process and a new folder, --rounds times, with one compilation
cache that starts empty. Prints the seconds from the command until the first update is done,
by the clock and of all processors: other programs change the first far more. A user waits
that long: for Python, imports, data, initial state and compilation.

With --parts it also prints where they go. Nothing is then done side by side, so that the
processors' seconds belong to one part each; the clock's are not a user's.

To measure another checkout, run this file by its path from there. Flags after -- go to the
training.
"""
# pylint: disable=protected-access

import argparse
import collections
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

_KINDS = {'/jax/core/compile/jaxpr_trace_duration': 'traced',
          '/jax/core/compile/jaxpr_to_mlir_module_duration': 'lowered',
          '/jax/core/compile/backend_compile_duration': 'compiled or loaded'}
# From the folder where the command is run, not this file's: `profile.py` here would be
# found in place of Python's own.
_RUN = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')"


class _Parts:
  """Says of each part and kind of work how many seconds of all processors it took."""

  def __init__(self):
    self.seconds, self._last, self._part = collections.Counter(), 0.0, 'imports'

  def mark(self, kind='the rest'):
    """Counts the time since the last mark as of this kind."""
    now = time.process_time()
    self.seconds[self._part, kind] += now - self._last
    self._last = now

  @contextlib.contextmanager
  def part(self, name):
    self.mark()
    outer, self._part = self._part, name
    yield
    self.mark()
    self._part = outer

  def of(self, name, function):
    """Returns the function, whose work is counted as of the part."""
    def counted(*args, **kwargs):
      with self.part(name):
        return function(*args, **kwargs)
    return counted


def _train(result, apart, arguments):
  """Trains in this process; writes what it measured when the first update is done."""
  from pegan_jax import main
  import jax
  from pegan_jax.runs.run import Run
  from pegan_jax.training import train
  parts, samples, training = _Parts(), train.Samples, train._Training
  report = training._report

  def first_update(*args):
    report(*args)  # It waits for the step's metrics.
    parts.mark()
    if not result.exists():
      result.write_text(json.dumps({
          'clock': time.monotonic(), 'processors': time.process_time(),
          'parts': [[*key, value] for key, value in parts.seconds.items()]}))

  training._report = first_update
  if apart:
    class AtOnce(contextlib.nullcontext):
      """Has the interface of a pool of threads."""

      def __init__(self, _):
        super().__init__(self)

      def submit(self, function):
        with parts.part('step'):
          done = function()
        return type('Done', (), {'result': lambda _: done})()

    train.futures = type('Futures', (), {'ThreadPoolExecutor': AtOnce})
    samples.__call__ = parts.of('sample grid', samples.__call__)
    samples.__init__ = parts.of('sample grid', samples.__init__)
    Run.__init__ = parts.of('data and files', Run.__init__)
    Run.init_state = parts.of('state', Run.init_state)
    Run.state_template = parts.of('state', Run.state_template)
    train._train = parts.of('data and files', train._train)
    training.steps = parts.of('first batch and update', training.steps)
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, *_, **__: name in _KINDS and parts.mark(_KINDS[name]))
  parts.mark()
  sys.exit(main.main(arguments))


def _start(arguments, cache, apart):
  """Runs the training in a new process; returns what `_train` measured."""
  with tempfile.TemporaryDirectory() as folder:
    result, began = pathlib.Path(folder) / 'result', time.monotonic()
    done = subprocess.run(
        [sys.executable, '-c', _RUN, __file__, '--child', result, *['--parts'] * apart,
         '--', *arguments], text=True, stderr=subprocess.PIPE, check=False,
        env=os.environ | {'JAX_COMPILATION_CACHE_DIR': str(cache)})
    if done.returncode or not result.exists():
      raise SystemExit(f'the training failed: {done.stderr[-500:]}')
    found = json.loads(result.read_text())
  return found | {'clock': found['clock'] - began}


def _show(parts):
  """Prints a line per part, the kinds of work side by side."""
  table = collections.defaultdict(dict)
  for part, kind, seconds in parts:
    table[part][kind] = seconds
  for part, kinds in table.items():
    print(f'    {part:24s}{sum(kinds.values()):7.1f}   ' + ', '.join(
        f'{kind} {seconds:.1f}' for kind, seconds in kinds.items() if seconds > .05))


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--data')
  parser.add_argument('--config', default='configs/pegan.py')
  parser.add_argument('--rounds', type=int, default=2)
  parser.add_argument('--parts', action='store_true')
  parser.add_argument('--child', type=pathlib.Path, help=argparse.SUPPRESS)
  parser.add_argument('training', nargs='*', help='flags of pegan_jax.main')
  args = parser.parse_args()
  if args.child:
    _train(args.child, args.parts, args.training)
  times = []
  with tempfile.TemporaryDirectory() as folder:
    for i in range(args.rounds):
      times.append(_start(
          ['--config', args.config, '--workdir', f'{folder}/run{i}',
           f'--config.data_dir={args.data}', '--config.num_steps=1',
           '--config.eval_every=0', *args.training],
          pathlib.Path(folder) / 'cache', args.parts))
      print(f'{"filled cache" if i else "empty cache":12s} '
            f'{times[-1]["clock"]:6.1f} s until the first update is done, '
            f'{times[-1]["processors"]:6.1f} s of the processors', flush=True)
      _show(times[-1]['parts'] if args.parts else ())
  if len(times) > 1:
    print('filled: {:.2f} times that, {:.2f} of the processors'.format(*(
        times[-1][name] / times[0][name] for name in ('clock', 'processors'))))


if __name__ == '__main__':
  main()
