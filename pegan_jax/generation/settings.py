"""Checks what `config.generate` asks for."""

from pegan_jax import annotations
from pegan_jax.common.errors import UserError


def check(run):
  """Raises UserError for what `generate` cannot do; `run` is a `Run`."""
  settings, method = run.config.generate, run.config.method
  for name in ('per_class', 'batch_size', 'defects_per_frame', 'min_area'):
    if settings[name] < 1:
      raise UserError(f'generate.{name} is {settings[name]}: it must be at least 1')
  if not 0 <= settings.strength <= 1:
    raise UserError(
        f'generate.strength is {settings.strength}: it must be in [0, 1]')
  for name in ('mask_threshold', 'change_threshold'):
    if not 0 < settings[name] < 1:
      raise UserError(f'generate.{name} is {settings[name]}: it must be above 0 and '
                      'below 1')
  for names in (formats, classes, textures):
    names(run)
  if settings.frames and settings.backgrounds:
    raise UserError('give --config.generate.frames for whole frames or '
                    '--config.generate.backgrounds for crops, not both')
  if not run.method.translates:
    if settings.backgrounds:
      raise UserError(f'{method} draws from noise: leave out '
                      '--config.generate.backgrounds')
    for name in ('frames', 'formats'):
      if settings[name]:
        raise UserError(f'{method} draws from noise, and where a defect lies in its '
                        f'images is not known: leave out --config.generate.{name}')


def formats(run):
  """Returns the formats of boxes, see `annotations.FORMATS`."""
  return _names(run, 'formats', annotations.FORMATS)


def classes(run):
  """Returns the classes to generate."""
  return _names(run, 'classes', run.info.classes) or run.info.classes


def textures(run):
  """Returns the classes whose boxes are the whole image."""
  return _names(run, 'texture_classes', run.info.classes)


def _names(run, key, known):
  """Returns a setting of names between commas as a list."""
  names = [n.strip() for n in run.config.generate[key].split(',') if n.strip()]
  for name in names:
    if name not in known:
      raise UserError(f'generate.{key} has {name!r}: choose from {", ".join(known)}')
  return names
