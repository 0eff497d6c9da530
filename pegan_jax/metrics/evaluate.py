"""Compares a checkpoint's samples with the images it was and was not trained on."""

import collections
import contextlib
import dataclasses

import jax
import numpy as np

from pegan_jax.common import class_names, files, provenance
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.generation import acceptance, jobs, masks, settings
from pegan_jax.metrics import change, evaluation, features, intervals, match, METRICS
from pegan_jax.metrics import region_crops, reports, table
from pegan_jax.metrics.feature_set import FeatureSet
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run


def evaluate(config, workdir):
  """Evaluates `config.evaluate.checkpoint`, unless it is done, and prints the table.

  The samples are the first of those that `--mode generate` writes with the same
  `config.generate`, of its classes.

  Args:
    config: the run's configuration; `evaluate` holds what concerns this.
    workdir: has the checkpoints; gets evaluation/<step>/report.json, .md, .png.

  Returns:
    The folder written.

  Raises:
    UserError: no such checkpoint, too few images, or no weights for the network.
  """
  run = Run(config, workdir)
  options(config).check()
  settings.check(run)
  extractor = features.from_config(config.evaluate)
  restored = restore(run, config.evaluate.checkpoint)
  _check_split(run)
  match.ensure_to_sample(run)
  out = folder(run, restored)
  report = ensure(run, restored, extractor, lambda: real_features(run, extractor))
  if jax.process_index() == 0:
    print(table.to_text(report), end='')
    print(f'written to {out}')
  return out


def ensure(run, restored, extractor, real):
  """Writes the report on a checkpoint, unless it is done.

  Args:
    run: a `Run`.
    restored: the checkpoint, from `restore`.
    extractor: from `features.from_config`.
    real: returns what `real_features` does; called only where that is needed.

  Returns:
    The report.

  Raises:
    UserError: as `report_on`, or another process evaluates the run.
  """
  with contextlib.ExitStack() as stack:
    if jax.process_index() == 0:
      stack.enter_context(files.locked(
          run.workdir, f'evaluating {run.workdir}', 'wait for it', '.evaluation.lock'))
    report = _kept(run, restored, extractor)
    if report is None:
      report = report_on(run, restored, extractor, *real())
      if jax.process_index() == 0:
        reports.write(report, folder(run, restored))
  return report


def folder(run, restored):
  """Returns the folder of the report on a checkpoint."""
  return run.workdir / 'evaluation' / str(restored.step)


def made_of(run, restored, extractor):
  """Returns what a report depends on, for its provenance."""
  config, keys = run.config, {'seed', 'strength'}
  found_by = {'mask_threshold', 'min_area', 'texture_classes'}
  if acceptance.tries(run):  # What is accepted depends on where defects are found.
    keys |= {'tries'} | found_by
  at_regions, rule = run.info.annotated and run.method.translates, region_crops.RULE
  if at_regions and not run.method.layout.placed:
    keys |= found_by | {'change_threshold'}
    rule = [*rule, 'visible']  # Earlier versions cut some at the whole image.
  return {'step': restored.step, 'weights': restored.digest,
          'dataset': run.saved_config['dataset'], 'painted_on': jobs.inputs(run),
          'generate': {name: config.generate[name] for name in sorted(keys)} | {
              'classes': class_names.join(class_names.split(config.generate.classes))},
          'evaluate': dataclasses.asdict(options(config)) | extractor.protocol() | {
              'unchanged': [change.UNCHANGED, change.MARK, change.SIDE]} | (
                  {'region_crops': rule} if at_regions else {})}


def _kept(run, restored, extractor):
  """Returns the report that is there, or None if it is not what would be made now."""
  out = folder(run, restored)
  try:
    report = files.read_json(out / 'report.json')
    table.to_text(report)  # A check that nothing is missing.
    has_all = {f.name for metric in METRICS for f in metric.figures} <= {*report['pooled']}
    fits = not provenance.differences(
        made_of(run, restored, extractor), report['provenance'])
  except (OSError, LookupError, ValueError, TypeError, AttributeError):
    return None
  whole = all((out / name).is_file() for name in reports.FILES)
  return report if fits and has_all and whole else None


def options(config):
  """Returns the `evaluation.Options` of `config.evaluate`."""
  settings = config.evaluate
  return evaluation.Options(settings.count, False, settings.repeats, settings.seed)


def check_count(config, counts):
  """Raises UserError where a class of {name: training images} has too few."""
  count = config.evaluate.count
  said = lambda most: ', '.join(f'{n} images of {name}' for name, n in counts.items()
                                if n < most)
  if few := said(intervals.LEAST):
    raise UserError(f'the train split has {few}, and a comparison '
                    f'takes {intervals.LEAST} or more: name the other classes by '
                    '--config.generate.classes, or build the data set with more of them')
  if few := said(count):
    raise UserError(f'config.evaluate.count is {count}, and the train split has {few}: 0 '
                    'takes as many as there are')


def _check_split(run):
  """Raises UserError, as `check_count`, before any image is decoded."""
  records = dataset.Records(run.info, 'train')
  check_count(run.config, {
      name: len(records.find(run.info.classes.index(name)))
      for name in settings.classes(run)})


def real_features(run, extractor):
  """Computes the data set's (train, test) `FeatureSet`s; test is None where empty."""
  return tuple(reports.split_features(extractor, run.info, split)
               for split in ('train', 'test'))


def report_on(run, restored, extractor, train, test):
  """Computes the report on a checkpoint's samples, as `reports.write` takes it.

  Args:
    run: a `Run`.
    restored: the checkpoint, from `restore`.
    extractor: from `features.from_config`.
    train: from `real_features`.
    test: likewise.

  Raises:
    UserError: fewer real images than `config.evaluate.count`, or an unknown class in
      `config.generate.classes`.
  """
  config, classes = run.config, settings.classes(run)
  check_count(config, {c: len(train.features[c]) for c in classes})
  generated, rejected = _generate(run, restored, extractor, {
      c: config.evaluate.count or len(train.features[c]) for c in classes},
                                  train.crops is not None)
  report = reports.compare_features(train, test, generated, {
      **extractor.protocol(), 'real': str(run.info.folder),
      'generated': f'{run.workdir}, step {restored.step}',
      'step': restored.step, 'generate_seed': config.generate.seed}, options(config))
  report['warnings'] += reports.not_accepted(
      rejected, {c: len(x) for c, x in generated.features.items()})
  return report | {'provenance': made_of(run, restored, extractor)}


def _generate(run, restored, extractor, wanted, at_regions):
  """Samples the first `wanted[c]` images of each class c.

  Returns:
    Their `FeatureSet`, with crops around their defects if `at_regions`, and {class: how
    many of them are not accepted}.
  """
  classes = run.info.classes
  job = jobs.plan(run, [wanted.get(c, 0) for c in classes])
  for name, count in zip(classes, job.counts):
    if count < min(intervals.LEAST, wanted.get(name, 0)):
      raise UserError(f'generate.roi has room for {count} images of {name}, and a '
                      f'comparison takes {intervals.LEAST} or more: widen it, or name the '
                      'other classes by --config.generate.classes')
  with reports.progress(sum(job.counts), 'image', 'drawing') as bar:
    pieces = _Pieces(acceptance.draw(run, restored.state.ema, job), bar)
    images, boxes = ({c: x for c, x in zip(classes, found) if c in wanted}
                     for found in masks.collect(run, job, pieces))
  references = {classes[label]: [of[i] for i in range(len(of))]
                for label, of in sorted(pieces.shown.items()) if classes[label] in wanted}
  total = (sum(job.counts) + sum(map(len, references.values()))
           + at_regions * region_crops.count(boxes))
  with reports.progress(total, 'image') as bar:
    found = FeatureSet(
        {c: extractor(x, bar.update) for c, x in images.items()},
        {c: [manifest.file_of(c, i) for i in range(len(x))]
         for c, x in images.items()},
        changes=job.chosen and {
            c: change.scores(x, job.backgrounds[job.chosen[classes.index(c)]])
            for c, x in images.items()},
        references=_of_references(run, extractor, references, bar.update)
        if references else None)
    found = found.with_crops(
        at_regions and region_crops.features(extractor, images, boxes, bar.update))
  return found, {classes[label]: n for label, n in pieces.rejected.items()}


class _Pieces:
  """Passes on what `acceptance.draw` yields, and keeps what is said of it.

  Attributes:
    rejected: {label: how many are not accepted}.
    shown: {label: {number: (record, image)}}, what the generator was shown for each
      image, if anything.
  """

  def __init__(self, pieces, bar):
    self._pieces, self._bar = pieces, bar
    self.rejected, self.shown = collections.Counter(), collections.defaultdict(dict)

  def __iter__(self):
    for piece in self._pieces:
      label, numbers, painted, verdicts = piece
      self.rejected[label] += sum(verdict.accepted is False for verdict in verdicts)
      if painted.record is not None:
        self.shown[label] |= zip(numbers.tolist(), zip(
            painted.record.tolist(), painted.reference))
      yield piece
      self._bar.update(len(numbers))


def _of_references(run, extractor, references, update):
  """Returns the `FeatureSet` of {class: [(record, image)]}."""
  names = jobs.reference_names(run, [x for of in references.values() for x, _ in of])
  return FeatureSet(
      {c: extractor(np.stack([image for _, image in of]), update)
       for c, of in references.items()},
      {c: [names[record] for record, _ in of] for c, of in references.items()})
