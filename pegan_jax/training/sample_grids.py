"""Sample grids on fixed inputs, written during training."""

import jax
import numpy as np

from pegan_jax.common.image_grid import grid
from pegan_jax.data import dataset, matches
from pegan_jax.generation import jobs
from pegan_jax.generation.sampler import Sampler


class Samples:
  """Grids of fixed inputs through the sampler of `generate`, whose program XLA has anyway.

  Args:
    run: a `Run`; its config's `num_samples` and `seed`.
    sampler: its `Sampler`.
  """

  def __init__(self, run, sampler):
    self._run, self._sampler = run, sampler
    self._frozen = run.frozen()
    self._inputs = _inputs(run) if run.method.translates else None
    self._matched = _matched(run)
    self._erase = jax.jit(lambda frozen, *args: Sampler(run, frozen).eliminate(*args))

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
    placed, classes = self._run.method.layout.placed, self._run.info.classes
    region = ['region'] if placed else []
    if not self._inputs:
      return {'production': grid(self._draw(weights).swapaxes(0, 1), classes)[None]}
    backgrounds, defects, regions, covered = self._inputs
    erased = np.asarray(self._erase(
        self._frozen, weights, defects[:, None], *[covered] * placed))
    drawn = self._draw(weights, np.concatenate([backgrounds, erased], 1),
                       np.concatenate([regions, covered], 1) if placed else None)
    produced, restored = drawn[:, :-1], drawn[:, -1:]
    shown = [produced]
    if placed:
      shown.insert(0, np.broadcast_to(regions[..., None], produced.shape))
    if self._matched:  # A class per row, whose backgrounds are its own.
      sheet = np.stack([backgrounds, *shown], 2)
      sheet = sheet.reshape(len(sheet), -1, *sheet.shape[3:])
      columns = ['input', *region, 'produced'] * produced.shape[1]
    else:
      columns = np.stack(shown, 1).reshape(-1, *produced.shape[1:])
      sheet = np.concatenate([backgrounds[:1], columns]).swapaxes(0, 1)
      columns = ['input', *(name for c in classes for name in (*region, c))]
    return {
        'production': grid(sheet, columns, classes if self._matched else None)[None],
        'elimination': grid(np.concatenate([defects[:, None], erased, restored], 1),
                            ['defect', 'erased', 'restored'], classes)[None]}

  def _draw(self, weights, backgrounds=None, regions=None):
    """Draws images of every class, [C, n, h, w, channels], on [C, n] backgrounds if any."""
    config, classes = self._run.config, len(self._run.info.classes)
    count, chosen = config.num_samples, None
    if backgrounds is not None:
      count = backgrounds.shape[1]
      chosen = np.arange(classes * count).reshape(classes, count)
      backgrounds = backgrounds.reshape(-1, *backgrounds.shape[2:])
    job = jobs.Job([count] * classes, backgrounds, chosen, regions=None if regions is None
                   else lambda label, numbers, _: regions[label, numbers])
    images = [[] for _ in range(classes)]
    for label, _, painted in self._sampler.stream(weights, job, seed=config.seed):
      images[label].append(painted.image)
    return np.stack(list(map(np.concatenate, images)))


def _matched(run):
  """Returns whether it is known which classes go with which backgrounds."""
  return run.matched and run.config.num_steps > 0  # As `train` has it matched then.


def _inputs(run):
  """Returns each class's backgrounds, [C, num_samples, h, w, channels], and a defect of it.

  The defects are [C, h, w, channels]. The backgrounds go with their class where that is
  known, and are the same for all classes elsewhere. For a method that takes regions also
  regions [C, num_samples, h, w], and the defects' own, [C, 1, h, w]; else None twice.
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
    return *inputs, None, None
  draw = jobs.draw_regions(run)
  return *inputs, np.stack([draw(label, range(count)) for label in range(
      len(info.classes))]), np.stack(covered)


def _choose(rng, records, label, count):
  """Returns the indices of `count` records of a label, the same ones only if needed."""
  indices = records.find(label)
  return rng.choice(indices, count, replace=len(indices) < count)
