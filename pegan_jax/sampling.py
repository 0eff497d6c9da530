"""The fixed pictures that a run is watched by."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax import data
from pegan_jax.pictures import grid, to_uint8
from pegan_jax.step import scale


class Samples:
  """Grids of fixed images through the current generator.

  Args:
    method: a module of `methods/`.
    nets: from its `networks`.
    config: `image_size`, `num_samples` and `seed`.
    info: the data set's `DataInfo`.
  """

  def __init__(self, method, nets, config, info):
    self._classes = info.classes
    rng = np.random.default_rng(config.seed)
    train = data.Records(info, 'train')
    backgrounds = _draw(rng, train, info.background, config.num_samples)
    # Defects that training does not see, where the data set holds any out.
    held_out = data.Records(info, 'test')
    defects = []
    for label in range(len(info.classes)):
      records = held_out if len(held_out.find(label)) else train
      defects.append(_draw(rng, records, label, 1)[0])
    self._inputs = backgrounds, np.stack(defects)

    num_classes = len(info.classes)

    @jax.jit
    def run(gen, backgrounds, defects):
      def translate(image, label):
        return method.translate(nets, gen, image, label)

      backgrounds, defects = (
          jnp.broadcast_to(x, (*x.shape[:-1], 3)) for x in (
              scale(backgrounds, config.image_size),
              scale(defects, config.image_size)))
      count = backgrounds.shape[0]
      produced = translate(
          jnp.repeat(backgrounds, num_classes, axis=0),
          jnp.tile(jnp.arange(num_classes), count))
      produced = produced.reshape(count, num_classes, *produced.shape[1:])
      erased = translate(defects, jnp.full(num_classes, num_classes))
      recon = translate(erased, jnp.arange(num_classes))
      return (jnp.concatenate([backgrounds[:, None], produced], axis=1),
              jnp.stack([defects, erased, recon], axis=1))

    self._run = run

  def __call__(self, gen):
    """Draws the grids with the generator's parameters `gen`.

    Returns:
      {'production': backgrounds x every class, 'elimination': a defect a class,
      its generated background, its reconstruction}, uint8 [1, h, w, 3] each.
    """
    production, elimination = self._run(gen, *self._inputs)
    return {
        'production': grid(
            to_uint8(production), ['input', *self._classes])[None],
        'elimination': grid(
            to_uint8(elimination), ['defect', 'erased', 'restored'],
            self._classes)[None],
    }


def _draw(rng, records, label, count):
  indices = records.find(label)
  indices = rng.choice(indices, count, replace=len(indices) < count)
  return records.images(indices)
