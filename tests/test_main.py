"""The command line: one sentence and a status, never a traceback."""

import os
import pathlib
import subprocess
import sys

import pytest

from pegan_jax.common import config_files

ROOT = pathlib.Path(__file__).resolve().parent.parent


def _run(*args, timeout=120):
  process = subprocess.run(
      [sys.executable, '-m', 'pegan_jax.main', *args], capture_output=True,
      text=True, timeout=timeout)
  return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize('args,words', [
    (['--config=configs/pegan.py'], 'workdir'),
    (['--workdir=w', '--config=configs/nothing.py'],
     'configs/nothing.py: there is no such file'),
    (['--workdir=w', '--config=configs/pegan.py', '--config.bach_size=3'],
     'no such config key: \'bach_size\' Did you mean "batch_size"'),
    (['--workdir=w', '--config=configs/pegan.py', '--config.generate.defects=3'],
     "no such config key: 'defects'"),
    (['--workdir=w', '--config=configs/pegan.py', '--config.gen.beta3=0.5'],
     'beta3'),
    (['--workdir=w', '--config=configs/pegan.py', '--config.num_steps=many'],
     '--config.num_steps=many: it must be a whole number'),
    (['--workdir=w', '--config=configs/pegan.py', '--mode=fly'], 'fly'),
    (['--workdir=w', '--config=configs/pegan.py', '--mode=inspect'],
     'configs/inspect.py'),
    (['--workdir=w', '--config=configs/inspect.py'], 'the config of a GAN'),
    (['--workdir=w', '--config=configs/compare.py'], 'the config of a GAN'),
    (['--workdir=w', '--config=configs/pegan.py', '--mode=compare'],
     'configs/compare.py'),
    (['--workdir=w', '--config=configs/dcgan.py:papre'],
     "error: --config configs/dcgan.py: no scale 'papre': choose paper"),
    (['--workdir=w', '--config=configs/pegan.py', '--nonsense'], 'nonsense'),
    (['--workdir=w', '--config=configs/pegan.py', 'stray'], 'stray'),
    (['--workdir=w', '--config=configs/pegan.py', '--process_id=1'],
     'go with --distributed'),
    (['--workdir=w', '--config=configs/pegan.py', '--distributed',
      '--process_count=2'], 'go together'),
    (['--workdir=w', '--config=configs/demo.py', '--mode=demo', '--distributed'],
     'train, generate and evaluate'),
    (['--workdir=w', '--config=configs/pegan.py', '--config.data_dir=/nowhere'],
     'data_prep.build'),
])
def test_bad_commands(args, words):
  status, _, err = _run(*args)
  assert status == 2
  assert words in err
  assert 'Traceback' not in err
  assert len(err.strip().splitlines()) == 1
  assert not os.path.exists('w')


@pytest.mark.parametrize('text,words', [
    ('import nothing_there', "No module named 'nothing_there'"),
    ('def get_config():\n  return {}["x"]', "there is no key 'x'"),
    ('def get_config(:', 'invalid syntax in line 1'),
    ('def get_config():\n  raise ValueError("too many")', 'mine.py: too many'),
    ('def get_config():\n  return {}', 'must return a ConfigDict'),
    ('', 'no function get_config')])
def test_a_config_of_the_users_own_that_fails(text, words, tmp_path):
  path = tmp_path / 'mine.py'
  path.write_text(text)
  status, _, err = _run(f'--config={path}', '--workdir=w')
  assert status == 2 and words in err
  assert err.startswith(f'error: --config {path}: ') and err.count('\n') == 1


def test_configs_are_ours_in_any_folder(data_dir, tmp_path):
  """With a folder `configs` of the user's own, and a config that derives from ours."""
  (tmp_path / 'configs').mkdir()
  (tmp_path / 'configs' / 'default.py').write_text('raise SystemExit(7)')
  (tmp_path / 'mine.py').write_text(
      'from configs import pegan\n'
      'def get_config():\n'
      '  config = pegan.get_config()\n'
      '  config.image_size = 33\n'
      '  return config\n')
  for config, words in (('mine.py', 'image_size is 33'),
                        ('configs/pegan.py', 'width is 0.0')):
    done = subprocess.run(
        [sys.executable, '-m', 'pegan_jax.main', '--config', config,
         '--workdir=w', f'--config.data_dir={data_dir}', '--config.width=0'],
        capture_output=True, text=True, cwd=tmp_path,
        env=os.environ | {'PYTHONPATH': str(ROOT)})
    assert done.returncode == 2 and words in done.stderr, done.stderr
  # The comparison's methods.
  done = subprocess.run(
      [sys.executable, '-c', 'from pegan_jax.common import config_files; '
       'print(config_files.load("dcgan").get_config().method)'],
      capture_output=True, text=True, cwd=tmp_path,
      env=os.environ | {'PYTHONPATH': f'{tmp_path}:{ROOT}'})
  assert done.stdout == 'dcgan\n', done.stderr


def test_a_config_of_ours_gives_way_to_one_at_hand(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  ours = ROOT / 'configs' / 'dcgan.py'
  assert config_files.find('--config=configs/dcgan.py:paper') == (
      f'--config={ours}:paper')
  assert config_files.find('configs/nothing.py') == 'configs/nothing.py'
  (tmp_path / 'configs').mkdir()
  (tmp_path / 'configs' / 'dcgan.py').write_text('')
  assert config_files.find('configs/dcgan.py') == 'configs/dcgan.py'


def test_a_workdir_that_cannot_be_made(data_dir, tmp_path):
  (tmp_path / 'file').write_text('')
  status, _, err = _run(
      '--config=configs/pegan.py', f'--workdir={tmp_path}/file/run',
      f'--config.data_dir={data_dir}', '--config.image_size=32',
      '--config.width=0.125', '--config.num_blocks=1')
  assert status == 2 and 'Traceback' not in err
  assert 'file/run' in err.splitlines()[-1]


def test_help_names_the_flags():
  status, out, err = _run('--help')
  assert status in (0, 1)  # absl's own status for --help is 1
  for flag in ('--config', '--workdir', '--mode'):
    assert flag in out + err


def test_nothing_imports_tensorflow_or_torch():
  code = ('import sys; import pegan_jax.training.train, '
          'pegan_jax.generation.generate, '
          'pegan_jax.demo, data_prep.build, data_prep.synthetic; '
          'print([m for m in ("tensorflow", "torch", "tensorboard") '
          'if m in sys.modules])')
  out = subprocess.run([sys.executable, '-c', code], capture_output=True,
                       text=True, check=True).stdout
  assert out.strip() == '[]'
