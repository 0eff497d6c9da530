"""Folders of images and annotations, made by hand as programs document them."""

import collections
import json
import zlib

import numpy as np
from PIL import Image

from data_prep.annotated import layouts

WIDTH, HEIGHT = 40, 30
NOTES = 'files that are neither images nor annotations'
BOX = (10, 5, 20, 15)  # Of every defect here, unless a test says otherwise.
YOLO = '0.375 0.33333333 0.25 0.33333333'
POLYGON = '0.25 0.16666667 0.5 0.16666667 0.5 0.5 0.25 0.5'


def image(path, height=HEIGHT, width=WIDTH):
  """Saves an image, which has the same pixels as others of its file's name."""
  path.parent.mkdir(parents=True, exist_ok=True)
  noise = np.random.default_rng(zlib.crc32(path.stem.encode())).integers(
      60, 200, (height, width), np.uint8)
  Image.fromarray(noise).save(path)


def mask(path, value=255, box=BOX, mode='L', size=(WIDTH, HEIGHT), more=()):
  """Saves a mask; `value` is a number, or a colour for 'RGB' and 'P'."""
  image = Image.new('RGB' if isinstance(value, tuple) else 'I' if mode == 'I;16' else
                    'L' if mode == 'P' else mode, size)
  for value_, (left, top, right, bottom) in [(value, box), *more]:
    if right:
      image.paste(value_, (left, top, right, bottom))
  if mode == 'P':
    colours = isinstance(value, tuple)
    image = image.quantize(16, dither=Image.Dither.NONE) if colours else image
    if not colours:
      image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [9] * 759)
  elif mode == 'I;16':
    image = image.convert('I;16')
  path.parent.mkdir(parents=True, exist_ok=True)
  image.save(path)


def voc(name='crack', box=BOX, size=f'<width>{WIDTH}</width><height>{HEIGHT}</height>'):
  left, top, right, bottom = box
  return (f'<annotation><size>{size}</size><object><name>{name}</name><bndbox>'
          f'<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax>'
          f'<ymax>{bottom}</ymax></bndbox></object></annotation>')


def coco(*names, sizes=True, **more):
  left, top, right, bottom = BOX
  size = {'width': WIDTH, 'height': HEIGHT} if sizes else {}
  return json.dumps({
      'info': {}, 'licenses': [], 'categories': [{'id': 0, 'name': 'defects'},
                                                 {'id': 7, 'name': 'crack'}],
      'images': [{'id': 5 + k, 'file_name': name} | size for k, name in enumerate(names)],
      'annotations': [{'id': k, 'image_id': 5 + k, 'category_id': 7, 'iscrowd': 0,
                       'bbox': [left, top, right - left, bottom - top],
                       'segmentation': []} | more for k in range(len(names))]})


def labelme(kind='rectangle', label='crack'):
  left, top, right, bottom = BOX
  points = [[left, top], [right, bottom]]
  if kind == 'polygon':
    points = [[left, top], [right, top], [right, bottom], [left, bottom]]
  return json.dumps({'version': '5.5.0', 'shapes': [
      {'label': label, 'points': points, 'shape_type': kind}],
                     'imagePath': 'x.jpg', 'imageHeight': HEIGHT, 'imageWidth': WIDTH})


def make(folder, files):
  """Makes files from {name: text, or a function that makes it, or None for an image}."""
  for name, content in files.items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
      image(path)
    elif isinstance(content, str):
      path.write_text(content, 'utf-8')
    else:
      content(path)


def read(folder, *annotations, images='', **more):
  return layouts.read(folder / images, [folder / x for x in annotations], **more)


def marked_in(layout):
  """{image's name: {class: number of regions}}; every box is checked to be `BOX`."""
  found = {}
  for path, annotated in layout.annotated:
    regions = annotated.regions_in(HEIGHT, WIDTH)
    assert {region.box for region in regions} <= {BOX}, path
    for region in regions:
      assert region.mask is None or region.mask.all()
    found[path.relative_to(layout.root).as_posix()] = dict(collections.Counter(
        region.name for region in regions))
  return found


def counts(found):
  return {why: len(paths) for why, paths in found.items()}


def turned(path):
  path.parent.mkdir(parents=True, exist_ok=True)
  exif = Image.Exif()
  exif[274] = 6
  Image.new('L', (WIDTH, HEIGHT), 99).save(path, exif=exif)
