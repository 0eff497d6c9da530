"""The images of a study: a built data set's two splits, and generated folders."""

import dataclasses
import pathlib
import zlib
from typing import NamedTuple

import numpy as np

from pegan_jax.common import terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.metrics import origins, sets
from pegan_jax.runs import own_settings


_LEAST = 2  # Images of a class, real or generated, where some are left out.


@dataclasses.dataclass(frozen=True)
class Images:
  """Labelled images in memory.

  Attributes:
    pixels: uint8 [n, S, S, 1 or 3].
    labels: int32 [n].
    names: n strings: the sources of real images, the files of generated ones.
    groups: int [n]; near-duplicates share a number.
  """
  pixels: np.ndarray
  labels: np.ndarray
  names: list[str]
  groups: np.ndarray

  def __len__(self):
    return len(self.labels)

  def take(self, indices):
    """Returns the images of these indices."""
    return Images(self.pixels[indices], self.labels[indices],
                  [self.names[i] for i in indices], self.groups[indices])

  def checksum(self):
    """Returns a checksum of pixels and labels, in order."""
    return zlib.crc32(self.labels.astype('<i4').tobytes(),
                      zlib.crc32(np.ascontiguousarray(self.pixels)))


class Sets(NamedTuple):
  """Holds what a study trained and tested on.

  Attributes:
    info: `data.DataInfo`.
    train, test: `Images` of both splits.
    generated: {name of a set: its `Images`}.
    pasted: names of those that were pasted.
  """
  info: dataset.DataInfo
  train: Images
  test: Images
  generated: dict
  pasted: list


def load_splits(info, other=None, clean=False):
  """Reads a built data set's images.

  Args:
    info: `data.DataInfo`.
    other: that of a data set whose images, of both splits, are the test images instead.
    clean: whether backgrounds are a class, after the defects.

  Returns:
    (train, test), both `Images`.

  Raises:
    UserError: a single class, no test split, a class that is absent from a split,
      or has one training image, or another data set with other classes, or of another
      scale.
  """
  if len(info.classes) + clean < 2:
    raise UserError(f'the data set at {str(info.folder)!r} has one class, and '
                    'an inspector tells two or more apart')
  if other:
    _check_alike(info, other)
  train = _load(info, ['train'], clean)
  test = _load(other, ['train', 'test'], clean) if other else _load(info, ['test'], clean)
  counts = np.bincount(train.labels, minlength=len(info.classes))
  if counts.min() < 2:
    raise UserError(
        f'class {info.classes[counts.argmin()]} has 1 training image in '
        f'{str(info.folder)!r}: an inspector needs 2 or more of every class')
  return train, test


def class_names(info, clean):
  """Returns the names of an inspector's classes: list of strings."""
  return info.classes + ['background'] * clean


def _check_alike(info, other):
  """Raises UserError unless test images of another data set are like this one's."""
  if other.classes != info.classes:
    raise UserError(
        f'config.test {str(other.folder)!r} has the classes {", ".join(other.classes)}, '
        f'and the data set at {str(info.folder)!r} {", ".join(info.classes)}: build both '
        'with the same --classes')
  for what, flag, get in (
      ('crops of {} pixels', '--image_size', lambda x: x.image_size),
      ('windows of {} pixels', '--window_size', lambda x: x.window),
      ('{} channels', 'grey or coloured images alike', lambda x: x.channels),
      ('16-bit values up to {}', 'images of one range', lambda x: x.max_value)):
    if get(info) != get(other):
      raise UserError(
          f'config.test {str(other.folder)!r} has {what.format(get(other))}, and the data '
          f'set at {str(info.folder)!r} {what.format(get(info))}, so that defects would '
          f'look otherwise: build it again with {flag}')


def _load(info, splits, clean):
  """Reads the classes' images in these splits, by class."""
  names = class_names(info, clean)
  records = [dataset.Records(info, split) for split in splits]
  found = [(x, x.find(label)) for label in range(len(names)) for x in records]
  found = [(x, indices) for x, indices in found if len(indices)]
  order = np.concatenate([x.labels[i] for x, i in found] or [np.zeros(0, np.int32)])
  missing = [name for label, name in enumerate(names) if label not in order]
  split = f'the {splits[0]} split of ' if len(splits) == 1 else ''
  if set(info.classes) <= set(missing):
    raise UserError(
        f'the data set at {str(info.folder)!r} has no {splits[-1]} split with '
        'defects: build it again with data_prep.build')
  if missing == names[-1:] and clean:
    raise UserError(f'{split}{str(info.folder)!r} has no backgrounds, and '
                    'config.clean_class needs some: build it again with --test_clean 0.3')
  if missing:
    raise UserError(f'{split}{str(info.folder)!r} has no images of {", ".join(missing)}')
  return Images(
      np.concatenate([x.images(i) for x, i in found]), order,
      [name for x, i in found for name in x.sources(i)],
      np.concatenate([x.groups(i) for x, i in found]))


def window(info, images):
  """Returns the side in pixels of the windows that defects were cut from images with.

  None where all are whole files, of any scale: these have no place in their sources, see
  `data_prep.sources`.
  """
  return info.window if any(name.endswith(']') for name in images.names) else None


def folders(config):
  """Returns the folders of generated images that a config names, as a list."""
  return [x.strip() for x in config.generated.split(',') if x.strip()]


def methods(paths):
  """Returns the method of the run that each of several folders lies in, or [].

  [] where they do not tell the folders apart, or there is one folder.
  """
  found = [(own_settings.read(pathlib.Path(path).absolute().parent) or {}).get('method')
           for path in paths]
  return found if len(paths) > 1 and all(found) and len(set(found)) == len(found) else []


def load_generated(info, path, per_class):
  """Reads generated images from one folder per class, of all classes or some.

  What its manifest says is not accepted is left out.

  Args:
    info: `data.DataInfo` of the real images.
    path: the folder.
    per_class: how many to choose of a class that has more; 0 keeps all.

  Returns:
    (`Images` in the order of the classes, the `sets.ImageFolder` they are from, {class:
    number of images that were not accepted} of the classes that have some).

  Raises:
    UserError: whole frames, a class folder that the real images lack, another size or
      colour, an image that cannot be read, or a class of which all but one image or more
      were not accepted.
  """
  folder = sets.open_folder(path, 'generated')
  for note in origins.check_scale(info, folder):
    terminal.say(f'note: {path}: {note}')
  if folder.flat:
    raise UserError(f'{str(path)!r} (generated) has no class folders: sort its '
                    f'images into {", ".join(info.classes)}')
  unknown = sorted(set(folder.files) - set(info.classes))
  if unknown:
    raise UserError(
        f'{str(path)!r} (generated) has the class folders '
        f'{", ".join(unknown)}, which the data set at {str(info.folder)!r} has '
        f'not: its classes are {", ".join(info.classes)}')
  _, folder = sets.align(sets.standing_for(info), folder,
                         advice='generate with this data set, or resize them')
  accepted, rejected = _accepted(folder, path)
  files = {}
  for label, name in enumerate(info.classes):
    if name not in accepted:
      continue
    found = accepted[name]
    if per_class and len(found) > per_class:
      rng = np.random.default_rng([0, label])
      found = [found[i] for i in sorted(rng.permutation(len(found))[:per_class])]
    files[name] = found
  folder = dataclasses.replace(folder, path=pathlib.Path(path), files=files)
  pixels = np.concatenate([block for c in files for block in folder.read(c)])
  labels = np.repeat(np.array([info.classes.index(c) for c in files], np.int32),
                     [len(found) for found in files.values()])
  names = [name for c in files for name in folder.names(c)]
  return Images(pixels, labels, names, np.arange(len(labels))), folder, rejected


def _accepted(folder, path):
  """Returns {class: files} without those not accepted, and {class: number of these}."""
  table = folder.path / manifest.FILE
  bad = manifest.read_rejected(table) if table.is_file() else set()
  if not bad:
    return folder.files, {}
  kept = {c: [file for file, name in zip(files, folder.names(c)) if name not in bad]
          for c, files in folder.files.items()}
  rejected = {c: n for c in kept if (n := len(folder.files[c]) - len(kept[c]))}
  if few := [f'{len(kept[c]) or "none"} of {len(folder.files[c])} of {c}'
             for c in rejected if len(kept[c]) < _LEAST]:
    raise UserError(f'{str(path)!r} (generated) has too few accepted images, '
                    f'{", ".join(few)}, as its manifest says, and an inspector takes '
                    f'{_LEAST} or more of a class: generate more of it, or all anew with '
                    '--config.generate.tries=0, which judges none, or take its folder away')
  return kept, rejected


def left_out(rejected):
  """Returns what was left out, in words, as a list of one text or none.

  Args:
    rejected: {name of a folder: {class: number of images}}, from `load_generated`.
  """
  return [f'{name}: {", ".join(f"{n} of {c}" for c, n in counts.items())}, which its '
          'manifest says are not accepted' for name, counts in rejected.items() if counts]


def subset(labels, fraction, seed, whole=None):
  """Chooses a share of each class's images; smaller shares lie within larger ones.

  Args:
    labels: int [n].
    fraction: in (0, 1].
    seed: of the choice.
    whole: a label of which all images are taken, or None.

  Returns:
    int indices, sorted: at least 2 of each class, or all of its images.
  """
  rng = np.random.default_rng(seed)
  chosen = []
  for c in np.unique(labels):
    members = rng.permutation(np.flatnonzero(labels == c))
    share = 1 if c == whole else fraction
    chosen.append(members[:max(2, round(share * len(members)))])
  return np.sort(np.concatenate(chosen))
