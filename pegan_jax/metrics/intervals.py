"""Intervals of figures, and floors: what real images score against each other.

Three things come from N images per side, by random halves without replacement:
- the interval: the spread of a figure between half samples (N/2 per side, without
  replacement) is the standard error of the figure at N: the delete-d jackknife
  with d = N/2 (Shao and Wu 1989), whose factor (N - d) / d is 1. Resampling with
  replacement would put duplicates into both sets, which FID and nearest
  neighbours take for concentration. KID brings its own bootstrap.
- the floor: the figure of one set of real images against another. Each set has N
  images or, if the class has fewer than 2 N, half of the class.
- the figure at the floor's N, if that is smaller than N: FID, precision and coverage
  depend on N, so that only this one can be compared with the floor.
"""

from concurrent.futures import ThreadPoolExecutor
import copy
import dataclasses
import os

import numpy as np
import threadpoolctl

# Images that a set needs, as intervals and floors compare halves.
LEAST = 4

# Two-sided 95% quantile of a normal distribution.
_Z = 1.96

# Resamplings where a metric brings its own bootstrap.
_BOOTSTRAPS = 200


@dataclasses.dataclass(frozen=True)
class Estimate:
  """One metric on one pair of sets; F is the number of its figures.

  Attributes:
    values: [F].
    spread: [R, F] deviations from `values`, one for each resampling.
    floors: [R, F] of real against real.
    at_floor: [F] of generated against real with the floors' counts: a mean.
    n_real: real images per comparison.
    n_generated: generated images per comparison.
    floor_n: images per side of the floors.
  """
  values: np.ndarray
  spread: np.ndarray
  floors: np.ndarray
  at_floor: np.ndarray
  n_real: int
  n_generated: int
  floor_n: int

  def to_dict(self, figures) -> dict[str, dict]:
    """Returns {figure: its keys in JSON}."""
    low, high = _interval(self.values + self.spread.mean(0), self.spread)
    # A centre away from the values, which happens only where both sets share images.
    low, high = np.minimum(low, self.values), np.maximum(high, self.values)
    floor_low, floor_high = _interval(self.floors.mean(0), self.floors)
    result = {}
    for i, figure in enumerate(figures):
      def cut(x, figure=figure):
        return float(np.clip(x, *figure.limits))
      result[figure.name] = {
          'value': float(self.values[i]),
          'low': cut(low[i]), 'high': cut(high[i]),
          'floor': float(self.floors[:, i].mean()),
          'floor_low': cut(floor_low[i]), 'floor_high': cut(floor_high[i]),
          'floor_n': self.floor_n,
          'value_at_floor_n': float(self.at_floor[i]),
          'n_real': self.n_real, 'n_generated': self.n_generated}
    return result


def mean(estimates):
  """Averages over classes, which are independent; counts are the smallest class's."""
  return Estimate(
      *(np.mean([getattr(e, name) for e in estimates], axis=0)
        for name in ('values', 'spread', 'floors', 'at_floor')),
      *(min(getattr(e, name) for e in estimates)
        for name in ('n_real', 'n_generated', 'floor_n')))


def _interval(centre, deviations):
  half = _Z * deviations.std(axis=0)
  return centre - half, centre + half


class Resamples:
  """The random halves of one class, the same for every metric.

  Args:
    n_real: real images per comparison, at least `LEAST`.
    n_generated: generated images per comparison, likewise.
    pool_groups: [p] numbers of the near-duplicate groups of the real images
      that floors are taken from: a group stays on one side.
    repeats: number of resamplings R.
    rng: `np.random.Generator`.
  """

  def __init__(self, n_real, n_generated, pool_groups, repeats, rng):
    self.n_real, self.n_generated = n_real, n_generated
    self.floor_n = min(n_real, n_generated, len(pool_groups) // 2)
    self.halves = [(rng.permutation(n_real)[:n_real // 2],
                    rng.permutation(n_generated)[:n_generated // 2])
                   for _ in range(repeats)]
    self.floors = [_split_groups(pool_groups, self.floor_n, rng)
                   for _ in range(repeats)]
    self.at_floor = [(rng.permutation(n_real)[:self.floor_n],
                      rng.permutation(n_generated)[:self.floor_n])
                     for _ in range(repeats)]


def join(resamples, pool_sizes):
  """Joins the resamples of classes, whose images are then laid end to end.

  Args:
    resamples: `Resamples`, one per class, of equally many repeats.
    pool_sizes: the numbers of images that each class's floors are taken from.

  Returns:
    `Resamples`; each class is halved by itself.
  """
  joined = copy.copy(resamples[0])
  joined.n_real, joined.n_generated, joined.floor_n = (
      sum(getattr(d, name) for d in resamples)
      for name in ('n_real', 'n_generated', 'floor_n'))
  reals = np.cumsum([0] + [d.n_real for d in resamples])
  generated = np.cumsum([0] + [d.n_generated for d in resamples])
  pools = np.cumsum([0, *pool_sizes])
  for name, firsts, seconds in (('halves', reals, generated),
                                ('floors', pools, pools),
                                ('at_floor', reals, generated)):
    each = zip(*(getattr(d, name) for d in resamples), strict=True)
    setattr(joined, name, [
        tuple(np.concatenate([p[side] + start for p, start
                              in zip(pairs, starts)])
              for side, starts in enumerate((firsts, seconds)))
        for pairs in each])
  return joined


def _split_groups(groups, count, rng):
  """Chooses two sets of `count`; no group but one in the middle is cut."""
  names, number = np.unique(groups, return_inverse=True)
  order = np.lexsort((rng.random(len(groups)),
                      rng.permutation(len(names))[number]))
  return order[:count], order[len(order) - count:]


def estimate(metric, real, generated, pool, resamples, rng):
  """Computes a metric with its interval and floor.

  Args:
    metric: a `Metric`.
    real: features [n, D].
    generated: features [m, D].
    pool: features [p, D] of the real images that floors are taken from.
    resamples: `Resamples` for these counts; its lists may be joined over classes.
    rng: `np.random.Generator` for the metric's own bootstrap.

  Returns:
    An `Estimate`.

  Raises:
    UserError: as `metric.compute` does.
  """
  with threadpoolctl.threadpool_limits(1):
    return _estimate(metric, real, generated, pool, resamples, rng)


def _estimate(metric, real, generated, pool, resamples, rng):
  def each(a, b, pairs):
    # One resample per core: at these sizes BLAS's own threads wait for each other.
    with ThreadPoolExecutor(os.cpu_count()) as executor:
      return np.array(list(executor.map(
          lambda pair: metric.compute(a[pair[0]], b[pair[1]]), pairs)))

  values = np.array(metric.compute(real, generated))
  if metric.resample is None:
    spread = each(real, generated, resamples.halves)
    spread -= spread.mean(0)  # Spread alone: half as many images shift FID as well.
  else:
    spread = metric.resample(real, generated, rng, _BOOTSTRAPS) - values
  if resamples.floor_n == resamples.n_real == resamples.n_generated:
    at_floor = values
  else:
    at_floor = each(real, generated, resamples.at_floor).mean(0)
  return Estimate(values, spread, each(pool, pool, resamples.floors), at_floor,
                  resamples.n_real, resamples.n_generated, resamples.floor_n)
