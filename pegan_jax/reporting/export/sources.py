"""Finds what a workdir has to export: a GAN's run, an inspector, or both."""

import functools
import os
from typing import Callable, NamedTuple

from pegan_jax.common import config_files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import inspector, kept
from pegan_jax.inspection.localise import kept as segmenters
from pegan_jax.inspection.localise.settings import Settings as SegmenterSettings
from pegan_jax.inspection.settings import Settings
from pegan_jax.reporting.export import generators, inspectors
from pegan_jax.runs import own_settings
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run


class Source(NamedTuple):
  """Something trained.

  Attributes:
    kind: 'generator', 'inspector', which classifies, or 'segmenter'.
    made_of: the weights and the data, as provenance has it.
    models: returns the list of its `Model`s.
    classes: their names, in label order.
    rules: {name: value} of how images are read, as a file's metadata has them.
    described: what was trained and how, a few words.
    content: fingerprint of the data set.
    pretrained: whether it holds weights that others have trained.
  """
  kind: str
  made_of: dict
  models: Callable
  classes: list
  rules: dict
  described: str
  content: str
  pretrained: bool = False


def find(config, workdir):
  """Returns the `Source`s in a workdir, one or two.

  Args:
    config: from configs/export.py.
    workdir: its path.

  Raises:
    UserError: there is none, or it cannot be exported.
  """
  noted = own_settings.read(workdir)
  has_inspector = os.path.exists(workdir / kept.SAVED)
  if not noted and not has_inspector:
    raise UserError(f'no run and no inspector in {str(workdir)!r}: train one with this '
                    '--workdir first')
  found = [_inspector(config, workdir)] if has_inspector else []
  if noted:
    try:
      found.insert(0, _gan(config, workdir, noted))
    except generators.NoNetwork as e:
      if not found:
        raise
      terminal.say(f'note: {e}')
  return found


def _gan(config, workdir, noted):
  """Returns the `Source` of a GAN's run, whose settings are `noted`."""
  settings = config_files.load(noted['method']).get_config()
  settings.data_dir = config.data_dir
  own_settings.take(settings, noted, {'data_dir'} if config.data_dir else set(), True)
  run = Run(settings, workdir)
  generators.check(run.method, settings.method)
  restored = restore(run, config.checkpoint, frozenset(noted) - frozenset(settings))
  info = run.info
  return Source(
      'generator', {'weights': restored.digest, 'step': restored.step,
                    'dataset': info.content},
      functools.partial(generators.models, run, restored.state.ema, config.tried),
      info.classes, _rules(info.image_size, info.channels, info.max_value, info.window),
      f'{settings.method} at {settings.image_size}x{settings.image_size}, width '
      f'{settings.width:g}, {restored.step:,} generator updates of {settings.num_steps:,}',
      info.content)


def _inspector(config, workdir):
  """Returns the `Source` of an inspector."""
  segments = kept.task(workdir) == kept.LOCALISE
  trained = (segmenters if segments else inspector).restore(workdir)
  saved, data = trained.config, trained.config['dataset']
  folder = config.data_dir or saved.get('data_dir') or workdir / 'dataset'
  info = dataset.load_info(folder)
  if info.content != data['content']:
    raise UserError(f'the data set at {str(folder)!r} is another than the inspector was '
                    'trained on: name that with --config.data_dir')
  if segments:
    settings = SegmenterSettings.of(saved)
    kind, model, classes = 'segmenter', inspectors.segmenter, list(saved['truth'])
    described = settings.described()
  else:
    settings = Settings.of(saved)
    kind, model, classes = 'inspector', inspectors.classifier, data['classes']
    described = settings.described(trained.trainer.steps)
  return Source(
      kind, {'weights': trained.digest, 'dataset': data['content']},
      lambda: [model(trained, info, config.tried)], classes,
      _rules(data['image_size'], data['channels'], data['max_value'], data.get('window')),
      described, data['content'], settings.pretrained)


def _rules(image_size, channels, max_value, window):
  return {'image_size': image_size, 'channels': channels, 'max_value': max_value,
          'window': window or 0}
