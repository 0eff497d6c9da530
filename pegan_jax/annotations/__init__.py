"""Boxes and regions of defects, and the file formats that hold them.

Each format is a module here and a line in `FORMATS`:

  PATH: what it writes among the annotations: a folder, or one file for all images
  FILES: the kind of file, for errors: '.xml (Pascal VOC)'
  recognises(path) -> whether a file may be of the format, by its suffix and content
  read(path) -> list of `regions.Annotated` of a folder or a file; empty where `path` has
      no such files
  write(path, images, classes): `images` are `Annotated`s, `classes` the names in
      label order
"""

import pathlib

from pegan_jax.annotations import coco, labelme, voc, yolo

FORMATS = {'voc': voc, 'yolo': yolo, 'coco': coco, 'labelme': labelme}


def read(path):
  """Reads the annotations at a path, in whichever formats they are.

  Args:
    path: a folder with a file for each image, or one file for all of them.

  Returns:
    List of `Annotated` in the order of their files; empty where no format has any.

  Raises:
    UserError: a file is not of its format, or cannot be read.
  """
  found = [image for module in FORMATS.values() for image in module.read(path)]
  return sorted(found, key=lambda image: pathlib.PurePosixPath(image.file))


def write(folder, names, images, classes):
  """Writes annotations in the formats called `names`, each to its PATH in `folder`."""
  for name in names:
    FORMATS[name].write(pathlib.Path(folder, FORMATS[name].PATH), images, classes)
