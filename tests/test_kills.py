"""Any stage that is killed and run again leaves what it leaves if it is not killed."""

import json
import pathlib
import subprocess
import sys

import pytest

# Stages of `kill_stages` and how many times each is killed here; many more by
# `python -m benchmarks.kills`.
STAGES = {'synthetic': 3, 'build': 3, 'build_frames': 2, 'match': 2, 'train': 2,
          'generate': 3, 'generate_frames': 2, 'evaluate': 2, 'inspect': 1, 'study': 1,
          'compare': 1, 'metrics': 2, 'predict': 2, 'demo': 1}


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
  assert not '\n'.join(f'killed at {", then ".join(run["moments"])}: {line}'
                       for run in found for line in run['differences'])
