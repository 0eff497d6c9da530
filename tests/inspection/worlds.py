"""Small data sets with a known answer, a trainer that takes no time, a small network."""

import importlib
import json

from flax import linen as nn
import numpy as np
from PIL import Image

from data_prep import dataset
from pegan_jax.inspection import tasks
from pegan_jax.metrics import label_fidelity
from pegan_jax.nets.classifier import BatchNorm, Classifier, Conv

CLASSES = ['a', 'b', 'c']
SIZE = 16


def draw(rng, label, count, noise=40.0):
  """Returns images of a class: its fixed pattern under noise; uint8 [n, S, S, 1]."""
  pattern = np.random.default_rng([7, label]).normal(size=(SIZE, SIZE, 1))
  x = 128 + 8 * pattern + noise * rng.normal(size=(count, SIZE, SIZE, 1))
  return x.clip(0, 255).astype(np.uint8)


def examples(images, label, prefix, group=0):
  """Returns one class for `write_dataset`; names are prefix/<n>.png."""
  return [{'image': x, 'label': label, 'source': f'{prefix}/{i}.png',
           'group': group + i} for i, x in enumerate(images)]


def write_dataset(folder, splits, classes=None, groups=(), duplicates=()):
  """Writes a built data set with its audit; returns its folder."""
  folder.mkdir(parents=True)
  shape = next(iter(splits.values()))[0]['image'].shape
  written = dataset.write(
      folder, splits, [*(classes or CLASSES), 'background'], shape,
      {'image_size': shape[0], 'max_value': 255}, 1)
  (written / 'audit.json').write_text(json.dumps(
      {'groups': list(groups), 'duplicates': list(duplicates)}))
  return written


def plain_splits(train=4, test=30, seed=0):
  """Returns splits of the CLASSES: {'train', 'test'} for `write_dataset`."""
  rng = np.random.default_rng(seed)
  splits = {'train': [], 'test': []}
  for label, name in enumerate(CLASSES):
    for split, count in (('train', train), ('test', test)):
      splits[split] += examples(draw(rng, label, count), name,
                                f'{name}/{split}', 1000 * label)
  return splits


def write_images(folder, by_class):
  """Writes {class: uint8 [n, S, S, 1]} as class folders; returns the folder."""
  for name, images in by_class.items():
    (folder / name).mkdir(parents=True)
    for i, image in enumerate(images):
      Image.fromarray(image[..., 0]).save(folder / name / f'{i:05d}.png')
  return folder


class PixelTrainer:
  """Stands in for `training.Trainer`: logistic regression on pixels.

  Attributes:
    trained: (seed, augmented, number of images) of every training of all instances.
    stop_after: number of trainings after which the next raises KeyboardInterrupt.
  """
  trained = []
  stop_after = None

  def __init__(self, settings, images, labels, num_classes, steps, num_real=0):
    del settings, steps, num_real
    self._features = self._read(images)
    self._labels, self._num_classes = labels, num_classes

  @staticmethod
  def _read(images):
    return images.reshape(len(images), -1) / 255.0

  def train(self, pool, seed, augmented, progress=None):
    if PixelTrainer.stop_after == len(PixelTrainer.trained):
      raise KeyboardInterrupt
    if isinstance(pool, tuple):  # One after the other; the fit has no order.
      pool = np.concatenate(pool)
    PixelTrainer.trained.append((seed, augmented, len(pool)))
    x = self._features[pool]
    x = x + 0.02 * np.random.default_rng(seed).normal(size=x.shape)
    return label_fidelity.fit(x, self._labels[pool], self._num_classes), 0.0

  def train_all(self, pools, seeds, augmented, progress):
    for pool, seed in zip(pools, seeds):
      yield self.train(pool, seed, augmented, progress)[0]

  def probabilities(self, state, images):
    return state.probabilities(self._read(images))


class Tiny(nn.Module):
  """A network that is called, and keeps averages, like an inspector."""
  num_classes: int
  width: float = 1.0

  @nn.compact
  def __call__(self, x, train):
    x = BatchNorm()(Conv(4, 3, 2, rgb=True)(x), train)
    return Classifier(self.num_classes)(nn.relu(x).mean((1, 2)))



def ask(workdir, *paths, answers='', **settings):
  """Asks the inspector of a run about images: as `tasks.predict`."""
  config = importlib.import_module('configs.predict').get_config().lock()
  config.images, config.csv = ','.join(map(str, paths)), str(answers)
  config.update(settings)
  return tasks.predict(config, workdir)
