"""The only training loop; it knows no method by name."""

from concurrent import futures
import contextlib
import math
import signal
import time

from clu import parameter_overview
import jax
from jax.experimental import multihost_utils
import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import Interrupted, UserError
from pegan_jax.common.runtime import sharding
from pegan_jax.data import batches, dataset
from pegan_jax.metrics import match
from pegan_jax.runs import optimizers
from pegan_jax.runs.checkpoints import fit
from pegan_jax.runs.checkpoints.store import BEST, Checkpoints
from pegan_jax.runs.run import Run
from pegan_jax.runs.step import make_step
from pegan_jax.training import writers
from pegan_jax.training.sample_grids import Samples
from pegan_jax.training.watch import Watch


class _Signals:
  """Notes SIGTERM and Ctrl-C, so that the loop can end between two steps."""

  def __enter__(self):
    self.received = None
    self._old = {s: signal.signal(s, self._note)
                 for s in (signal.SIGTERM, signal.SIGINT)}
    return self

  def _note(self, signum, frame):
    del frame
    if self.received is not None:  # A second Ctrl-C means: now.
      raise KeyboardInterrupt
    self.received = signum

  def agreed(self):
    """The signal that ends the run, or None: the same answer on every process."""
    if jax.process_count() == 1:
      return self.received
    return int(np.max(multihost_utils.process_allgather(
        np.int32(self.received or 0)))) or None

  def __exit__(self, *_):
    for signum, handler in self._old.items():
      signal.signal(signum, handler)


class _Window:
  """The metrics since the last report, left on the device until it is due."""

  def __init__(self):
    self.clear()

  def clear(self):
    self._steps = []
    self._began = time.perf_counter()
    self._waited = 0.0

  @contextlib.contextmanager
  def paused(self):
    """Leaves what happens inside out of the time a step takes."""
    jax.block_until_ready([m for _, m in self._steps])
    paused = time.perf_counter()
    yield
    self._began += time.perf_counter() - paused

  def add(self, step, metrics, waited):
    self._steps.append((step, metrics))
    self._waited += waited

  def check(self, checkpoints):
    """Fetches what has arrived; UserError at the first value that is not finite."""
    self._steps = [(s, jax.device_get(m)) for s, m in self._steps]
    for step, metrics in self._steps:
      for name, metric in metrics.items():
        if metric.count and not math.isfinite(metric.total):
          latest = checkpoints.latest_step()
          raise UserError(
              f'{name} is {metric.total} at step {step}: stopped; the last '
              f'good checkpoint is {latest if latest is not None else "none"} '
              f'in {checkpoints.folder}, try a lower learning rate')

  def summary(self, images_per_step):
    """The averages by name, with rates; call `check` first. Empties the window."""
    seconds = (time.perf_counter() - self._began) / len(self._steps)
    scalars = {
        'time/seconds_per_step': seconds,
        'time/images_per_second': images_per_step / seconds,
        'time/input_share': self._waited / len(self._steps) / seconds,
    }
    total = jax.tree.map(lambda *x: np.sum(x, 0), *(m for _, m in self._steps))
    for name, metric in total.items():
      if metric.count:
        scalars[name] = float(metric.compute())
    self.clear()
    return scalars


def train(config, workdir):
  """Trains up to `config.num_steps`, from the newest checkpoint if there is one.

  Args:
    config: the run's configuration.
    workdir: gets config.json, metrics.jsonl, samples/, tensorboard/ and
      checkpoints/.

  Raises:
    UserError: bad input, another process that trains here, a full disk, or a loss
      or a weight that is not finite.
    Interrupted: SIGTERM or Ctrl-C; the state is saved.
  """
  began = time.perf_counter()
  run = Run(config, workdir)
  match.ensure(run)
  checkpoints = Checkpoints(workdir, config.max_to_keep, say=terminal.say)
  with contextlib.ExitStack() as stack:
    if jax.process_index() == 0:
      run.workdir.mkdir(parents=True, exist_ok=True)
      stack.enter_context(files.locked(
          run.workdir, f'training in {run.workdir}',
          'wait for it, or name another --workdir'))
    _train(run, checkpoints, began)


def _train(run, checkpoints, began):
  config, primary = run.config, jax.process_index() == 0
  restored = checkpoints.restore(run.state_template(), run.saved_config,
                                 free=fit.FREE_KEYS | fit.RATES)
  checkpoints.tidy()
  Checkpoints(run.workdir, max_to_keep=1, name=BEST).tidy()
  state, start, every = None, 0, 0
  if restored:
    state, start = restored.state, restored.position['batch']
    every = restored.config['log_every']
  owed = _owed(run, start)
  if start >= config.num_steps:
    # A rate may change on the way to a later step only: what is done has its own.
    fit.check_config(
        checkpoints.folder / str(restored.step), run.saved_config, restored.config,
        fit.FREE_KEYS | fit.not_noted(restored.config))
    terminal.say(f'already trained to step {start}')
    if not owed:
      return
  records = dataset.Records(run.info, 'train')
  _check_classes(run, records)
  watch = Watch(run) if config.eval_every else None
  if primary:
    files.write_json(run.workdir / 'config.json', run.saved_config)
    files.write_json(run.workdir / dataset.TRAINED_ON, sorted(records.sources(
        range(len(records.labels)))))
  writer = writers.create_writer(config.writer, run.workdir, start, primary, every,
                                 bool(owed))
  progress = terminal.Progress(config.num_steps, start)
  try:
    if start < config.num_steps:
      terminal.say(f'resuming from step {start}' if restored else
                  'starting from step 0')
    state = state or run.init_state()
    # At a step that a restart hides, so that each says it once.
    _describe(run, state, writer, start + bool(start))
    samples = Samples(run)
    make_up = lambda: _make_up(owed, state, start, samples, watch, writer)
    if start < config.num_steps:
      _loop(run, state, start, checkpoints, writer, progress, samples, watch, make_up,
            began)
    else:
      make_up()
    checkpoints.close()
  finally:
    progress.close()
    writer.close()


def _check_classes(run, records):
  """Raises UserError for a class, or backgrounds, that there is nothing to learn of."""
  names = run.info.classes + ['background'] * run.method.translates
  missing = [name for label, name in enumerate(names) if not len(records.find(label))]
  if missing:
    raise UserError(f'the train split of {str(run.info.folder)!r} has no '
                    f'{" and no ".join(missing)} images')


def _owed(run, step):
  """Which of 'samples' and 'evaluation' the step that a run starts at lacks.

  A kill may leave it so, as the checkpoint comes before both.
  """
  if not step:
    return {'samples'}
  config, owed = run.config, set()
  grid = writers.sample_path(run.workdir / 'samples', step, 'production')
  if not grid.exists() and (step % config.sample_every == 0
                            or step == config.num_steps):
    owed.add('samples')
  if (config.eval_every and (step % config.eval_every == 0 or step == config.num_steps)
      and 'eval/kid' not in writers.logged(run.workdir, step)):
    owed.add('evaluation')
  return owed


def _describe(run, state, writer, start):
  for name, params in (('generator', state.gen), ('discriminator', state.disc)):
    table = parameter_overview.get_parameter_overview(
        params, include_stats=False)
    writer.write_texts(start, {name: f'```\n{table}\n```'})
  writer.write_texts(start, {'config': f'```\n{run.config}\n```'})


def _make_up(owed, state, step, samples, watch, writer):
  """Writes what `_owed` found of a step."""
  if owed:  # TensorBoard hides the whole step then.
    writer.write_images(step, samples(state.ema))
  if 'evaluation' in owed:
    watch(step, state, writer)
  writer.flush()


def _loop(run, state, start, checkpoints, writer, progress, samples, watch, make_up,
          began):
  """Steps from `start` to the end; keeps one step in flight on the device."""
  config = run.config
  stream = batches.iterate(
      config, run.info, run.method.layout, run.matched, start=start,
      process_index=jax.process_index(), process_count=jax.process_count())
  batch, frozen = sharding.to_global(run.mesh, next(stream)), run.frozen()
  step_fn = jax.jit(make_step(run.method, run.nets, config), donate_argnums=0)
  with futures.ThreadPoolExecutor(1) as aside:  # XLA compiles without Python's lock.
    compiled = aside.submit(lambda: step_fn.lower(state, batch, frozen).compile())
    make_up()
  step_fn = compiled.result()
  terminal.say(f'first step after {time.perf_counter() - began:.1f} s')

  window = _Window()
  previous, single = None, jax.process_count() == 1
  with _Signals() as signals:
    for done in range(start + 1, config.num_steps + 1):
      state, metrics = step_fn(state, batch, frozen)
      waiting = time.perf_counter()
      stopped = None
      if single or done % config.log_every == 0:  # To agree takes a round trip.
        stopped = signals.agreed()
      last = done == config.num_steps or stopped is not None
      if not last:
        batch = sharding.to_global(run.mesh, next(stream))
      window.add(done, metrics, time.perf_counter() - waiting)
      # The step before is done while this one runs: the device never idles,
      # and the bar, the clock and signals stay true.
      jax.block_until_ready(previous)
      previous = metrics
      progress.update()
      if last or done % config.log_every == 0:
        _log(run, done, batch['label'].size, window, checkpoints, writer,
             progress)
      evaluated = watch and (done == config.num_steps
                             or done % config.eval_every == 0)
      # The checkpoint first: whatever happens after it, the steps are not lost.
      if last or evaluated or done % config.checkpoint_every == 0:
        with window.paused():
          window.check(checkpoints)
          writer.flush()
          checkpoints.save(done, state, {'batch': done}, run.saved_config)
      if last or done % config.sample_every == 0:
        with window.paused():
          writer.write_images(done, samples(state.ema))
      if evaluated:
        with window.paused():
          checkpoints.wait()
          watch(done, state, writer)
          writer.flush()
      if last:
        break
    checkpoints.wait()
    if stopped is not None:
      terminal.say(f'stopped by {signal.Signals(stopped).name}: saved '
                  f'step {done} in {checkpoints.folder}; run the same command '
                  'to go on')
      raise Interrupted(stopped)


def _log(run, done, images_per_step, window, checkpoints, writer, progress):
  window.check(checkpoints)
  config = run.config
  scalars = window.summary(images_per_step)
  for name, updates in (('gen', 1), ('disc', config.n_critic)):
    rate = optimizers.schedule(config[name], config.num_steps * updates)
    scalars[f'{name}/learning_rate'] = float(rate((done - 1) * updates))
  writer.write_scalars(done, scalars)
  writer.flush()
  progress.report(
      done, scalars['time/seconds_per_step'],
      '  '.join(f'{name} {scalars[name]:.3g}' for name in (
          'disc/loss', 'gen/loss', 'time/images_per_second')
                if name in scalars))
