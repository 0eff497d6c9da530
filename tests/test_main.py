"""The command line: one sentence and a status, never a traceback."""

import os
import subprocess
import sys

import pytest


def _run(*args, timeout=120):
  process = subprocess.run(
      [sys.executable, '-m', 'pegan_jax.main', *args], capture_output=True,
      text=True, timeout=timeout)
  return process.returncode, process.stdout, process.stderr


@pytest.mark.parametrize('args,words', [
    (['--config=configs/pegan.py'], 'workdir'),
    (['--workdir=w', '--config=configs/nothing.py'], 'configs/nothing.py'),
    (['--workdir=w', '--config=configs/pegan.py', '--config.bach_size=3'],
     'no such config key: \'bach_size\' Did you mean "batch_size"'),
    (['--workdir=w', '--config=configs/pegan.py', '--config.generate.defects=3'],
     "no such config key: 'defects'"),
    (['--workdir=w', '--config=configs/pegan.py', '--config.gen.beta3=0.5'],
     'beta3'),
    (['--workdir=w', '--config=configs/pegan.py', '--config.num_steps=many'],
     'many'),
    (['--workdir=w', '--config=configs/pegan.py', '--mode=fly'], 'fly'),
    (['--workdir=w', '--config=configs/pegan.py', '--mode=inspect'],
     'configs/inspect.py'),
    (['--workdir=w', '--config=configs/inspect.py'], 'the config of a GAN'),
    (['--workdir=w', '--config=configs/compare.py'], 'the config of a GAN'),
    (['--workdir=w', '--config=configs/pegan.py', '--mode=compare'],
     'configs/compare.py'),
    (['--workdir=w', '--config=configs/dcgan.py:papre'], 'choose paper'),
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
  code = ('import sys; import pegan_jax.train, pegan_jax.generate, '
          'pegan_jax.demo, data_prep.build, data_prep.synthetic; '
          'print([m for m in ("tensorflow", "torch", "tensorboard") '
          'if m in sys.modules])')
  out = subprocess.run([sys.executable, '-c', code], capture_output=True,
                       text=True, check=True).stdout
  assert out.strip() == '[]'
