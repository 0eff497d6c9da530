"""Collects what a study has found: its report, as study.json has it."""

import dataclasses

import numpy as np

from pegan_jax.inspection import arms as arms_lib, decision, images, verdict, worth
from pegan_jax.inspection.settings import Settings


def collect(config, sets, plan, answers):
  """Makes a study's report out of its inspectors' answers.

  Args:
    config: from configs/study.py.
    sets: `images.Sets`.
    plan: the `arms.Arm`s.
    answers: {(fraction, name of an arm): [seeds, 2, n] of what `Results.load` returns}.

  Returns:
    What study.json holds, but for what was checked and left out.
  """
  info, train, test = sets.info, sets.train, sets.test
  classes = images.class_names(info, config.clean_class)
  clean = info.background if config.clean_class else None
  held = verdict.TestSet(test.labels, test.groups, classes, clean)
  resamples = verdict.Resamples(held, config.seeds)
  fractions = {}
  for fraction in sorted(set(map(float, config.fractions))):
    known = {}
    for arm in plan:
      predicted, scores = answers[fraction, arm.name].swapaxes(0, 1)
      known[arm.name] = verdict.figures(held, predicted.astype(int), resamples, scores)
    own = [arm for arm in plan if arm is not arms_lib.PRETRAINED]
    fractions[f'{fraction:g}'] = {
        'real_per_class': {
            c: int(n) for c, n in zip(info.classes, np.bincount(
                train.labels[images.subset(train.labels, fraction, 0, clean)]))},
        'arms': {arm.name: _arm(held, arm, known, arms_lib.level(own, arm))
                 for arm in plan},
        'decisions': decision.all_sets(held, own, known, sets.pasted),
        'pretrained': decision.pretrained(own, known) if len(own) < len(plan) else None}
  counts = {name: np.bincount(s.labels, minlength=len(info.classes))
            for name, s in sets.generated.items()}
  settings = Settings.of(config)
  return {
      'classes': classes,
      'protocol': dataclasses.asdict(settings) | {
          'steps': settings.steps(len(train)), 'seeds': config.seeds,
          'data': str(info.folder), 'test': config.test, 'clean_class': config.clean_class,
          'generated': images.folders(config), 'per_class': config.per_class,
          'test_images': len(test),
          'test_groups': int(len(np.unique(test.groups))),
          'too_few_steps': settings.too_few_steps(len(train)),
          'test_images_of_classes': held.images_of(),
          'test_groups_of_classes': held.groups_of(),
          'bootstrap': verdict.RESAMPLES},
      'generated': {name: dict(zip(info.classes, map(int, n)))
                    for name, n in counts.items()},
      'fractions': fractions,
      'worth': worth.all_sets(held, fractions, list(counts), counts)}


def _arm(held, arm, known, level):
  """Returns one arm's part of the report."""
  values, samples = known[arm.name]
  entry = {'title': arm.title, 'generated': arm.generated,
           'augmented': arm.augmented, 'reference': arm.reference, 'level': level}
  entry |= verdict.summarise(held, values, samples)
  entry['against'] = {
      other: verdict.compare(held, known[arm.name], known[other], level)
      for other in (arms_lib.REAL, arms_lib.AUGMENTED, arms_lib.STRONG)
      if other != arm.name and other in known}
  return entry
