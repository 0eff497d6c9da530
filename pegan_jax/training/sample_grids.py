"""Sample grids on fixed inputs, written during training."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.data import dataset
from pegan_jax.generation.sampler import Sampler
from pegan_jax.reporting.image_grid import grid


class Samples:
  """Grids of fixed inputs through the current sampler.

  Args:
    run: a `Run`; its config's `num_samples` and `seed`.
  """

  def __init__(self, run):
    self._classes, sampler = run.info.classes, Sampler(run)
    num_classes, count = len(self._classes), run.config.num_samples
    self._inputs = _inputs(run) if run.method.translates else ()
    # Any keys do, as long as they stay the same.
    keys = jax.random.split(jax.random.key(run.config.seed), (num_classes, count))

    # Grids are [row, column, h, w, channels].
    @jax.jit
    def from_noise(weights):
      return sampler.produce(weights, None, keys).image.swapaxes(0, 1),

    @jax.jit
    def from_images(weights, backgrounds, defects):
      everywhere = jnp.broadcast_to(backgrounds, (num_classes, *backgrounds.shape))
      produced = sampler.produce(weights, everywhere, keys).image
      erased, restored = sampler.restore(weights, defects[:, None], keys[:, :1])
      return (jnp.concatenate([backgrounds[:, None], produced.swapaxes(0, 1)], axis=1),
              jnp.concatenate([defects[:, None], erased, restored], axis=1))

    self._sample = from_images if run.method.translates else from_noise

  def __call__(self, weights):
    """Samples the grids.

    Args:
      weights: what the method samples with, such as a state's `ema`.

    Returns:
      {'production': backgrounds x every class, 'elimination': a defect per class,
      its generated background, its reconstruction}, uint8 [1, h, w, 3] each; only
      {'production': noise x every class} where the method does not translate.
    """
    grids = list(map(np.asarray, self._sample(weights, *self._inputs)))
    inputs = ['input'] if self._inputs else []
    sheets = {'production': grid(grids[0], [*inputs, *self._classes])[None]}
    if self._inputs:
      sheets['elimination'] = grid(
          grids[1], ['defect', 'erased', 'restored'], self._classes)[None]
    return sheets


def _inputs(run):
  """Returns backgrounds [num_samples, h, w, C], and a defect per class [C, h, w, C]."""
  info = run.info
  rng = np.random.default_rng(run.config.seed)
  train = dataset.Records(info, 'train')
  backgrounds = _choose(rng, train, info.background, run.config.num_samples)
  # Defects that training does not see, where the data set holds any out.
  held_out = dataset.Records(info, 'test')
  defects = []
  for label in range(len(info.classes)):
    records = held_out if len(held_out.find(label)) else train
    defects.append(_choose(rng, records, label, 1)[0])
  return backgrounds, np.stack(defects)


def _choose(rng, records, label, count):
  indices = records.find(label)
  indices = rng.choice(indices, count, replace=len(indices) < count)
  return records.images(indices)
