"""Checks what `config.generate` asks for; `runs.ranges` has checked its numbers."""

from pegan_jax import annotations
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError


def check(run):
  """Raises UserError for what `generate` cannot do; `run` is a `Run`."""
  settings, method = run.config.generate, run.config.method
  for names in (formats, classes, textures):
    names(run)
  if settings.frames and settings.backgrounds:
    raise UserError('give --config.generate.frames for whole frames or '
                    '--config.generate.backgrounds for crops, not both')
  for name in ('jobs', 'roi'):
    if settings[name] and not run.method.layout.placed:
      raise UserError(f'{method} is told no regions: leave out --config.generate.{name}, '
                      'or take a method that is told one, such as paste')
  if settings.jobs:
    for name in ('frames', 'backgrounds', 'classes'):
      if settings[name]:
        raise UserError('--config.generate.jobs names images and classes itself: leave out '
                        f'--config.generate.{name}')
  elif settings.roi and not (settings.frames or settings.backgrounds):
    raise UserError('--config.generate.roi says where defects may lie on images of yours: '
                    'name these with --config.generate.frames, backgrounds or jobs')
  if not run.method.translates:
    if settings.backgrounds:
      raise UserError(f'{method} samples from noise: leave out '
                      '--config.generate.backgrounds')
    for name in ('frames', 'formats'):
      if settings[name]:
        raise UserError(f'{method} samples from noise, and where a defect lies in its '
                        f'images is not known: leave out --config.generate.{name}')


def on_frames(run):
  """Returns whether whole images of the user's are painted on, rather than crops."""
  return bool(run.config.generate.frames or run.config.generate.jobs)


def formats(run):
  """Returns the formats of annotations, see `annotations.WRITTEN`."""
  return _names(run, 'formats', annotations.WRITTEN)


def classes(run):
  """Returns the classes to generate."""
  return _names(run, 'classes', run.info.classes) or run.info.classes


def textures(run):
  """Returns the classes whose boxes are the whole image."""
  return _names(run, 'texture_classes', run.info.classes)


def _names(run, key, known):
  """Returns the names that a setting has, all of them known ones."""
  names = class_names.split(run.config.generate[key])
  for name in names:
    if name not in known:
      raise UserError(f'generate.{key} has {name!r}: choose from '
                      + class_names.join(known, ', '))
  return names
