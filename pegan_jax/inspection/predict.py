"""--mode predict: the class and probability of image files, by an inspector."""

import collections

import numpy as np

from pegan_jax.annotations.regions import Box
from pegan_jax.common import terminal
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import asked, inspector, training
from pegan_jax.metrics import outputs

_COLUMNS = ['file', *Box._fields, 'class', 'probability']  # Of the table, and then p_*.


def predict(config, workdir):
  """Prints a line per image: file, class, probability.

  Images are read as `data_prep.build` reads them, and covered by windows of the size that
  the inspector's data set was cut with, see `asked.cover`. An image's answer is that of
  its surest window. An inspector of whole files, which have no such size, is asked about
  the centre square. What the inspector's own test warns of is said first.

  Args:
    config: from configs/predict.py.
    workdir: that of --mode inspect.

  Returns:
    [(path, class, probability)], one per image.

  Raises:
    UserError: no inspector, no images, as `asked.Images`, or a place for the answers that
      `outputs.check` refuses; all before the first answer.
  """
  training.set_up()
  if config.pictures:
    raise UserError(f'the inspector in {str(workdir)!r} names classes and marks nothing: '
                    'leave pictures out, or train one with --config.task=localise')
  paths = asked.find(config)
  outputs.check(config.csv, '.csv', asked.is_table(_COLUMNS))
  probabilities, dataset = inspector.load(workdir)
  images = asked.Images(config, paths, dataset, inspector.tested(workdir)[1], workdir)
  classes, found, mixed = dataset['classes'], [], 0

  def answers():
    nonlocal mixed
    for path, windows in images.answers(probabilities):
      boxes, rows = zip(*windows)
      rows = np.stack(rows)
      k = rows.max(1).argmax()
      mixed += len(set(rows.argmax(1))) > 1
      found.append((path, classes[rows[k].argmax()], float(rows[k].max())))
      yield _line(*found[-1], boxes[k], rows.argmax(1), classes), [
          [path, *box, classes[row.argmax()], *(f'{x:.6f}' for x in (row.max(), *row))]
          for box, row in zip(boxes, rows)]

  asked.tell(answers(), config.csv, [*_COLUMNS, *(f'p_{c}' for c in classes)])
  if mixed:
    terminal.say(f'note: the windows of {mixed} images are not of one class. The inspector '
                 'knows no clean surface, and may be surest of a window without a defect: '
                 'trust the windows that are on one')
  return found


def _line(path, name, probability, box, answers, classes):
  """Returns what is printed of an image: its surest window, and the others' classes."""
  line = f'{path}  {name}  {probability:.3f}'
  if len(answers) == 1:
    return line
  counts = collections.Counter(classes[c] for c in answers).most_common()
  return (f'{line}  at {",".join(map(str, box))}, the surest of {len(answers)} windows: '
          + ', '.join(f'{c} {n}' for c, n in counts))
