"""Sample grids on fixed inputs, written during training."""

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.image_grid import grid
from pegan_jax.data import dataset, matches
from pegan_jax.generation import jobs
from pegan_jax.generation.sampler import Sampler


class Samples:
  """Grids of fixed inputs through the current sampler.

  Args:
    run: a `Run`; its config's `num_samples` and `seed`.
  """

  def __init__(self, run):
    self._classes, self._frozen = run.info.classes, run.frozen()
    num_classes, count = len(self._classes), run.config.num_samples
    self._inputs = _inputs(run) if run.method.translates else ()
    self._placed = run.method.layout.placed
    self._matched = _matched(run)
    # Any keys do, as long as they stay the same.
    keys = jax.random.split(jax.random.key(run.config.seed), (num_classes, count))

    # Grids are [row, column, h, w, channels].
    @jax.jit
    def from_noise(frozen, weights):
      return Sampler(run, frozen).produce(weights, None, keys).image.swapaxes(0, 1),

    @jax.jit
    def from_images(frozen, weights, backgrounds, defects, regions=None, covered=None):
      sampler = Sampler(run, frozen)
      produced = sampler.produce(weights, backgrounds, keys, regions=regions).image
      erased, restored = sampler.restore(weights, defects[:, None], keys[:, :1], covered)
      shown = [produced]
      if regions is not None:
        shown.insert(0, jnp.broadcast_to(regions[..., None], produced.shape))
      if self._matched:  # A class per row, whose backgrounds are its own.
        sheet = jnp.stack([backgrounds, *shown], 2)
        sheet = sheet.reshape(num_classes, -1, *sheet.shape[3:])
      else:
        columns = jnp.stack(shown, 1).reshape(-1, *produced.shape[1:])
        sheet = jnp.concatenate([backgrounds[:1], columns]).swapaxes(0, 1)
      return sheet, jnp.concatenate([defects[:, None], erased, restored], axis=1)

    self._sample = from_images if run.method.translates else from_noise

  def __call__(self, weights):
    """Samples the grids.

    Args:
      weights: what the method samples with, such as a state's `ema`.

    Returns:
      {'production': backgrounds x every class, each image after its region where the
      method takes regions, 'elimination': a defect per class,
      its generated background, its reconstruction}, uint8 [1, h, w, 3] each; only
      {'production': noise x every class} where the method does not translate. Where
      classes go with backgrounds, a class per row: each image after its background.
    """
    grids = list(map(np.asarray, self._sample(self._frozen, weights, *self._inputs)))
    region = ['region'] if self._placed else []
    if self._matched:
      columns = ['input', *region, 'produced'] * (grids[0].shape[1] // (2 + self._placed))
    else:
      columns = [name for c in self._classes for name in (*region, c)]
      columns = [*(['input'] if self._inputs else []), *columns]
    sheets = {'production': grid(
        grids[0], columns, self._classes if self._matched else None)[None]}
    if self._inputs:
      sheets['elimination'] = grid(
          grids[1], ['defect', 'erased', 'restored'], self._classes)[None]
    return sheets


def _matched(run):
  """Returns whether it is known which classes go with which backgrounds."""
  return run.matched and run.config.num_steps > 0  # As `train` has it matched then.


def _inputs(run):
  """Returns each class's backgrounds, [C, num_samples, h, w, channels], and a defect of it.

  The defects are [C, h, w, channels]. The backgrounds go with their class where that is
  known, and are the same for all classes elsewhere. For a method that takes regions also
  regions [C, num_samples, h, w], and the defects' own, [C, 1, h, w].
  """
  info, count = run.info, run.config.num_samples
  rng = np.random.default_rng(run.config.seed)
  train = dataset.Records(info, 'train')
  chosen = np.tile(_choose(rng, train, info.background, count), (len(info.classes), 1))
  if _matched(run):
    match = matches.load(info, 'train')
    chosen = train.find(info.background)[np.stack(jobs.choose_backgrounds(
        run.config.seed, [count] * len(info.classes), len(match), match))]
  backgrounds = np.stack([train.images(of_class) for of_class in chosen])
  # Defects that training does not see, where the data set holds any out.
  held_out = dataset.Records(info, 'test')
  defects, covered = [], []
  for label in range(len(info.classes)):
    records = held_out if len(held_out.find(label)) else train
    chosen = _choose(rng, records, label, 1)
    defects.append(records.images(chosen)[0])
    covered.append(records.masks(chosen)[..., 0])
  inputs = backgrounds, np.stack(defects)
  if not run.method.layout.placed:
    return inputs
  draw = jobs.draw_regions(run)
  return *inputs, np.stack([draw(label, range(count)) for label in range(
      len(info.classes))]), np.stack(covered)


def _choose(rng, records, label, count):
  """Returns the indices of `count` records of a label, the same ones only if needed."""
  indices = records.find(label)
  return rng.choice(indices, count, replace=len(indices) < count)
