"""Holds a folder of images while it is read, and what it is found to be."""

import pathlib
from typing import NamedTuple

from data_prep.images.problems import Problems
from pegan_jax.annotations.regions import Annotated


class Layout(NamedTuple):
  """Describes what a folder of images holds.

  Attributes:
    format: names of the formats that it is annotated in, of `layouts.FORMATS`, joined by
      ' + '.
    root: path of the images' folder; names of images are relative to it.
    annotated: list of (path, `Annotated`), sorted. One without regions is known to be
      clean; a region named '' is marked by a mask as a defect of no known class.
    clean: paths of images that are clean by their place.
    crops: {class name: paths} of class folders without annotations.
    unlabelled: paths of images without an annotation where others have one. Those are
      not known to be clean, so nothing may be cut from them.
    left_out: {reason: [paths]} of files that are not used.
    noted: {what: [paths]} of what was read in a way that its user should know.
  """
  format: str
  root: pathlib.Path
  annotated: list[tuple[pathlib.Path, Annotated]]
  clean: list[pathlib.Path]
  crops: dict[str, list[pathlib.Path]]
  unlabelled: list[pathlib.Path]
  left_out: dict[str, list[pathlib.Path]]
  noted: dict[str, list[pathlib.Path]]


class Folder(NamedTuple):
  """Holds what each step of reading a folder needs.

  Attributes:
    root: path of the folder.
    images: paths of the images in it that the layout is of.
    named_clean: paths of those that --clean names, which may lie in it too.
    left_out, noted: as of `Layout`; each step adds to them.
    problems: `Problems`; gets what cannot be read or does not fit.
  """
  root: pathlib.Path
  images: list[pathlib.Path]
  named_clean: list[pathlib.Path]
  left_out: dict[str, list[pathlib.Path]]
  noted: dict[str, list[pathlib.Path]]
  problems: Problems

  @property
  def all_images(self):
    """Returns the paths of all images in the folder, sorted."""
    return sorted(self.images + self.named_clean)

  def layout(self, format,  # pylint: disable=redefined-builtin
             annotated=(), clean=(), crops=None, unlabelled=()):
    """Returns the `Layout` of what was found in the folder."""
    left_out, noted = ({why: paths for why, paths in some.items() if paths}
                       for some in (self.left_out, self.noted))
    return Layout(format, self.root, list(annotated), list(clean), crops or {},
                  list(unlabelled), left_out, noted)
