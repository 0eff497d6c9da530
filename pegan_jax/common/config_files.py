"""`configs` is the folder beside this package, wherever a command is run."""

import difflib
import importlib.util
import os
import pathlib
import re
import sys

from pegan_jax.common.errors import UserError

_FOLDER = pathlib.Path(__file__).resolve().parents[2] / 'configs'


def use():
  """From here on `import configs` means ours, whatever the current folder has."""
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
  """The module configs/<name>.py of ours."""
  use()
  return importlib.import_module(f'configs.{name}')


def names():
  """The names of our configs; `default` is for those alone that derive from it."""
  return sorted({path.stem for path in _FOLDER.glob('*.py')} - {'__init__', 'default'})


def find(config):
  """The file that --config means, with the scale if it has one.

  Args:
    config: a path, or the name of one of ours, as 'pegan' or 'configs/pegan.py', with a
      scale behind a colon or without: 'dcgan:paper'. A file of that very name goes
      before ours.

  Returns:
    The path and the scale, likewise.

  Raises:
    UserError: there is no such file or name; with the names that are near.
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
