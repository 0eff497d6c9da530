"""--mode study --config.task=localise: segmenters with and without generated images."""

import dataclasses
import pathlib

import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import arms as names_lib, images, leaks, report_parts, results
from pegan_jax.inspection import training, verdict
from pegan_jax.inspection.localise import arms, bench, crops, outcome, picture, report
from pegan_jax.inspection.localise.settings import Settings
from pegan_jax.inspection.segmenter import Segmenter
from pegan_jax.inspection.settings import check_study
from pegan_jax.metrics import sets


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
  generated, checks, notes = _load_generated(config, info, real)
  plan, absent = _plan(generated, real, info)
  notes = _notes(info, real) + notes + absent
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


def _load_generated(config, info, real):
  """Returns {name: Crops}, {name: sentences on what was compared}, and notes."""
  generated, checks, notes = {}, {}, []
  paths = images.folders(config)
  names = images.methods(paths) or names_lib.names(paths)
  for name, path in zip(names, paths):
    found, folder, left_out = crops.load_generated(
        info, name, path, config.per_class, real.kinds)
    seen = crops.joined(real.defects, real.clean)
    checks[name] = sets.check_scale(info, folder) + leaks.check(
        info, seen, real.test, folder, found)
    generated[name] = found
    notes += left_out
  return generated, checks, notes


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


def _notes(info, real):
  """Lists what is to be known of the real crops."""
  said = []
  if real.left_out:
    said.append(f'{", ".join(real.left_out)}: left out, as not both splits have masks or '
                'boxes of it')
  if boxes := [name for name, kind in real.kinds.items() if kind == 'box']:
    said.append(f'{", ".join(boxes)}: there are boxes and no masks, so that the truth is '
                'the whole of each box, and figures of pixels are of boxes')
  if not (real.test.labels == info.background).any():
    said.append('there are no clean test crops: how much is found on clean surface is not '
                'measured, and image AUROC not known; build with --test_clean=0.2 and '
                'generate anew')
  return said


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
          'task': 'localise', 'network': settings.network,
          'localise': {key: value for key, value in dataclasses.asdict(settings).items()
                       if key != 'network'},
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
