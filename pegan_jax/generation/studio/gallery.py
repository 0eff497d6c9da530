"""The clean images that the page offers."""

import pathlib
import re

import numpy as np

from data_prep.images import reading
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation import jobs

_THUMBNAIL = 96  # pixels


class Gallery:
  """Lists clean images, and reads them by the data set's rules.

  Those are a folder's, where `generate.frames` or `generate.backgrounds` names one, or
  else the backgrounds of `generate.split`; and what is uploaded. Whatever is asked for is
  asked for by its number in the list.

  Args:
    run: a `Run`.
    folder: of files that this writes.

  Raises:
    UserError: there are no images.
  """

  def __init__(self, run, folder):
    self._run, self._folder = run, folder
    self._records, self._found = None, []
    settings = run.config.generate
    if of_user := jobs.folder_of_inputs(run, bool(settings.frames)):
      paths = reading.list_images(of_user)
      if not paths:
        raise UserError(f'no images in {of_user!r}')
      self._listed = [(path.relative_to(of_user).as_posix(), path) for path in paths]
      return
    self._records = dataset.Records(run.info, settings.split)
    self._found = self._records.find(run.info.background)
    if not len(self._found):
      raise UserError(f'the {settings.split} split of {str(run.info.folder)!r} has no '
                      'backgrounds: name a folder with --config.generate.frames')
    self._listed = [(f'background/{_safe(source)}_{i:05d}.png', None) for i, source in
                    enumerate(self._records.sources(self._found))]

  def __len__(self):
    return len(self._listed)

  def name(self, index):
    """Returns an image's path below a folder of images."""
    return self._listed[index][0]

  def path(self, index):
    """Returns an image's file."""
    name, path = self._listed[index]
    if path is None:
      path = self._folder / name
      if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        reading.as_picture(self._background(index)).save(path)
    return path

  def read(self, index):
    """Returns an image: uint8 [H, W, 1 or 3]."""
    return self._run.info.reader.read_own_colour(self.path(index))

  def thumbnail(self, index):
    """Returns a small image: uint8 [h, w, 1 or 3]."""
    image = reading.as_picture(self.read(index))
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return np.atleast_3d(np.asarray(image))

  def add(self, name, content):
    """Adds an uploaded image; returns its number.

    Args:
      name: what its file is called elsewhere.
      content: bytes of the file.

    Raises:
      UserError: no image, or one that breaks the data set's rules.
    """
    suffix = pathlib.PurePath(name).suffix.lower()
    if suffix not in reading.EXTENSIONS:
      raise UserError(f'{name} is no image: its name must end in '
                      + ', '.join(reading.EXTENSIONS))
    below = f'uploaded/{_safe(pathlib.PurePath(name).stem)}_{len(self):05d}{suffix}'
    path = self._folder / below
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
      self._run.info.reader.read_own_colour(path)
    except UserError as e:
      path.unlink()
      raise UserError(str(e).replace(str(path), name)) from e
    self._listed.append((below, path))
    return len(self) - 1

  def _background(self, index):
    """Returns a background at the scale that it was photographed at, as a window is cut."""
    image = self._records.images(self._found[index:index + 1])[0]
    side = self._run.info.window
    if side == len(image):
      return image
    return np.asarray(reading.as_picture(image).resize((side, side)))


def _safe(name):
  """Returns a name without what a file's cannot have everywhere."""
  return re.sub(r'[^\w.-]+', '_', name).strip('._') or 'image'
