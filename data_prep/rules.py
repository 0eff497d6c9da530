"""Settles how a set is cut and grouped, by what a `gather.Found` holds."""

import re
import statistics

from data_prep import images
from pegan_jax.common.errors import UserError


def choose_window(options, found):
  """Chooses the windows' side in pixels of the images; returns (side, why).

  The median of the regions' longer sides, at least `image_size`, and at most the median
  of the annotated images' shorter sides. Where only whole files are defects, the median
  of their shorter sides.
  """
  if options.window_size:
    return options.window_size, '--window_size'
  lengths = [length for name in found.cut for length, _ in found.regions[name]]
  if not lengths:
    shorter = [min(images.size(path)) for paths in found.crops.values() for path in paths]
    return round(statistics.median(shorter)), "the median of the crops' shorter sides"
  side = round(statistics.median(lengths))
  most = round(statistics.median(map(min, found.sizes.values())))
  if most < max(side, options.image_size):
    return most, "the median of the images' shorter sides"
  if side < options.image_size:
    return options.image_size, f'--image_size; half of the regions are up to {side} long'
  return side, "the median of the regions' longer sides"


def grouping(options, found):
  """Returns a function of a file's relative path: the name of its group, or None.

  Raises:
    UserError: --group_by is no regular expression, has no group or fits no file.
  """
  if not options.group_by:
    return lambda file: None
  try:
    expression = re.compile(options.group_by)
  except re.error as error:
    raise UserError(f'--group_by {options.group_by} is no regular expression: {error}; '
                    r"it looks like '(\d+)\.jpg$'.") from None
  if not expression.groups:
    raise UserError(f'--group_by {options.group_by} has no group: put brackets around '
                    r"the part that names an image's group, as in '(\d+)\.jpg$'.")

  def group_of(file):
    match = expression.search(file)
    return match and match[1]

  names = [path.relative_to(folder).as_posix() for path, folder in found.files]
  if not any(map(group_of, names)):
    raise UserError(f'--group_by {options.group_by} fits no file, such as {names[0]}: '
                    'it is searched in paths below the folders.')
  return group_of


def notes(found, survey_notes):
  """Returns sentences without a full stop on files that are not as the others are."""
  folders = {str(folder).rstrip('/') for _, folder in found.files}
  for folder in sorted(folders, key=len, reverse=True):  # By their place in it.
    survey_notes = [note.replace(f'{folder}/', '') for note in survey_notes]
  return survey_notes + [
      f'{what}: {len(paths)}, the first is {_relative(paths[0], found.layout.root)}'
      for what, paths in sorted(found.layout.noted.items())]


def _relative(path, folder):
  return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
