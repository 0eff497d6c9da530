"""--mode inspect: trains, tests and saves one classifier."""

import dataclasses
import functools
import pathlib
import time

import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import check_at_least, check_seed, UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import confusion, images, kept, leaks, trainers, training
from pegan_jax.inspection.settings import PLAIN, Settings, STRONGLY, USUAL

# Noted only where they are on, as earlier versions lacked them.
_LATER = ('strong', 'rotate', 'generated_first')
_OTHERS = ('task', 'localise')  # Settings of segmenters, and what chooses between both.


def inspect(config, workdir):
  """Trains an inspector, or goes on training it, and tests it.

  Args:
    config: from configs/inspect.py.
    workdir: gets inspector/ (checkpoints), inspector.json and
      inspection.json, .md, .png: the confusion matrix of the test images,
      recalls and speed.

  Returns:
    The content of inspection.json.

  Raises:
    UserError: bad settings or data, a workdir whose inspector has another class
      list or other settings, or a full disk.
  """
  training.set_up()
  settings = Settings.of(config)
  settings.check()
  _check(config, settings)
  check_seed('seed', config.seed)
  check_at_least('checkpoint_every', config.checkpoint_every, 1)
  workdir = pathlib.Path(workdir)
  info = dataset.load_info(config.data_dir or workdir / 'dataset')
  train, test = images.load_splits(info)
  generated = _load_generated(config, info, train, test)
  too_few_steps = settings.too_few_steps(len(train))
  if too_few_steps:
    terminal.say(f'note: {too_few_steps}')
  used = _settings_used(config, settings, generated)
  saved = kept.config(info, images.window(info, train), settings, used,
                      [made.checksum() for made in generated], config.data_dir)
  pixels, labels = (np.concatenate(x) for x in zip(*(
      (some.pixels, some.labels) for some in [train, *generated])))
  trainer = trainers.make(settings, pixels, labels, len(info.classes),
                          settings.steps(len(train)), len(train))
  level = (STRONGLY if config.strong else USUAL) if config.augment else PLAIN
  pool = np.arange(len(labels))
  if config.generated_first:
    pool = pool[len(train):], pool[:len(train)]
  with files.locked(workdir, f'training in {workdir}',
                    'wait for it, or name another --workdir'):
    state, start = kept.train(
        workdir, saved, trainer, config.checkpoint_every,
        lambda state, until, progress: trainer.train(
            pool, config.seed, level, state, until, progress))
    report = _test(trainer, state, test, info.classes)
    report['too_few_steps'] = too_few_steps
    report['protocol'] = used | {
        'dataset': saved['dataset'], 'steps': trainer.steps, 'images': len(labels)}
    if start == trainer.steps:  # A rerun with nothing to do changes no byte.
      report |= kept.kept_speed(workdir, report)
    confusion.write(report, workdir)
  print(confusion.to_text(report), end='')
  print(f'written to {workdir / "inspection.png"}')
  return report


def _load_generated(config, info, train, test):
  """Returns the `Images` of each folder of generated ones; says what is left out.

  Raises:
    UserError: they cannot be used, or test images had a part in them.
  """
  generated = []
  for path in images.folders(config):
    made, folder, rejected = images.load_generated(info, path, config.per_class)
    for text in images.left_out({path: rejected}):
      terminal.say(f'left out {text}')
    leaks.check(info, train, test, folder, made)
    generated.append(made)
  return generated


def _settings_used(config, settings, generated):
  """Returns the settings that have an effect, as they are noted beside the inspector."""
  used = config.to_dict() | dataclasses.asdict(settings)
  used = {key: value for key, value in used.items()
          if key not in _OTHERS and (value or key not in _LATER)}
  if not generated:
    used['real_share'] = 0.0  # Without effect, and the default of earlier versions.
  return used


def load(workdir):
  """Opens the inspector of a workdir, as `restore` does.

  Returns:
    (function of uint8 [n, S, S, C] to probabilities [n, num_classes], `dataset` of
    `Trained.config`).
  """
  found = restore(workdir)
  answer = functools.partial(found.trainer.probabilities, found.state)
  return answer, found.config['dataset']


def restore(workdir):
  """Reads the inspector of a workdir: as `kept.restore`."""
  return kept.restore(
      workdir, Settings.of, lambda settings, blank, data, steps: trainers.make(
          settings, blank, np.zeros(1, np.int32), len(data['classes']), steps))


def tested(workdir):
  """Reads the test of a workdir's inspector: as `kept.tested`, by `confusion.notes`."""
  return kept.tested(workdir, Settings.of, confusion.notes)


def _check(config, settings):
  """Raises UserError for settings that do not go together."""
  if config.strong and not config.augment:
    raise UserError('strong is how images are augmented: without augment it has no '
                    'effect')
  if config.generated_first and not config.generated:
    raise UserError('generated_first needs config.generated: there is nothing to come '
                    'first')
  if config.generated_first and settings.fitted:
    raise UserError(f'generated_first has no effect on {settings.network}, whose fit '
                    'forgets where it began: choose another network')


def _test(trainer, state, test, classes):
  """Computes the confusion matrix of the test images, and the speed."""
  trainer.probabilities(state, test.pixels[:1])  # Compilation, not to be timed.
  began = time.perf_counter()
  predicted = trainer.probabilities(state, test.pixels).argmax(1)
  seconds = time.perf_counter() - began
  return {'classes': classes,
          'confusion': confusion.matrix(test.labels, predicted, len(classes)),
          'images_per_second': len(test) / seconds}
