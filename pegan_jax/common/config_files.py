"""Finds and loads configs: `configs` is the folder beside this package."""

import difflib
import importlib.util
import os
import pathlib
import re
import shlex
import sys

from pegan_jax.common.errors import UserError

_FOLDER = pathlib.Path(__file__).resolve().parents[2] / 'configs'


def use():
  """Makes `import configs` mean ours, whatever the current folder has."""
  path = str(_FOLDER / '__init__.py')
  if getattr(sys.modules.get('configs'), '__file__', None) == path:
    return
  for name in [x for x in sys.modules if re.match(r'configs(\.|$)', x)]:
    del sys.modules[name]
  spec = importlib.util.spec_from_file_location(
      'configs', path, submodule_search_locations=[str(_FOLDER)])
  sys.modules['configs'] = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(sys.modules['configs'])


def load(name):
  """Returns our module configs/<name>.py."""
  use()
  return importlib.import_module(f'configs.{name}')


def names():
  """Returns the names of our configs, without `default`, from which they derive."""
  return sorted({path.stem for path in _FOLDER.glob('*.py')} - {'__init__', 'default'})


def find(config):
  """Finds the file that --config means, with the scale if there is one.

  Args:
    config: a path, or the name of one of ours, such as 'pegan' or 'configs/pegan.py';
      a scale may follow after a colon: 'dcgan:paper'. A file of that name takes
      precedence over ours.

  Returns:
    The path and the scale, in the same form.

  Raises:
    UserError: there is no such file or name; the message lists similar names.
  """
  path, colon, scale = os.path.expanduser(config).partition(':')
  if os.path.isfile(path):
    return path + colon + scale
  name = re.fullmatch(r'(?:configs/)?(.*?)(?:\.py)?', path, re.DOTALL)[1]
  if name in names():
    return f'{_FOLDER / name}.py{colon}{scale}'
  near = difflib.get_close_matches(name, names(), cutoff=0.5) or names()
  raise UserError(f'--config {path}: there is no such file or config; choose from '
                  f'{", ".join(near)}, or name a file')


def flag(key, value):
  """Returns the flag that gives a dotted key of a config a value."""
  if isinstance(value, bool):  # As absl writes it.
    value = str(value).lower()
  elif isinstance(value, (list, tuple)):
    value = ','.join(map(str, value))
  return f'--config.{key}={shlex.quote(str(value))}'
