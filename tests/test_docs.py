"""The documents: every command in them parses, every flag and every link is there."""

import ast
import contextlib
import itertools
import json
import pathlib
import re
import shlex

import pytest

from data_prep import build
from pegan_jax import annotations, main, methods
from pegan_jax.common import config_files, provenance
from pegan_jax.metrics import __main__ as metrics_main
from pegan_jax.runs import own_settings

# ml_collections loads configs in a way that Python is about to give up.
pytestmark = pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text('utf-8') for path in sorted([
    *ROOT.glob('*.md'), *ROOT.glob('docs/*.md'), *ROOT.glob('results/*.md')])}
_MODULE = re.compile(r'python3? -m ((?:pegan_jax|data_prep|benchmarks|results)[\w.]*) (.+)')
_BLOCK = re.compile(r'```.*?```', re.DOTALL)


def _docstrings():
  """Returns {file: docstring} of what can be run, and of the configs."""
  return {path.relative_to(ROOT).as_posix(): path.read_text('utf-8').split('"""')[1]
          for folder in ('configs', 'benchmarks', 'results', 'data_prep')
          for path in sorted((ROOT / folder).rglob('*.py'))
          if path.read_text('utf-8').startswith('"""')}


def _commands():
  """Yields (place, module, arguments) of all commands."""
  for place, text in (PAGES | _docstrings()).items():
    # One command on several lines; in a docstring the stroke is written twice.
    lines = re.sub(r'\\+\n\s*', ' ', '\n'.join(
        _BLOCK.findall(text) if place in PAGES else [text])).splitlines()
    spans = re.findall(r'`([^`]+)`', _BLOCK.sub('', text)) if place in PAGES else []
    for line in lines + spans:
      if found := _MODULE.search(' '.join(line.split()).partition(' # ')[0]):
        yield place, *found.groups()


COMMANDS = sorted(set(_commands()))


@pytest.mark.parametrize('place, module, rest', COMMANDS,
                         ids=[f'{x[0]}-{i}' for i, x in enumerate(COMMANDS)])
def test_a_command_is_one_that_the_program_takes(place, module, rest, monkeypatch):
  del place
  words = shlex.split(rest)
  if module == 'pegan_jax.main':
    # As if the workdir held a run, whose settings some modes take.
    monkeypatch.setattr(own_settings, 'read', lambda _: None if any(
        word.startswith('--config') and not word.startswith('--config.')
        for word in words) else json.loads(json.dumps(
            config_files.load('pegan_region').get_config().to_dict())))
    with contextlib.suppress(SystemExit):  # Of --help.
      main.parse(words)
  elif module == 'data_prep.build':
    build._parse(words)
  elif module == 'pegan_jax.metrics':
    metrics_main._parse(words)
  else:
    path = ROOT / (module.replace('.', '/') + '.py')
    text = path.read_text('utf-8')  # Importing a benchmark takes long.
    for word in words:
      if word.startswith('--'):
        name = word.partition('=')[0]
        assert f"'{name}'" in text or f"('{name[2:]}'" in text, name


def test_there_are_commands():
  """Of every program."""
  modules = {module for _, module, _ in COMMANDS}
  assert {'pegan_jax.main', 'data_prep.build', 'data_prep.synthetic', 'pegan_jax.metrics',
          'results.masks', 'benchmarks.train_step'} <= modules
  assert len(COMMANDS) > 60


def _keys():
  """Returns all dotted keys of all configs, and their groups."""
  keys = {'config'}
  for name in config_files.names():
    for key in provenance.flat(config_files.load(name).get_config().to_dict()):
      parts = key.split('.')
      keys |= {'.'.join(['config', *parts[:n]]) for n in range(1, len(parts) + 1)}
  return keys


@pytest.mark.parametrize('page', [page for page in PAGES if page != 'CHANGELOG.md'])
def test_every_key_that_a_page_names_is_one(page):
  named = set(re.findall(r'--(config\.[a-z_0-9.]*[a-z_0-9])', PAGES[page]))
  assert named <= _keys()


@pytest.mark.parametrize('page, names', [
    ('README.md', methods.METHODS), ('docs/training.md', methods.METHODS),
    ('docs/export.md', methods.METHODS), ('docs/generation.md', annotations.WRITTEN)])
def test_methods_and_formats_are_named_where_users_look(page, names):
  assert [name for name in names if not re.search(rf'\b{name}\b', PAGES[page])] == []


def _sentences():
  """Returns the texts of the program, with a stroke for what differs from case to case."""
  found = []
  for folder in ('pegan_jax', 'data_prep'):
    for path in (ROOT / folder).rglob('*.py'):
      for node in ast.walk(ast.parse(path.read_text('utf-8'))):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        found.append(''.join(str(part.value) if isinstance(part, ast.Constant) else '…'
                             for part in parts))
  return '\n'.join(found)


def test_what_is_said_to_be_printed_is_printed():
  said = re.findall(r'^\| `([^`]+)` \|', PAGES['docs/troubleshooting.md'], re.MULTILINE)
  assert len(said) > 25
  program = _sentences()
  assert not [text for text in said if text not in program]


def _anchors(text):
  """Returns the anchors of a page's headings, as GitHub makes them."""
  found = []
  for heading in re.findall(r'^#+ (.*)$', _BLOCK.sub('', text),
                            re.MULTILINE):
    heading = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', heading).lower()
    found.append(re.sub(r'[^\w\- ]', '', heading).replace(' ', '-'))
  return found


@pytest.mark.parametrize('page', PAGES)
def test_every_link_leads_somewhere(page):
  links = re.findall(r'\]\(([^)\s]+)\)', PAGES[page])
  for link in itertools.filterfalse(re.compile('https?:|mailto:').match, links):
    target, _, anchor = link.partition('#')
    path = (ROOT / page).parent / target if target else ROOT / page
    assert path.exists(), link
    if anchor:
      assert anchor in _anchors(path.read_text('utf-8')), link
