"""Finds clean images that are one with a marked defect, saved in another way.

Such as a JPEG of it, or a brighter or smaller one, among the good images. A template, or
the next part on the same belt, resembles it as well, but not at the marks.
"""

import numpy as np
from PIL import Image
import scipy

from data_prep.images import reading

_GRAIN = 0.7  # Least correlation of what is fine, off the marks: two shots have their own.
_SHOWN = 0.9  # Least correlation of what is at the marks.
_MORE = 3  # Times the differences elsewhere that those at the marks may be.
_REST = 0.999  # Quantile of the former.


def find(marked, clean, small, read, alike):
  """Finds clean images that show the marks of others.

  Args:
    marked: list of (path, `Annotated`) with regions.
    clean: paths of clean images.
    small: {path: the image, as by `reading.small`}.
    read: function of a path to uint8 [H, W, C].
    alike: `copies.find_alike`.

  Returns:
    [(path of a clean image, that of the marked one), ...], sorted.
  """
  regions = {path: image for path, image in marked if path in small}
  paths = [*regions, *(path for path in clean if path in small and path not in regions)]
  found = alike([small[path] for path in paths], [path in regions for path in paths])
  pairs = ((paths[i], paths[j]) for i, j in found.tolist())
  return sorted((one, other) for one, other in pairs if one not in regions
                and _shows(read(one), read(other), regions[other]))


def _shows(clean, image, annotated):
  """Returns whether a clean image shows the marks of another that it resembles."""
  image, clean = (reading.with_channels(x, 1)[:, :, 0] for x in (image, clean))
  height, width = image.shape
  if clean.shape != image.shape:
    clean = np.asarray(Image.fromarray(clean).resize((width, height)))
  image, clean = image.astype(np.float32), clean.astype(np.float32)
  inside = np.zeros(image.shape, bool)
  for region in annotated.regions_in(height, width):
    inside[region.box.slices] |= True if region.mask is None else region.mask
  if inside.all() or not inside.any():
    return False
  own, other = clean[~inside], image[~inside]
  gain = _correlation(own, other) * other.std() / max(own.std(), 1)
  clean = gain * (clean - own.mean()) + other.mean()
  fine = [x - scipy.ndimage.gaussian_filter(x, 2) for x in (image, clean)]
  differs = scipy.ndimage.uniform_filter(np.abs(image - clean), 3)
  return bool(_correlation(*(x[~inside] for x in fine)) > _GRAIN
              and _correlation(image[inside], clean[inside]) > _SHOWN
              and differs[inside].max() <= _MORE * np.quantile(differs[~inside], _REST))


def _correlation(a, b):
  return np.corrcoef(a, b)[0, 1] if min(a.std(), b.std()) > 0 else 0.0
