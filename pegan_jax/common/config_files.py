"""`configs` is the folder beside this package, wherever a command is run."""

import importlib.util
import pathlib
import re
import sys

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


def find(argument):
  """An argument with our file for configs/x.py where no such file is at hand.

  Args:
    argument: of the command line, '--config=configs/x.py:scale' or what follows
      --config.

  Returns:
    The same, or with the path of ours.
  """
  found = re.fullmatch(r'(--?config=)?configs/([^/:]+\.py)(:.*)?', argument)
  if not found or pathlib.Path('configs', found[2]).exists():
    return argument
  path = _FOLDER / found[2]
  return f'{found[1] or ""}{path}{found[3] or ""}' if path.exists() else argument
