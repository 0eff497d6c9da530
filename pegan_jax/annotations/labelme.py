"""Writes LabelMe, one JSON file beside each image.

It holds names, and polygons or boxes.
"""

import json
import pathlib

from pegan_jax.annotations import outlines, text_files

PATH = 'labelme'
FILES = '.json (LabelMe)'

# The program's version whose files these are like.
_VERSION = '5.5.0'


def write(path, images, classes, pictures=None):
  """Writes <path>/<image>.json for each `Annotated`, and the images beside.

  A region with pixels is the polygons around them, which have one `group_id` where they
  are several; one without is a rectangle.

  Args:
    path: the folder.
    images: list of `Annotated`.
    classes: unused.
    pictures: their `Pictures`, None to write no images.
  """
  del classes
  for image in images:
    shapes = [shape for i, region in enumerate(image.regions)
              for shape in _shapes(region, i)]
    text_files.write(text_files.beside(path, image, '.json'), json.dumps({
        'version': _VERSION, 'flags': {}, 'shapes': shapes,
        'imagePath': pathlib.PurePosixPath(image.file).name, 'imageData': None,
        'imageHeight': image.height, 'imageWidth': image.width},
        ensure_ascii=False, indent=2) + '\n')
    if pictures:
      pictures.link(image.file, path / image.file)


def written(path, names):
  """Returns the paths that `write` gives the images called `names`."""
  return [path / kind for name in names
          for kind in (name, pathlib.PurePosixPath(name).with_suffix('.json'))]


def _shapes(region, number):
  polygons = outlines.of(region)
  kind = 'polygon' if polygons else 'rectangle'
  left, top, right, bottom = region.box
  return [{'label': region.name, 'points': points,
           'group_id': number if len(polygons) > 1 else None, 'description': '',
           'shape_type': kind, 'flags': {}, 'mask': None}
          for points in [p.tolist() for p in polygons] or [
              [[left, top], [right, bottom]]]]
