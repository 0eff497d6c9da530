"""The images that an inspector is asked about: read, covered by windows, answered, told."""

import collections
import csv
import io
import itertools
import pathlib

import numpy as np

from data_prep.crops import cutting
from data_prep.images import reading, survey
from data_prep.images.problems import Problems
from pegan_jax.annotations.regions import Box
from pegan_jax.common import files, terminal
from pegan_jax.common.errors import check_at_least, UserError

_BLOCK = 256  # Number of windows in memory at once, beside the image they are cut from.
_SHOWN = 10  # Problems printed where all end the command.


def find(config):
  """Returns the paths of the images that a config names.

  Args:
    config: from configs/predict.py.

  Raises:
    UserError: none are named, one is not there, or a window of a negative size.
  """
  check_at_least('window_size', config.window_size, 0, 'as the data set was cut')
  named = [x.strip() for x in config.images.split(',') if x.strip()]
  if not named:
    raise UserError('config.images is empty: name image files or folders of them')
  paths = []
  for path in map(pathlib.Path, named):
    reading.check_name(path)
    if path.is_dir():
      inside = reading.list_images(path)
      if not inside:
        raise UserError(f'no images in {str(path)!r}')
      paths += inside
    elif path.is_file():
      paths.append(path)
    else:
      raise UserError(f'{str(path)!r}: there is no such file or folder')
  return paths


class Images:
  """Images that are read as an inspector's data set was, and covered by its windows.

  All are read once at the beginning, before the first answer. What the inspector's own
  test warns of is said then.

  Args:
    config: from configs/predict.py.
    paths: from `find`.
    data: `dataset` of `kept.Trained.config`.
    notes: of the inspector's test.
    workdir: the inspector's.

  Attributes:
    paths: of those that can be asked about.
    reader: `cutting.Reader`.

  Raises:
    UserError: some cannot be read or do not fit the images that the inspector was trained
      on, without `skip_bad`; or an inspector of an earlier version, whose windows are not
      known.
  """

  def __init__(self, config, paths, data, notes, workdir):
    self._side = _side(config, data, workdir)
    self.reader = cutting.Reader(
        data['image_size'], data['channels'] == 1, data['max_value'])
    self.paths = _readable(paths, self.reader, config.skip_bad)
    for note in notes:
      terminal.say(f'note of --mode inspect on this inspector: {note}')
    survey.say_depths(self.paths, self.reader.max_value)
    self._live, self._unlike = not config.csv, collections.Counter()

  def answers(self, answer):
    """Asks about each image in turn.

    Args:
      answer: uint8 [n, S, S, C] -> array [n, ...].

    Yields:
      (path, iterator of (`Box` of a window, its answer)); the iterator ends where the
      next image begins.
    """
    def rows():
      windows = self._windows()
      while block := list(itertools.islice(windows, _BLOCK)):
        image, boxes, crops = zip(*block)
        yield from zip(image, boxes, answer(np.stack(crops)))

    for (_, path), group in itertools.groupby(rows(), lambda row: row[0]):
      yield path, ((box, found) for _, box, found in group)
    for what, count in self._unlike.items():
      terminal.say(f'note: {count} images {what}')

  def _windows(self):
    """Yields ((number, path) of the image, `Box`, uint8 [S, S, C]) of every window."""
    # Where answers are printed one by one, progress would come between them.
    paths = self.paths if self._live else cutting.progress(self.paths, 'predicting')
    size, side = self.reader.size, self._side
    for number, path in enumerate(paths):
      image = self.reader.read(path)
      height, width = image.shape[:2]
      least = min(height, width)
      if side is None:
        top, left = (height - least) // 2, (width - least) // 2
        boxes = [Box.square(left, top, least)]
        if (height, width) != (size, size):
          self._unlike[f'were cut square and brought to {size}x{size}, as the inspector '
                       'was trained: --config.window_size covers them by windows'] += 1
      else:
        boxes = cover(height, width, side)
        if least < side:
          self._unlike[f'are smaller than a window of {side}x{side}: squares of their own '
                       'shorter side were enlarged'] += 1
      for box in boxes:
        yield (number, path), box, self.reader.crop(image, box)


def cover(height, width, side):
  """Returns the windows that cover an image, evenly spaced, in reading order.

  Neighbours overlap by half a window or more, so that what is up to half a window long
  lies whole in one of them.

  Args:
    height, width: the image's size in pixels.
    side: the windows' side in pixels; an image smaller than that is covered by squares
      of its own shorter side.

  Returns:
    List of `Box`, within the image.
  """
  side = min(side, height, width)
  tops, lefts = (
      np.linspace(0, rest, 1 - rest // -max(1, side // 2)).round().astype(int).tolist()
      for rest in (height - side, width - side))
  return [Box.square(left, top, side) for top in tops for left in lefts]


def tell(answers, path, columns):
  """Prints a line per image, and writes a table.

  Args:
    answers: iterable of (line, rows of the table) of each image.
    path: of the .csv file, or '' for none.
    columns: its head.
  """
  lines = []

  def table():
    yield _csv([columns])
    for line, rows in answers:
      lines.append(line)
      yield _csv(rows)

  if path:  # Before printing: standard output may be closed.
    files.write(path, table())
    print('\n'.join(lines))
  else:
    for line, _ in answers:
      print(line)


def is_table(columns):
  """Returns a function of a path: whether it is a table whose first columns are these."""
  def is_ours(path):
    with path.open(encoding='utf-8', newline='') as f:
      return next(csv.reader(f))[:len(columns)] == columns
  return is_ours


def _csv(rows):
  text = io.StringIO()
  csv.writer(text).writerows(rows)
  return text.getvalue()


def _side(config, dataset, workdir):
  """Returns the windows' side in pixels, or None for centre squares of any size."""
  if config.window_size:
    return config.window_size
  if 'window' not in dataset:
    raise UserError(
        f'the inspector in {str(workdir)!r} is of an earlier version, which did not note '
        'how its images were cut: run --mode inspect again as it was run, which notes it '
        'and trains nothing, or name the side of the windows with --config.window_size')
  return dataset['window']


def _readable(paths, reader, skip):
  """Reads all images once, before the work, and drops memory of each at once.

  Returns:
    The paths that `reader` takes: all of them, or without `skip` a UserError that
    lists the others.
  """
  problems, good = Problems(), []
  for path in cutting.progress(paths, 'checking'):
    with problems.collected():
      reader.read(path)
      good.append(path)
  if not problems:
    return good
  advice = 'mend or remove {}, or leave {} out with --config.skip_bad=true'
  if not skip and len(problems) == 1:
    raise UserError(f'{problems[0].rstrip(".")}; {advice.format("it", "it")}')
  shown = problems if skip else problems[:_SHOWN]
  more = len(problems) - len(shown)
  terminal.say('\n'.join(shown + [f'and {more} more'] * bool(more)), always=True)
  count = f'{len(problems)} of {len(paths)} images cannot be used, see above'
  if not skip:
    raise UserError(f'{count}: {advice.format("them", "them")}')
  if not good:
    raise UserError(f'{count}: none is left')
  terminal.say(f'note: {count}, and are skipped')
  return good
