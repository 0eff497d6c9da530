"""The only training loop; it knows no method by name."""

from concurrent import futures
import contextlib
import signal
import time
from typing import NamedTuple

from clu import parameter_overview
import jax

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import Interrupted
from pegan_jax.common.runtime import sharding
from pegan_jax.data import batches, dataset
from pegan_jax.generation.sampler import Sampler
from pegan_jax.metrics import match, splits
from pegan_jax.runs import optimizers
from pegan_jax.runs.checkpoints import fit
from pegan_jax.runs.checkpoints.store import BEST, Checkpoints
from pegan_jax.runs.run import Run
from pegan_jax.runs.step import make_step
from pegan_jax.training import writers
from pegan_jax.training.sample_grids import Samples
from pegan_jax.training.signals import Signals
from pegan_jax.training.watch import check_classes, Watch
from pegan_jax.training.window import Window

# Before a silence; docs/performance.md has the figures.
_COMPILING = ('compiling the step, in silence: at full width 0.5 to 1 minute for PE-GAN '
              'on two CPU cores, 3 minutes or more for PE-GAN+ and PE-GAN of regions, '
              'less when it is run again; '
              "XLA's alarm of a slow compilation is harmless")


def train(config, workdir):
  """Trains up to `config.num_steps`, from the newest checkpoint if there is one.

  Args:
    config: the run's configuration.
    workdir: gets config.json, metrics.jsonl, samples/, tensorboard/ and
      checkpoints/.

  Raises:
    UserError: bad input, another process that trains here, a full disk, or a loss
      or a weight that is not finite.
    Interrupted: SIGTERM, SIGHUP or Ctrl-C; the state is saved.
  """
  began = time.perf_counter()
  run = Run(config, workdir)
  checkpoints = Checkpoints(workdir, config.max_to_keep)
  _check_before_matching(run, checkpoints)
  if config.num_steps or config.eval_every:
    match.ensure(run)
  with contextlib.ExitStack() as stack:
    if jax.process_index() == 0:
      stack.enter_context(files.locked(
          run.workdir, f'training in {run.workdir}',
          'wait for it, or name another --workdir'))
    signals = stack.enter_context(Signals(stack.close))
    _train(run, checkpoints, signals, began)
    if (signum := signals.agreed()) is not None:
      terminal.say(f'stopped by {signal.Signals(signum).name}: saved step '
                   f'{checkpoints.latest_step()} in {checkpoints.folder}; run the same '
                   'command to go on', always=True)
      raise Interrupted(signum)


def _check_before_matching(run, checkpoints):
  """Raises UserError for what would end the run after the minutes that matching takes."""
  writers.check(run.config.writer)
  if run.config.eval_every:
    check_classes(run)
  if note := checkpoints.latest_note():
    fit.check_config(
        checkpoints.folder / str(checkpoints.latest_step()), run.saved_config, note[1],
        fit.FREE_KEYS | fit.RATES | {'dataset.matches'} | fit.not_noted(note[1]))


def _train(run, checkpoints, signals, began):
  """Trains until the last step, or a signal; see `train`."""
  config, primary = run.config, jax.process_index() == 0
  # What is not trained has not seen the matches.
  free = fit.FREE_KEYS | (set() if run.method.trained else {'dataset.matches'})
  restored = checkpoints.restore(run.state_template(), run.saved_config,
                                 free=free | fit.RATES)
  checkpoints.tidy()
  Checkpoints(run.workdir, max_to_keep=1, name=BEST).tidy()
  state, start, every = None, 0, 0
  if restored:
    state, start = restored.state, restored.position['batch']
    every = restored.config['log_every']
  owed = _owed(run, start)
  if restored and start >= config.num_steps:
    # A rate may change on the way to a later step only; a finished run has its own.
    fit.check_config(
        checkpoints.folder / str(restored.step), run.saved_config, restored.config,
        free | fit.not_noted(restored.config))
    terminal.say(f'already trained to step {start}' if run.method.trained else
                 f'{run.workdir} is ready: {config.method} is not trained')
    if not owed:
      return
  records = dataset.Records(run.info, 'train')
  splits.check_train(run.info, records, run.method.translates)
  sampler = Sampler(run)  # One, whose program both share.
  watch = Watch(run, sampler) if config.eval_every else None
  if primary:
    files.write_json(run.workdir / 'config.json', run.saved_config)
    files.write_json(run.workdir / dataset.TRAINED_ON, sorted(records.sources(
        range(len(records.labels)))))
  with contextlib.ExitStack() as stack:
    writer = writers.create_writer(config.writer, run.workdir, start, primary, every,
                                   bool(owed))
    stack.callback(writer.close)
    progress = terminal.Progress(config.num_steps, start)
    stack.callback(progress.close)
    if start < config.num_steps:
      terminal.say(f'resuming from step {start}' if restored else 'starting from step 0')
    training = _Training(run, checkpoints, signals, writer, progress,
                         Samples(run, sampler), watch)
    if start < config.num_steps:
      training.steps(state, start, owed, began)
    elif restored:
      training.make_up(owed, state, start)
    else:  # Nothing is trained.
      state = run.init_state()
      checkpoints.save(start, state, {'batch': start}, run.saved_config)
      terminal.say(f'{config.method} is not trained: {run.workdir} is ready')
      training.make_up(owed, state, start)
    checkpoints.close()


def _owed(run, step):
  """Returns which of 'samples' and 'evaluation' the step that a run starts at lacks.

  A kill may leave it so, as the checkpoint comes before both.
  """
  if not step and run.method.trained:
    return set()
  config, owed = run.config, set()
  grid = writers.sample_path(run.workdir / 'samples', step, 'production')
  if not grid.exists() and _is_sampled(config, step):
    owed.add('samples')
  if (config.eval_every and (step % config.eval_every == 0 or step == config.num_steps)
      and 'eval/kid' not in writers.logged(run.workdir, step)):
    owed.add('evaluation')
  return owed


def _is_sampled(config, step):
  """Returns whether grids are due: one soon, with the first metrics, and then some."""
  return (step % config.sample_every == 0
          or step in (config.log_every, config.num_steps))


def _describe(run, state, writer, start):
  """Writes the networks' parameters and the config for TensorBoard."""
  for name, params in (('generator', state.gen), ('discriminator', state.disc)):
    table = parameter_overview.get_parameter_overview(
        params, include_stats=False)
    writer.write_texts(start, {name: f'```\n{table}\n```'})
  writer.write_texts(start, {'config': f'```\n{run.config}\n```'})


class _Training(NamedTuple):
  """A run in progress: all that its loop uses, and what it writes.

  Attributes:
    watch: the evaluation, or None without `eval_every`.
  """
  run: Run
  checkpoints: Checkpoints
  signals: Signals
  writer: writers.MultiWriter
  progress: terminal.Progress
  samples: Samples
  watch: Watch | None

  def make_up(self, owed, state, step):
    """Writes what `_owed` found that a step lacks."""
    if owed:  # TensorBoard hides the whole step then.
      self.writer.write_images(step, self.samples(state.ema))
    if 'evaluation' in owed:
      self.watch(step, state, self.writer)
    self.writer.flush()

  def steps(self, state, start, owed, began):
    """Steps from `start` to the end or a signal, with one step in flight on the device.

    Args:
      state: `GANState`, donated; None for a fresh one.
      start: G updates done.
      owed: what that step lacks, from `_owed`.
      began: when the command began, by `time.perf_counter`.
    """
    run, config, signals = self.run, self.run.config, self.signals
    stream = batches.iterate(
        config, run.info, run.method.layout, run.matched, start=start,
        process_index=jax.process_index(), process_count=jax.process_count())
    batch, frozen = sharding.to_global(run.mesh, next(stream)), run.frozen()
    step_fn = jax.jit(make_step(run.method, run.nets, config), donate_argnums=0)
    terminal.say(_COMPILING)
    with futures.ThreadPoolExecutor(1) as aside:  # XLA compiles without Python's lock.
      compiled = aside.submit(
          lambda: step_fn.lower(run.state_template(), batch, frozen).compile())
      state = state or run.init_state()
      # Written at a step that a restart hides, so that TensorBoard shows it once.
      _describe(run, state, self.writer, start + bool(start))
      self.make_up(owed, state, start)
    step_fn = compiled.result()
    signals.defer()

    window, previous = Window(), None
    for done in range(start + 1, config.num_steps + 1):
      state, metrics = step_fn(state, batch, frozen)
      if not previous:
        jax.block_until_ready(metrics)
        terminal.say(f'first step after {time.perf_counter() - began:.1f} s')
      waiting = time.perf_counter()
      last = done == config.num_steps
      # With several processes, to agree takes a round trip.
      if jax.process_count() == 1 or done % config.log_every == 0:
        last = signals.agreed() is not None or last
      if not last:
        batch = sharding.to_global(run.mesh, next(stream))
      window.add(done, metrics, time.perf_counter() - waiting)
      # The step before is done while this one runs: the device never idles,
      # and the bar, the clock and signals stay true.
      jax.block_until_ready(previous)
      previous = metrics
      self.progress.update()
      if last or done % config.log_every == 0:
        self._report(done, batch['label'].size, window)
      self._keep(done, state, last, window)
      if last:
        break
    self.checkpoints.wait()

  def _report(self, done, images_per_step, window):
    """Writes the metrics since the last report."""
    window.check(self.checkpoints)
    config = self.run.config
    scalars = window.summary(images_per_step)
    for name, updates in (('gen', 1), ('disc', config.n_critic)):
      rate = optimizers.schedule(config[name], config.num_steps * updates)
      scalars[f'{name}/learning_rate'] = float(rate((done - 1) * updates))
    self.writer.write_scalars(done, scalars)
    self.writer.flush()
    self.progress.report(
        done, scalars['time/seconds_per_step'],
        '  '.join(f'{name} {scalars[name]:.3g}' for name in (
            'disc/loss', 'gen/loss', 'time/images_per_second')
                  if name in scalars))

  def _keep(self, done, state, last, window):
    """Saves, samples and evaluates where it is due, outside of the step's time."""
    config = self.run.config
    evaluated = self.watch and (done == config.num_steps
                                or done % config.eval_every == 0)
    # The checkpoint first: whatever happens after it, the steps are not lost.
    if last or evaluated or done % config.checkpoint_every == 0:
      with window.paused():
        window.check(self.checkpoints)
        self.writer.flush()
        self.checkpoints.save(done, state, {'batch': done}, self.run.saved_config)
    if last or _is_sampled(config, done):
      with window.paused():
        self.writer.write_images(done, self.samples(state.ema))
    if evaluated:
      with window.paused():
        self.checkpoints.wait()
        self.watch(done, state, self.writer)
        self.writer.flush()
