"""The tests themselves: what pytest does not notice."""

import ast
import collections
import pathlib

import pytest

FILES = sorted(pathlib.Path(__file__).parent.rglob('*.py'))


def test_no_two_files_have_one_name():
  """Each is imported by its name alone: the second would be taken for the first."""
  counts = collections.Counter(path.name for path in FILES)
  assert [name for name, count in counts.items() if count > 1] == []


def _asserts(function, known):
  """Whether a test can fail by what it says: itself, or by a function of its file."""
  for node in ast.walk(function):
    if isinstance(node, ast.Assert):
      return True
    if isinstance(node, ast.Call):
      name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
      if name.startswith('assert_') or name in ('raises', 'fail'):
        return True
      called = known.get(name)
      if called and called is not function and _asserts(
          called, {k: v for k, v in known.items() if k != name}):
        return True
  return False


@pytest.mark.parametrize(
    'path', [x for x in FILES if x.name.startswith('test_')], ids=lambda x: x.stem)
def test_every_test_asserts_something(path):
  functions = [x for x in ast.walk(ast.parse(path.read_text('utf-8')))
               if isinstance(x, ast.FunctionDef)]
  known = {x.name: x for x in functions}
  tests = [x for x in functions if x.name.startswith('test_')]
  assert [x.name for x in tests if not _asserts(x, known)] == []
