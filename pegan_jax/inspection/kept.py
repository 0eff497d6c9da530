"""An inspector that a workdir keeps: it is trained from checkpoints, and read back."""

import json
import math
import pathlib
import time
from typing import Any, NamedTuple

import jax
import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import pretraining
from pegan_jax.runs.checkpoints.fit import FREE_KEYS
from pegan_jax.runs.checkpoints.store import Checkpoints

_FOLDER, SAVED, REPORT = 'inspector', 'inspector.json', 'inspection.json'
# Not noted by earlier versions; `dataset.content` decides it.
_FREE = FREE_KEYS | {'dataset.window'}
CLASSIFY, LOCALISE = 'classify', 'localise'


class Trained(NamedTuple):
  """An inspector, as it was trained.

  Attributes:
    trainer: a `training.Trainer`, a `linear_head.HeadFitter` or a `segmenter.Segmenter`.
    state: what it trained.
    config: of inspector.json; its `dataset` has classes, image_size, channels, max_value,
      and window, see `images.window`, which earlier versions did not note.
    digest: of the trained weights.
  """
  trainer: Any
  state: Any
  config: dict
  digest: str


def task(workdir):
  """Returns the task of the inspector in a workdir, or None where none can be read."""
  try:
    return files.read_json(pathlib.Path(workdir) / SAVED)['config'].get('task', CLASSIFY)
  except (OSError, ValueError, LookupError, TypeError, AttributeError):
    return None


def config(info, window, settings, used, generated, data_dir):
  """Returns what decides an inspector, as inspector.json has it.

  Args:
    info: `dataset.DataInfo`.
    window: from `images.window`.
    settings: of its network.
    used: {key: value} of what it is trained with.
    generated: checksums of the generated images, which count by their content, not by
      their folder.
    data_dir: of the command's config.

  Raises:
    UserError: the pretrained weights that it needs are not installed.
  """
  described = {'classes': info.classes, 'image_size': info.image_size,
               'channels': info.channels, 'content': info.content,
               'max_value': info.max_value, 'window': window}
  found = used | pretraining.weights(settings) | {
      'dataset': described, 'generated': generated}
  if data_dir:  # Whoever reads it may stand in another folder.
    found['data_dir'] = str(info.folder.absolute())
  return found


def train(workdir, saved, trainer, every, go_on):
  """Trains from the workdir's checkpoint to the end, or from the beginning.

  Args:
    workdir: path of it.
    saved: from `config`.
    trainer: has `init`, a function of a seed, and `steps`.
    every: steps between checkpoints.
    go_on: function of a state or None, the step to stop at, and what is called with the
      number of steps done; returns a state and the loss of its last step.

  Returns:
    (state, the step it began at).

  Raises:
    UserError: the checkpoint is of another config, or a full disk.
  """
  checkpoints = _checkpoints(workdir)
  found = checkpoints.restore(jax.eval_shape(trainer.init, 0), saved, free=_FREE)
  checkpoints.tidy()
  state, start = (None, 0) if found is None else (
      jax.device_put(found.state), found.step)
  files.write_json(workdir / SAVED, {'config': saved, 'steps': trainer.steps})
  bar = terminal.Progress(trainer.steps, start, unit='step')
  began = time.perf_counter()
  for until in [*range(start + every, trainer.steps, every), trainer.steps]:
    if until <= start:
      continue
    state, loss = go_on(state, until, bar.update)
    checkpoints.save(until, state, {}, saved)
    bar.report(until, (time.perf_counter() - began) / (until - start),
               f'loss {loss:.3g}')
  bar.close()
  checkpoints.close()
  return state, start


def restore(workdir, settings_of, make):
  """Reads the inspector of a workdir.

  Args:
    workdir: that of --mode inspect.
    settings_of: the function `of` of its settings.
    make: function of settings, one blank image, its config's `dataset` and the number of
      steps, which returns its trainer.

  Returns:
    `Trained`.

  Raises:
    UserError: there is none, it is not trained to its end, or it is damaged.
  """
  path = pathlib.Path(workdir) / SAVED
  try:
    saved = files.read_json(path)
    described, steps = saved['config']['dataset'], saved['steps']
    settings, size = settings_of(saved['config']), described['image_size']
    settings.check()
    blank = np.zeros((1, size, size, described['channels']), np.uint8)
    window = described.get('window')
    if not (type(steps) is int and steps > 0 and size > 0 and len(described['classes'])
            and (window is None or type(window) is int and window > 0)):
      raise ValueError
  except (FileNotFoundError, NotADirectoryError) as e:
    raise UserError(f'no inspector in {str(workdir)!r}: train one with --mode '
                    'inspect') from e
  except (ValueError, KeyError, TypeError, AttributeError) as e:
    raise UserError(f'{path} is damaged: --mode inspect with this workdir mends '
                    'it') from e
  if saved['config'] | pretraining.weights(settings) != saved['config']:
    raise UserError(f'the inspector in {str(workdir)!r} was trained with other weights of '
                    f'{settings.network} than are installed: train one in another workdir, '
                    'or install those')
  trainer = make(settings, blank, described, steps)
  found = _checkpoints(workdir).restore(
      jax.eval_shape(trainer.init, 0), saved['config'], free=_FREE)
  if found is None or found.step < steps:
    raise UserError(f'the inspector in {str(workdir)!r} is not trained to its '
                    'end: run --mode inspect again')
  return Trained(trainer, jax.device_put(found.state), saved['config'], found.digest)


def tested(workdir, settings_of, notes):
  """Reads the test of a workdir's inspector.

  Args:
    workdir: that of --mode inspect.
    settings_of: the function `of` of its settings.
    notes: function of a report, which lists why it is not to be relied on.

  Returns:
    (content of inspection.json, its notes); (None, a note) where it is not there, or not
    of this inspector.
  """
  folder = pathlib.Path(workdir)
  try:
    saved = files.read_json(folder / SAVED)['config']
    report = files.read_json(folder / REPORT)
    if (settings_of(report['protocol']), report['protocol']['dataset']['content']) == (
        settings_of(saved), saved['dataset']['content']):  # Not an earlier inspector's.
      return report, notes(report)
  except (OSError, ValueError, LookupError, TypeError, AttributeError):
    pass
  return None, [f'{folder / REPORT} is not there, or not of this inspector, so that nobody '
                'knows how often it is right: run --mode inspect again, which tests it and '
                'trains nothing']


def kept_speed(workdir, report):
  """Returns the speed in the workdir's earlier report if that is the same, or {}."""
  try:
    kept = files.read_json(workdir / REPORT)
    speed = {'images_per_second': kept['images_per_second']}
    same = json.dumps(report | speed, sort_keys=True) == json.dumps(kept, sort_keys=True)
    return speed if same and 0 < speed['images_per_second'] < math.inf else {}
  except (OSError, ValueError, KeyError, TypeError):
    return {}


def _checkpoints(workdir):
  return Checkpoints(workdir, max_to_keep=1, name=_FOLDER)
