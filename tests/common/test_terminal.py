"""What people are told: on a terminal, in a file, and with --quiet."""

import sys

import pytest

from data_prep.images import progress as progress_lib
from pegan_jax.common import command_line, terminal


@pytest.fixture(autouse=True)
def loud(monkeypatch):
  """What is silenced here is loud again afterwards."""
  monkeypatch.setattr(terminal, '_quiet', False)
  monkeypatch.setattr(terminal, '_muted', False)


def _work():
  """Says and shows all that there is."""
  progress = terminal.Progress(4, unit='image', what='drawing')
  progress.update(2)
  progress.report(2, 3.0, 'loss 1')
  progress.close()
  list(progress_lib.progress([1, 2, 3], 'reading'))
  terminal.say('note: odd')
  terminal.say('written to x', always=True)


def test_lines_where_there_is_no_terminal(capsys, monkeypatch):
  monkeypatch.setattr(progress_lib, '_QUIET', -1)
  _work()
  assert capsys.readouterr().err.splitlines() == [
      'image 2/4  3 s/image  00:06 left  loss 1', 'reading: 1 of 3, 00:00 left',
      'reading: 2 of 3, 00:00 left', 'reading: 3 of 3, 00:00 left', 'note: odd',
      'written to x']


def test_bars_with_the_remaining_time_on_a_terminal(capsys, monkeypatch):
  monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
  _work()
  err = capsys.readouterr().err
  for part in ('drawing:  50%', '2/4 [00:00<00:00', 'reading: ', 'loss 1', 'note: odd\n'):
    assert part in err
  assert 's/image  00:' not in err


@pytest.mark.parametrize('on_terminal', [True, False])
def test_quiet_leaves_the_outcome(on_terminal, capsys, monkeypatch):
  monkeypatch.setattr(sys.stderr, 'isatty', lambda: on_terminal)
  monkeypatch.setattr(progress_lib, '_QUIET', -1)
  assert vars(command_line.Parser().parse_args(['--quiet'])) == {}
  _work()
  assert capsys.readouterr().err == 'written to x\n'


def test_one_process_speaks_for_all(capsys):
  terminal.mute()
  _work()
  assert capsys.readouterr().err == ''
