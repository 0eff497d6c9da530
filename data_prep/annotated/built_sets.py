"""Finds what `build` has made, below a folder of images, which are none of a new set."""

import pathlib

from pegan_jax.common import listing
from pegan_jax.common.errors import UserError

_MADE = {'dataset_info.json', 'features.json', 'audit.json'}
LEFT_OUT = 'files of data sets that build has made'
NOTE = f'{LEFT_OUT}, left out'


def files(root, images, flag='--images'):
  """Returns the set of files in data sets that `build` has made.

  Args:
    root: path of the images' folder.
    images: paths of all images below it.
    flag: what names the folder.

  Raises:
    UserError: there are no other images.
  """
  names, below = {}, list(listing.walk(root))
  for path in below:
    names.setdefault(path.parent, set()).add(path.name)
  made = sorted(folder for folder, some in names.items() if some >= _MADE)
  found = {path for path in below if any(map(path.is_relative_to, made))}
  if made and found.issuperset(map(pathlib.Path, images)):
    raise UserError(f'{flag} {root} holds a data set that build has made, {made[0]}, and '
                    'no other images: name the folder that this was built of.')
  return found
