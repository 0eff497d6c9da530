"""Reads what is noted of how the images of a folder were generated."""

import numpy as np

from pegan_jax.common import provenance
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.metrics import change, sets

# Answer of `painted_on` for backgrounds that were a folder of the user's own.
FILES = 'files'


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
                   sets.resized(records.images(found), image_size))
  result = {}
  for class_name in generated.files:
    used = [clean.get(named.get(n)) for n in generated.names(class_name)]
    if any(u is None for u in used):
      return None
    result[class_name] = change.scores(
        np.concatenate(list(generated.read(class_name, image_size))), np.stack(used))
  return result
