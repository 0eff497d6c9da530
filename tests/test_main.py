"""The command line: flags, modes, configs; one sentence and a status for what is wrong."""

import importlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

from pegan_jax import main
from pegan_jax.common import config_files
from pegan_jax.common.errors import UserError
from pegan_jax.methods import METHODS

# ml_collections loads configs in a way that Python is about to give up.
pytestmark = pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEGAN = ['--config=configs/pegan.py', '--workdir=w']


def _refused(arguments):
  with pytest.raises(UserError) as e:
    main.parse(arguments)
  assert not os.path.exists('w')
  return ' '.join(str(e.value).split())  # As `command_line.run` prints it.


@pytest.mark.parametrize('arguments,words', [
    ([], '--config is missing: name a method, as in --config pegan'),
    (['--config=configs/pegan.py'], '--workdir is missing'),
    (['--config=pegan', '--workdir='], '--workdir is missing'),
    (['--config=pegan', '--workdir=w', '--flagfile=/none'], '--flagfile is not taken'),
    (['--mode=match', '--config=pegan_plus'], '--workdir is missing'),
    (['--mode=predict', '--config.images=x'], '--workdir is missing'),
    (['--workdir=w', '--config=configs/0.py'],
     '--config configs/0.py: there is no such file or config; choose from compare, '),
    (['--workdir=w', '--config', 'pegan_pluss:x'],
     '--config pegan_pluss: there is no such file or config; choose from pegan_plus, '
     'pegan'),
    ([*PEGAN, '--config.bach_size=3'],
     'no such config key: \'bach_size\' Did you mean "batch_size"'),
    ([*PEGAN, '--config.generate.defects=3'], "no such config key: 'defects'"),
    ([*PEGAN, '--config.per_class=3'], "no such config key: 'per_class': did you mean "
     '--config.generate.per_class, --config.report.per_class?'),
    ([*PEGAN, '--config.gen.beta3=0.5'], 'beta3'),
    ([*PEGAN, '--config.num_steps=many'],
     '--config.num_steps=many: it must be a whole number'),
    ([*PEGAN, '--config.gen=3'], 'it is a group of settings: set them one by one'),
    ([*PEGAN, '--mode=fly'],
     '--mode fly: choose from all, train, generate, evaluate, match'),
    (['--mode'], 'choose from all, train'),
    ([*PEGAN, '--mode=inspect'], '--mode inspect goes with --config inspect; --config '
     'configs/pegan.py goes with --mode train'),
    (['--workdir=w', '--config=inspect'], '--mode train goes with the config of a GAN, '
     'such as --config pegan; --config inspect goes with --mode inspect'),
    (['--workdir=w', '--config=recipe', '--mode=match'], 'goes with --mode compare'),
    ([*PEGAN, '--mode=compare'], '--mode compare goes with --config compare'),
    ([*PEGAN, '--mode=all'], '--mode all goes with --config quick'),
    (['--workdir=w', '--config=study', '--mode=predict'], 'goes with --mode study'),
    (['--workdir=w', '--config=configs/dcgan.py:papre'],
     "--config configs/dcgan.py: no scale 'papre': choose paper"),
    (['--workdir=w', '--config=pegan_plus:paper'], '--config pegan_plus: it has no scales'),
    ([*PEGAN, '--nonsense'], 'nonsense'),
    ([*PEGAN, 'stray'], "unexpected argument 'stray': flags begin with --"),
    ([*PEGAN, '--process_id=1'], 'go with --distributed'),
    ([*PEGAN, '--distributed', '--process_count=2'], 'go together'),
    (['--workdir=w', '--mode=all', '--distributed'], 'train, generate and evaluate'),
    (['--workdir=w', '--mode=generate'], "no run in 'w': train one with this --workdir"),
    (['--mode=evaluate'], '--config is missing'),
])
def test_bad_commands(arguments, words):
  assert words in _refused(arguments)


@pytest.mark.parametrize('text,words', [
    ('import nothing_there', "No module named 'nothing_there'"),
    ('def get_config():\n  return {}["x"]', "there is no key 'x'"),
    ('def get_config(:', 'invalid syntax in line 1'),
    ('def get_config():\n  raise ValueError("too many")', 'mine.py: too many'),
    ('def get_config():\n  return {}', 'must return a ConfigDict'),
    ('', 'no function get_config')])
def test_a_config_of_the_users_own_that_fails(text, words, tmp_path, monkeypatch):
  # By that name ml_collections loads any config; what the last one had would stay.
  monkeypatch.delitem(sys.modules, 'config_config', raising=False)
  path = tmp_path / 'mine.py'
  path.write_text(text)
  said = _refused([f'--config={path}', '--workdir=w'])
  assert words in said and said.startswith(f'--config {path}: ')


def test_a_config_that_is_for_no_mode(tmp_path):
  path = tmp_path / 'mine.py'
  path.write_text('import ml_collections\nget_config = ml_collections.ConfigDict\n')
  assert f'--config {path} is derived from none of ours' in _refused(
      ['--workdir=w', f'--config={path}'])


def test_what_a_command_line_says():
  mode, config, workdir, job, _ = main.parse(
      ['--config.width=0.5', '--workdir', 'runs/x', '--config', 'dcgan:paper',
       '--config.generate.per_class=3', '--noconfig.flip'])
  assert (mode, workdir, job) == ('train', 'runs/x', None)
  assert (config.method, config.image_size, config.width) == ('dcgan', 128, 0.5)
  assert config.generate.per_class == 3 and config.flip is False
  assert main.parse([*PEGAN, '--mode=generate', '--distributed']).job == (None,) * 3
  assert main.parse([*PEGAN, '--distributed', '--coordinator=a:1', '--process_count=2',
                     '--process_id=0']).job == ('a:1', 2, 0)
  assert main.parse(['--config=pegan_plus', '--mode=match', '--config.data_dir=d']
                    ).workdir is None
  config = main.parse(['--mode=study', '--workdir=w', '--config.fractions=0.5,1.0']).config
  assert config.fractions == (0.5, 1.0)
  assert main.parse(['--mode=study', '--workdir=w', '--config.fractions=1.0']
                    ).config.fractions == (1.0,)


def _noted(folder, name, **settings):
  """A workdir whose config.json has what a run with these settings of a config notes."""
  config = importlib.import_module(f'configs.{name}').get_config()
  config.update_from_flattened_dict(settings)
  saved = config.to_dict() | {'dataset': {'classes': ['a']}}
  (folder / 'config.json').write_text(json.dumps(saved))
  return json.loads(json.dumps(config.to_dict()))  # Tuples are lists there.


@pytest.mark.parametrize('name', [*METHODS, 'pegan_paper'])
@pytest.mark.parametrize('mode', ['generate', 'evaluate'])
def test_a_runs_own_settings_need_no_flags(name, mode, tmp_path):
  saved = _noted(tmp_path, name, **{
      'width': 0.25, 'flip': False, 'data_dir': '/data', 'gen.learning_rate': 3e-4,
      'generate.per_class': 7, 'num_steps': 5})
  command = main.parse([f'--mode={mode}', f'--workdir={tmp_path}'])
  assert json.loads(json.dumps(command.config.to_dict())) == saved
  assert f"as the run in '{tmp_path}' was trained: method" in command.note
  for word in (f"method {saved['method']}, ", 'width 0.25', 'flip False', 'data_dir /data'):
    assert word in command.note


def test_what_is_given_comes_before_the_runs_own_settings(tmp_path):
  _noted(tmp_path, 'pegan_plus', **{
      'width': 0.25, 'augment': ('cutout',), 'batch_size': 4, 'data_dir': '/data',
      'generate.per_class': 7, 'generate.seed': 3})
  run = ['--mode=generate', f'--workdir={tmp_path}']
  config = main.parse([*run, '--config.width=0.5', '--config.generate.seed=0']).config
  assert (config.width, config.generate.seed, config.generate.per_class) == (0.5, 0, 7)
  assert config.augment == ('cutout',) and config.data_dir == '/data'
  # A config of the user's own says what to generate, the run how it was trained.
  mine = tmp_path / 'mine.py'
  mine.write_text('from configs import pegan_plus\n'
                  'def get_config():\n'
                  '  config = pegan_plus.get_config()\n'
                  '  config.generate.per_class = 9\n'
                  '  return config\n')
  command = main.parse([*run, f'--config={mine}', '--noconfig.flip'])
  config = command.config
  assert (config.width, config.batch_size, config.flip) == (0.25, 4, False)
  assert (config.generate.per_class, config.generate.seed) == (9, 0)
  assert config.data_dir == '/data' and 'per_class' not in command.note
  assert main.parse([*run, '--config.data_dir=d']).config.data_dir == 'd'
  # Nothing to say where all was given, and training takes no settings.
  given = ['--config=pegan_plus', '--config.width=0.25', '--config.augment=cutout',
           '--config.batch_size=4', '--config.data_dir=/data']
  assert main.parse([*run, *given]).note == ''
  assert main.parse(['--config=pegan_plus', f'--workdir={tmp_path}']).config.width == 1


def test_a_run_of_another_method_or_with_a_damaged_note(tmp_path):
  run = ['--mode=evaluate', f'--workdir={tmp_path}']
  _noted(tmp_path, 'pegan_plus')
  said = _refused([*run, '--config=pegan'])
  assert said == (f"--config pegan: the run in '{tmp_path}' is of method pegan_plus: "
                  'leave --config out')
  note = tmp_path / 'config.json'
  note.write_text('{"method": "pegan", "width": "wide"}')
  assert 'is damaged, width is "wide"' in _refused(run)
  for text in '[]', '{"method": "pegan"', '{"method": ""}', '{"method": "none_such"}':
    note.write_text(text)
    assert f"no run in '{tmp_path}'" in _refused(run)
  note.write_text('[]')  # The checkpoint is compared with, as ever.
  assert main.parse([*run, '--config=pegan']).config.method == 'pegan'


def test_home_is_meant_wherever_a_shell_leaves_its_sign(tmp_path, monkeypatch):
  monkeypatch.setenv('HOME', str(tmp_path))
  (tmp_path / 'mine.py').write_text('from configs import pegan\n'
                                    'get_config = pegan.get_config\n')
  _, config, workdir, *_ = main.parse(
      ['--config=~/mine.py', '--workdir=~/w', '--config.data_dir=~/d',
       '--config.generate.frames=~/f', '--config.generate.classes=a~b'])
  assert (workdir, config.data_dir) == (f'{tmp_path}/w', f'{tmp_path}/d')
  assert config.generate.frames == f'{tmp_path}/f' and config.generate.classes == 'a~b'
  config = main.parse(['--mode=predict', '--workdir=w', '--config.images=~/a,b,~/c']).config
  assert config.images == f'{tmp_path}/a,b,{tmp_path}/c'


def test_every_config_has_a_mode_and_every_mode_a_function():
  own = {'recipe': 'compare', 'standard': 'all', 'demo': 'all'} | {
      mode.own: name for name, mode in main.MODES.items() if mode.own}
  for name in config_files.names():
    mode = own.get(name, 'train')
    assert main.parse([f'--mode={mode}', f'--config={name}', '--workdir=w']).mode == mode
  for name, mode in main.MODES.items():
    if mode.own:  # Its config need not be named.
      assert main.parse([f'--mode={name}', '--workdir=w']).mode == name
    assert callable(getattr(importlib.import_module(f'pegan_jax.{mode.module}'),
                            mode.function or name))


def test_elsewhere_configs_are_ours_and_nothing_slow_is_loaded(tmp_path):
  """In a folder with a `configs` of the user's own, and a config derived from ours."""
  (tmp_path / 'configs').mkdir()
  (tmp_path / 'configs' / 'default.py').write_text('raise SystemExit(7)')
  (tmp_path / 'mine.py').write_text(
      'from configs import pegan\n'
      'def get_config():\n'
      '  config = pegan.get_config()\n'
      '  config.image_size = 33\n'
      '  return config\n')
  code = '''if True:
      import sys
      from pegan_jax import main
      from pegan_jax.common import config_files
      for name in ('mine.py', 'configs/dcgan.py:paper', 'pegan'):
        print(main.parse(['--config', name, '--workdir=w']).config.image_size)
      print(config_files.load('dcgan').get_config().method)
      main.parse(['--mode=all', '--images=i', '--workdir=w'])
      print({'jax', 'flax', 'matplotlib', 'tensorflow_datasets'} & set(sys.modules))
      import pegan_jax.pipeline.stages, pegan_jax.compare, pegan_jax.inspection.study
      print({'tensorflow', 'torch', 'tensorboard'} & set(sys.modules))'''
  done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True,
                        cwd=tmp_path, env=os.environ | {'PYTHONPATH': str(ROOT)})
  assert done.stdout.split() == ['33', '128', '64', 'dcgan', 'set()', 'set()'], done.stderr


def test_a_name_gives_way_to_a_file(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  ours = ROOT / 'configs' / 'dcgan.py'
  for name in ('configs/dcgan.py', 'dcgan.py', 'dcgan'):
    (tmp_path / 'dcgan').mkdir(exist_ok=True)  # A folder is no config.
    assert config_files.find(f'{name}:paper') == f'{ours}:paper'
    (tmp_path / 'dcgan').rmdir()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text('')
    assert config_files.find(f'{name}:paper') == f'{name}:paper'
    (tmp_path / name).unlink()


def test_a_workdir_that_cannot_be_made(data_dir, tmp_path):
  (tmp_path / 'file').write_text('')
  done = subprocess.run(
      [sys.executable, '-m', 'pegan_jax.main', '--config=pegan',
       f'--workdir={tmp_path}/file/run', f'--config.data_dir={data_dir}',
       '--config.image_size=32', '--config.width=0.125', '--config.num_blocks=1'],
      capture_output=True, text=True, timeout=120)
  assert done.returncode == 2 and 'Traceback' not in done.stderr
  assert 'file/run' in done.stderr.splitlines()[-1]


def test_help_names_the_flags_the_modes_and_the_configs(capsys):
  assert main.main(['--help']) == 0
  out = capsys.readouterr().out
  for name in ('--config', '--workdir', '--mode', '--distributed', 'predict', 'pegan_plus'):
    assert name in out
