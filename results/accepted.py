"""Measures what share of real defects would be accepted as generated ones are.

  python -m results.accepted DATA --counts 5 10 20 50

Of each class, three fifths of the groups of the training split give the known defects: as
many as is asked for, of different groups where there are so many. All defects of other
groups are judged by them, with what lies around them for their ground.
"""

import argparse
import collections

import numpy as np

from pegan_jax.data import dataset, placing
from pegan_jax.generation import usual
from pegan_jax.pretrained import region_features

_KNOWN = 0.6  # Share of the groups.
_MOST = 100  # Defects judged in one draw.


class _Known:
  """Records of a split, with only some of a class."""

  def __init__(self, records, label, indices):
    self._records, self._label, self._indices = records, label, indices

  def __getattr__(self, name):
    return getattr(self._records, name)

  def find(self, label):
    return self._indices if label == self._label else self._records.find(label)


def measure(folder, counts, draws):
  """Yields (count, class, draw, share accepted, {reason: share of defects})."""
  info = dataset.load_info(folder)
  records = dataset.Records(info, 'train', cache_mb=1000)
  features = region_features.load()
  for label, name in enumerate(info.classes):
    indices, kind = placing.best_of(records, label)
    groups, images = records.groups(indices), records.images(indices)
    regions = records.masks(indices)[..., 0] > 0
    figures = [usual.measure(*defect, kind == 'box') for defect in zip(images, regions)]
    seen = features(images, regions)
    for count in counts:
      for seed in range(draws):
        known, others = _parted(np.random.default_rng(seed), groups, count)
        if len(known) < count or not len(others):
          continue
        bounds = usual.Usual(_Known(records, label, indices[known]), label,
                             info.background, features)
        reasons = [_reasons(bounds, figures[i], far) for i, far in zip(
            others, bounds.compare(seen[others]))]
        found = collections.Counter(reason for some in reasons for reason in some)
        yield count, name, seed, np.mean([not some for some in reasons]), {
            reason: n / len(reasons) for reason, n in found.items()}


def _parted(rng, groups, count):
  """Returns the indices of known defects, and of those to judge."""
  order = rng.permutation(np.unique(groups))
  inside = np.isin(groups, order[:max(1, round(_KNOWN * len(order)))])
  pool = rng.permutation(np.flatnonzero(inside))
  _, first = np.unique(groups[pool], return_index=True)
  pool = np.concatenate([rng.permutation(pool[first]), np.delete(pool, first)])
  return pool[:count], rng.permutation(np.flatnonzero(~inside))[:_MOST]


def _reasons(bounds, figures, distance):
  """Returns why a real defect would be rejected; arguments of `usual`'s measures."""
  limits = {'contrast': (bounds.contrast, np.inf, usual.FAINT),
            'brightness': (*bounds.brightness, 'darker or brighter'),
            'colours': (-np.inf, bounds.colours, usual.COLOURS)}
  if bounds.annotated:
    limits |= {'area': (*bounds.extents[0], 'small or large'),
               'shape': (*bounds.extents[1], 'round or long'),
               'seam': (-np.inf, bounds.seam, usual.SEAM)}
  found = [reason for what, (low, high, reason) in limits.items()
           if figures[what] < low or figures[what] > high]
  return found + [distance.reason] * bool(distance.reason)


def main():
  """Prints the mean shares by the number of known defects, and how far draws differ."""
  parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
  parser.add_argument('data')
  parser.add_argument('--counts', type=int, nargs='+', default=[5, 10, 20, 50])
  parser.add_argument('--draws', type=int, default=40)
  args = parser.parse_args()
  rows = list(measure(args.data, args.counts, args.draws))
  for count in args.counts:
    if not (some := [row for row in rows if row[0] == count]):
      continue
    classes = sorted({name for _, name, *_ in some})
    shares = {one: {seed: share for _, name, seed, share, _ in some if name == one}
              for one in classes}
    by_class = [np.mean([*of_draws.values()]) for of_draws in shares.values()]
    by_draw = [np.mean([of_draws[seed] for of_draws in shares.values()])
               for seed in set.intersection(*map(set, shares.values()))]
    low, high = np.quantile(by_draw, (0.025, 0.975))
    reasons = collections.Counter()
    for *_, found in some:
      reasons.update(found)
    print(f'{count} known per class: {np.mean(by_class):.0%} accepted, {low:.0%} to '
          f'{high:.0%} in 95% of {len(by_draw)} draws ('
          + ', '.join(f'{share:.0%} {one}' for one, share in zip(classes, by_class))
          + '); rejected as ' + ', '.join(
              f'{reason} {n / len(some):.0%}' for reason, n in reasons.most_common()))


if __name__ == '__main__':
  main()
