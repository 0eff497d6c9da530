"""Refuses marks of another picture than the image that they are called after."""

import io

import numpy as np
from PIL import Image, ImageOps

from data_prep.images import decoding, reading, scaling
from pegan_jax.annotations import labelme
from pegan_jax.common.errors import UserError

_SAMPLE = 12  # Files that are compared: where names or pictures change, many do.
_LEAST = 0.5  # Correlation of averages over 64 x 64 parts; one saved anew has 0.9 and more.
_FLAT = 2  # Grey levels: parts that vary less tell nothing.


def refuse_in_labels(labels):
  """Raises UserError where the picture that LabelMe keeps in a file is not its image.

  Args:
    labels: list of (`Mark`, image path).
  """
  pairs = [(mark.path, path) for mark, path in labels if mark.format == 'labelme']
  _refuse(pairs, _in_labelme, (
      '{} was made on another picture than {}, which it holds as imageData: where images '
      'were turned, renamed or numbered anew since, bring back those that were marked, or '
      'mark these.'))


def refuse_beside(pairs):
  """Raises UserError where images beside annotations are not those of their names.

  Args:
    pairs: list of (path of an image beside annotations, that of its name in --images).
  """
  _refuse(pairs, _small, (
      '{} lies beside annotations and has the name of {}, and the two show different '
      'pictures: name the folder that holds the annotations by --images, or the '
      'annotations of these images by --annotations.'))


def _refuse(pairs, read, said):
  for file, path in pairs[::-(-len(pairs) // _SAMPLE) or 1]:
    one, other = read(file), _small(path)
    if one is not None and _differ(one, other):
      raise UserError(said.format(file, path))


def _in_labelme(path):
  """Returns the picture in a file of LabelMe as `reading.small` does; None for none."""
  try:
    with Image.open(io.BytesIO(labelme.picture(path))) as image:
      return reading.small(np.array(ImageOps.exif_transpose(image).convert('RGB')))
  except Exception:  # pylint: disable=broad-except  # Decoders raise nearly anything.
    return None


def _small(path):
  pixels = decoding.decode(path)
  if pixels.dtype == np.uint16:
    pixels = scaling.to_8_bits(pixels, scaling.max_value_for(int(pixels.max())))
  return reading.small(pixels)


def _differ(one, other):
  one, other = (picture.astype(np.float64).ravel() for picture in (one, other))
  return min(one.std(), other.std()) > _FLAT and np.corrcoef(one, other)[0, 1] < _LEAST
