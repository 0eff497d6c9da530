"""--mode predict: the class and probability of image files, by an inspector."""

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
from pegan_jax.inspection import inspector, training
from pegan_jax.metrics import outputs

_COLUMNS = ['file', *Box._fields, 'class', 'probability']  # Of the table, and then p_*.
_BLOCK = 256  # Number of windows in memory at once, beside the image they are cut from.
_SHOWN = 10  # Problems printed where all end the command.


def predict(config, workdir):
  """Prints a line per image: file, class, probability.

  Images are read as `data_prep.build` reads them, and covered by windows of the size that
  the inspector's data set was cut with, see `cover`. An image's answer is that of its
  surest window. An inspector of whole files, which have no such size, is asked about the
  centre square. What the inspector's own test warns of is said first.

  Args:
    config: from configs/predict.py.
    workdir: that of --mode inspect.

  Returns:
    [(path, class, probability)], one per image.

  Raises:
    UserError: no inspector, one of an earlier version whose windows are not known, no
      images, some that cannot be read or do not fit the images that the inspector was
      trained on, without `skip_bad`, or a place for the answers that `outputs.check`
      refuses; all before the first answer.
  """
  training.set_up()
  check_at_least('window_size', config.window_size, 0, 'as the data set was cut')
  paths = _files([x.strip() for x in config.images.split(',') if x.strip()])
  outputs.check(config.csv, '.csv', _is_answers)
  probabilities, dataset = inspector.load(workdir)
  side, classes = _side(config, dataset, workdir), dataset['classes']
  reader = cutting.Reader(
      dataset['image_size'], dataset['channels'] == 1, dataset['max_value'])
  paths = _readable(paths, reader, config.skip_bad)
  for note in inspector.tested(workdir)[1]:
    terminal.say(f'note of --mode inspect on this inspector: {note}')
  survey.say_depths(paths, reader.max_value)
  unlike, found, lines = collections.Counter(), [], []
  say = lines.append if config.csv else print
  if config.csv:
    paths = cutting.progress(paths, 'predicting')

  def answers():
    for path, boxes, rows in _answers(
        _windows(paths, reader, side, unlike), probabilities):
      k = rows.max(1).argmax()
      found.append((path, classes[rows[k].argmax()], float(rows[k].max())))
      say(_line(*found[-1], boxes[k], rows.argmax(1), classes))
      yield path, boxes, rows

  if config.csv:  # Before printing: standard output may be closed.
    files.write(config.csv, _csv(answers(), classes))
    print('\n'.join(lines))
  else:
    collections.deque(answers(), maxlen=0)
  for what, count in unlike.items():
    terminal.say(f'note: {count} images {what}')
  return found


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


def _files(named):
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


def _windows(paths, reader, side, unlike):
  """Yields ((number, path) of the image, `Box`, uint8 [S, S, C]) of every window.

  `unlike`, a `Counter`, gets how many images were treated in another way than most.
  """
  for number, path in enumerate(paths):
    image = reader.read(path)
    height, width = image.shape[:2]
    least = min(height, width)
    if side is None:
      top, left = (height - least) // 2, (width - least) // 2
      boxes = [Box.square(left, top, least)]
      if (height, width) != (reader.size, reader.size):
        unlike[f'were cut square and brought to {reader.size}x{reader.size}, as the '
               'inspector was trained: --config.window_size covers them by windows'] += 1
    else:
      boxes = cover(height, width, side)
      if least < side:
        unlike[f'are smaller than a window of {side}x{side}: squares of their own shorter '
               'side were enlarged'] += 1
    for box in boxes:
      yield (number, path), box, reader.crop(image, box)


def _answers(windows, probabilities):
  """Yields (path, list of `Box`, [n, classes]) for each image in turn."""
  def rows():
    while block := list(itertools.islice(windows, _BLOCK)):
      image, boxes, crops = zip(*block)
      yield from zip(image, boxes, probabilities(np.stack(crops)))

  for (_, path), group in itertools.groupby(rows(), lambda row: row[0]):
    _, boxes, found = zip(*group)
    yield path, boxes, np.stack(found)


def _line(path, name, probability, box, answers, classes):
  """Returns what is printed of an image: its surest window, and the others' classes."""
  line = f'{path}  {name}  {probability:.3f}'
  if len(answers) == 1:
    return line
  counts = collections.Counter(classes[c] for c in answers).most_common()
  return (f'{line}  at {",".join(map(str, box))}, the surest of {len(answers)} windows: '
          + ', '.join(f'{c} {n}' for c, n in counts))


def _csv(answers, classes):
  """Yields the lines of the .csv file: a header and a row per window."""
  text = io.StringIO()
  writer = csv.writer(text)
  writer.writerow([*_COLUMNS,
                   *(f'p_{c}' for c in classes)])
  for path, boxes, rows in answers:
    for box, row in zip(boxes, rows):
      writer.writerow([path, *box, classes[row.argmax()], f'{row.max():.6f}',
                       *(f'{x:.6f}' for x in row)])
    yield text.getvalue()
    text.seek(0)
    text.truncate()


def _is_answers(path):
  with path.open(encoding='utf-8', newline='') as f:
    return next(csv.reader(f))[:len(_COLUMNS)] == _COLUMNS
