"""--mode inspect: trains, tests and saves one inspector."""

import dataclasses
import functools
import json
import math
import pathlib
import time
from typing import Any, NamedTuple

import jax
import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import check_at_least, check_seed, UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import confusion, images, leaks, trainers, training
from pegan_jax.inspection.settings import PLAIN, Settings, STRONGLY, USUAL
from pegan_jax.runs.checkpoints.fit import FREE_KEYS
from pegan_jax.runs.checkpoints.store import Checkpoints

_FOLDER, SAVED = 'inspector', 'inspector.json'
# Not noted by earlier versions; `dataset.content` decides it.
_FREE = FREE_KEYS | {'dataset.window'}
# Noted only where they are on, as earlier versions lacked them.
_LATER = ('strong', 'rotate', 'generated_first')


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
  pixels, labels, generated = [train.pixels], [train.labels], []
  for path in images.folders(config):
    made, folder, rejected = images.load_generated(info, path, config.per_class)
    for text in images.left_out({path: rejected}):
      terminal.say(f'left out {text}')
    leaks.check(info, train, test, folder, made)
    pixels.append(made.pixels)
    labels.append(made.labels)
    generated.append(made.checksum())
  described = {'classes': info.classes, 'image_size': info.image_size,
               'channels': info.channels, 'content': info.content,
               'max_value': info.max_value, 'window': images.window(info, train)}
  too_few_steps = settings.too_few_steps(len(train))
  if too_few_steps:
    terminal.say(f'note: {too_few_steps}')
  # Generated images count by their content, not by their folder.
  used = config.to_dict() | dataclasses.asdict(settings)
  used = {key: value for key, value in used.items() if value or key not in _LATER}
  if not generated:
    used['real_share'] = 0.0  # Without effect, and the default of earlier versions.
  saved = used | {'dataset': described, 'generated': generated} | trainers.weights(settings)
  if config.data_dir:  # Whoever reads it may stand in another folder.
    saved['data_dir'] = str(info.folder.absolute())
  trainer = trainers.make(settings, np.concatenate(pixels), np.concatenate(labels),
                          len(info.classes), settings.steps(len(train)), len(train))
  count, level = sum(map(len, labels)), PLAIN
  if config.augment:
    level = STRONGLY if config.strong else USUAL
  pool = np.arange(count)
  if config.generated_first:
    pool = pool[len(train):], pool[:len(train)]
  with files.locked(workdir, f'training in {workdir}',
                    'wait for it, or name another --workdir'):
    state, start = _train(config, workdir, trainer, pool, level, saved)
    report = _test(trainer, state, test, info.classes)
    report['too_few_steps'] = too_few_steps
    report['protocol'] = used | {
        'dataset': described, 'steps': trainer.steps, 'images': count}
    if start == trainer.steps:  # A rerun with nothing to do changes no byte.
      report |= _kept_speed(workdir, report)
    confusion.write(report, workdir)
  print(confusion.to_text(report), end='')
  print(f'written to {workdir / "inspection.png"}')
  return report


class Trained(NamedTuple):
  """An inspector, as it was trained.

  Attributes:
    trainer: a `training.Trainer` or a `linear_head.HeadFitter`.
    state: what it trained.
    config: of inspector.json; its `dataset` has classes, image_size, channels, max_value,
      and window, see `images.window`, which earlier versions did not note.
    digest: of the trained weights.
  """
  trainer: Any
  state: Any
  config: dict
  digest: str


def load(workdir):
  """Opens the inspector of a workdir, as `restore` does.

  Returns:
    (function of uint8 [n, S, S, C] to probabilities [n, num_classes], `dataset` of
    `Trained.config`).
  """
  found = restore(workdir)
  return functools.partial(found.trainer.probabilities, found.state), found.config['dataset']


def restore(workdir):
  """Reads the inspector of a workdir.

  Args:
    workdir: that of `inspect`.

  Returns:
    `Trained`.

  Raises:
    UserError: there is none, it is not trained to its end, or it is damaged.
  """
  path = pathlib.Path(workdir) / SAVED
  try:
    saved = files.read_json(path)
    described, steps = saved['config']['dataset'], saved['steps']
    settings, size = Settings.of(saved['config']), described['image_size']
    settings.check()
    blank = np.zeros((1, size, size, described['channels']), np.uint8)
    count = len(described['classes'])
    window = described.get('window')
    if not (type(steps) is int and steps > 0 and size > 0 and count
            and (window is None or type(window) is int and window > 0)):
      raise ValueError
  except (FileNotFoundError, NotADirectoryError) as e:
    raise UserError(f'no inspector in {str(workdir)!r}: train one with --mode '
                    'inspect') from e
  except (ValueError, KeyError, TypeError, AttributeError) as e:
    raise UserError(f'{path} is damaged: --mode inspect with this workdir mends '
                    'it') from e
  if saved['config'] | trainers.weights(settings) != saved['config']:
    raise UserError(f'the inspector in {str(workdir)!r} was trained with other weights of '
                    f'{settings.network} than are installed: train one in another workdir, '
                    'or install those')
  trainer = trainers.make(settings, blank, np.zeros(1, np.int32), count, steps)
  found = _checkpoints(workdir).restore(
      jax.eval_shape(trainer.init, 0), saved['config'], free=_FREE)
  if found is None or found.step < steps:
    raise UserError(f'the inspector in {str(workdir)!r} is not trained to its '
                    'end: run --mode inspect again')
  return Trained(trainer, jax.device_put(found.state), saved['config'], found.digest)


def tested(workdir):
  """Returns (the inspection.json of a workdir's inspector, its notes); or None."""
  folder = pathlib.Path(workdir)
  try:
    saved = files.read_json(folder / SAVED)['config']
    report = files.read_json(folder / 'inspection.json')
    if (Settings.of(report['protocol']), report['protocol']['dataset']['content']) == (
        Settings.of(saved), saved['dataset']['content']):  # Not an earlier inspector's.
      return report, confusion.notes(report)
  except (OSError, ValueError, LookupError, TypeError, AttributeError):
    pass
  return None


def notes(workdir):
  """Returns the `confusion.notes` of a workdir's inspector, or that it is not tested."""
  if found := tested(workdir):
    return found[1]
  return [f'{pathlib.Path(workdir) / "inspection.json"} is not there, or not of this inspector, so that '
          'nobody knows how often it is right: run --mode inspect again, which tests it '
          'and trains nothing']


def _checkpoints(workdir):
  return Checkpoints(workdir, max_to_keep=1, name=_FOLDER)


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


def _train(config, workdir, trainer, pool, level, saved):
  """Trains from the workdir's checkpoint to the end: (state, the step it began at)."""
  checkpoints = _checkpoints(workdir)
  found = checkpoints.restore(
      jax.eval_shape(trainer.init, 0), saved, free=_FREE)
  checkpoints.tidy()
  state, start = (None, 0) if found is None else (
      jax.device_put(found.state), found.step)
  files.write_json(workdir / SAVED, {'config': saved, 'steps': trainer.steps})
  bar = terminal.Progress(trainer.steps, start, unit='step')
  began = time.perf_counter()
  for until in [*range(start + config.checkpoint_every, trainer.steps,
                       config.checkpoint_every), trainer.steps]:
    if until <= start:
      continue
    state, loss = trainer.train(pool, config.seed, level,
                                state, until, bar.update)
    checkpoints.save(until, state, {}, saved)
    bar.report(until, (time.perf_counter() - began) / (until - start),
               f'loss {loss:.3g}')
  bar.close()
  checkpoints.close()
  return state, start


def _test(trainer, state, test, classes):
  """Computes the confusion matrix of the test images, and the speed."""
  trainer.probabilities(state, test.pixels[:1])  # Compilation, not to be timed.
  began = time.perf_counter()
  predicted = trainer.probabilities(state, test.pixels).argmax(1)
  seconds = time.perf_counter() - began
  return {'classes': classes,
          'confusion': confusion.matrix(test.labels, predicted, len(classes)),
          'images_per_second': len(test) / seconds}


def _kept_speed(workdir, report):
  """Returns the speed in the workdir's earlier report if that is the same, or {}."""
  try:
    kept = files.read_json(workdir / 'inspection.json')
    speed = {'images_per_second': kept['images_per_second']}
    same = json.dumps(report | speed, sort_keys=True) == json.dumps(kept, sort_keys=True)
    return speed if same and 0 < speed['images_per_second'] < math.inf else {}
  except (OSError, ValueError, KeyError, TypeError):
    return {}
