"""--mode all: every stage, from folders to a page with the answer."""

import functools
import pathlib

from data_prep import build, synthetic
from data_prep.options import Options
from data_prep.report import remarks
from pegan_jax.common import class_names, files, provenance, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation import generate
from pegan_jax.inspection import images, study
from pegan_jax.metrics import evaluate, features, intervals, match
from pegan_jax.pipeline import clock, forecast, settings, sizes
from pegan_jax.reporting import answer, report
from pegan_jax.reporting.source import RIVAL, Source
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run
from pegan_jax.training.train import train

_ADVICE = 'put that back, move it away, or name another --workdir'


def run(config, workdir):
  """Runs all stages in `workdir`: builds, trains, generates, evaluates, studies, reports.

  Says before what it will do and how long that takes. A stage whose result exists is not
  repeated, so that the same command goes on where it was stopped; a result that was made
  of something else is made again or refused, as the stage's own mode does. An evaluation
  or a study that these data do not allow is left out, with a sentence.

  Args:
    config: from configs/quick.py, or one like it.
    workdir: gets dataset/, a run's files, `RIVAL`/ where regions are known, study/ and
      report.html.

  Raises:
    UserError: as the stages do; for faults of the folders before any work.
    Interrupted: SIGTERM or Ctrl-C in training.
  """
  workdir = pathlib.Path(workdir)
  work = _Work(config, workdir)
  work.say_plan()
  with files.locked(workdir, f'running all stages in {workdir}',
                    'wait for it, or name another --workdir', '.all.lock'):
    page = work.run()
  print(f'{page}: {answer.line(Source(work.trained, workdir))}')


class _Work:
  """Does the stages, with what they share.

  Args:
    config, workdir: those of `run`.

  Raises:
    UserError: a setting or a folder cannot be used.
  """

  def __init__(self, config, workdir):
    self._config, self._workdir = config, workdir
    self._arguments = settings.of_build(config, workdir)
    options = Options(**self._arguments)
    options.check()
    if 'synthetic' in config:
      _draw(config, workdir)
    files.finish(self._data)
    if self._data.exists():
      provenance.check(self._data, build.made_of(**self._arguments), _ADVICE)
    self._sizes = (sizes.of_data_set(self._data) if self._data.exists() else
                   sizes.of_folders(options))
    self._configs = settings.of_runs(config, workdir, self._sizes)
    self._extractor = features.from_config(config.evaluate)

  @property
  def _data(self):
    return self._workdir / 'dataset'

  @property
  def trained(self):
    """Returns the config of the run in the workdir."""
    return next(iter(self._configs.values()))

  def say_plan(self):
    """Times the machine; says what will be done, and how long each stage takes."""
    seconds = clock.pace(self._extractor)
    self._clock = clock.Clock({
        stage: units * seconds for stage, units in forecast.of_stages(
            self._config, self._configs, self._sizes, self._workdir).items()})
    what = {
        forecast.TRAIN: f'{self.trained.method}, {self.trained.num_steps} updates',
        forecast.GENERATE: f'{self._config.generate.per_class} per class by '
                           f'{" and by ".join(self._configs)}',
        forecast.STUDY: f'an inspector, {self._config.study.network}'}
    for line in self._clock.plan(what):
      terminal.say(line)

  def run(self):
    """Does all stages; returns the path of the page."""
    for stage, action in ((forecast.BUILD, self._build), (forecast.TRAIN, self._train),
                          (forecast.GENERATE, self._generate),
                          (forecast.EVALUATE, self._evaluate),
                          (forecast.STUDY, self._study)):
      with self._clock.timed(stage):
        action()
    with self._clock.timed(forecast.PAGE):
      return report.report(self.trained, self._workdir)

  def _build(self):
    if self._data.exists():
      return
    content = build.build(**self._arguments)
    terminal.say(remarks.summary(self._data, content))
    self._sizes = sizes.of_data_set(self._data)
    self._configs = settings.of_runs(self._config, self._workdir, self._sizes)

  def _train(self):
    train(self.trained, self._workdir)

  def _folders(self):
    """Returns {method: folder of its run}."""
    return {name: self._workdir / name if name == RIVAL else self._workdir
            for name in self._configs}

  def _generate(self):
    for name, folder in self._folders().items():
      if name == RIVAL:  # Nothing is trained: it becomes a run.
        train(self._configs[name], folder)
      generate.generate(self._configs[name], folder, match.ensure_to_sample)

  def _evaluate(self):
    train = self._sizes.train
    asked = class_names.split(self._config.generate.classes) or list(train)
    few = [name for name in asked if train.get(name, 0) < intervals.LEAST]
    if few:
      _leave_out(f'the comparison with real ones of {", ".join(few)}, as that takes '
                 f'{intervals.LEAST} training images or more')
    if len(few) == len(asked):
      return
    real = None
    for name, folder in self._folders().items():
      config = self._configs[name].copy_and_resolve_references()
      if few:
        config.generate.classes = class_names.join([c for c in asked if c not in few])
      of_run = Run(config, folder)
      match.ensure_to_sample(of_run)
      real = real or functools.cache(
          functools.partial(evaluate.real_features, of_run, self._extractor))
      evaluate.ensure(of_run, restore(of_run, 'newest'), self._extractor, real)

  def _study(self):
    info = dataset.load_info(self._data)
    config = self._config.study.copy_and_resolve_references()
    config.data_dir = str(self._data)
    try:
      images.load_splits(info)
    except UserError as e:
      _leave_out(f'the study: {e}')
      return
    usable = []
    for folder in self._folders().values():
      try:
        images.load_generated(info, folder / 'generated', config.per_class)
        usable.append(str(folder / 'generated'))
      except UserError as e:
        _leave_out(f'a part of the study: {e}')
    if usable:
      config.generated = ','.join(usable)
      study.study(config, self._workdir / 'study', extractor=self._extractor)


def _leave_out(what):
  terminal.say(f'left out: {what}', always=True)


def _draw(config, workdir):
  """Draws the synthetic images, unless they are there."""
  raw = workdir / 'synthetic'
  files.finish(raw)
  if raw.exists():
    provenance.check(raw, synthetic.made_of(**config.synthetic), _ADVICE)
  else:
    terminal.say('drawing synthetic steel')
    synthetic.write(raw, **config.synthetic)
