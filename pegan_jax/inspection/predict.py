"""--mode predict: the class and probability of image files, by an inspector."""

import csv
import io
import pathlib
import time

import numpy as np

from data_prep import images, sources, survey
from pegan_jax.common import files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import inspector, training
from pegan_jax.metrics import outputs

_BLOCK = 256  # Number of images in memory at once.
_COLUMNS = ['file', 'class', 'probability']  # Columns before each class's probability.


def predict(config, workdir):
  """Prints a line per image: file, class, probability.

  Images of any size and format are read as `data_prep.build` reads them: the
  centre square, resized to the inspector's size, grey or coloured like its images.

  Args:
    config: from configs/predict.py.
    workdir: that of --mode inspect.

  Returns:
    [(path, class, probability)].

  Raises:
    UserError: no inspector, no images, one that cannot be read or does not fit the
      images that the inspector was trained on, or a place for the answers that
      `outputs.check` refuses.
  """
  training.set_up()
  paths = _files([x.strip() for x in config.images.split(',') if x.strip()])
  outputs.check(config.csv, '.csv', _is_answers)
  probabilities, dataset = inspector.load(workdir)
  classes, found, resized = dataset['classes'], [], 0
  reader = sources.Reader(
      dataset['image_size'], dataset['channels'] == 1, dataset['max_value'])
  survey.say_depths(paths, reader.max_value)
  every, seconds = [], 0.0
  for first in range(0, len(paths), _BLOCK):
    block, other = _read(paths[first:first + _BLOCK], reader)
    resized += other
    began = time.perf_counter()
    every.append(probabilities(block))
    seconds += time.perf_counter() - began
    found += [(path, classes[row.argmax()], float(row.max()))
              for path, row in zip(paths[first:], every[-1])]
    if not config.csv:
      _show(found[first:])
  if config.csv:  # Before printing: standard output may be closed.
    _write_csv(config.csv, found, np.concatenate(every), classes)
    _show(found)
  if resized:
    terminal.say(f'note: {resized} images were cut square and brought to '
                f'{reader.size}x{reader.size}, as the inspector was trained')
  if len(paths) >= _BLOCK:
    terminal.say(f'{len(paths) / seconds:.0f} images/s')
  return found


def _show(found):
  for path, name, p in found:
    print(f'{path}  {name}  {p:.3f}')


def _files(named):
  if not named:
    raise UserError('config.images is empty: name image files or folders of them')
  paths = []
  for path in map(pathlib.Path, named):
    images.check_name(path)
    if path.is_dir():
      inside = images.list_images(path)
      if not inside:
        raise UserError(f'no images in {str(path)!r}')
      paths += inside
    elif path.is_file():
      paths.append(path)
    else:
      raise UserError(f'{str(path)!r}: there is no such file or folder')
  return paths


def _read(paths, reader):
  block, other = [], 0
  for path in paths:
    image = reader.read(path)
    other += image.shape[:2] != (reader.size, reader.size)
    block.append(reader.crop(image))
  return np.stack(block), other


def _write_csv(path, found, probabilities, classes):
  text = io.StringIO()
  writer = csv.writer(text)
  writer.writerow([*_COLUMNS, *(f'p_{c}' for c in classes)])
  for (file, name, p), row in zip(found, probabilities):
    writer.writerow([file, name, f'{p:.6f}', *(f'{x:.6f}' for x in row)])
  files.write(path, text.getvalue())


def _is_answers(path):
  with path.open(encoding='utf-8', newline='') as f:
    return next(csv.reader(f))[:len(_COLUMNS)] == _COLUMNS
