"""Finds which defect classes go with each background of a built data set.

PE-GAN+ runs it before it trains, once per data set; to run it beforehand:

  python -m pegan_jax.main --mode match --config pegan_plus --config.data_dir=data/neu64

A background's classes are those of the training defects nearest to it in the feature
space that the evaluation uses: smooth strip need not become crazing. The shares are
balanced, so that over all backgrounds every class comes as often as any other. Writes
DATA/matches.json, which methods with matched targets read. Backgrounds of the test
split get their classes too, but its defects never vote.
"""

import contextlib
import json
import pathlib

import jax
from jax.experimental import multihost_utils
import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import reason, UserError
from pegan_jax.data import dataset, matches
from pegan_jax.metrics import features, splits

NEAREST = 30  # Defects that vote on a background's classes.
_FLOOR = 0.1  # Share of the probability that is spread over all classes.


def probabilities(backgrounds, defects, labels):
  """Computes the classes' shares among each background's nearest defects, balanced.

  Args:
    backgrounds: float [n, D], their features.
    defects: float [m, D].
    labels: int [m] of the defects, in [0, C), every class present.

  Returns:
    float64 [n, C]; rows sum to 1, columns to n / C.
  """
  counts = np.bincount(labels)
  squares = lambda x: np.square(x).sum(1)
  distances = squares(defects) - 2 * backgrounds @ defects.T  # Plus each row's own.
  nearest = np.argpartition(distances, min(NEAREST, len(labels)) - 1)[:, :NEAREST]
  votes = np.eye(len(counts))[labels[nearest]].sum(1) / counts
  shares = votes / votes.sum(1, keepdims=True)
  shares = (1 - _FLOOR) * shares + _FLOOR / len(counts)
  # Sinkhorn's scaling, with rows last.
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
    workdir: the data set lies in it where `data_dir` is empty; else it is not used.

  Raises:
    UserError: no data set, no backgrounds or defects to train on, no weights, or a
      folder of the data set that cannot be written.
  """
  info = dataset.load_info(config.data_dir or pathlib.Path(workdir) / 'dataset')
  with _locked(info):
    found = _match(info, features.from_config(config.evaluate))
  print(f'Wrote {info.folder / matches.FILE}: '
        + ' and '.join(f'{len(v)} {k}' for k, v in found.items()) + ' backgrounds.')
  first = found['train'].argmax(1)
  print('Their likeliest classes: ' + ', '.join(
      f'{name} {np.sum(first == c)}' for c, name in enumerate(info.classes)) + '.')
  return found


def ensure(run):
  """Matches the data set of a run that needs matches, unless that is done.

  All processes of a job call it: all compute, process 0 writes.

  Args:
    run: a `Run`, whose config and data set are thus known to fit; its saved config
      notes new matches.

  Raises:
    UserError: as `match`.
  """
  if not run.matched:
    return
  with contextlib.ExitStack() as stack:
    done = jax.process_index() > 0 or _is_done(run.info)
    if not done:
      stack.enter_context(_locked(run.info))
      done = _is_done(run.info)  # True if another command held the lock.
    if jax.process_count() > 1:
      done = bool(multihost_utils.broadcast_one_to_all(np.int32(done)))
    if done:
      return
    terminal.say('matching backgrounds with classes, once per data set')
    _match(run.info, features.from_config(run.config.evaluate))
  if jax.process_count() > 1:  # A barrier before the others read what process 0 wrote.
    multihost_utils.sync_global_devices('matches')
  run.saved_config['dataset']['matches'] = matches.digest(run.info)


def ensure_to_sample(run, frames=False):
  """Calls `ensure` before images are sampled, if their backgrounds get matched.

  Args:
    run: a `Run`.
    frames: whether they are painted on whole frames.
  """
  settings = run.config.generate
  if settings.matched and not (settings.backgrounds or frames):
    ensure(run)


def _is_done(info):
  """Returns whether the data set has matches of its own that are whole."""
  try:
    return len(matches.load(info, 'train')) > 0 and matches.load(info, 'test') is not None
  except UserError:
    return False


@contextlib.contextmanager
def _locked(info):
  """Holds the lock of the data set while it gets its matches."""
  with contextlib.ExitStack() as stack:
    try:
      stack.enter_context(
          files.locked(info.folder, f'matching {info.folder}', 'wait for it'))
    except OSError as e:
      raise UserError(
          f'{info.folder} is to get {matches.FILE} and cannot be written ({reason(e)}): '
          'do without by --config.match=False') from e
    yield


def _match(info, extractor):
  train = dataset.Records(info, 'train')
  splits.check_train(info, train)
  defects = np.flatnonzero(train.labels != info.background)
  both = {'train': train, 'test': dataset.Records(info, 'test')}
  clean = {split: records.find(info.background) for split, records in both.items()}
  total = len(defects) + sum(map(len, clean.values()))
  found = {}
  with contextlib.closing(
      terminal.Progress(total, unit='image', what='matching')) as bar:
    features_of = lambda records, indices: extractor(
        records.images(indices), bar.update).astype(np.float64)
    of_defects = features_of(train, defects)
    for split, records in both.items():
      found[split] = np.zeros((0, info.background))
      if len(clean[split]):
        found[split] = probabilities(features_of(records, clean[split]), of_defects,
                                     train.labels[defects])
  if jax.process_index() == 0:
    files.write(info.folder / matches.FILE, json.dumps({
        'classes': info.classes, 'content': info.content,
        'protocol': extractor.protocol(),
        **{k: np.round(v, 5).tolist() for k, v in found.items()}}) + '\n')
  return found
