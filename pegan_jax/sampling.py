"""The fixed pictures that a run is watched by."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax import data
from pegan_jax.pictures import grid
from pegan_jax.step import scale, to_pixels


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
      def prepare(image):
        image = scale(image, config.image_size)
        return jnp.broadcast_to(image, (*image.shape[:-1], 3))

      def pixels(image):
        return to_pixels(image, info.image_size, info.channels)

      backgrounds, defects = prepare(backgrounds), prepare(defects)
      count, classes = len(backgrounds), jnp.arange(num_classes)
      # One pass for all of it: each is another network to compile.
      fake = method.translate(
          nets, gen,
          jnp.concatenate([jnp.repeat(backgrounds, num_classes, 0), defects]),
          jnp.concatenate([jnp.tile(classes, count),
                           jnp.full(num_classes, info.background)]))
      produced, erased = fake[:-num_classes], fake[-num_classes:]
      restored = method.translate(nets, gen, erased, classes)
      produced = pixels(produced)
      produced = produced.reshape(count, num_classes, *produced.shape[1:])
      return (
          jnp.concatenate([pixels(backgrounds)[:, None], produced], axis=1),
          jnp.stack([pixels(x) for x in (defects, erased, restored)], axis=1))

    self._run = run

  def __call__(self, gen):
    """Draws the grids with the generator's parameters `gen`.

    Returns:
      {'production': backgrounds x every class, 'elimination': a defect a class,
      its generated background, its reconstruction}, uint8 [1, h, w, 3] each.
    """
    production, elimination = map(np.asarray, self._run(gen, *self._inputs))
    return {
        'production': grid(
            production, ['input', *self._classes])[None],
        'elimination': grid(
            elimination, ['defect', 'erased', 'restored'],
            self._classes)[None],
    }


def _draw(rng, records, label, count):
  indices = records.find(label)
  indices = rng.choice(indices, count, replace=len(indices) < count)
  return records.images(indices)
