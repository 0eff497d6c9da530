"""Writes a run's scalars, images and texts.

Every writer follows the protocol of `clu.metric_writers.MetricWriter`
(write_scalars, write_images, write_texts, flush, close); those here need
neither TensorFlow nor TensorBoard.
"""

import json
import math
import pathlib
import re
import socket
import time

from tensorboardX import summary
from tensorboardX.proto import event_pb2
from tensorboardX.record_writer import RecordWriter

from data_prep.images import reading
from pegan_jax.common import files, json_text, terminal
from pegan_jax.common.errors import UserError

_LINES = 'metrics.jsonl'
_EVENTS = re.compile(r'events\.out\.tfevents\.(\d{10})\.')  # Other names are not ours.


class TensorBoardWriter:
  """TensorBoard events, encoded by tensorboardX, in `folder`.

  Written in the caller's thread: `tensorboardX.SummaryWriter` hangs for ever
  where its own thread has met a full disk.

  Args:
    folder: where the event files go.
    hidden: events of this and later steps, left by a run that was killed, are hidden.
  """

  def __init__(self, folder, hidden):
    folder.mkdir(parents=True, exist_ok=True)
    # TensorBoard reads files in the order of their names, whatever the clock said.
    second = int(time.time())
    for path in folder.iterdir():
      if found := _EVENTS.match(path.name):
        second = max(second, int(found[1]) + 1)
    self._file = RecordWriter(
        str(folder / f'events.out.tfevents.{second}.{socket.gethostname()}'))
    self._write(file_version='brain.Event:2')
    self._write(step=hidden, session_log=event_pb2.SessionLog(
        status=event_pb2.SessionLog.START))

  def _write(self, **event):
    self._file.write(event_pb2.Event(
        wall_time=time.time(), **event).SerializeToString())

  def write_scalars(self, step, scalars):
    for name, value in scalars.items():
      self._write(step=step, summary=_tagged(name, summary.scalar(name, value)))
    self.flush()

  def write_images(self, step, images):
    for name, image in images.items():
      self._write(step=step, summary=_tagged(name, summary.image(
          name, image[0], dataformats='HWC')))
    self.flush()

  def write_texts(self, step, texts):
    for name, text in texts.items():
      self._write(step=step, summary=summary.text(name, text))

  def flush(self):
    self._file.flush()

  def close(self):
    self._file.close()


def _tagged(name, made):
  """Puts the name back, as tensorboardX would call the classes 'a b' and 'a_b' alike."""
  made.value[0].tag = name
  return made


class FileWriter:
  """Writes the same scalars as lines of metrics.jsonl, the same images as PNG files.

  Args:
    workdir: gets `metrics.jsonl` and `samples/`.
    step: lines and grids of later steps, left by a run that was killed, are removed.
    every: the largest number of steps between two lines; 0 if it is not known.
  """

  def __init__(self, workdir, step, every=0):
    self._samples = pathlib.Path(workdir) / 'samples'
    self._samples.mkdir(parents=True, exist_ok=True)
    for grid in self._samples.glob('*_*.png'):
      number = grid.name.partition('_')[0]
      if number.isdecimal() and int(number) > step:
        grid.unlink()
    path = pathlib.Path(workdir) / _LINES
    if path.is_symlink() and not path.exists():
      raise UserError(f'{path} is a link to a file that is not there: put that back, or '
                      'remove the link')
    last = _keep_until(path, step)
    if every and step - last >= every:
      terminal.say(f'{path} has nothing of the steps {last + 1} to {step}: it was lost')
    self._lines = path.open('a', encoding='utf-8')

  def write_scalars(self, step, scalars):
    scalars = {name: float(value) for name, value in scalars.items()}
    self._lines.write(json.dumps({'step': step} | scalars) + '\n')
    self._lines.flush()

  def write_images(self, step, images):
    for name, image in images.items():
      files.write(sample_path(self._samples, step, name), reading.encode_png(image[0]))

  def write_texts(self, step, texts):
    """Texts are in the workdir already, as config.json."""

  def flush(self):
    self._lines.flush()

  def close(self):
    self._lines.close()


def sample_path(folder, step, name):
  """Returns the path of a step's sample grid `name` in the run's `samples/`."""
  return folder / f'{step:07d}_{name}.png'


def read_lines(workdir):
  """Returns the lines of metrics.jsonl, as dicts of scalars and the 'step'."""
  return [line for line, _ in _read(pathlib.Path(workdir) / _LINES) if line]


def logged(workdir, step):
  """Returns the scalars that metrics.jsonl has of a step: {name: value}."""
  found = {}
  for line in read_lines(workdir):
    if line['step'] == step:
      found |= line
  found.pop('step', None)
  return found


def _read(path):
  """Yields each line of metrics.jsonl: (its content, or None if damaged; its bytes).

  A line without an end was being written when the run was killed, and is left out.
  """
  if not path.exists():
    return
  for text in path.read_bytes().splitlines(keepends=True):
    if not text.endswith(b'\n'):
      continue
    try:
      line = json_text.parse(text)
      if not 0 <= line['step'] < 2**53 or not all(map(math.isfinite, line.values())):
        line = None
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError):
      line = None  # Not numbers, or nothing of ours.
    yield line, text


def _keep_until(path, step):
  """Drops the lines after `step`; returns the last step that is left, or 0."""
  lines = list(_read(path))
  damaged = sum(line is None for line, _ in lines)
  kept = [(line, text) for line, text in lines if line and line['step'] <= step]
  if damaged:
    aside = path.rename(files.numbered(path.with_stem('metrics_damaged')))
    terminal.say(f'{damaged} lines of {path} are damaged: it goes on without them, and '
                 f'the old one is kept as {aside.name}')
  if lines or path.exists():
    files.write(path, b''.join(text for _, text in kept))
  return max((line['step'] for line, _ in kept), default=0)


class MultiWriter:
  """Hands everything to several writers, one after the other."""

  def __init__(self, writers):
    self._writers = writers

  def write_scalars(self, step, scalars):
    for writer in self._writers:
      writer.write_scalars(step, scalars)

  def write_images(self, step, images):
    for writer in self._writers:
      writer.write_images(step, images)

  def write_texts(self, step, texts):
    for writer in self._writers:
      writer.write_texts(step, texts)

  def flush(self):
    for writer in self._writers:
      writer.flush()

  def close(self):
    for writer in self._writers:
      writer.close()


def check(kind):
  """Raises UserError for another kind than `create_writer` has, or one not installed."""
  if kind not in ('tensorboardx', 'clu'):
    raise UserError(
        f'config.writer is {kind!r}: choose tensorboardx or clu')
  if kind == 'clu':
    try:
      from clu import metric_writers  # pylint: disable=unused-import
    except ImportError as e:
      raise UserError(
          'config.writer is clu, which needs TensorFlow and tensorboard '
          f'({e}): install them or use tensorboardx') from e


def create_writer(kind, workdir, step, primary=True, every=0, again=False):
  """Creates the run's writer.

  Args:
    kind: 'tensorboardx', or 'clu' for clu's TensorFlow summaries.
    workdir: gets `tensorboard/`, `metrics.jsonl` and `samples/`.
    step: the step that the run starts or resumes from.
    primary: whether this process writes at all.
    every: as `FileWriter` has it.
    again: whether images or evaluations of `step` itself will be written again.

  Raises:
    UserError: as `check` does.
  """
  check(kind)
  if not primary:
    return MultiWriter([])
  folder = pathlib.Path(workdir) / 'tensorboard'
  if kind == 'clu':
    from clu import metric_writers
    events = metric_writers.SummaryWriter(str(folder))
  else:
    again = again or not step
    events = TensorBoardWriter(folder, step if again else step + 1)
    if again:  # The step's scalars are hidden with its images.
      events.write_scalars(step, logged(workdir, step))
  # The files come last: whatever they have, TensorBoard has, too, after any kill.
  return MultiWriter([events, FileWriter(workdir, step, every)])
