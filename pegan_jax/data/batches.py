"""Batches of a data set, in an order that depends on the seed alone.

Backgrounds and defects alternate, so that any split of a batch over devices or
processes keeps both kinds on each. Batch k of a run is a function of (data set, layout,
seed, k): a resumed run, or one on other devices or processes, sees the same images in
the same order.
"""

import functools
import math

import grain
import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.data import matches, placing
from pegan_jax.data.dataset import Records
from pegan_jax.data.layouts import PAIRS


def _stream(indices, seed, count):
  """Returns take(k): the k-th block of `count` indices from an endless stream.

  The stream is reshuffled every epoch. grain's own shuffle takes 25 us per index, under
  the interpreter's lock.
  """
  @functools.lru_cache(4)
  def order(epoch):
    return indices[np.random.default_rng([seed, epoch]).permutation(len(indices))]

  def take(k):
    epochs, places = np.divmod(np.arange(k * count, (k + 1) * count), len(indices))
    return np.concatenate([order(e)[places[epochs == e]]
                           for e in range(epochs[0], epochs[-1] + 1)])

  return take


def _part_of_batches(config, columns, mine):
  """Returns take(k): indices of records of batch k, int [n_critic, b, columns].

  Args:
    config: as of `iterate`.
    columns: from `_columns`.
    mine: slice of the B draws of each kind; the kinds alternate along b.
  """
  shape, kinds = (config.n_critic, config.batch_size), len(columns[0])
  streams = [_stream(indices, kinds * len(columns) * config.seed + i,
                     math.prod(shape))
             for i, indices in enumerate(sum(columns, []))]

  def take(k):
    taken = np.stack([stream(k).reshape(shape)[:, mine] for stream in streams], axis=-1)
    taken = taken.reshape(*taken.shape[:2], len(columns), kinds)
    return taken.swapaxes(2, 3).reshape(config.n_critic, -1, len(columns))

  return take


def iterate(config, info, layout=PAIRS, matched=False, *, start=0, process_index=0,
            process_count=1):
  """Yields this process's part of batches `start` to `config.num_steps` - 1.

  Args:
    config: `batch_size` (B, per D update), `n_critic` (N), `num_steps`, `seed`,
      `num_workers` (reading threads; 0 reads on demand), `cache_mb` (as `Records` has
      it).
    info: from `load_info`.
    layout: a `layouts.Layout`, with the data set's C classes.
    matched: whether `match` holds what matching found, where the layout has it;
      else every class goes with every background.
    start: first batch to yield; those before it cost nothing.
    process_index: which part of each batch is read here.
    process_count: how many parts B is cut into.

  Yields:
    {'image': uint8 [N, *layout, H, W, channels], 'label': int32 [N, *layout]}. With
    `layout.matched` also 'match': float32 [N, *layout, C], probabilities of classes, and
    'area': float32 [N, *layout, C + 1, 2], each domain's range of covered area from
    `data_prep.build`, or 0 to 1 where nothing is known and for the background; the same
    for all images. With `layout.placed` instead 'target': int32 [N, *layout], the domain
    to translate to, for a background a class that goes with it; and 'region': uint8
    [N, *layout, H, W, 1], 255 inside: of a defect its own mask, of a background a region
    that `placing` draws for the target.

  Raises:
    UserError: no backgrounds or no defects to train on, a damaged shard, or no
      matches.
  """
  records = Records(info, 'train', config.cache_mb)
  columns = _columns(records, info, layout)
  match = (_match(records, info, matched) if layout.matched or layout.placed
           else None)
  area = _areas(info)
  placer = _Placer(records, info, match, config.seed) if layout.placed else None
  rows = config.batch_size // process_count
  mine = slice(process_index * rows, (process_index + 1) * rows)
  take = _part_of_batches(config, columns, mine)

  def read(step):
    index = take(int(step))
    if not layout.per_class:
      index = index[..., 0]
    images = records.images(index.ravel())
    batch = {'image': images.reshape(*index.shape, *images.shape[1:]),
             'label': records.labels[index]}
    if layout.placed:
      return batch | placer.place(step, index, 2 * mine.start)
    return batch if match is None else batch | {
        'match': match[index], 'area': np.tile(area, (*index.shape, 1, 1))}

  yield from grain.MapDataset.range(start, config.num_steps).map(
      read).to_iter_dataset(grain.ReadOptions(
          num_threads=config.num_workers,
          prefetch_buffer_size=2 * config.num_workers))


class _Placer:
  """Says what each image of a batch becomes, and where.

  Args:
    records: `Records` of the split.
    info: from `load_info`.
    match: from `_match`.
    seed: of all draws.
  """

  def __init__(self, records, info, match, seed):
    self._records, self._background, self._seed = records, info.background, seed
    self._match = match / match.sum(1, keepdims=True, dtype=np.float64)
    self._regions = placing.Regions(records, info.background)

  def place(self, step, index, first):
    """Returns the batch's 'target' and 'region', as `iterate` yields them.

    Args:
      step: number of the batch.
      index: [N, b] int, this process's records.
      first: place of its first column in the whole batch: an image's draws depend on
        its own place alone.
    """
    target = np.full(index.shape, self._background, np.int32)
    region = self._records.masks(index.ravel())[..., 0]
    region = region.reshape(*index.shape, *region.shape[1:])
    for place in zip(*np.nonzero(self._records.labels[index] == self._background)):
      rng = np.random.default_rng(
          [self._seed, int(step), int(place[0]), first + int(place[1])])
      target[place] = rng.choice(self._background, p=self._match[index[place]])
      region[place] = self._regions.draw(rng, target[place])
    return {'target': target, 'region': region[..., None]}


def _match(records, info, matched):
  """Returns the classes' probabilities for each record: float32 [n, C]."""
  match = np.full((len(records.labels), info.background), 1 / info.background,
                  np.float32)
  if matched:
    clean = records.find(info.background)
    rows = matches.load(info, 'train')
    matches.check_count(info, 'train', rows, len(clean))
    match[clean] = rows
  return match


def _areas(info):
  """Returns the range of area that each domain covers: float32 [C + 1, 2]."""
  known = info.metadata.get('areas', {})
  return np.array([known.get(name, (0, 1)) for name in info.classes] + [(0, 1)],
                  np.float32)


def _columns(records, info, layout):
  """Returns the indices of the one or two kinds in each column of a layout."""
  def found(name, indices):
    if not len(indices):
      raise UserError(
          f'the train split of {str(info.folder)!r} has no {name} images')
    return indices

  if not layout.per_class:
    defects = np.flatnonzero(records.labels != info.background)
    return [[found('background', records.find(info.background)),
             found('defect', defects)]]
  columns = [[found(name, records.find(label))]
             for label, name in enumerate(info.classes)]
  if layout.with_backgrounds:
    background = found('background', records.find(info.background))
    columns = [[background, *column] for column in columns]
  return columns
