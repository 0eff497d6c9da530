"""The model of an inspector: images to the probabilities of their classes."""

import functools

import jax
import numpy as np

from pegan_jax.data import dataset
from pegan_jax.reporting.export.model import Array, Model


def model(trained, info, count):
  """Returns the `Model` of an inspector.

  Args:
    trained: from `inspector.restore`.
    info: `dataset.DataInfo` of the data set that it was trained on.
    count: of real images to try it with.
  """
  data = trained.config['dataset']
  records = dataset.Records(info, 'test')
  defects = np.flatnonzero(records.labels < len(data['classes']))
  chosen = defects[np.linspace(0, len(defects) - 1, count).astype(int)]
  state, answer = jax.device_get(trained.state), trained.trainer.answer
  shape = (data['image_size'], data['image_size'], data['channels'])
  return Model(
      'classifier', 'names the class of a defect',
      functools.partial(_answer, answer, state),
      {'image': Array(np.uint8, shape, 'windows, cut as the data set was cut')},
      {'probabilities': Array(np.float32, (len(data['classes']),),
                              'of the classes in their order; their sum is 1')},
      {'image': records.images(chosen)})


def _answer(answer, state, inputs):
  return {'probabilities': answer(state, inputs['image'])}
