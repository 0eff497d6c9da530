"""Runs every command so that a mistake is one sentence, never a traceback."""

import argparse
import contextlib
import errno
import io
import itertools
import os
import re
import shlex
import signal
import sys
import threading
import time

import pegan_jax
from pegan_jax.common import commands, terminal
from pegan_jax.common.errors import UserError

_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
# Messages of JAX, CUDA, the loader and threads that stand for a MemoryError.
_NO_MEMORY = re.compile(
    r"RESOURCE_EXHAUSTED|OUT_OF_MEMORY|[Oo]ut of memory|bad_alloc|can't start new "
    r'thread|failed to map segment|allocate memory')


class Parser(argparse.ArgumentParser):
  """A parser that says in one sentence what is wrong with a flag, also one given twice.

  Every command has --version and --quiet. Arguments are those of
  `argparse.ArgumentParser`; where an installation's command was called, `prog` gives way
  to its name.
  """

  def __init__(self, prog=None, **kwargs):
    called = os.path.basename(sys.argv[0])
    if prog == f'python -m {commands.MODULES.get(called)}':
      prog = called
    super().__init__(
        prog,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **kwargs)
    self.add_argument('--version', action='version',
                      version=f'pegan_jax {pegan_jax.__version__}')
    self.add_argument('--quiet', action=_Quiet, nargs=0, default=argparse.SUPPRESS,
                      help='print errors and results, no progress and no notes')

  def parse_known_args(self, args=None, namespace=None):
    given = {}  # By argparse's rule the last of two would do, and the first be lost.
    words = sys.argv[1:] if args is None else [*args]
    for word in words:
      name = word.partition('=')[0]
      if action := self._option_string_actions.get(name):
        if other := given.get(action.dest):
          self.error((f'{name} is given twice' if name == other else
                      f'{other} and {name} are one flag') + _together(
                          words, [flag for flag, of in self._option_string_actions.items()
                                  if of is action]) * (action.nargs == '+'))
        given[action.dest] = name
    return super().parse_known_args(args, namespace)

  def parse_args(self, args=None, namespace=None):
    words = sys.argv[1:] if args is None else [*args]
    found, rest = self.parse_known_args(words, namespace)
    if rest:
      self.error(_of_a_pattern(words, rest[0])
                 or f"unrecognized arguments: {' '.join(rest)}")
    return found

  def error(self, message):
    raise UserError(f'{message}; see {self.prog} --help')


def _together(words, flags):
  """Returns what to write in place of flags that may have several values, given twice."""
  values, inside = [], False
  for word in words:
    name, _, value = word.partition('=')
    if word.startswith('--'):
      inside = name in flags
      values += [value] * (inside and bool(value))
    elif inside:
      values.append(word)
  return f': write {flags[0]} {shlex.join(values)}'


def _of_a_pattern(words, extra):
  """Returns what to write where a flag takes one folder, and has all that is in it."""
  k = words.index(extra)
  while k and not words[k - 1].startswith('-'):
    k -= 1
  paths = [word for word in itertools.takewhile(
      lambda word: not word.startswith('-'), words[k:])]
  if not k or len(paths) < 2 or not all(map(os.path.exists, paths)):
    return ''
  said = f'{words[k - 1]} takes one folder, and {len(paths)} paths follow it'
  folder = os.path.dirname(paths[0]) or os.curdir
  there = {os.path.normpath(os.path.join(folder, name)) for name in os.listdir(folder)
           if not name.startswith('.')}
  if there != {*map(os.path.normpath, paths)}:
    return f'{said}: put them below one folder, and name that'
  return f'{said}, as a shell makes of *: write {words[k - 1]} {shlex.quote(folder)}'


class _Quiet(argparse.Action):

  def __call__(self, *_):
    terminal.quiet()


class _Outlet(io.FileIO):
  """Standard output or error; the work goes on where nobody reads it.

  Attributes:
    lost: the OSError of the first write that failed, or None.
  """
  lost = None

  def write(self, data):
    try:
      return super().write(data)
    except BlockingIOError:
      raise
    except OSError as e:
      self.lost = self.lost or e
      # The descriptor itself: C++ libraries write there as well.
      os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
      return len(data)


def run(action, interrupted, lower):
  """Runs `action`; a mistake of the user becomes one line on standard error.

  Args:
    action: function without arguments; may return an exit status, or exit.
    interrupted: what Ctrl-C leaves behind, as the end of a sentence; or a function that
      returns it.
    lower: settings that take less memory when they are lowered.

  Returns:
    The exit status: 0, that of `action`, 2 after such a line, 128 + a signal's
    number, or 141 where nobody reads the output to its end.
  """
  outlets = _open_outlets()
  for ending in _ENDINGS:
    if signal.getsignal(ending) != signal.SIG_IGN:  # As nohup leaves SIGHUP.
      signal.signal(ending, lambda signum, _: sys.exit(128 + signum))
  said = None
  try:
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
      signal.signal(signal.SIGINT, signal.default_int_handler)
    with _no_signal_lost():
      _check_encoding()
      status = action() or 0
  except SystemExit as e:
    status = e.code or 0
  except KeyboardInterrupt:
    left = interrupted() if callable(interrupted) else interrupted
    said, status = f'interrupted; {left}', 128 + signal.SIGINT
  except Exception as e:
    said, status = _sentence(e, lower), 2
    if said is None:  # A fault of this program.
      raise
  if said is not None:
    print(f'error: {" ".join(said.split())}', file=sys.stderr)
  lost = _close(outlets)
  return status or lost


@contextlib.contextmanager
def loading():
  """Lets signals end the process at once: libraries crash where one is raised in them."""
  old = {s: signal.getsignal(s) for s in (signal.SIGINT, *_ENDINGS)}
  for signum, handler in old.items():
    if handler not in (signal.SIG_IGN, None):
      signal.signal(signum, pegan_jax.end)
  try:
    yield
  finally:
    for signum, handler in old.items():
      if handler is not None:
        signal.signal(signum, handler)


@contextlib.contextmanager
def _no_signal_lost():
  """Raises a signal again where Python ignores what it raised: in JAX's callbacks."""
  old = sys.unraisablehook
  main = threading.main_thread().ident

  def again(unraisable):
    raised = unraisable.exc_value
    if isinstance(raised, (KeyboardInterrupt, SystemExit)):
      signum = getattr(raised, 'code', 128 + signal.SIGINT) - 128
      threading.Thread(target=send, args=(signum,), daemon=True).start()
    else:
      old(unraisable)

  def send(signum):
    # What is raised inside of the hook is ignored as well, once and for all.
    while _runs(again, sys._current_frames()[main]):
      time.sleep(0.01)
    signal.pthread_kill(main, signum)

  sys.unraisablehook = again
  try:
    yield
  finally:
    sys.unraisablehook = old


def _runs(function, frame):
  """Returns whether the stack that ends in `frame` has a call of `function`."""
  while frame is not None and frame.f_code is not function.__code__:
    frame = frame.f_back
  return frame is not None


def _open_outlets():
  """Makes standard output and error safe to write to; returns their `_Outlet`s.

  The next file that is opened would take the place of a closed descriptor, and get
  what is printed.
  """
  null = os.open(os.devnull, os.O_RDWR)
  while null < 3:
    os.set_inheritable(null, True)
    null = os.dup(null)
  os.close(null)
  outlets = []
  for name, descriptor in (('stdout', 1), ('stderr', 2)):
    old = getattr(sys, name)
    if old is not None and old is not getattr(sys, f'__{name}__'):
      continue  # A stream of the caller's.
    outlet = _Outlet(descriptor, 'w', closefd=False)
    setattr(sys, name, io.TextIOWrapper(
        io.BufferedWriter(outlet), old.encoding if old else 'utf-8',
        'backslashreplace',  # A report has signs that a terminal may lack.
        line_buffering=bool(old and (old.line_buffering or old.write_through))))
    outlets.append(outlet)
  return outlets


def _check_encoding():
  """Raises UserError unless file names are read as UTF-8, as data sets hold them."""
  encoding = sys.getfilesystemencoding()
  if encoding != 'utf-8':
    raise UserError(f'names of files are read as {encoding} here, and what is beyond '
                    'ASCII in them would be lost: set PYTHONUTF8=1')


def _sentence(error, lower):
  """Returns what an error means to a user, or None for a fault of this program."""
  chain, e = [], error
  while e is not None:
    chain.append(e)
    e = e.__cause__ or e.__context__
  no_memory = any(map(_is_no_memory, chain))
  # TensorStore reports a full disk as too little memory.
  if isinstance(error, UserError) and not (
      no_memory and 'memory' not in str(error) and 'disk is full' not in str(error)):
    return str(error)
  if no_memory:
    return f'there is not enough memory: lower {lower}'
  if isinstance(error, OSError):
    return _of_os_error(error)
  if isinstance(error, UnicodeEncodeError):  # A name that was not UTF-8 on disk.
    part = error.object[max(0, error.start - 40):error.end + 40]
    return f'the name {part!a} is not UTF-8: rename the file or folder'
  return None


def _is_no_memory(error):
  return (isinstance(error, MemoryError)
          or isinstance(error, OSError) and error.errno == errno.ENOMEM
          or isinstance(error, (RuntimeError, ValueError, ImportError))
          and _NO_MEMORY.search(str(error)) is not None)


def _of_os_error(error):
  reason = error.strerror or str(error) or 'it cannot be read or written'
  names = ' to '.join(str(x) for x in (error.filename, error.filename2)
                      if x is not None)
  if error.errno in _FULL:
    return f'cannot write {names}: {reason}' if names else f'cannot write: {reason}'
  return f'{names}: {reason}' if names else reason


def _close(outlets):
  """Flushes the streams; returns a status of its own where output was lost, else 0."""
  for stream in (sys.stdout, sys.stderr):
    stream.flush()
  for outlet in outlets:
    if isinstance(outlet.lost, BrokenPipeError):
      return 128 + signal.SIGPIPE
    if outlet.lost is not None:
      name = {1: 'output', 2: 'error'}[outlet.fileno()]
      print(f'error: cannot write to standard {name}: {outlet.lost.strerror}',
            file=sys.stderr, flush=True)
      return 2
  return 0
