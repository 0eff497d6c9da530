"""The splits of a built data set, for a comparison."""

import pathlib

from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.metrics import sets


def is_dataset(folder):
  """Returns whether `folder` is a data set that `data_prep.build` wrote."""
  return (pathlib.Path(folder) / 'dataset_info.json').is_file()


def check_train(info, records, backgrounds=True):
  """Raises UserError for a class, or backgrounds, without training images.

  Args:
    info: `dataset.DataInfo`.
    records: `dataset.Records` of the train split.
    backgrounds: whether they are needed.
  """
  names = info.classes + ['background'] * backgrounds
  missing = [name for label, name in enumerate(names) if not len(records.find(label))]
  if missing:
    raise UserError(f'the train split of {str(info.folder)!r} has no '
                    f'{" and no ".join(missing)} images')


def train_counts(info):
  """Returns {class: number of training images}, without classes that have none."""
  records = dataset.Records(info, 'train')
  counts = {name: len(records.find(label)) for label, name in enumerate(info.classes)}
  return {name: count for name, count in counts.items() if count}


def read_split(info, split, image_size=None):
  """Reads one split of a built data set without its backgrounds.

  Args:
    info: `dataset.DataInfo`.
    split: 'train' or 'test'.
    image_size: side to which the images are resized; None leaves them.

  Returns:
    {class: (uint8 [n, H, W, C], n sources, [n] groups)}, without the classes
    that the split lacks; {} where there is no such split.

  Raises:
    UserError: a damaged shard.
  """
  records = dataset.Records(info, split)
  found = {}
  for label, name in enumerate(info.classes):
    indices = records.find(label)
    if len(indices):
      found[name] = (sets.resized(records.images(indices), image_size),
                     records.sources(indices), records.groups(indices))
  return found
