"""Evaluates a run in progress: KID, and alarms where the generator has collapsed."""

import functools

import jax
import numpy as np

from pegan_jax.common import files, provenance, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.generation import jobs, masks
from pegan_jax.metrics import features, region_crops, splits
from pegan_jax.metrics.kid import kid
from pegan_jax.runs.checkpoints import fit
from pegan_jax.runs.checkpoints.store import BEST, Checkpoints
from pegan_jax.training.collapse import ALARMS, collapse

# At most this many real images per class: enough for a stable KID, and quick.
_MOST_REAL = 200


def check_classes(run):
  """Raises UserError where a class has one training image: nothing to compare."""
  counts = splits.train_counts(run.info)
  if alone := [name for name, count in counts.items() if count == 1]:
    raise UserError(
        f'the train split has one image of {", ".join(alone)}, and evaluation within '
        'a run compares two or more: turn it off with --config.eval_every=0')


class Watch:
  """Evaluates the generator's average every `config.eval_every` updates.

  The reference is the train split, as the test split must choose nothing. Each class is
  put on the same backgrounds; with `config.match` KID is that of images on backgrounds
  that go with the class, as in training and generation.

  Args:
    run: a `Run`.
    sampler: its `Sampler`.

  Raises:
    UserError: the feature network or the data set cannot be read.
  """

  def __init__(self, run, sampler):
    self._run, config = run, run.config
    self._extractor = features.from_config(config.evaluate)
    self._best = Checkpoints(run.workdir, max_to_keep=1, name=BEST)
    # All that a KID's value depends on, except for the weights.
    self._protocol = self._extractor.protocol() | {
        'light_count': config.evaluate.light_count, 'seed': config.evaluate.seed,
        'backgrounds': jobs.inputs(run)}
    if run.matched or run.method.layout.placed:  # The seed of what is drawn.
      self._protocol['generate_seed'] = config.generate.seed
    self._best_kid = self._kept_kid()
    self._sampler, self._ringing = sampler, set()
    self._job, self._same = _plan(run)
    self._count = config.evaluate.light_count if self._same is None else len(self._same)

  @functools.cached_property
  def _real(self):
    """Returns features of training crops, and at their regions, both by class.

    Computed late, to start soon.
    """
    rng = np.random.default_rng([self._run.config.evaluate.seed, 1])
    boxes = region_crops.of_split(self._run.info, 'train')
    real, at_regions = {}, {}
    for name, (images, _, _) in splits.read_split(self._run.info, 'train').items():
      chosen = np.sort(rng.permutation(len(images))[:_MOST_REAL])
      real[name] = self._extractor(images[chosen])
      if name in boxes:
        at_regions |= self._at_regions(
            name, images[chosen], [boxes[name][i] for i in chosen])
    return real, at_regions

  def _at_regions(self, name, images, boxes):
    """Returns {name: features} of crops at boxes; {} for fewer than two."""
    if len(images) - boxes.count(None) < 2:
      return {}
    (_, found), = region_crops.features(
        self._extractor, {name: images}, {name: boxes}).values()
    return {name: found}

  def _kept_kid(self):
    """Returns the best checkpoint's KID; one of another run or protocol is set aside."""
    if not self._best.steps():
      return np.inf
    position, config = self._best.latest_note() or ({}, {})
    free = fit.FREE_KEYS | fit.RATES | fit.not_noted(config)
    if fit.bound(config, free) != fit.bound(self._run.saved_config, free):
      what = 'run'
    elif provenance.differences(self._protocol, position.get('protocol', {})):
      what = 'protocol of evaluation'
    else:
      return position['kid']
    if jax.process_index() == 0:
      aside = self._best.folder.rename(files.numbered(self._best.folder))
      terminal.say(f'{self._best.folder} is of another {what}: moved to {aside}')
    return np.inf

  def __call__(self, step, state, writer):
    """Evaluates, writes scalars and alarms, and keeps the state if it is the best.

    Args:
      step: G updates done.
      state: `GANState`; its `ema` is evaluated.
      writer: gets the scalars under eval/ and alarm/, and alarms as text.
    """
    fakes, boxes = masks.collect(self._run, self._job, self._sampler.stream(
        state.ema, self._job, seed=self._run.config.evaluate.seed))
    fakes, (real, at_regions) = np.stack(fakes), self._real
    # The last images are those on backgrounds that go with their class.
    own, kids, region_kids = slice(-self._count, None), {}, {}
    for i, c in enumerate(self._run.info.classes):
      if c in real:
        kids[c] = kid(real[c], self._extractor(fakes[i, own]))
      if c in at_regions:
        made = self._at_regions(c, fakes[i, own], boxes[i][own])
        region_kids |= {c: kid(at_regions[c], x) for x in made.values()}
    mean = float(np.mean(list(kids.values())))
    scalars, ringing = collapse(fakes[:, :self._count], self._same)
    # The scalars come last: after a kill before them all is done again.
    if mean < self._best_kid:
      self._best_kid = mean
      self._best.replace(
          step, state, {'batch': step, 'kid': mean, 'protocol': self._protocol},
          self._run.saved_config)
    self._alarm(step, ringing, writer)
    writer.write_scalars(step, {
        'eval/kid': mean, **{f'eval/kid/{c}': k for c, k in kids.items()},
        **({'eval/region_kid': float(np.mean(list(region_kids.values())))}
           if region_kids else {}),
        **{f'eval/region_kid/{c}': k for c, k in region_kids.items()},
        **{f'eval/{name}': x for name, x in scalars.items()},
        **{f'alarm/{name}': float(name in ringing) for name in ALARMS}})

  def _alarm(self, step, ringing, writer):
    """Says which alarms ring that did not ring before."""
    for name in ALARMS:
      if name in ringing and name not in self._ringing:
        text = f'alarm at step {step}: {ALARMS[name]}'
        writer.write_texts(step, {f'alarm/{name}': text})
        if jax.process_index() == 0:
          terminal.say(text)
    self._ringing = ringing


def _plan(run):
  """Returns the `Job` of a light evaluation, and the backgrounds that all classes get.

  Every class is put on the same backgrounds and, where backgrounds and classes are
  matched, after these on as many that go with it.
  """
  config, classes = run.config, len(run.info.classes)
  count = config.evaluate.light_count
  backgrounds, _ = jobs.load_backgrounds(run)
  if backgrounds is None:
    return jobs.Job([count] * classes, None, None), None
  if len(backgrounds) < 2:
    raise UserError('evaluation within a run takes 2 backgrounds or more: '
                    'turn it off with --config.eval_every=0')
  rng = np.random.default_rng([config.evaluate.seed, 0])
  same = backgrounds[rng.permutation(len(backgrounds))[:count]]
  count = len(same)
  chosen, regions = [np.arange(count)] * classes, jobs.draw_regions(run)
  if not run.matched:
    return jobs.Job([count] * classes, same, chosen, regions=regions), same
  chosen = [np.append(first, count + own) for first, own in zip(
      chosen, jobs.choose(run, [count] * classes, len(backgrounds)))]
  return jobs.Job([2 * count] * classes, np.concatenate([same, backgrounds]),
                  chosen, regions=regions), same
