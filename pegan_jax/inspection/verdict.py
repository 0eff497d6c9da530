"""Verdicts on the inspectors' answers: figures, paired differences, intervals.

Two arms are compared on the same test images with the same seeds. Each of the
`RESAMPLES` bootstrap samples resamples two things independently (Owen 2007, "The
pigeonhole bootstrap", https://arxiv.org/abs/0712.1111):
- seeds, one fewer than there are (with all S of them the variance of the mean would
  be too small by 1/S), with deviations widened as Student's t is for so few;
- the test images' near-duplicate groups, since crops of one place are one observation.
An interval reaches from the 2.5th to the 97.5th percentile. A class is named only
where its interval at 95% for all classes together (Bonferroni) excludes 0. Of fewer
groups than `ENOUGH_GROUPS` the interval is too narrow, so that nothing follows from it.
"""

import dataclasses

import numpy as np
import scipy

RESAMPLES = 4000
ENOUGH_GROUPS = 10  # Of test images, for a bootstrap.
HELPS, HURTS, NO_EVIDENCE = 'helps', 'hurts', 'no evidence'


@dataclasses.dataclass(frozen=True)
class TestSet:
  """The truth about the test images.

  Attributes:
    labels: int [n].
    groups: int [n]; near-duplicates share a number.
    classes: names of the labels.
  """
  labels: np.ndarray
  groups: np.ndarray
  classes: list[str]

  def images_of(self):
    """Returns {class: number of its images}."""
    return dict(zip(self.classes, np.bincount(
        self.labels, minlength=len(self.classes)).tolist()))

  def groups_of(self):
    """Returns {class: number of its images' groups}."""
    return {name: len(np.unique(self.groups[self.labels == label]))
            for label, name in enumerate(self.classes)}

  def enough_for_verdict(self):
    """Returns whether there are enough groups for a verdict."""
    return len(np.unique(self.groups)) >= ENOUGH_GROUPS

  def enough(self):
    """Lists the classes with enough groups for a verdict."""
    return [c for c, n in self.groups_of().items() if n >= ENOUGH_GROUPS]


def widening(num_seeds):
  """Returns the ratio of Student's t to the normal distribution, for 95%."""
  return scipy.stats.t.ppf(0.975, num_seeds - 1) / scipy.stats.norm.ppf(0.975)


class Resamples:
  """The bootstrap samples, the same for every figure.

  Args:
    test: `TestSet`.
    num_seeds: at least 2.
    seed: of the resamples.
  """

  def __init__(self, test, num_seeds, seed=0):
    rng = np.random.default_rng(seed)
    _, member = np.unique(test.groups, return_inverse=True)
    count = member.max() + 1
    # Occurrences of each group, and so of each of its images: [RESAMPLES, n].
    self.images = rng.multinomial(
        count, np.full(count, 1 / count), RESAMPLES)[:, member].astype(np.float32)
    drawn = rng.multinomial(
        num_seeds - 1, np.full(num_seeds, 1 / num_seeds), RESAMPLES)
    # Each seed's weight in the mean, [RESAMPLES, S]. Deviations from equal weights are
    # widened.
    self.seeds = 1 / num_seeds + widening(num_seeds) * (
        drawn / (num_seeds - 1) - 1 / num_seeds)


def figures(test, predicted, resamples):
  """Computes accuracy, macro F1 and recalls: values and their bootstrap samples.

  Args:
    test: `TestSet`.
    predicted: int [S, n], each seed's answers.
    resamples: `Resamples`.

  Returns:
    ([2 + C], [RESAMPLES, 2 + C]): accuracy, macro F1, each class's recall, means
    over seeds. A sample without a class has NaN for its recall.
  """
  ones = np.ones((1, len(test.labels)), np.float32)
  values = _by_seed(test, predicted, ones)[:, 0].mean(0)
  samples = _by_seed(test, predicted, resamples.images)
  return values, (samples * resamples.seeds.T[:, :, None]).sum(0)


def _by_seed(test, predicted, weights):
  """Computes the figures of each seed with weighted images: [S, R, 2 + C]."""
  num_classes = len(test.classes)
  truth = np.eye(num_classes, dtype=np.float32)[test.labels]
  found = []
  for answers in predicted:
    said = np.eye(num_classes, dtype=np.float32)[answers]
    right = weights @ (truth * said)      # [R, C]
    actual, claimed = weights @ truth, weights @ said
    with np.errstate(invalid='ignore', divide='ignore'):
      recall = right / actual
      f1 = np.where(actual + claimed > 0, 2 * right / (actual + claimed), np.nan)
    accuracy = right.sum(1) / weights.sum(1)
    found.append(np.column_stack([accuracy, np.nanmean(f1, 1), recall]))
  return np.array(found, np.float64)


def interval(samples, level=0.95):
  """Returns percentile intervals of bootstrap samples: [R, ...] -> ([...], [...])."""
  tail = 50 * (1 - level)
  return tuple(np.nanpercentile(samples, [tail, 100 - tail], axis=0))


def summarise(test, values, samples, limits=(0, 1)):
  """Returns a JSON-able dict of an arm's figures, or a difference, with intervals."""
  low, high = np.clip(interval(samples), *limits)
  def entry(i):
    return {'value': float(values[i]), 'low': float(low[i]),
            'high': float(high[i])}
  return {'accuracy': entry(0), 'macro_f1': entry(1),
          'recall': {c: entry(2 + i) for i, c in enumerate(test.classes)}}


def compare(test, arm, reference):
  """Computes the paired difference of two arms, and the verdict.

  Args:
    test: `TestSet`.
    arm, reference: each from `figures`, with the same `Resamples`.

  Returns:
    `summarise`'s dict for arm minus reference, with `verdict` (by accuracy) and
    the classes whose recall is surely `higher` and surely `lower`. With too few groups of
    test images there is no evidence, and a class with too few is in neither list.
  """
  values, samples = arm[0] - reference[0], arm[1] - reference[1]
  result = summarise(test, values, samples, (-1, 1))
  low, high = interval(samples[:, 2:], 1 - 0.05 / len(test.classes))
  accuracy, enough = result['accuracy'], test.enough()
  return result | {
      'verdict': (NO_EVIDENCE if not test.enough_for_verdict() else
                  HELPS if accuracy['low'] > 0 else
                  HURTS if accuracy['high'] < 0 else NO_EVIDENCE),
      'higher': [c for c, x in zip(test.classes, low) if x > 0 and c in enough],
      'lower': [c for c, x in zip(test.classes, high) if x < 0 and c in enough]}
