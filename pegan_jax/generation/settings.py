"""What `config.generate` asks for, checked."""

import collections

from pegan_jax import annotations
from pegan_jax.annotations import components
from pegan_jax.common import terminal
from pegan_jax.common.errors import UserError


# A mask that is nowhere above this paints no defect.
_VEIL = 0.1


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
  for names in (formats, classes, _textures):
    names(run)
  if settings.frames and settings.backgrounds:
    raise UserError('give --config.generate.frames for whole frames or '
                    '--config.generate.backgrounds for crops, not both')
  if not run.method.TRANSLATES:
    if settings.backgrounds:
      raise UserError(f'{method} draws from noise: leave out '
                      '--config.generate.backgrounds')
    for name in ('frames', 'formats'):
      if settings[name]:
        raise UserError(f'{method} draws from noise, and where a defect lies in its '
                        f'images is not known: leave out --config.generate.{name}')


def formats(run):
  """The formats of boxes, see `annotations.FORMATS`."""
  return _names(run, 'formats', annotations.FORMATS)


def classes(run):
  """The classes to generate."""
  return _names(run, 'classes', run.info.classes) or run.info.classes


def _textures(run):
  return _names(run, 'texture_classes', run.info.classes)


def _names(run, key, known):
  """A setting of names between commas as a list."""
  names = [n.strip() for n in run.config.generate[key].split(',') if n.strip()]
  for name in names:
    if name not in known:
      raise UserError(f'generate.{key} has {name!r}: choose from {", ".join(known)}')
  return names


def mask_source(run):
  """What a mask is, for the manifest: the generator's own, or how much it changed."""
  if not run.method.TRANSLATES:
    return ''
  return 'generator' if run.has_masks else 'change'


def defect_finder(run):
  """find(mask, class name, corner=(0, 0)) by the run's settings: `find_defects`."""
  settings, textures = run.config.generate, _textures(run)

  def find(mask, name, corner=(0, 0)):
    if not settings.strength:  # Nothing is painted.
      return []
    threshold = settings.change_threshold
    if run.has_masks:  # A faint defect is painted by a faint mask.
      threshold = max(settings.mask_threshold * mask.max() / 255, _VEIL)
    return components.find_defects(
        mask, name, threshold, settings.min_area, name in textures, corner)

  return find


def report_unboxed(run, drawn):
  """Says how many defects were painted and have no box.

  Args:
    run: a `Run` whose method paints.
    drawn: a pair for each defect: its class, and what `defect_finder` found of it.
  """
  settings = run.config.generate
  total = collections.Counter(name for name, _ in drawn)
  without = collections.Counter(name for name, found in drawn if not found)
  if not without or not settings.strength:
    return
  name = 'mask_threshold' if run.has_masks else 'change_threshold'
  counts = ', '.join(f'{n} of {total[c]} {c}' for c, n in without.items())
  terminal.say(f'no box: {counts}; their masks have no piece of generate.min_area pixels '
              f'above generate.{name}, and a detector would learn that they are clean')
