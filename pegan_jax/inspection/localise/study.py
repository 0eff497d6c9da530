"""--mode study --config.task=localise: segmenters with and without generated images."""

import pathlib

import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import images, report_parts, results, training, verdict
from pegan_jax.inspection.localise import arms, bench, crops, outcome, picture, report
from pegan_jax.inspection.localise.settings import Settings
from pegan_jax.inspection.segmenter import Segmenter
from pegan_jax.inspection.settings import check_study


def study(config, workdir, make_segmenter=Segmenter):
  """Runs the trainings of a study that are not done yet, prints and writes its report.

  Args:
    config: from configs/study.py.
    workdir: gets study.json, study.md, study.png and runs/, the finished trainings.
    make_segmenter: `Segmenter`, or a class with its methods.

  Returns:
    The report, the content of study.json.

  Raises:
    UserError: bad settings or input, or generated images that the test crops had a part
      in.
  """
  training.set_up()
  settings = Settings.of(config)
  settings.check()
  check_study(config)
  if other := [key for key in ('filter', 'test', 'clean_class', 'rotate') if config[key]]:
    raise UserError(f'{other[0]} is for --config.task=classify: leave it out')
  out = pathlib.Path(workdir)
  info = dataset.load_info(config.data_dir or out / 'dataset')
  results.check_classes(out / 'study.json', info.classes)
  real = crops.load(info)
  generated, checks, notes = crops.load_all_generated(config, info, real)
  plan, absent = _plan(generated, real, info)
  notes = crops.notes(info, real) + notes + absent
  for note in notes:
    terminal.say(f'note: {note}')
  fractions = sorted(set(map(float, config.fractions)))
  with files.locked(out, f'studying in {out}', 'wait for it, or name another --workdir'):
    answers = bench.Bench(settings, real, generated, out / 'runs', make_segmenter).run(
        plan, fractions, config.seeds)
    trial = outcome.Trial(
        real.test, {info.classes.index(name): name for name in real.kinds}, config.seeds)
    found = _protocol(config, info, settings, real, generated, trial) | {
        'fractions': {f'{fraction:g}': {
            'frames_per_class': _frames(real, fraction, info),
            'arms': outcome.collect(trial, plan, {
                arm.name: answers[fraction, arm.name] for arm in plan})}
                      for fraction in fractions},
        'checks': checks, 'notes': notes}
    report_parts.write(found, out, report.to_text, picture.draw)
  return found


def _plan(generated, real, info):
  """Returns the arms, and a sentence for each that cannot be trained."""
  plan, notes = [], []
  for arm in arms.plan(generated):
    absent = [] if arm.real else [
        name for name in real.kinds
        if info.classes.index(name) not in generated[arm.generated].labels]
    if absent:
      notes.append(f'{arm.title}: not trained, since it has no images of '
                   f'{", ".join(absent)}')
    else:
      plan.append(arm)
  return plan, notes


def _frames(real, fraction, info):
  """Returns {class: number of real frames that the first seed trains on}."""
  chosen = real.defects.take(real.defects.of_share(fraction, 0))
  return {name: len(np.unique(chosen.frames()[chosen.labels == info.classes.index(name)]))
          for name in real.kinds}


def _protocol(config, info, settings, real, generated, trial):
  count = lambda of: {name: int((of.labels == info.classes.index(name)).sum())
                      for name in real.kinds}
  return {
      'classes': list(real.kinds),
      'protocol': {
          'task': 'localise', **settings.as_config(),
          'described': settings.described(), 'seeds': config.seeds,
          'fractions': list(config.fractions), 'data': str(info.folder),
          'generated': images.folders(config), 'per_class': config.per_class,
          'truth': real.kinds, 'test_images': len(real.test),
          'test_clean': int((real.test.labels == info.background).sum()),
          'test_images_of_classes': count(real.test), 'test_groups': trial.count(),
          'test_groups_of_classes': trial.count_by_class(),
          'train_images_of_classes': count(real.defects), 'train_clean': len(real.clean),
          'bootstrap': verdict.RESAMPLES},
      'generated': {name: count(found) for name, found in generated.items()}}
