"""Image folders and built data sets, prepared for a comparison."""

from collections.abc import Iterator
import dataclasses
import pathlib

import numpy as np

from data_prep.images import reading, survey
from pegan_jax.common import provenance, terminal
from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.metrics import change

# Class name in a folder without class folders.
FLAT = ''

# Answer of `painted_on` for backgrounds that were a folder of the user's own.
FILES = 'files'

_BLOCK = 64  # Number of images that are decoded together.


@dataclasses.dataclass(frozen=True)
class ImageFolder:
  """Image files by class; pixels are read on demand.

  Attributes:
    path: the folder.
    files: {class: sorted paths}; {FLAT: paths} where there are no class folders.
    grey: whether its images are grey, whatever mode they are stored in.
    max_value: the 16-bit value that becomes 255; see `data_prep.images.reading`.
    sizes: the (height, width) that occur, in pixels.
    brightest: the file with the largest 16-bit value, and that value.
  """
  path: pathlib.Path
  files: dict[str, list[pathlib.Path]]
  grey: bool
  max_value: int
  sizes: frozenset[tuple[int, int]]
  brightest: tuple[pathlib.Path | None, int] = (None, 255)

  @property
  def flat(self):
    return list(self.files) == [FLAT]

  def names(self, class_name) -> list[str]:
    """Returns the class's files, relative to the folder."""
    return [p.relative_to(self.path).as_posix() for p in self.files[class_name]]

  def read(self, class_name, image_size=None) -> Iterator[np.ndarray]:
    """Yields the class's images in order, in blocks of one size.

    Args:
      class_name: a key of `files`.
      image_size: the side to which centre squares are resized first; None
        leaves images as they are.

    Yields:
      uint8 [n, H, W, 1 or 3], n up to 64.

    Raises:
      UserError: a file cannot be read.
    """
    block = []
    for path in self.files[class_name]:
      image = reading.read_image(path, self.grey, self.max_value)
      if image_size is not None:
        image = reading.square_crop_resize(image, image_size)
      if block and (len(block) == _BLOCK or block[0].shape != image.shape):
        yield np.stack(block)
        block = []
      block.append(image)
    yield np.stack(block)


def is_dataset(folder):
  """Returns whether `folder` is a data set that `data_prep.build` wrote."""
  return (pathlib.Path(folder) / 'dataset_info.json').is_file()


def open_folder(folder, what):
  """Lists and surveys an image folder, subfolders included.

  Where all images lie in subfolders, the first level of these are the classes;
  where one lies in `folder` itself, all are one set.

  Args:
    folder: path.
    what: 'real' or 'generated', for errors.

  Returns:
    An `ImageFolder`.

  Raises:
    UserError: no such folder, no images or only one, or a file that cannot be
      read.
  """
  folder = pathlib.Path(folder)
  if not folder.is_dir():
    raise UserError(f'{str(folder)!r} ({what}) is not a folder')
  paths = reading.list_images(folder)
  if len(paths) < 2:
    raise UserError(
        f'{str(folder)!r} ({what}) holds {len(paths) or "no"} '
        f'image{"s" * (not paths)}: comparing takes two or more '
        f'({", ".join(reading.EXTENSIONS)})')
  files = {}
  flat = any(p.parent == folder for p in paths)
  for path in paths:
    class_name = FLAT if flat else path.relative_to(folder).parts[0]
    files.setdefault(class_name, []).append(path)
  found = survey.read(paths, f'checking {what}')
  for note in found.notes:
    terminal.say(f'note: {note}')
  return ImageFolder(folder, files, found.grey, found.max_value, found.sizes,
                     found.brightest)


def standing_for(info):
  """Returns an `ImageFolder` without files, of a data set's kind and size of images."""
  return ImageFolder(
      info.folder, {}, info.channels == 1, info.metadata.get('max_value', 255),
      frozenset({(info.image_size, info.image_size)}))


def check_scale(info, generated):
  """Compares the scale of generated images with a data set's, by their provenance.

  Args:
    info: `dataset.DataInfo`.
    generated: `ImageFolder`.

  Returns:
    Notes, at most one: windows of another size are not of the same scale.

  Raises:
    UserError: the folder holds whole frames.
  """
  made_of = provenance.read(generated.path) or {}
  if made_of.get('frames') is True:
    raise UserError(
        f'{str(generated.path)!r} holds whole frames, and the data set at '
        f'{str(info.folder)!r} crops: generate without --config.generate.frames')
  try:
    noted = made_of['dataset']
    window = noted['metadata'].get('window', noted['image_size'])
  except (KeyError, TypeError, AttributeError):  # Not what `generate` writes.
    return []
  return [] if window == info.window else [
      f'the generated images are of a data set with windows of {window} pixels, and this '
      f'one has {info.window}: they show defects at another scale']


def align(real, generated, image_size=None, advice='bring both to one size first, with '
          '--image_size'):
  """Makes two folders' images comparable, or says why they are not.

  Networks get resized images: a difference in size or colour would survive that, and
  be measured as a difference in quality.

  Args:
    real: `ImageFolder`; one from `standing_for` is of images that are scaled already.
    generated: `ImageFolder`.
    image_size: as for `ImageFolder.read`; where it is given, sizes may differ.
    advice: what to do about another size, for the error.

  Returns:
    Both, with one scale for 16-bit files.

  Raises:
    UserError: one is grey and the other coloured, their sizes differ, or a file has
      larger values than the data set has room for.
  """
  if real.grey != generated.grey:
    kinds = ['grey' if x.grey else 'coloured' for x in (real, generated)]
    raise UserError(
        f'{str(real.path)!r} is {kinds[0]} and {str(generated.path)!r} is '
        f'{kinds[1]}: convert one of them first')
  if image_size is None and real.sizes != generated.sizes:
    raise UserError(
        f'{str(real.path)!r} has images of {_say_sizes(real.sizes)} and '
        f'{str(generated.path)!r} of {_say_sizes(generated.sizes)} pixels: {advice}')
  max_value = max(real.max_value, generated.max_value)
  if not real.files:
    max_value = real.max_value
    reading.check_largest(*generated.brightest, max_value)
  return (dataclasses.replace(real, max_value=max_value),
          dataclasses.replace(generated, max_value=max_value))


def check_classes(real, generated):
  """Raises UserError unless the generated classes are among the real ones.

  Args:
    real: names of the real classes; [FLAT] means no classes.
    generated: names of the generated classes, likewise.
  """
  extra = sorted(set(generated) - set(real))
  if extra and FLAT not in real and FLAT not in generated:
    raise UserError(
        f'there are no real images of the generated class{"es" * (len(extra) > 1)} '
        f'{", ".join(extra)}: the real classes are {", ".join(sorted(real))}')


def _say_sizes(sizes):
  return listed([f'{w}x{h}' for h, w in sorted(sizes)], 3)


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
      found[name] = (_resized(records.images(indices), image_size),
                     records.sources(indices), records.groups(indices))
  return found


def _resized(pixels, image_size):
  if image_size is None:
    return pixels
  return np.stack([reading.square_crop_resize(x, image_size) for x in pixels])


def painted_on(folder):
  """Reads from a folder's provenance which images its images were painted on.

  Returns:
    `FILES`, the content of a data set (see `dataset.DataInfo`), or None where it is not
    noted.
  """
  made_of = provenance.read(folder)
  try:
    return FILES if 'files' in made_of['painted_on'] else made_of['dataset']['content']
  except (KeyError, TypeError):
    return None


def rejected(generated):
  """Counts the images that were not accepted when `generate` made them.

  Args:
    generated: `ImageFolder`.

  Returns:
    {class: number}; 0 where `generate` did not make the folder.

  Raises:
    UserError: the manifest is damaged.
  """
  path = generated.path / manifest.FILE
  made = path.is_file() and provenance.read(generated.path)
  bad = manifest.read_rejected(path) if made else set()
  return {c: len(bad.intersection(generated.names(c))) for c in generated.files}


def are_painted_elsewhere(info, generated):
  """Returns whether translated images have other backgrounds than a data set's.

  A file's name says nothing of that: two folders may share their names.

  Args:
    info: `dataset.DataInfo`.
    generated: `ImageFolder` of what `--mode generate` wrote.

  Raises:
    UserError: the manifest is damaged.
  """
  path = generated.path / manifest.FILE
  return (not generated.flat and path.is_file()
          and painted_on(generated.path) not in (None, info.content)
          and any(manifest.read_backgrounds(path).values()))


def changes(info, generated, image_size=None):
  """Compares translated images with the backgrounds that their manifest names.

  Args:
    info: `dataset.DataInfo` of the data set that the backgrounds are from.
    generated: `ImageFolder` of what `--mode generate` wrote.
    image_size: side to which both are resized; None leaves them.

  Returns:
    {class: [n, 2]} of `change.scores`; None without a manifest of class folders, or
    where a background is not the data set's.

  Raises:
    UserError: the manifest is damaged.
  """
  path = generated.path / manifest.FILE
  if generated.flat or not path.is_file() or are_painted_elsewhere(info, generated):
    return None
  named = manifest.read_backgrounds(path)
  clean = {}
  for split in ('train', 'test'):
    records = dataset.Records(info, split)
    found = records.find(info.background)
    if len(found):
      clean |= zip(records.sources(found),
                   _resized(records.images(found), image_size))
  result = {}
  for class_name in generated.files:
    used = [clean.get(named.get(n)) for n in generated.names(class_name)]
    if any(u is None for u in used):
      return None
    result[class_name] = change.scores(
        np.concatenate(list(generated.read(class_name, image_size))), np.stack(used))
  return result
