"""Tells by the names of files which images belong together: --group_by."""

import re

from pegan_jax.common.errors import UserError

# Roboflow's name for a copy of an image, the name of which comes first.
_COPY = re.compile(r'(.+)_(?:jpe?g|png|bmp|tiff?|webp)\.rf\.[^/]+$', re.IGNORECASE)


def named_by(group_by, files):
  """Returns a function of a file's path under its folder: its group's name, or None.

  Args:
    group_by: regular expression whose first group names it; '' for Roboflow's copies of
      one image.
    files: list of (path, the folder that names it) of all images.

  Raises:
    UserError: it is no regular expression, has no group or fits no file.
  """
  if not group_by:
    return _original
  try:
    expression = re.compile(group_by)
  except re.error as error:
    raise UserError(f'--group_by {group_by} is no regular expression: {error}; '
                    r"it looks like '(\d+)\.jpg$'.") from None
  if not expression.groups:
    raise UserError(f'--group_by {group_by} has no group: put brackets around '
                    r"the part that names an image's group, as in '(\d+)\.jpg$'.")

  def group_of(file):
    match = expression.search(file)
    return match and match[1]

  names = [path.relative_to(folder).as_posix() for path, folder in files]
  if not any(map(group_of, names)):
    raise UserError(f'--group_by {group_by} fits no file, such as {names[0]}: '
                    'it is searched in paths below the folders.')
  return group_of


def of_any_size(path):
  """Returns the name that copies of an image in other sizes, in other folders, share."""
  match = _COPY.match(path.name)
  return (match[1] if match else path.stem).casefold()


def _original(file):
  """Returns the name of the image that a file is Roboflow's copy of; None for another."""
  match = _COPY.match(file)
  return match and match[1]
