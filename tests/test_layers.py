"""Imports point one way: a room may use what stands before it in the list."""

import ast
import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]

# From the ground up. A module of the package's own folder is a room of its own.
ROOMS = ['common', 'annotations', 'data_prep', 'data', 'nets',
         'pretrained', 'methods', 'runs', 'generation', 'metrics', 'training',
         'inspection', 'reporting', 'compare', 'pipeline', 'main']

# The same for data_prep.
DATA_PREP_ROOMS = ['options', 'images', 'crops', 'annotated', 'inputs', 'selection',
                   'report', 'dataset', 'build', 'steel', 'synthetic']

LONGEST_CHAIN = 10  # Files.


def _modules():
  """{dotted name: path} of all that is ours; a package is its __init__.py."""
  found = {}
  for top in ('pegan_jax', 'data_prep'):
    for path in (ROOT / top).rglob('*.py'):
      parts = path.relative_to(ROOT).with_suffix('').parts
      found['.'.join(parts[:-1] if parts[-1] == '__init__' else parts)] = path
  return found


MODULES = _modules()


@functools.cache
def _imports(module):
  """The modules of ours that one imports, anywhere in its file."""
  return _imported(MODULES[module]) - {module}


@functools.cache
def _text(path):
  return path.read_text('utf-8')


def _imported(path):
  """The modules of ours that a file imports; fails where one is not there."""
  found = set()
  for node in ast.walk(ast.parse(_text(path))):
    if isinstance(node, ast.Import):
      found |= {name.name for name in node.names}
    elif isinstance(node, ast.ImportFrom):
      for name in node.names:
        inner = f'{node.module}.{name.name}'
        found.add(inner if inner in MODULES else node.module)
        if inner not in MODULES and node.module in MODULES:
          assert re.search(rf'\b{name.name}\b', _text(MODULES[node.module])), (
              f'{path} imports {inner}')
  found = {x for x in found if x.split('.')[0] in ('pegan_jax', 'data_prep')}
  assert found <= MODULES.keys(), f'{path} imports {found - MODULES.keys()}'
  return found


def _room(module):
  top, *inner = module.split('.')
  return top if top == 'data_prep' else inner[0] if inner else None


def _data_prep_room(module):
  top, *inner = module.split('.')
  return inner[0] if top == 'data_prep' and inner else None


HOUSES = pytest.mark.parametrize('room_of, rooms', [
    (_room, ROOMS), (_data_prep_room, DATA_PREP_ROOMS)])


@HOUSES
def test_every_module_has_a_room(room_of, rooms):
  assert {room_of(m) for m in MODULES} - {None} == set(rooms)


@pytest.mark.parametrize('package, most', [('pegan_jax', 16), ('data_prep', 12)])
def test_a_package_shows_few_names(package, most):
  shown = [p.name for p in (ROOT / package).iterdir() if p.name[0] not in '.'
           and p.name != '__pycache__']
  assert len(shown) <= most, shown


@HOUSES
def test_no_room_uses_one_above_it(room_of, rooms):
  upward = [f'{module} imports {other}' for module in MODULES if room_of(module)
            for other in _imports(module) if room_of(other)
            and rooms.index(room_of(other)) > rooms.index(room_of(module))]
  assert not upward


def test_scripts_import_what_there_is():
  """Those that no test runs."""
  scripts = [p for top in ('benchmarks', 'configs', 'results')
             for p in (ROOT / top).rglob('*.py')]
  assert len(scripts) > 20
  for path in scripts:
    _imported(path)


def test_no_chain_of_files_is_long_and_none_is_a_circle():
  @functools.cache
  def chain(module):
    return max((chain(other) for other in _imports(module)), key=len,
               default=()) + (module,)  # A circle never ends.
  longest = max(map(chain, MODULES), key=len)
  assert len(longest) <= LONGEST_CHAIN, ' > '.join(reversed(longest))
