"""The images that annotations are written with."""

from collections.abc import Iterable
import os
import pathlib
import shutil
from typing import NamedTuple

import numpy as np


class Pictures(NamedTuple):
  """The images of a list of `Annotated`, for formats whose folders hold them too.

  Attributes:
    folder: path of the folder that has each one's `file`.
    painted: {file: names of the classes that it shows, marked by a region or not}.
    clean: iterable of (name, uint8 [h, w, C]), images without a defect.
  """
  folder: pathlib.Path
  painted: dict[str, set[str]]
  clean: Iterable[tuple[str, np.ndarray]]

  def link(self, file, to):
    """Puts an image at the path `to` as well, which takes no space where links are.

    The two are one file under two names, so that either folder may be moved or removed.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
      os.link(self.folder / file, to)
    except OSError:  # A file system without them.
      shutil.copyfile(self.folder / file, to)
