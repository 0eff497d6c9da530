"""Refuses files that seem to annotate images, and are of no kind that is read."""

import re

from pegan_jax import annotations as annotations_lib
from pegan_jax.annotations import text_files
from pegan_jax.common.errors import UserError

# An item of JSON by a name without a suffix, as Datumaro has it.
_NAMED = re.compile(r'"(?:id|image|image_id|name|file)"\s*:\s*"(?:[^"]*/)?([^"/]+)"')


def refuse_nothing(annotations, submissions):
  """Raises UserError for annotations that hold nothing of any format."""
  if submissions:
    raise UserError(f'{submissions[0]} is a submission to a challenge by its name, which '
                    'holds what somebody guessed: name the file of what is true, as '
                    'train.csv.')
  raise UserError(f"--annotations {' '.join(map(str, annotations))} holds no "
                  f'{annotations_lib.kinds()} files and no mask images.')


def refuse_unknown(others, paths):
  """Raises UserError where files name most of the images, as annotations do."""
  named, first = set(), None
  for path in others:
    if path.suffix.lower() in ('.json', '.csv', '.xml') and path.name != 'manifest.csv':
      try:
        text = text_files.read(path)
      except UserError:
        continue  # Whatever it is, it is not text.
      said = set(_NAMED.findall(text))
      found = {image for image in paths if image.name in text or image.stem in said}
      named, first = named | found, first or found and path
  if len(named) > max(1, len(paths) / 2):
    raise UserError(
        f'{first} names images of --images, but is of none of the kinds '
        f'{annotations_lib.kinds()}: export it as one of these, such as COCO; where it '
        'marks nothing and the folders are the classes, pass --format classes.')
