"""The models of inspectors: images to the probabilities of classes, or of pixels."""

import functools

import jax
import numpy as np

from pegan_jax.data import dataset
from pegan_jax.reporting.export.model import Array, Model


def classifier(trained, info, count):
  """Returns the `Model` of a classifier.

  Args:
    trained: from `inspector.restore`.
    info: `dataset.DataInfo` of the data set that it was trained on.
    count: of real images to try it with.
  """
  classes = len(trained.config['dataset']['classes'])
  return _model(trained, info, count, 'classifier', 'names the class of a defect', Array(
      np.float32, (classes,), 'of the classes in their order; their sum is 1'))


def segmenter(trained, info, count):
  """Returns the `Model` of a segmenter, from `localise.kept.restore`, as `classifier`."""
  return _model(trained, info, count, 'segmenter', 'finds the pixels of defects', Array(
      np.float32, 2 * (info.image_size,), "that a pixel is a defect's, in [0, 1]"))


def _model(trained, info, count, name, purpose, output):
  records = dataset.Records(info, 'test')
  defects = np.flatnonzero(records.labels < len(info.classes))
  chosen = defects[np.linspace(0, len(defects) - 1, count).astype(int)]
  state, answer = jax.device_get(trained.state), trained.trainer.answer
  shape = (info.image_size, info.image_size, info.channels)
  return Model(
      name, purpose, functools.partial(_answer, answer, state),
      {'image': Array(np.uint8, shape, 'windows, cut as the data set was cut')},
      {'probabilities': output}, {'image': records.images(chosen)})


def _answer(answer, state, inputs):
  return {'probabilities': answer(state, inputs['image'])}
