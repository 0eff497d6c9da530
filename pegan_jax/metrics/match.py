"""Finds which defect classes go with each background of a built data set.

  python -m pegan_jax.main --mode match --config configs/pegan_plus.py \\
      --config.data_dir=data/neu64

A background's classes are those of the training defects nearest to it in the feature
space that the evaluation uses: smooth strip need not become crazing. The shares are
balanced, so that over all backgrounds every class comes as often as any other. Writes
DATA/matches.json, which methods that draw matched targets read; images of the test
split are placed, and never matched to.
"""

import json
import pathlib

import numpy as np

from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, matches
from pegan_jax.metrics import features

NEAREST = 30  # Defects that vote on a background's classes.
_FLOOR = 0.1  # Of the probability, spread over all classes.


def probabilities(backgrounds, defects, labels):
  """Shares of the classes among each background's nearest defects, balanced.

  Args:
    backgrounds: float [n, D], their features.
    defects: float [m, D].
    labels: int [m] of the defects, in [0, C), every class present.

  Returns:
    float64 [n, C]; rows sum to 1, columns to n / C.
  """
  counts = np.bincount(labels)
  squares = lambda x: np.square(x).sum(1)
  distances = squares(defects) - 2 * backgrounds @ defects.T  # But for a row's own.
  nearest = np.argpartition(distances, min(NEAREST, len(labels)) - 1)[:, :NEAREST]
  votes = np.eye(len(counts))[labels[nearest]].sum(1) / counts
  shares = votes / votes.sum(1, keepdims=True)
  shares = (1 - _FLOOR) * shares + _FLOOR / len(counts)
  # Sinkhorn's scaling, rows last.
  for _ in range(1000):
    columns = shares.mean(0) * len(counts)
    if np.abs(columns - 1).max() < 1e-6:
      break
    shares /= columns
    shares /= shares.sum(1, keepdims=True)
  return shares


def match(config, workdir):
  """Writes matches.json into the data set of a run, and says what it wrote.

  Args:
    config: of a GAN: `data_dir` names the data set, `evaluate` the feature network.
    workdir: where the data set lies if `data_dir` does not say; else it is not used.

  Raises:
    UserError: no data set, no backgrounds or defects to train on, no weights.
  """
  info = dataset.load_info(config.data_dir or pathlib.Path(workdir) / 'dataset')
  with files.locked(info.folder, f'matching {info.folder}', 'wait for it'):
    found = _match(info, features.from_config(config.evaluate))
  print(f'Wrote {info.folder / matches.FILE}: '
        + ' and '.join(f'{len(v)} {k}' for k, v in found.items()) + ' backgrounds.')
  first = found['train'].argmax(1)
  print('Their likeliest classes: ' + ', '.join(
      f'{name} {np.sum(first == c)}' for c, name in enumerate(info.classes)) + '.')
  return found


def _match(info, extractor):
  train = dataset.Records(info, 'train')
  defects = np.flatnonzero(train.labels != info.background)
  missing = sorted(set(range(info.background)) - set(train.labels[defects]))
  if missing:
    raise UserError(f'the train split of {str(info.folder)!r} has no images of '
                    + ', '.join(info.classes[c] for c in missing))
  of_defects = extractor(train.images(defects)).astype(np.float64)
  found = {}
  for split in ('train', 'test'):
    records = train if split == 'train' else dataset.Records(info, split)
    clean = records.find(info.background)
    found[split] = np.zeros((0, info.background))
    if len(clean):
      found[split] = probabilities(
          extractor(records.images(clean)).astype(np.float64), of_defects,
          train.labels[defects])
  if not len(found['train']):
    raise UserError(f'the train split of {str(info.folder)!r} has no backgrounds')
  files.write(info.folder / matches.FILE, json.dumps({
      'classes': info.classes, 'content': info.content,
      'protocol': extractor.protocol(),
      **{k: np.round(v, 5).tolist() for k, v in found.items()}}) + '\n')
  return found
