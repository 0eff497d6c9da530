"""Boxes and regions of defects, and the file formats that hold them.

Each format is a module here and an entry in `BOTH`, or in `READ` or `WRITTEN` if it is
only read or only written, and in `MANY` if it has one file for many images:

  PATH: what it writes among the annotations: a folder, or one file for all images
  FILES: the kind of file, for errors: '.xml (Pascal VOC)'
  recognises(path) -> whether a file may be of the format, by its suffix and content
  read(path) -> list of `regions.Annotated` of a folder or a file; empty where `path` has
      no such files. Raises UserError for a damaged file or, in `MANY`, where single
      images are wrong, `text_files.PartlyRead` with the others
  write(path, images, classes, pictures): `images` are `Annotated`s, `classes` the names
      in label order, `pictures` their `Pictures`; without these, no images are written
  written(path, names): the paths that it made for images called `names`

What a format cannot hold is refused by `check`.
"""

import os
import pathlib

from pegan_jax.annotations import coco, cvat, labelme, mvtec, severstal, via, voc, yolo
from pegan_jax.common.errors import UserError

BOTH = {'voc': voc, 'yolo': yolo, 'coco': coco, 'labelme': labelme, 'via': via}
READ = BOTH | {'cvat': cvat, 'severstal': severstal}
WRITTEN = BOTH | {'mvtec': mvtec}
MANY = ('coco', 'cvat', 'severstal', 'via')


def kinds(suffix=''):
  """Returns what is read, for people; of files that end in `suffix` alone, if given."""
  return ', '.join(READ[name].FILES for name in formats_of(suffix))


def formats_of(suffix):
  """Returns the names of the formats that are read of files that end in `suffix`."""
  return [name for name, module in READ.items() if module.FILES.startswith(suffix)]


def recognises(name, path):
  """Returns whether a file may be of the format called `name`, by what it has."""
  try:
    return name in READ and READ[name].recognises(path)
  except UserError:  # It is no text.
    return False


def read(path):
  """Reads the annotations at a path, in whichever formats they are.

  Args:
    path: a folder with a file for each image, or one file for all of them.

  Returns:
    List of `Annotated` in the order of their files; empty where no format has any.

  Raises:
    UserError: a file is not of its format, or cannot be read.
  """
  path = pathlib.Path(path)
  found = [image for module in READ.values()
           if os.path.isdir(path) or os.path.isfile(path) and module.recognises(path)
           for image in module.read(path)]
  return sorted(found, key=lambda image: pathlib.PurePosixPath(image.file))


def write(folder, names, images, classes, pictures=None):
  """Writes annotations in the formats called `names`, each to its PATH in `folder`."""
  for name in names:
    WRITTEN[name].write(
        pathlib.Path(folder, WRITTEN[name].PATH), images, classes, pictures)


def check(names, classes, images):
  """Refuses what the formats called `names` cannot hold, before it is made.

  Args:
    names: of formats.
    classes: names of the classes that will be shown.
    images: paths of the images under their folder.

  Raises:
    UserError: the message names the class or the image.
  """
  if 'mvtec' in names:
    mvtec.check(classes)
  if 'yolo' in names:
    yolo.check(images)
