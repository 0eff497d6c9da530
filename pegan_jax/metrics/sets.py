"""Image folders, prepared for a comparison."""

from collections.abc import Iterator
import dataclasses
import pathlib

import numpy as np

from data_prep.images import reading, survey
from pegan_jax.common import terminal
from pegan_jax.common.errors import listed, UserError

# Class name in a folder without class folders.
FLAT = ''

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
  return ImageFolder(folder, files, found.grey, found.max_value,
                     frozenset(found.sizes.values()), found.brightest)


def standing_for(info):
  """Returns an `ImageFolder` without files, of a data set's kind and size of images."""
  return ImageFolder(
      info.folder, {}, info.channels == 1, info.metadata.get('max_value', 255),
      frozenset({(info.image_size, info.image_size)}))


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


def resized(pixels, image_size):
  """Returns [n, H, W, C] as centre squares of a side; None leaves them."""
  if image_size is None:
    return pixels
  return np.stack([reading.square_crop_resize(x, image_size) for x in pixels])


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
