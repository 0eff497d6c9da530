"""Whole or not at all, and one writer at a time."""

import errno
import os
import signal

import pytest

from pegan_jax.common import files
from pegan_jax.common.errors import UserError


def _in_child(action):
  """Runs `action` in a process of its own, which may kill itself; returns its status."""
  child = os.fork()
  if not child:
    try:
      action()
    finally:
      os._exit(0)
  return os.waitpid(child, 0)[1]


def _make(*outs, kill_at=None, replace=False):
  """Makes `outs`, each with a file; is killed before its `kill_at`th rename."""
  count, rename = 0, os.rename

  def killing(*args):
    nonlocal count
    count += 1
    if count == kill_at:
      os.kill(os.getpid(), signal.SIGKILL)
    rename(*args)

  os.rename = killing
  with files.whole(*outs, replace=replace) as (folder, keep):
    for out in outs:
      (folder / out.name).mkdir()
      (folder / out.name / 'file').write_text(f'new {out.name}')
    keep(*(folder / out.name for out in outs))


def _content(folder):
  return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob('*')
          if p.is_file()}


# A fork of a process with threads: the child does nothing but these few calls.
_forks = pytest.mark.filterwarnings('ignore:.*fork.*')


@_forks
@pytest.mark.parametrize('kill_at', [1, 2])
def test_what_was_whole_when_it_was_killed_is_moved_by_the_next(tmp_path, kill_at):
  outs = tmp_path / 'a', tmp_path / 'b'
  assert _in_child(lambda: _make(*outs, kill_at=kill_at)) == signal.SIGKILL
  assert sum(out.exists() for out in outs) == kill_at - 1
  files.finish(outs[0])
  assert _content(tmp_path) == {'a/file': 'new a', 'b/file': 'new b'}
  assert sorted(p.name for p in tmp_path.iterdir()) == ['a', 'b']


@_forks
@pytest.mark.parametrize('kill_at', [1, 2])
def test_a_replaced_folder_is_the_old_or_the_new_one(tmp_path, kill_at):
  out = tmp_path / 'a'
  out.mkdir()
  (out / 'old').write_text('old')
  assert _in_child(
      lambda: _make(out, kill_at=kill_at, replace=True)) == signal.SIGKILL
  if kill_at == 1:
    assert (out / 'old').read_text() == 'old'
  files.finish(out)
  assert _content(tmp_path) == {'a/file': 'new a'}
  assert [p.name for p in tmp_path.iterdir()] == ['a']


@_forks
def test_what_was_half_made_is_cleared_away(tmp_path):
  out = tmp_path / 'a'

  def half():
    with files.whole(out) as (folder, _):
      (folder / 'file').write_text('half')
      os.kill(os.getpid(), signal.SIGKILL)

  assert _in_child(half) == signal.SIGKILL
  assert [p.name for p in tmp_path.iterdir()] == ['.a.part']
  files.finish(out)
  assert not list(tmp_path.iterdir())


@_forks
def test_what_came_meanwhile_in_its_place_is_not_lost(tmp_path):
  out = tmp_path / 'a'
  assert _in_child(lambda: _make(out, kill_at=1)) == signal.SIGKILL
  out.mkdir()
  (out / 'precious').write_text('mine')
  with pytest.raises(UserError, match='a exists already: move it away'):
    files.finish(out)
  out.rename(tmp_path / 'away')
  files.finish(out)
  assert _content(tmp_path) == {'a/file': 'new a', 'away/precious': 'mine'}


@_forks
def test_a_lock_ends_with_its_process_and_leaves_nothing(tmp_path):
  read, write = os.pipe()

  def hold():
    with files.locked(tmp_path, 'training in x'):
      os.write(write, b'.')
      signal.pause()

  child = os.fork()
  if not child:
    hold()
  os.read(read, 1)
  with pytest.raises(UserError, match='^another process is training in x: wait'):
    with files.locked(tmp_path, 'training in x'):
      pass
  os.kill(child, signal.SIGKILL)
  os.waitpid(child, 0)
  with files.locked(tmp_path, 'training in x'):
    with pytest.raises(UserError, match='another process'):
      with files.locked(tmp_path, 'training in x'):  # Of one process, too.
        pass
  assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_is_written_all_the_same(tmp_path, monkeypatch):
  def refuse(*_):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
  monkeypatch.setattr(files.fcntl, 'flock', refuse)
  with files.locked(tmp_path, 'training in x'):
    files.write(tmp_path / 'a', 'text')
  assert [path.name for path in tmp_path.iterdir()] == ['a']


@pytest.mark.parametrize('content', ['grün\n', b'\x00\xff'])
def test_a_file_is_the_old_or_the_new_one(tmp_path, monkeypatch, content):
  path = tmp_path / 'a.json'
  files.write(path, content)
  whole = path.read_bytes()
  assert whole == (content.encode() if isinstance(content, str) else content)

  def fail(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
  monkeypatch.setattr(os, 'replace', fail)
  with pytest.raises(OSError):
    files.write(path, 'more')
  assert path.read_bytes() == whole and list(tmp_path.iterdir()) == [path]


def test_a_file_in_pieces_is_whole_or_not_there(tmp_path):
  files.write(tmp_path / 'a', (f'{x}\r\n' for x in 'äb'))
  whole = (tmp_path / 'a').read_bytes()
  assert whole == 'ä\r\nb\r\n'.encode()

  def fail():
    yield 'more'
    raise UserError('no more')
  with pytest.raises(UserError):
    files.write(tmp_path / 'a', fail())
  assert (tmp_path / 'a').read_bytes() == whole and len(list(tmp_path.iterdir())) == 1


def test_an_input_that_cannot_be_read_is_not_blamed_on_the_output(tmp_path):
  error = PermissionError(errno.EACCES, 'Permission denied', str(tmp_path / 'input'))
  with pytest.raises(PermissionError) as raised:
    with files.whole(tmp_path / 'out'):
      raise error
  assert raised.value is error
  with pytest.raises(UserError, match='out cannot be written: permission denied'):
    with files.whole(tmp_path / 'out') as (folder, _):
      raise PermissionError(errno.EACCES, 'Permission denied', str(folder / 'x.png'))
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('content', ['', '{', '{}', '{"moves": 3, "replace": true}'])
def test_a_damaged_note_of_moves_is_none(tmp_path, content):
  work = tmp_path / '.a.part'
  work.mkdir()
  (work / 'whole.json').write_text(content)
  files.finish(tmp_path / 'a')
  assert not list(tmp_path.iterdir())


def test_a_folder_needs_a_name_of_its_own(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  assert files.named('.') == tmp_path and files.named('a') == files.pathlib.Path('a')
  with pytest.raises(UserError, match='exists already'):
    with files.whole('.'):
      pass
  with pytest.raises(UserError, match='cannot be the name of a new folder'):
    files.named('/')


def test_json_without_end_is_damaged(tmp_path):
  (tmp_path / 'a.json').write_text('[' * 200_000)
  with pytest.raises(ValueError):
    files.read_json(tmp_path / 'a.json')


def test_a_file_where_the_work_is_done_is_named(tmp_path):
  (tmp_path / '.out.part').write_text('mine')
  for make in (files.finish, lambda out: _make(out)):
    with pytest.raises(UserError, match=r'\.out\.part is not a folder, .*out is made'):
      make(tmp_path / 'out')
  assert (tmp_path / '.out.part').read_text() == 'mine'
