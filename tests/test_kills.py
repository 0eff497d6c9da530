"""Any stage that is killed and run again leaves what it leaves if it is not killed."""

import json
import pathlib
import subprocess
import sys

import pytest

# Stages of `kill_stages` and how many times each is killed here; many more by
# `python -m benchmarks.kills`.
STAGES = {'synthetic': 3, 'build': 3, 'build_frames': 3, 'match': 2, 'train': 3,
          'generate': 3, 'generate_frames': 2, 'evaluate': 2, 'inspect': 2, 'study': 2,
          'compare': 1, 'metrics': 2, 'predict': 2, 'demo': 2}


@pytest.fixture(scope='module')
def kill(tmp_path_factory):
  """kill(stage, count): what `kills.Killer.series` found, by a process for all."""
  program = subprocess.Popen(
      [sys.executable, pathlib.Path(__file__).with_name('kills.py'),
       tmp_path_factory.mktemp('kills') / 'work'],
      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

  def ask(stage, count):
    program.stdin.write(f'{stage} 0 {count}\n')
    program.stdin.flush()
    return json.loads(program.stdout.readline())

  yield ask
  program.stdin.close()
  program.stdout.close()
  assert program.wait() == 0


@pytest.mark.parametrize('stage', STAGES)
def test_a_stage_that_was_killed_ends_as_if_it_had_not_been(kill, stage):
  found = kill(stage, STAGES[stage])
  assert sum(run['killed'] for run in found)  # Else nothing was tested.
  assert not [run for run in found if run['differences']]
