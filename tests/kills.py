"""Kills stages at seeded moments, runs them again, and compares what is left on disk.

`python tests/kills.py FOLDER` answers a line of JSON on standard input, [stage, moments]
or [stage, how many kills], with one of what `Killer.series` returns, in a list. It is
a program of its own since importing JAX takes seconds: this process imports everything,
starts neither JAX nor threads, and forks a child for each attempt.
"""

import dataclasses
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
import zlib

# Before NumPy and JAX are loaded. A fork takes along none of its parent's threads.
os.environ['OPENBLAS_NUM_THREADS'] = '1'

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))  # This code, not another's.

# pylint: disable=g-import-not-at-top
import kill_stages
import numpy as np
from pegan_jax.common.errors import UserError
import trees

_PATIENCE = 300  # Seconds after which a child hangs.

# Stages that refuse a folder that is there, as it is where a kill came last of all.
_REFUSE = ('synthetic', 'build', 'build_frames', 'generate', 'generate_frames')

# What changes names from run to run, or says nothing: times, random parts, processes.
_CHANGING = [(re.compile(pattern), name) for pattern, name in (
    (r'events\.out\.tfevents.*', 'events'),
    (r'(?<=^\.raw\.)[a-z0-9_]{8}', '*'),
    (r'(?<=/\.synthetic\.)[a-z0-9_]{8}', '*'),
    (r'(?<=incomplete\.)[A-Z0-9]{6}', '*'), (r'[0-9a-f]{32}', '*'))]


class Watcher:
  """Notes each change of a folder just before it; an audit hook.

  A change is named by what it does, where, and how often that was done before: of
  threads that write side by side any may come first.

  Args:
    folder: the working folder.
    note: called with each name.
  """

  def __init__(self, folder, note):
    self._folder, self._note, self._seen = str(folder), note, {}

  def __call__(self, event, args):
    if event == 'open':
      path, _, flags = args
      if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return
      at = -1
    elif event in ('os.mkdir', 'os.rename'):
      path, at = args[0], args[2]
    elif event in ('os.remove', 'os.rmdir'):
      path, at = args
    else:
      return
    if isinstance(path, int):
      return
    path = os.fsdecode(path)
    if at not in (-1, None):
      path = f'{os.readlink(f"/proc/self/fd/{at}")}/{path}'
    path = os.path.abspath(path)
    if not path.startswith(f'{self._folder}/'):
      return
    path = path[len(self._folder) + 1:]
    for pattern, name in _CHANGING:
      path = pattern.sub(name, path)
    name = f'{event.removeprefix("os.")} {path}'
    self._seen[name] = self._seen.get(name, 0) + 1
    self._note(f'{name} #{self._seen[name]}')


def draw_moment(rng, changes, seconds):
  """Draws when to kill.

  One in four is a time after the start, '0.2 s'. The rest are just before a change,
  'rename a/b #1', or, for one in four, a moment later, 'rename a/b #1 + 0.02 s'. All
  kinds of changes of a folder come equally often: most are the images of one.
  """
  if not changes or rng.random() < 0.25:
    return f'{rng.random() * seconds:.3f} s'
  kinds = {}
  for change in sorted(changes):  # Threads note theirs in any order.
    kinds.setdefault(_kind(change), []).append(change)
  some = list(kinds.values())[rng.integers(len(kinds))]
  change = some[rng.integers(len(some))]
  return (change if rng.random() < 2 / 3 else
          f'{change} + {min(1, seconds / 5) * rng.random() ** 2:.3f} s')


def _kind(change):
  """What is done and where; one place for all that is not in its own place yet."""
  place = re.sub(r'((^| |/)\.[^/]*|[^/]*tmp[^/]*)/.*', r'\1', os.path.dirname(change))
  return re.sub(r'\d+', 'N', f'{change.partition(" ")[0]} {place}')


@dataclasses.dataclass
class _Attempt:
  """How a child ended: exit status (-9 is killed), seconds, changes, what it said."""
  status: int
  seconds: float
  changes: list[str]
  said: str


class Killer:
  """Runs stages in a folder, which gets the inputs once and each stage's reference.

  Args:
    folder: an empty one.
  """

  def __init__(self, folder):
    self._folder = pathlib.Path(folder).resolve()
    self._inputs = self._folder / 'inputs'
    self._inputs.mkdir(parents=True)
    self._references = {}
    tempfile.tempdir = str(self._folder / 'temporary')  # Killed, some stay there.
    os.mkdir(tempfile.tempdir)
    made = self._fork(lambda: kill_stages.prepare(self._inputs))
    if made.status:
      raise SystemExit(f'the inputs cannot be made: {made.said}')

  def series(self, stage, moments, seed=0, number=0):
    """Kills a stage at one moment after another, and then lets it end.

    Args:
      stage: of `kill_stages.STAGES`.
      moments: as `draw_moment` returns them; or a number, so many are drawn.
      seed, number: of the draw.

    Returns:
      {'stage', 'moments': [...], 'killed': how many of them came before the stage had
      ended, 'differences': lines that say what is otherwise than without a kill}.
    """
    reference, first = self._reference(stage)
    rng = np.random.default_rng([seed, number, zlib.crc32(stage.encode())])
    drawn = isinstance(moments, int)
    work, killed, used = self._folder / 'work', 0, []
    kill_stages.start(stage, self._inputs, work)
    for i in range(moments if drawn else len(moments)):
      used.append(draw_moment(rng, first.changes, first.seconds)
                  if drawn else moments[i])
      if self._attempt(stage, work, used[-1]).status != -signal.SIGKILL:
        break
      killed += 1
    last = self._attempt(stage, work)
    found = self._compare(work, reference)
    if last.status and (found or stage not in _REFUSE
                        or not re.search('exists already|is not empty', last.said)):
      said = last.said.strip().splitlines()[-1:] or ['nothing']
      found.insert(0, f'the same command ends with {last.status}: {said[0]}')
    return {'stage': stage, 'moments': used, 'killed': killed, 'differences': found}

  def _reference(self, stage):
    """What a stage leaves that is not killed: (folder, `_Attempt`); made once."""
    if stage not in self._references:
      work, kept = self._folder / 'work', self._folder / 'reference' / stage
      kept.parent.mkdir(exist_ok=True)
      kill_stages.start(stage, self._inputs, work)
      attempt = self._attempt(stage, work)
      if attempt.status:
        raise SystemExit(f'{stage} fails without a kill: {attempt.said}')
      work.rename(kept)
      self._references[stage] = kept, attempt
    return self._references[stage]

  def _attempt(self, stage, work, moment=None):
    # tensorboardX names its file by the second: no one starts again so soon.
    while list(work.rglob(f'*.tfevents.{int(time.time())}.*')):
      time.sleep(0.05)
    return self._fork(lambda: kill_stages.run(stage, self._inputs, work), work, moment)

  def _compare(self, work, reference):
    """In a child as well, since it reads checkpoints."""
    out = self._folder / 'differences.json'
    out.unlink(missing_ok=True)
    compared = self._fork(lambda: out.write_text(json.dumps(
        trees.differences(work, reference))) and 0)
    if compared.status:
      return [f'cannot be compared: {compared.said.strip().splitlines()[-1]}']
    return json.loads(out.read_text())

  def _fork(self, function, work=None, moment=None):
    """Runs `function` in a child; returns its `_Attempt`."""
    said, changes = self._folder / 'said', self._folder / 'changes'
    change, later, seconds = re.fullmatch(
        r'(.*?)( \+ )?(?:([\d.]+) s)?', moment or '').groups()
    began = time.monotonic()
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')  # JAX warns of forks; here it has not started.
      pid = os.fork()
    if not pid:
      _be_child(function, said, changes, work, change, float(seconds or 0))
    at_a_time = seconds and not later
    deadline = began + (float(seconds) if at_a_time else _PATIENCE)
    while True:
      ended, status = os.waitpid(pid, os.WNOHANG)
      if ended:
        break
      if time.monotonic() > deadline:
        os.kill(pid, signal.SIGKILL)
        deadline = float('inf')
      time.sleep(0.002)
    took = time.monotonic() - began
    text = said.read_text(errors='replace')
    if took > _PATIENCE:
      text += f'\nnothing for {_PATIENCE} s'
    return _Attempt(os.waitstatus_to_exitcode(status), took,
                    changes.read_text().splitlines(), text)


def _be_child(function, said, changes, work, fatal, later):
  """Runs `function` and ends the process, or is killed `later` than a change."""
  status = 1
  try:
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
      os.dup2(out, stream)
    log = os.open(changes, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def note(change):
      if change == fatal and later:
        threading.Timer(later, os.kill, (os.getpid(), signal.SIGKILL)).start()
      elif change == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
      os.write(log, f'{change}\n'.encode())

    if work:
      sys.addaudithook(Watcher(work, note))
    status = function() or 0
  except UserError as e:
    print(f'error: {" ".join(str(e).split())}', file=sys.stderr)
    status = 2
  except BaseException:  # pylint: disable=broad-exception-caught
    traceback.print_exc()
  finally:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # pylint: disable=protected-access


def main():
  answers = os.fdopen(os.dup(1), 'w')
  killer = Killer(sys.argv[1])
  for line in sys.stdin:
    stage, moments = json.loads(line)
    found, kills = [], moments
    if isinstance(moments, list):
      found, kills = [killer.series(stage, moments)], 0
    # Kills in a row share the run that ends. A time that is drawn may come after the end,
    # on a machine that is busy or not.
    left = kills
    while left > 0 and len(found) < 10 * kills:
      found.append(killer.series(stage, left, number=len(found)))
      left -= found[-1]['killed']
    print(json.dumps(found), file=answers, flush=True)


if __name__ == '__main__':
  main()
