"""The tfds data set: ArrayRecord shards, written and read without TensorFlow."""

import contextlib
import errno
import io
import os
import pathlib

from array_record.python import array_record_module
import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.proto import tf_example_pb2

from data_prep.images import reading
from data_prep.images.progress import progress


NONE = 'none'  # `annotation` of a record that no mask and no box tells more of.


class _Info(tfds.core.DatasetInfo):
  """Asks no bucket: tfds would make a temporary folder for that, and leave it."""

  def initialize_from_bucket(self):
    pass


class SteelDefects(tfds.core.GeneratorBasedBuilder):
  """Writes the examples it is given; reading needs only the files."""

  VERSION = tfds.core.Version('1.0.0')

  def __init__(self, *, examples=None, classes=(), shape=(), metadata=None, **kwargs):
    """See `write`."""
    self._examples = examples or {}
    self._classes = list(classes)
    self._shape = tuple(shape)
    self._extra = dict(metadata or {})
    super().__init__(**kwargs)

  def _info(self):
    return _Info(
        builder=self,
        description='Steel defect crops by class, and clean backgrounds.',
        features=tfds.features.FeaturesDict({
            'image': tfds.features.Image(
                shape=self._shape, dtype=np.uint8, encoding_format='png'),
            'label': tfds.features.ClassLabel(names=self._classes),
            'source': tfds.features.Text(),
            'group': np.int64,
            'mask': tfds.features.Image(
                shape=(*self._shape[:2], 1), dtype=np.uint8, encoding_format='png'),
            'annotation': tfds.features.Text(),
        }),
        metadata=tfds.core.MetadataDict(self._extra),
    )

  def _split_generators(self, dl_manager):
    del dl_manager
    return {split: self._generate_examples(examples)
            for split, examples in self._examples.items()}

  def _generate_examples(self, examples):
    for key, example in enumerate(progress(examples, 'writing the data set')):
      mask = example.get('mask')
      if mask is None:
        mask = np.full(self._shape[:2], example['label'] != self._classes[-1])
      yield key, {
          'annotation': NONE, **example, 'image': _png(example['image']),
          'mask': _png(np.uint8(255) * mask[:, :, None])}


def _png(image):
  """Returns a PNG file: tfds would encode an array with TensorFlow."""
  return io.BytesIO(reading.encode_png(image))


def write(folder, examples, classes, shape, metadata, shards):
  """Writes a data set.

  Args:
    folder: where to work; must exist.
    examples: {"train": [...], "test": [...]}, each example a dict of `image`
      (uint8, `shape`), `label` (name), `source` (text), `group` (int) and, where it is
      annotated, `mask` (bool [S, S]) and `annotation` ('mask' or 'box').
    classes: label names in order, the background last.
    shape: (S, S, C).
    metadata: dict of plain values, kept as the data set's `info.metadata`.
    shards: files per split, at most the number of examples in the smaller split.

  Returns:
    The folder that `tfds.builder_from_directory` reads, somewhere under `folder`.

  Raises:
    OSError: it cannot be written; a full disk has errno ENOSPC or EDQUOT.
  """
  tfds.disable_progress_bar()
  builder = SteelDefects(
      examples=examples, classes=classes, shape=shape, metadata=metadata,
      data_dir=folder, file_format='array_record')
  shards = min([shards] + [len(part) for part in examples.values()])
  try:
    with contextlib.redirect_stdout(io.StringIO()):  # tfds talks of downloads.
      builder.download_and_prepare(
          download_config=tfds.download.DownloadConfig(num_shards=shards))
    written = pathlib.Path(builder.data_path)
    for path in sorted(written.glob('*.array_record-*')):
      _make_canonical(path)
  except (RuntimeError, OSError) as error:  # Some of ArrayRecord's, some of tfds'.
    for number in (errno.ENOSPC, errno.EDQUOT):
      if os.strerror(number) in str(error) or 'enough disk space' in str(error):
        raise OSError(number, os.strerror(number)) from None
    raise
  return written


def _make_canonical(path):
  """Rewrites a shard with each record's features in sorted order.

  tfds lets protobuf choose the order, which differs from run to run; the same
  inputs must give the same bytes.
  """
  reader = array_record_module.ArrayRecordReader(str(path))
  records = reader.read_all()
  reader.close()
  writer = array_record_module.ArrayRecordWriter(str(path), 'group_size:1')
  for record in records:
    example = tf_example_pb2.Example.FromString(record)
    writer.write(example.SerializeToString(deterministic=True))
  writer.close()
