"""Collects what came of a study of segmenters: figures, paired differences and verdicts.

The verdict is on pixel AP: the difference of two arms on the same test crops with the same
seeds, with `verdict`'s bootstrap over seeds and groups of test crops. The other figures are
means over seeds.
"""

import numpy as np

from pegan_jax.inspection import verdict
from pegan_jax.inspection.localise.figures import TITLES
from pegan_jax.metrics import score_histograms
from pegan_jax.metrics.score_histograms import Counts


class Trial:
  """The test crops, and how they are resampled.

  Args:
    test: `crops.Crops`.
    classes: {label: name} of the classes that are tested.
    seeds: number of trainings of an arm.
  """

  def __init__(self, test, classes, seeds):
    self._labels, self._classes, self._seeds = test.labels, classes, seeds
    self._groups, self._member = np.unique(test.groups, return_inverse=True)
    held = verdict.TestSet(test.labels, test.groups, [])
    self._resamples = verdict.Resamples(held, seeds)
    first = np.unique(self._member, return_index=True)[1]
    self._weights = np.concatenate([
        np.ones((1, len(self._groups)), np.float32), self._resamples.images[:, first]])

  @property
  def classes(self):
    """Returns the names of the classes that are tested."""
    return list(self._classes.values())

  def count(self):
    """Returns the number of groups of test crops with defects."""
    return self._count(np.isin(self._labels, list(self._classes)))

  def count_by_class(self):
    """Returns {class: number of groups of its test crops}."""
    return {name: self._count(self._labels == label)
            for label, name in self._classes.items()}

  def _count(self, chosen):
    return len(np.unique(self._member[chosen]))

  def samples(self, answers):
    """Computes pixel AP of all crops, and of each class beside the clean ones.

    Args:
      answers: `figures.Answers` of each seed.

    Returns:
      float [1 + RESAMPLES, 1 + classes], means over seeds: as it is, then resampled.
    """
    clean = ~np.isin(self._labels, list(self._classes))
    chosen = [np.ones(len(self._labels), bool),
              *(clean | (self._labels == label) for label in self._classes)]
    by_seed = np.array([[self._average_precision(x.counts, part) for part in chosen]
                        for x in answers])  # [S, 1 + classes, 1 + RESAMPLES]
    weights = np.concatenate([np.full((1, self._seeds), 1 / self._seeds),
                              self._resamples.seeds])
    return np.einsum('scr,rs->rc', by_seed, weights)

  def _average_precision(self, counts, chosen):
    """Returns that of chosen crops under each weighting of groups, which share theirs."""
    of_groups = []
    for count in counts:
      found = np.zeros((len(self._groups), count.shape[1]), np.int64)
      np.add.at(found, self._member[chosen], count[chosen])
      of_groups.append(found)
    return score_histograms.average_precision(Counts(*of_groups), self._weights)

  def compare(self, arm, reference):
    """Computes the paired difference of two arms' `samples`, with the verdict: a dict."""
    difference = arm - reference
    enough = {c for c, n in self.count_by_class().items() if n >= verdict.ENOUGH_GROUPS}
    found = entry(difference[:, 0], (-1, 1))
    result = found | {'verdict': verdict.judge(
        found, self.count() >= verdict.ENOUGH_GROUPS)}
    low, high = verdict.interval(difference[1:, 1:], 1 - 0.05 / len(self._classes))
    for word, sure in (('higher', low > 0), ('lower', high < 0)):
      result[word] = {
          name: float(value) for name, value, x in zip(
              self.classes, difference[0, 1:], sure) if x and name in enough}
    return result


def entry(samples, limits=(0, 1)):
  """Returns a JSON-able dict of a value, the first, and its interval by the others."""
  low, high = np.clip(verdict.interval(samples[1:]), *limits)
  return {'value': float(samples[0]), 'low': float(low), 'high': float(high)}


def collect(trial, plan, answers):
  """Returns the arms' part of a report, at one fraction: {name: dict}.

  Args:
    trial: `Trial`.
    plan: `arms.Arm`s.
    answers: {name of an arm: `figures.Answers` of each seed}.
  """
  samples = {arm.name: trial.samples(answers[arm.name]) for arm in plan}
  by_seed = {name: np.array([x.figures for x in found]) for name, found in answers.items()}
  for name, of_arm in samples.items():
    of_arm[0, 0] = by_seed[name][:, 0].mean()  # The exact figure.
  found = {}
  for arm in plan:
    of_seeds = by_seed[arm.name]
    found[arm.name] = {
        'title': arm.title, 'generated': arm.generated, 'real': arm.real,
        'reference': arm.reference, 'pixel_ap': entry(samples[arm.name][:, 0]),
        'by_seed': of_seeds[:, 0].tolist(),
        'figures': {name: None if np.isnan(x) else float(x)
                    for name, x in zip(TITLES, of_seeds.mean(0))},
        'classes': dict(zip(trial.classes, samples[arm.name][0, 1:].tolist()))}
    if arm.reference:
      found[arm.name]['against'] = trial.compare(
          samples[arm.name], samples[arm.reference])
  return found
