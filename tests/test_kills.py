"""Any stage that is killed and run again leaves what it leaves if it is not killed."""

import json
import pathlib
import subprocess
import sys

import pytest

# Stages of `kill_stages` and how many times each is killed here; many more by
# `python -m benchmarks.kills`.
STAGES = {'synthetic': 2, 'build': 2, 'build_frames': 1, 'match': 2, 'train': 1,
          'generate': 2, 'generate_frames': 2, 'evaluate': 2, 'inspect': 1, 'study': 1,
          'compare': 1, 'metrics': 2, 'predict': 2, 'all': 1}

# Moments at which something was once lost or left.
KNOWN = {
    'generate': 'rename run/.generated.part/work/annotations #1',
    'synthetic': 'rmdir .raw.part #1',
    'train': 'rename run/checkpoints/2.orbax-checkpoint-tmp #1 + 0.01 s',
}


@pytest.fixture(scope='module')
def kill(tmp_path_factory):
  """kill(stage, moments): what `kills.Killer.series` found, by a process for all.

  Moments are a list of them, or how many kills at drawn ones.
  """
  program = subprocess.Popen(
      [sys.executable, pathlib.Path(__file__).with_name('kills.py'),
       tmp_path_factory.mktemp('kills') / 'work'],
      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

  def ask(stage, moments):
    program.stdin.write(json.dumps([stage, moments]) + '\n')
    program.stdin.flush()
    return json.loads(program.stdout.readline())

  yield ask
  program.stdin.close()
  program.stdout.close()
  assert program.wait() == 0


@pytest.mark.parametrize('stage', STAGES)
def test_a_stage_that_was_killed_ends_as_if_it_had_not_been(kill, stage):
  _check(kill(stage, STAGES[stage]))


@pytest.mark.parametrize('stage', KNOWN)
def test_moments_that_are_known(kill, stage):
  _check(kill(stage, [KNOWN[stage]]))


def _check(found):
  assert sum(run['killed'] for run in found)  # Else nothing was tested.
  assert not '\n'.join(f'killed at {", then ".join(run["moments"])}: {line}'
                       for run in found for line in run['differences'])
