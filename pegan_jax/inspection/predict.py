"""Class and probability of image files, by a trained inspector."""

import csv
import os
import pathlib
import time

import numpy as np

from data_prep import images
from pegan_jax import monitor
from pegan_jax.errors import UserError
from pegan_jax.inspection import inspector

_BLOCK = 256  # Images in memory at once.


def predict(workdir, paths, csv_path=None):
  """Prints a line an image: file, class, probability.

  Images of any size and format are read as `data_prep.build` reads them: the
  centre square, brought to the inspector's size, grey or coloured as it is.

  Args:
    workdir: of --mode inspect.
    paths: image files and folders of them.
    csv_path: gets the same with every class's probability; None writes none.

  Returns:
    [(path, class, probability)].

  Raises:
    UserError: no inspector, no images, or one that cannot be read.
  """
  files = _files(paths)
  if csv_path and not pathlib.Path(csv_path).absolute().parent.is_dir():
    raise UserError(f'{csv_path}: there is no such folder')
  probabilities, dataset = inspector.load(workdir)
  classes, found, resized = dataset['classes'], [], 0
  every, seconds = [], 0.0
  for first in range(0, len(files), _BLOCK):
    block, other = _read(files[first:first + _BLOCK], dataset)
    resized += other
    began = time.perf_counter()
    p = probabilities(block)
    seconds += time.perf_counter() - began
    every.append(p)
    for path, row in zip(files[first:first + _BLOCK], p):
      found.append((path, classes[row.argmax()], float(row.max())))
      print(f'{path}  {found[-1][1]}  {found[-1][2]:.3f}')
  if resized:
    size = dataset['image_size']
    monitor.say(f'note: {resized} images were cut square and brought to '
                f'{size}x{size}, as the inspector was trained')
  if len(files) >= _BLOCK:
    monitor.say(f'{len(files) / seconds:.0f} images/s')
  if csv_path:
    _write_csv(csv_path, found, np.concatenate(every), classes)
  return found


def _files(paths):
  files = []
  for path in map(pathlib.Path, paths):
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


def _read(files, dataset):
  size, block, other = dataset['image_size'], [], 0
  for path in files:
    image = images.read_image(path, dataset['channels'] == 1,
                              dataset['max_value'])
    other += image.shape[:2] != (size, size)
    block.append(images.square_crop_resize(image, size))
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
