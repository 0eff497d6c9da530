"""Trains the segmenters of a study that are missing, and keeps what they answer."""

import dataclasses
import itertools
import pathlib
import time

import numpy as np

from pegan_jax.common import files, provenance, terminal
from pegan_jax.inspection import pretraining
from pegan_jax.inspection.localise import figures, training_sets
from pegan_jax.inspection.segmenter import Segmenter

_VERSION = 1  # Of what a training, and its figures, are.


class Bench:
  """Trains segmenters on subsets of one set of crops.

  Args:
    settings: `settings.Settings`.
    real: `crops.Real`.
    generated: {name: `Crops`}.
    folder: gets <digest>.npz, the answers of each training.
    make_segmenter: `Segmenter`, or a class with its methods.
  """

  def __init__(self, settings, real, generated, folder, make_segmenter=Segmenter):
    self._settings, self._make = settings, make_segmenter
    self._real, self._folder = real, pathlib.Path(folder)
    self._sets = training_sets.TrainingSets(real, generated)
    self._checksums = {name: x.checksum() for name, x in generated.items()}
    self._same = {
        'version': _VERSION, 'test': real.test.checksum(), 'clean': real.clean.checksum(),
        'settings': dataclasses.asdict(settings)}
    if settings.pretrained:
      self._same |= pretraining.weights(settings)

  def run(self, plan, fractions, seeds):
    """Trains every arm at every fraction and seed.

    Args:
      plan: `arms.Arm`s.
      fractions: shares of the real frames.
      seeds: how many.

    Returns:
      {(fraction, name of an arm): `figures.Answers` of each seed}.
    """
    jobs = {job: self._digest(*job)
            for job in itertools.product(fractions, plan, range(seeds))}
    answers = {digest: figures.read(self._folder / f'{digest}.npz', self._real.test.inside)
               for digest, _ in jobs.values()}
    # Keys are digests: arms without real crops are the same at every fraction.
    missing = {digest: (job, pool) for job, (digest, pool) in jobs.items()
               if answers[digest] is None}
    if len(missing) < len(answers):
      terminal.say(f'{len(answers) - len(missing)} of {len(answers)} trainings are done '
                   'already')
    if missing:
      answers |= self._train_all(missing)
    return {(fraction, arm.name): [answers[jobs[fraction, arm, seed][0]]
                                   for seed in range(seeds)]
            for fraction in fractions for arm in plan}

  def _digest(self, fraction, arm, seed):
    """Returns the name of a training's answers, and its defects: int [n]."""
    parts, pool = [], []
    if arm.real:
      chosen = self._real.defects.of_share(fraction, seed)
      parts.append(self._real.defects.take(chosen).checksum())
      pool.append(chosen)
    if arm.generated:
      parts.append(self._checksums[arm.generated])
      pool.append(self._sets.generated[arm.generated])
    about = self._same | {'seed': seed, 'real': arm.real, 'crops': parts}
    if len(parts) < 2:  # A setting without effect here.
      about['settings'] = about['settings'] | {'real_share': None}
    return provenance.digest(about), np.concatenate(pool)

  def _train_all(self, missing):
    """Trains the {digest: (job, pool)}: {digest: `Answers`}."""
    self._folder.mkdir(parents=True, exist_ok=True)
    test, steps = self._real.test, self._settings.steps
    segmenter = self._make(self._settings, *self._sets.arrays())
    bar = terminal.Progress(len(missing) * steps, unit='step')
    began, answers = time.perf_counter(), {}
    for digest, ((fraction, arm, seed), pool) in missing.items():
      state, _ = segmenter.train_on(
          self._sets.rows(self._settings, pool, seed), seed, bar.update)
      answers[digest] = found = figures.measure(
          segmenter.scores(state, test.pixels), test.inside)
      files.write(self._folder / f'{digest}.npz', figures.to_bytes(found))
      done = len(answers) * steps
      share = '' if fraction == 1 else f' of {fraction:g}'
      bar.report(done, (time.perf_counter() - began) / done,
                 f'{arm.title}{share}, seed {seed}: pixel AP {found.figures[0]:.3f}')
    bar.close()
    return answers
