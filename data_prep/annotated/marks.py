"""Holds what annotates one image: a file, or a part of one."""

import pathlib
from typing import NamedTuple

from pegan_jax.annotations.regions import Annotated


class Mark(NamedTuple):
  """A file, or a part of one, that annotates one image.

  Attributes:
    format: name of its format, 'masks' for a mask.
    path: path of the file.
    place: posix path that tells which image it is of: of the file or, in a file for many
      images, what that calls it.
    base: folder that `place` begins at.
    annotated: what it says, None if that is not read yet: of a file for one image.
  """
  format: str
  path: pathlib.Path
  place: pathlib.PurePath
  base: pathlib.Path
  annotated: Annotated | None = None
