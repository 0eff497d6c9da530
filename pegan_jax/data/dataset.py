"""Opens a built data set and reads its records from ArrayRecord shards."""

import functools
import io
import math
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image
import tensorflow_datasets as tfds

from data_prep.crops import cutting
from pegan_jax.common import provenance
from pegan_jax.common.class_names import check_classes
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset_folder

# File in a run's folder with the names of the images it was trained on.
TRAINED_ON = 'trained_on.json'


class DataInfo(NamedTuple):
  """Describes what a built data set holds.

  Attributes:
    folder: its folder.
    classes: names of the defect classes, in label order.
    image_size: side of the stored images in pixels.
    channels: 1 (grey) or 3.
    metadata: what `data_prep.build` noted beside it, such as the scaling rule.
    content: a digest of all records, wherever they lie.
    annotated: whether the records have masks, which earlier versions did not write.
  """
  folder: pathlib.Path
  classes: list[str]
  image_size: int
  channels: int
  metadata: dict
  content: str
  annotated: bool

  @property
  def max_value(self):
    """Returns the value of 16-bit files that became 255."""
    return self.metadata.get('max_value', 255)

  @property
  def window(self):
    """Returns the side, in pixels of a frame, of a window that became a record."""
    return self.metadata.get('window', self.image_size)

  @property
  def reader(self):
    """Returns a `Reader` of other images, by the rules of this data set."""
    return cutting.Reader(self.image_size, self.channels == 1, self.max_value)

  @property
  def background(self):
    """Returns the label of the background: the one after the defect classes."""
    return len(self.classes)

  @property
  def num_domains(self):
    return len(self.classes) + 1


def load_info(folder):
  """Reads what the data set at `folder` holds.

  Raises:
    UserError: there is none, or it is damaged, or not one of `data_prep.build`.
  """
  folder = pathlib.Path(folder).expanduser()
  builder, metadata = dataset_folder.open_builder(folder)
  names = builder.info.features['label'].names
  if len(names) < 2 or names[-1] != 'background':
    raise UserError(
        f'the data set at {str(folder)!r} has the labels {", ".join(names)}: '
        'the last must be background, after at least one defect class')
  check_classes(names, str(folder))
  if names[:-1] != sorted(names[:-1]):  # `data_prep.build` numbers them by name.
    raise UserError(f'the classes in {folder}/label.labels.txt are not in order: build '
                    'the data set again')
  shape = builder.info.features['image'].shape
  info = DataInfo(
      folder, names[:-1], shape[0], shape[2], metadata,
      provenance.of_files(folder, dataset_folder.shards(builder)),
      dataset_folder.MASK in builder.info.features)
  for split in list(builder.info.splits)[:1]:
    source = _open(info, split)
    for record in _read(source, folder, range(len(source))[:1]):
      _decode(record, info, 'image', shape)
  return info


class Records:
  """The records of one split, read and decoded from the shards on demand.

  Args:
    info: from `load_info`.
    split: 'train' or 'test'; a data set without the latter holds nothing out.
    cache_mb: megabytes; decoded images are kept where all of them take no more than
      this, and so are masks; 0 keeps none.

  Attributes:
    labels: [n] int32, read once at the start, which also proves every record
      readable.

  Raises:
    UserError: another split than the data set has, or a damaged shard.
  """

  def __init__(self, info, split, cache_mb=0):
    self._info = info
    self._source = _open(info, split)
    self.labels = np.array(
        [r['label'] for r in self._read(range(len(self._source)))], np.int32)
    side = (info.image_size, info.image_size)
    self._images, self._masks = (
        _Decoded(len(self.labels), (*side, channels), cache_mb,
                 functools.partial(self._decode, name))
        for name, channels in (('image', info.channels), ('mask', 1)))

  def _read(self, indices):
    return _read(self._source, self._info.folder, indices)

  def _decode(self, name, shape, indices):
    return [_decode(r, self._info, name, shape) for r in self._read(indices)]

  def images(self, indices):
    """Returns the images at [n] indices: uint8 [n, H, W, C]."""
    return self._images(indices)

  def sources(self, indices):
    """Returns where the images at [n] indices were cut from: n strings."""
    return [r['source'].decode() for r in self._read(indices)]

  def groups(self, indices):
    """Returns the near-duplicate groups of the images at [n] indices: [n] int."""
    return np.array([r['group'] for r in self._read(indices)])

  def masks(self, indices):
    """Returns where the defects of the images at [n] indices are.

    Returns:
      uint8 [n, H, W, 1], 255 on the regions of the record's class and 0 elsewhere. All
      255 for a defect that is not annotated, all 0 for a background; so are those of
      data sets of earlier versions.
    """
    if not self._info.annotated:
      shape = (self._info.image_size, self._info.image_size, 1)
      defects = np.uint8(255) * (self.labels[indices] != self._info.background)
      return np.tile(defects[:, None, None, None], (1, *shape))
    return self._masks(indices)

  def annotations(self, indices):
    """Returns what the masks at [n] indices are of: 'mask', 'box' or 'none', n strings."""
    if not self._info.annotated:
      return ['none'] * len(indices)
    return [r['annotation'].decode() for r in self._read(indices)]

  def find(self, label):
    """Returns the indices of the records with this label, in order."""
    return np.flatnonzero(self.labels == label)


class _Decoded:
  """Arrays of the records, decoded on demand, and kept where that takes little memory.

  Args:
    count: number of records.
    shape: of one array.
    megabytes: what all of them may take to be kept.
    decode: (shape, [n] indices) -> list of n uint8 arrays.
  """

  def __init__(self, count, shape, megabytes, decode):
    self._decode = functools.partial(decode, shape)
    self._kept = self._arrays = None
    if count * math.prod(shape) <= megabytes * 2**20:
      self._kept = np.zeros(count, bool)
      self._arrays = np.empty((count, *shape), np.uint8)

  def __call__(self, indices):
    """Returns the arrays at [n] indices: uint8 [n, *shape]."""
    if self._kept is None:
      return np.stack(self._decode(indices))
    indices = np.asarray(indices)
    new = indices[~self._kept[indices]]
    if len(new):  # Threads may decode the same array, to the same values.
      self._arrays[new] = self._decode(new)
      self._kept[new] = True
    return self._arrays[indices]


def _open(info, split):
  """Returns tfds's source of a split's records; an absent test split has none."""
  builder, _ = dataset_folder.open_builder(info.folder)
  if split not in builder.info.splits:
    if split == 'test':
      return []
    raise UserError(f'the data set at {str(info.folder)!r} has no split {split!r}: '
                    f'choose from {", ".join(builder.info.splits)}')
  try:
    return builder.as_data_source(split, decoders={
        name: tfds.decode.SkipDecoding() for name in dataset_folder.PNGS
        if name in builder.info.features})
  except Exception as e:  # tfds raises anything on missing shards.
    raise UserError(f'the {split} split of {str(info.folder)!r} cannot be opened: '
                    'build the data set again') from e


def _read(source, folder, indices):
  """Returns records of a split, not yet decoded; UserError for a damaged shard."""
  if not len(indices):
    return []
  try:
    records = source.__getitems__([int(i) for i in indices])
  except Exception as e:
    raise _damaged(folder, 'a record cannot be read') from e
  # A shard that was cut off gives None for the records it has lost.
  if any(r['label'] is None for r in records):
    raise _damaged(folder, 'records are missing')
  return records


def _damaged(folder, reason):
  return UserError(f'a shard of the data set at {str(folder)!r} is damaged ({reason}): '
                   'build the data set again')


def _decode(record, info, name, shape):
  """Returns a record's image or mask, uint8 `shape`; UserError for another shape."""
  image = np.atleast_3d(np.asarray(Image.open(io.BytesIO(record[name]))))
  if image.shape != shape:
    raise UserError(f'the data set at {str(info.folder)!r} holds an {name} of shape '
                    f'{image.shape}, and its features.json says {shape}: build the data '
                    'set again')
  return image
