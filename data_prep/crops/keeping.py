"""Reads images, and keeps of each what tells it from others."""

import dataclasses
import hashlib

import numpy as np

from data_prep.crops import cutting
from data_prep.images import reading


@dataclasses.dataclass(frozen=True)
class KeepingReader(cutting.Reader):
  """Reads images, and keeps which have the same pixels, and small versions.

  Attributes:
    seen: {path that was read: what tells its image from others}.
    small: {path that was read: its image as by `reading.small`}.
  """
  seen: dict = dataclasses.field(default_factory=dict)
  small: dict = dataclasses.field(default_factory=dict)

  def read(self, path):
    image = super().read(path)
    key = image.shape, hashlib.sha256(np.ascontiguousarray(image)).digest()
    self.seen[path] = key
    self.small[path] = reading.small(image)
    return image

  def same(self):
    """Returns lists of paths of images that have the same pixels."""
    by_pixels = {}
    for path in sorted(self.seen):
      by_pixels.setdefault(self.seen[path], []).append(path)
    return list(by_pixels.values())
