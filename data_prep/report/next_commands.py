"""The commands to go on with after a check, as they are to be typed."""

import dataclasses
import shlex

from pegan_jax.common import class_names


def lines(asked, tried, regions):
  """Returns the lines that say how to go on.

  Args:
    asked: `options.Options` of the check.
    tried: those that build: as asked, or with what the folders need beside it.
    regions: whether it is known where defects are; then the generator asks for regions.
  """
  out = tried.out or 'data/mine'
  train = ['--config', 'pegan_region' if regions else 'pegan_plus',
           '--workdir', 'runs/mine', f'--config.data_dir={out}']
  if tried.image_size != 64:
    train.append(f'--config.image_size={tried.image_size}')
  # It chooses its own numbers of crops, and takes what there is.
  quick = dataclasses.replace(
      tried, out=None, per_class=asked.per_class, backgrounds=asked.backgrounds)
  return ['Go on with:',
          f'  python -m data_prep.build {shlex.join([*_given(tried), "--out", out])}',
          f'  python -m pegan_jax.main {shlex.join(train)}',
          'Or, for a first answer with few updates, in one command:',
          '  python -m pegan_jax.main --mode all --config quick --workdir runs/mine '
          + shlex.join(_given(quick))]


def _given(options):
  """Returns the flags that give options, but for `out`, where they are not the default."""
  given = []
  for field in dataclasses.fields(options):
    name, value = field.name, getattr(options, field.name)
    if name == 'out' or value == field.default:
      continue
    if isinstance(value, bool):
      given.append(f'--{name}' if value else f'--no-{name}')
    elif name in options.SEVERAL:
      given += [f'--{name}', *map(str, value)]
    else:
      value = class_names.join(value) if isinstance(value, tuple) else str(value)
      # What begins with a hyphen would be a flag of its own.
      given += [f'--{name}={value}'] if value.startswith('-') else [f'--{name}', value]
  return given
