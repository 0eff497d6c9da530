"""Folders of raw images as users have them, and `data_prep.build` run on them."""

import numpy as np
from PIL import Image
from scipy import ndimage
import tensorflow_datasets as tfds

from data_prep import build


def texture(random, height, width):
  noise = ndimage.gaussian_filter(random.normal(size=(height, width)), 1.0)
  return np.clip(120 + 80 * noise, 0, 255).astype(np.uint8)


def save(array, path):
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(array).save(path)


def pixels(path):
  """A grey file as Pillow reads it."""
  with Image.open(path) as image:
    return np.asarray(image)


def write_voc(path, boxes):
  path.parent.mkdir(parents=True, exist_ok=True)
  objects = ''.join(
      f'<object><name>{n}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>'
      f'<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>' for n, a, b, c, d in boxes)
  path.write_text(f'<annotation>{objects}</annotation>')


def write(folder):
  """Two classes of 10 crops, 6 frames with a box each, 2 clean images."""
  random = np.random.default_rng(0)
  for name in ('crack', 'öl fleck'):
    for k in range(10):
      save(texture(random, 64, 64), folder / 'defects' / name / f'{k}.png')
  for k in range(6):
    save(texture(random, 150, 200), folder / 'frames' / f'{k}.png')
    box = [('pit' if k % 2 else 'rust', 130, 60, 170, 110)]
    write_voc(folder / 'boxes' / f'{k}.xml', box)
  for k in range(2):
    save(texture(random, 128, 192), folder / 'clean' / f'{k}.png')


def run_build(raw, *flags, out='out'):
  """Runs the command line on the fixture's folders; returns the exit status."""
  defaults = {'--out': raw / out, '--per_class': 10, '--backgrounds': 8}
  own = [part for name, value in defaults.items() if name not in flags
         for part in (name, value)]
  return build.main([str(part) for part in (*own, *flags)])


def inputs(raw, *names):
  return [part for name in names for part in (f'--{name}', raw / name)]


def read_built(folder):
  """Returns {split: [(label name, source, group, image)]} as a user would."""
  builder = tfds.builder_from_directory(str(folder))
  names = builder.info.features['label'].names
  return {split: [(names[example['label']], example['source'].decode(),
                   int(example['group']), example['image'])
                  for example in builder.as_data_source(split)]
          for split in ('train', 'test')}, builder
