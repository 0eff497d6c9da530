"""Class and probability of image files, by a trained inspector."""

import csv
import os
import pathlib
import time

import numpy as np

from data_prep import images, sources
from pegan_jax.common import terminal
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import inspector, training

_BLOCK = 256  # Images in memory at once.


def predict(config, workdir):
  """Prints a line per image: file, class, probability.

  Images of any size and format are read as `data_prep.build` reads them: the
  centre square, brought to the inspector's size, grey or coloured as it is.

  Args:
    config: of configs/predict.py.
    workdir: of --mode inspect.

  Returns:
    [(path, class, probability)].

  Raises:
    UserError: no inspector, no images, or one that cannot be read or breaks the
      rules of what the inspector was trained on.
  """
  training.set_up()
  files = _files([x.strip() for x in config.images.split(',') if x.strip()])
  if config.csv and not pathlib.Path(config.csv).absolute().parent.is_dir():
    raise UserError(f'{config.csv}: there is no such folder')
  probabilities, dataset = inspector.load(workdir)
  classes, found, resized = dataset['classes'], [], 0
  reader = sources.Reader(
      dataset['image_size'], dataset['channels'] == 1, dataset['max_value'])
  every, seconds = [], 0.0
  for first in range(0, len(files), _BLOCK):
    block, other = _read(files[first:first + _BLOCK], reader)
    resized += other
    began = time.perf_counter()
    every.append(probabilities(block))
    seconds += time.perf_counter() - began
    found += [(path, classes[row.argmax()], float(row.max()))
              for path, row in zip(files[first:], every[-1])]
    if not config.csv:
      _show(found[first:])
  if config.csv:  # Written first: what is printed to may be closed.
    _write_csv(config.csv, found, np.concatenate(every), classes)
    _show(found)
  if resized:
    terminal.say(f'note: {resized} images were cut square and brought to '
                f'{reader.size}x{reader.size}, as the inspector was trained')
  if len(files) >= _BLOCK:
    terminal.say(f'{len(files) / seconds:.0f} images/s')
  return found


def _show(found):
  for path, name, p in found:
    print(f'{path}  {name}  {p:.3f}')


def _files(paths):
  if not paths:
    raise UserError('config.images is empty: name image files or folders of them')
  files = []
  for path in map(pathlib.Path, paths):
    images.check_name(path)
    if path.is_dir():
      inside = images.list_images(path)
      if not inside:
        raise UserError(f'no images in {str(path)!r}')
      files += inside
    elif path.is_file():
      files.append(path)
    else:
      raise UserError(f'{str(path)!r}: there is no such file or folder')
  return files


def _read(files, reader):
  block, other = [], 0
  for path in files:
    image = reader.read(path)
    other += image.shape[:2] != (reader.size, reader.size)
    block.append(reader.crop(image))
  return np.stack(block), other


def _write_csv(path, found, probabilities, classes):
  part = f'{path}.part'
  with open(part, 'w', newline='', encoding='utf-8') as f:
    writer = csv.writer(f)
    writer.writerow(['file', 'class', 'probability',
                     *(f'p_{c}' for c in classes)])
    for (file, name, p), row in zip(found, probabilities):
      writer.writerow([file, name, f'{p:.6f}', *(f'{x:.6f}' for x in row)])
  os.replace(part, path)
