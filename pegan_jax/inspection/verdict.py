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
FALSE_ALARMS = (0.01, 0.05)  # Shares of clean images.
HELPS, HURTS, NO_EVIDENCE = 'helps', 'hurts', 'no evidence'
UNTOLD = 'too few test images to tell'  # Of too few groups: whatever the difference is.


@dataclasses.dataclass(frozen=True)
class TestSet:
  """The truth about the test images.

  Attributes:
    labels: int [n].
    groups: int [n]; near-duplicates share a number.
    classes: names of the labels.
    clean: the label of clean images, the last, or None where all are defects.
  """
  labels: np.ndarray
  groups: np.ndarray
  classes: list[str]
  clean: int | None = None

  def images_of(self):
    """Returns {class: number of its images}."""
    return dict(zip(self.classes, np.bincount(
        self.labels, minlength=len(self.classes)).tolist()))

  def groups_of(self):
    """Returns {class: number of its images' groups}."""
    return {name: len(np.unique(self.groups[self.labels == label]))
            for label, name in enumerate(self.classes)}

  def enough_for_verdict(self):
    """Returns whether there are enough groups of defects for a verdict."""
    return len(np.unique(self.groups[self.labels != self.clean])) >= ENOUGH_GROUPS

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


def figures(test, predicted, resamples, scores=None):
  """Computes accuracy, macro F1 and recalls: values and their bootstrap samples.

  Args:
    test: `TestSet`.
    predicted: int [S, n], each seed's answers.
    resamples: `Resamples`.
    scores: float [S, n], how likely each seed thinks a defect, where `test` has clean
      images.

  Returns:
    ([2 + C], [RESAMPLES, 2 + C]): accuracy, macro F1, each class's recall, means
    over seeds. A sample without a class has NaN for its recall. With clean images
    accuracy is balanced, the mean of the recalls, as most images are clean; and `detected`
    at each of `FALSE_ALARMS` follows: [2 + C + 2].
  """
  ones = np.ones((1, len(test.labels)), np.float32)
  values = _by_seed(test, predicted, scores, ones)[:, 0].mean(0)
  samples = _by_seed(test, predicted, scores, resamples.images)
  return values, (samples * resamples.seeds.T[:, :, None]).sum(0)


def detected(test, scores, weights):
  """Computes the share of defects whose score is above that of nearly all clean images.

  Args:
    test: `TestSet` with clean images.
    scores: float [n], the higher the likelier a defect.
    weights: float [R, n], how often each image counts.

  Returns:
    [R, 2]: the mean over classes of defects, for each of `FALSE_ALARMS`, the largest
    share of clean images whose score may be above the threshold.
  """
  clean = np.flatnonzero(test.labels == test.clean)
  clean = clean[np.argsort(-scores[clean])]
  passed = np.cumsum(weights[:, clean], 1)
  # How many clean images have such a score or a higher one: [n].
  above = np.searchsorted(-scores[clean], -scores, 'right')
  truth = np.eye(len(test.classes), dtype=np.float32)[test.labels][:, :test.clean]
  found = []
  with np.errstate(invalid='ignore'):
    for share in FALSE_ALARMS:
      allowed = (passed <= share * passed[:, -1:] + 1e-6).sum(1)
      hit = weights * (above <= allowed[:, None])
      found.append(np.nanmean(hit @ truth / (weights @ truth), 1))
  return np.stack(found, 1)


def _by_seed(test, predicted, scores, weights):
  """Computes the figures of each seed with weighted images: [S, R, 2 + C or more]."""
  num_classes = len(test.classes)
  truth = np.eye(num_classes, dtype=np.float32)[test.labels]
  found = []
  for seed, answers in enumerate(predicted):
    said = np.eye(num_classes, dtype=np.float32)[answers]
    right = weights @ (truth * said)      # [R, C]
    actual, claimed = weights @ truth, weights @ said
    with np.errstate(invalid='ignore', divide='ignore'):
      recall = right / actual
      f1 = np.where(actual + claimed > 0, 2 * right / (actual + claimed), np.nan)
    if test.clean is None:
      accuracy, more = right.sum(1) / weights.sum(1), []
    else:
      accuracy, more = np.nanmean(recall, 1), [detected(test, scores[seed], weights)]
    found.append(np.column_stack([accuracy, np.nanmean(f1, 1), recall, *more]))
  return np.array(found, np.float64)


def interval(samples, level=0.95):
  """Returns percentile intervals of bootstrap samples: [R, ...] -> ([...], [...])."""
  tail = 50 * (1 - level)
  return tuple(np.nanpercentile(samples, [tail, 100 - tail], axis=0))


def summarise(test, values, samples, limits=(0, 1), level=0.95):
  """Returns a JSON-able dict of an arm's figures, or a difference, with intervals."""
  low, high = np.clip(interval(samples, level), *limits)
  def entry(i):
    return {'value': float(values[i]), 'low': float(low[i]),
            'high': float(high[i])}
  found = {'accuracy': entry(0), 'macro_f1': entry(1),
           'recall': {c: entry(2 + i) for i, c in enumerate(test.classes)}}
  if test.clean is not None:
    found['detected'] = {f'{share:.0%}': entry(2 + len(test.classes) + i)
                         for i, share in enumerate(FALSE_ALARMS)}
  return found


def judge(difference, enough):
  """Returns the verdict on a difference, a dict with `low` and `high`.

  Without enough groups of test images nothing can be told.
  """
  if not enough:
    return UNTOLD
  return (HELPS if difference['low'] > 0 else
          HURTS if difference['high'] < 0 else NO_EVIDENCE)


def compare(test, arm, reference, level=0.95):
  """Computes the paired difference of two arms, and the verdict.

  Args:
    test: `TestSet`.
    arm, reference: each from `figures`, with the same `Resamples`.
    level: of the intervals, see `arms.level`.

  Returns:
    `summarise`'s dict for arm minus reference, with `verdict` (by accuracy) and
    the classes whose recall is surely `higher` and surely `lower`. With too few groups of
    test images nothing can be told, and a class with too few is in neither list.
  """
  values, samples = arm[0] - reference[0], arm[1] - reference[1]
  result = summarise(test, values, samples, (-1, 1), level)
  low, high = interval(samples[:, 2:2 + len(test.classes)],
                       1 - (1 - level) / len(test.classes))
  accuracy, enough = result['accuracy'], test.enough()
  return result | {
      'verdict': judge(accuracy, test.enough_for_verdict()),
      'higher': [c for c, x in zip(test.classes, low) if x > 0 and c in enough],
      'lower': [c for c, x in zip(test.classes, high) if x < 0 and c in enough]}
