"""The fixed pictures that a run is watched by."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.data import dataset
from pegan_jax.reporting.image_grid import grid
from pegan_jax.runs.step import scale, to_pixels


class Samples:
  """Grids of fixed inputs through the current sampler.

  Args:
    run: a `Run`; its config's `num_samples` and `seed`.
  """

  def __init__(self, run):
    config, info, method = run.config, run.info, run.method
    self._classes = info.classes
    num_classes, count = len(info.classes), config.num_samples
    self._inputs = ()
    if method.TRANSLATES:
      self._inputs = _inputs(run)
    # Any keys that stay as they are.
    keys = jax.random.split(jax.random.key(config.seed), (num_classes, count))

    def prepare(image):
      image = scale(image, config.image_size)
      return jnp.broadcast_to(image, (*image.shape[:-1], 3))

    def pixels(x):  # [classes, n, H, W, 3] -> uint8 [n, classes, h, w, C]
      flat = to_pixels(x.reshape(-1, *x.shape[2:]), info.image_size,
                       info.channels)
      return flat.reshape(*x.shape[:2], *flat.shape[1:]).swapaxes(0, 1)

    @jax.jit
    def run_noise(sampler):
      return pixels(method.produce(run.nets, sampler, None, keys)),

    @jax.jit
    def run_translation(sampler, backgrounds, defects):
      image = prepare(backgrounds)
      image = jnp.broadcast_to(image, (num_classes, *image.shape))
      produced = pixels(method.produce(run.nets, sampler, image, keys))
      defect = prepare(defects)[:, None]
      erased = method.eliminate(run.nets, sampler, defect)
      restored = method.produce(run.nets, sampler, erased, keys[:, :1])
      return (
          jnp.concatenate([backgrounds[:, None], produced], axis=1),
          jnp.concatenate([pixels(x) for x in (defect, erased, restored)])
          .swapaxes(0, 1))

    self._run = run_translation if method.TRANSLATES else run_noise

  def __call__(self, sampler):
    """Draws the grids.

    Args:
      sampler: what the method draws with, such as a state's `ema`.

    Returns:
      {'production': backgrounds x every class, 'elimination': a defect a class,
      its generated background, its reconstruction}, uint8 [1, h, w, 3] each; only
      {'production': noise x every class} where the method does not translate.
    """
    grids = list(map(np.asarray, self._run(sampler, *self._inputs)))
    inputs = ['input'] if self._inputs else []
    sheets = {'production': grid(grids[0], [*inputs, *self._classes])[None]}
    if self._inputs:
      sheets['elimination'] = grid(
          grids[1], ['defect', 'erased', 'restored'], self._classes)[None]
    return sheets


def _inputs(run):
  """Backgrounds [num_samples, h, w, C], and a defect a class [classes, h, w, C]."""
  info = run.info
  rng = np.random.default_rng(run.config.seed)
  train = dataset.Records(info, 'train')
  backgrounds = _draw(rng, train, info.background, run.config.num_samples)
  # Defects that training does not see, where the data set holds any out.
  held_out = dataset.Records(info, 'test')
  defects = []
  for label in range(len(info.classes)):
    records = held_out if len(held_out.find(label)) else train
    defects.append(_draw(rng, records, label, 1)[0])
  return backgrounds, np.stack(defects)


def _draw(rng, records, label, count):
  indices = records.find(label)
  indices = rng.choice(indices, count, replace=len(indices) < count)
  return records.images(indices)
