"""From ArrayRecord shards to batches, in an order that depends on the seed alone.

A batch of pairs is a background, a defect, a background, a defect ... so that any
split of it over devices or processes keeps both kinds on each. Batch k of a run
is a function of (data set, layout, seed, k): a resumed run, or one on other
devices or processes, sees the same images in the same order.
"""

import functools
import io
import math
import pathlib
from typing import NamedTuple

import grain
import numpy as np
from PIL import Image
import tensorflow_datasets as tfds

from data_prep import sources
from pegan_jax.common import provenance
from pegan_jax.common.class_names import check_classes
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset_folder, matches

# In a run's folder: names of the images that it was trained on.
TRAINED_ON = 'trained_on.json'

# Layouts of one column with defects of any class.
_PAIRS = ('pairs', 'matched_pairs')


class DataInfo(NamedTuple):
  """What a built data set holds.

  Attributes:
    folder: its folder.
    classes: names of the defect classes, in label order.
    image_size: side of the stored images in pixels.
    channels: 1 (grey) or 3.
    metadata: what `data_prep.build` noted beside it, such as the scaling rule.
    content: a digest of all records, wherever they lie.
  """
  folder: pathlib.Path
  classes: list[str]
  image_size: int
  channels: int
  metadata: dict
  content: str

  @property
  def max_value(self):
    """The value of 16-bit files that became 255."""
    return self.metadata.get('max_value', 255)

  @property
  def window(self):
    """Side in pixels of a frame of what became a background."""
    return self.metadata.get('window', self.image_size)

  @property
  def reader(self):
    """Reads other images by the rules that these were read by."""
    return sources.Reader(self.image_size, self.channels == 1, self.max_value)

  @property
  def background(self):
    """The label of the background: the one after the defect classes."""
    return len(self.classes)

  @property
  def num_domains(self):
    return len(self.classes) + 1


def load_info(folder):
  """Reads what the data set at `folder` holds; UserError if there is none."""
  folder = pathlib.Path(folder).expanduser()
  builder, metadata = dataset_folder.open_builder(folder)
  names = builder.info.features['label'].names
  if len(names) < 2 or names[-1] != 'background':
    raise UserError(
        f'the data set at {str(folder)!r} has the labels {", ".join(names)}: '
        'the last must be background, after at least one defect class')
  check_classes(names, str(folder))
  shape = builder.info.features['image'].shape
  return DataInfo(folder, names[:-1], shape[0], shape[2], metadata, provenance.of_files(
      folder, folder.glob('*.array_record-*')))


class Records:
  """The records of one split, read and decoded from the shards when asked for.

  Args:
    info: from `load_info`.
    split: 'train' or 'test'; a data set without the latter holds nothing out.
    cache_mb: images once decoded are kept where all of them take no more than
      that many megabytes; 0 keeps none.

  Attributes:
    labels: [n] int32, read once at the start, which also proves every record
      readable.

  Raises:
    UserError: another split than the data set has, or a damaged shard.
  """

  def __init__(self, info, split, cache_mb=0):
    self._folder = info.folder
    self._source = _open(info, split)
    self.labels = np.array(
        [r['label'] for r in self._read(range(len(self._source)))], np.int32)
    shape = (len(self.labels), info.image_size, info.image_size, info.channels)
    self._kept = self._pixels = None
    if math.prod(shape) <= cache_mb * 2**20:
      self._kept, self._pixels = np.zeros(shape[0], bool), np.empty(shape, np.uint8)

  def _read(self, indices):
    if not len(indices):
      return []
    try:
      records = self._source.__getitems__([int(i) for i in indices])
    except Exception as e:
      raise self._damaged('a record cannot be read') from e
    # What a shard that was cut off gives for the records it has lost.
    if any(r['label'] is None for r in records):
      raise self._damaged('records are missing')
    return records

  def _damaged(self, reason):
    return UserError(f'a shard of the data set at {str(self._folder)!r} is '
                     f'damaged ({reason}): build the data set anew')

  def images(self, indices):
    """[n] indices -> uint8 [n, H, W, C]."""
    if self._kept is None:
      return np.stack([_decode(r['image']) for r in self._read(indices)])
    indices = np.asarray(indices)
    new = indices[~self._kept[indices]]
    if len(new):  # Threads may decode the same image, to the same pixels.
      self._pixels[new] = [_decode(r['image']) for r in self._read(new)]
      self._kept[new] = True
    return self._pixels[indices]

  def sources(self, indices):
    """Where each image was cut from: [n] indices -> n strings."""
    return [r['source'].decode() for r in self._read(indices)]

  def groups(self, indices):
    """Numbers of the images' near-duplicate groups: [n] indices -> [n] int."""
    return np.array([r['group'] for r in self._read(indices)])

  def find(self, label):
    """Indices of the records with this label, in order."""
    return np.flatnonzero(self.labels == label)


def _open(info, split):
  """tfds's source of a split's records; an absent test split has none."""
  builder, _ = dataset_folder.open_builder(info.folder)
  if split not in builder.info.splits:
    if split == 'test':
      return []
    raise UserError(f'the data set at {str(info.folder)!r} has no split {split!r}: '
                    f'choose from {", ".join(builder.info.splits)}')
  try:
    return builder.as_data_source(
        split, decoders={'image': tfds.decode.SkipDecoding()})
  except Exception as e:  # Whatever tfds makes of missing shards.
    raise UserError(f'the {split} split of {str(info.folder)!r} cannot be opened: '
                    'build the data set anew') from e


def _decode(png):
  image = np.asarray(Image.open(io.BytesIO(png)))
  return image[..., None] if image.ndim == 2 else image


def _stream(indices, seed, count):
  """`indices` shuffled anew each time round, for ever: k -> the k-th `count` of them.

  grain's own shuffle takes 25 us an index, under the interpreter's lock.
  """
  @functools.lru_cache(4)
  def order(epoch):
    return indices[np.random.default_rng([seed, epoch]).permutation(len(indices))]

  def take(k):
    epochs, places = np.divmod(np.arange(k * count, (k + 1) * count), len(indices))
    return np.concatenate([order(e)[places[epochs == e]]
                           for e in range(epochs[0], epochs[-1] + 1)])

  return take


def batches(config, info, layout='pairs', *, start=0, process_index=0,
            process_count=1):
  """Yields this process's part of batches `start` to `config.num_steps` - 1.

  Args:
    config: `batch_size` (B below, a D update), `n_critic` (N), `num_steps`,
      `seed`, `num_workers` (reading threads; 0 reads when asked), `cache_mb` (as
      `Records` has it).
    info: from `load_info`.
    layout: what a method learns from, with C defect classes:
      'pairs': [N, 2 B], backgrounds and defects of any class by turns;
      'classes': [N, B, C], defects of class c in column c;
      'class_pairs': [N, 2 B, C], backgrounds and defects of class c by turns;
      'matched_pairs': as 'pairs', with what goes with a background, and how much of
      an image each domain covers; also from config, `match`, whether the former is as
      `--mode match` found, or anything.
    start: the first batch; those before it cost nothing.
    process_index: which part of each batch is read here.
    process_count: into how many parts B is cut.

  Yields:
    {'image': uint8 [*layout, H, W, channels], 'label': int32 [*layout]}, and
    with 'matched_pairs' 'match': float32 [*layout, C], probabilities of classes, and
    'area': float32 [*layout, C + 1, 2], each domain's range of `data_prep.build`, or
    0 to 1 where nothing is known and of the background; the same for all images.

  Raises:
    UserError: no backgrounds or no defects to train on, a damaged shard, or no
      matches.
  """
  records = Records(info, 'train', config.cache_mb)
  columns = _columns(records, info, layout)
  match = area = None
  if layout == 'matched_pairs':
    known = info.metadata.get('areas', {})
    area = np.array([known.get(name, (0, 1)) for name in info.classes] + [(0, 1)],
                    np.float32)
    match = np.full((len(records.labels), info.background), 1 / info.background,
                    np.float32)
    if config.match:
      clean = records.find(info.background)
      rows = matches.load(info, 'train')
      matches.check_count(info, 'train', rows, len(clean))
      match[clean] = rows
  shape = (config.n_critic, config.batch_size)
  pairs = config.batch_size // process_count
  mine = slice(process_index * pairs, (process_index + 1) * pairs)
  kinds = len(columns[0])
  streams = [_stream(indices, kinds * len(columns) * config.seed + i,
                     math.prod(shape))
             for i, indices in enumerate(sum(columns, []))]

  def read(step):
    drawn = [stream(int(step)).reshape(shape)[:, mine] for stream in streams]
    index = np.stack(drawn, axis=-1).reshape(
        config.n_critic, pairs, len(columns), kinds)
    index = index.swapaxes(2, 3).reshape(config.n_critic, -1, len(columns))
    if layout in _PAIRS:
      index = index[..., 0]
    images = records.images(index.ravel())
    batch = {'image': images.reshape(*index.shape, *images.shape[1:]),
             'label': records.labels[index]}
    return batch if match is None else batch | {
        'match': match[index], 'area': np.tile(area, (*index.shape, 1, 1))}

  yield from grain.MapDataset.range(start, config.num_steps).map(
      read).to_iter_dataset(grain.ReadOptions(
          num_threads=config.num_workers,
          prefetch_buffer_size=2 * config.num_workers))


def reals_per_step(config, layout, num_classes):
  """How many real images one iteration shows, over all classes."""
  kinds = {**dict.fromkeys(_PAIRS, 2), 'classes': num_classes,
           'class_pairs': 2 * num_classes}
  return config.n_critic * config.batch_size * kinds[layout]


def _columns(records, info, layout):
  """For each column of a layout, the indices of its one or two kinds of images."""
  def found(name, indices):
    if not len(indices):
      raise UserError(
          f'the train split of {str(info.folder)!r} has no {name} images')
    return indices

  if layout in _PAIRS:
    defects = np.flatnonzero(records.labels != info.background)
    return [[found('background', records.find(info.background)),
             found('defect', defects)]]
  columns = [[found(name, records.find(label))]
             for label, name in enumerate(info.classes)]
  if layout == 'class_pairs':
    background = found('background', records.find(info.background))
    columns = [[background, *column] for column in columns]
  return columns
