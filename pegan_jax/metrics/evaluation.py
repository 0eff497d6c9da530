"""Turns features into figures: for each class, their mean, and all classes pooled."""

import dataclasses

import numpy as np

from pegan_jax.common.errors import check_at_least, check_seed, check_value, UserError
from pegan_jax.metrics import copies, intervals, kid, METRICS, scores
from pegan_jax.metrics.sets import check_classes, FLAT


@dataclasses.dataclass(frozen=True)
class Options:
  """Options of a comparison of two sets.

  Attributes:
    count: images per class on each side; 0 takes as many as both have.
    all_images: whether to compare all, whatever the numbers.
    repeats: random halves for each interval and floor.
    seed: of every random choice.
  """
  count: int = 0
  all_images: bool = False
  repeats: int = 20
  seed: int = 0

  def check(self):
    """Raises UserError for values that make no sense."""
    check_value('count', self.count, self.count == 0 or self.count >= intervals.LEAST,
                f'0 (as many as both have) or at least {intervals.LEAST}')
    check_seed('seed', self.seed)
    check_at_least('repeats', self.repeats, 2)


def evaluate(real, generated, options, pool=None, reader=None,
             progress=lambda count: None):
  """Computes every metric for every class, their mean and all classes pooled.

  The classes are those of `generated`: of the others, a warning says that they are
  left out.

  Args:
    real: `FeatureSet` to compare with.
    generated: `FeatureSet` with all or some of its classes, or with none.
    options: `Options`.
    pool: `FeatureSet` of real images that floors are taken from; None means `real`.
      More images than `real` has allow floors at the same N.
    reader: from `scores.fit_reader`; None leaves label fidelity out.
    progress: called with the number of comparisons done.

  Returns:
    {'pooled', 'mean', 'classes', 'warnings'}, as
    `python -m pegan_jax.metrics --json` writes them.

  Raises:
    UserError: generated classes that are not among the real ones, fewer images than
      `options.count`, features that are not finite, or a class with too few images for
      a metric.
  """
  check_counts(*({c: len(x) for c, x in side.features.items()}
                 for side in (real, generated)), options)
  if FLAT in real.features or FLAT in generated.features:
    real, generated = real.flattened(), generated.flattened()
    pool, reader = pool and pool.flattened(), None
  compared = [c for c in real.features if c in generated.features]
  left_out = [c for c in real.features if c not in generated.features]
  pool = pool or real
  real, generated = real.in_order(compared), generated.in_order(compared)
  report = _compare(real, generated, pool, options, METRICS, progress)
  notes = _add_region_kid(report, real, generated, pool, options)
  scores.add(report, generated, reader)
  report['warnings'] = notes + warnings(
      report, next(iter(real.features.values())).shape[1])
  if left_out:
    report['warnings'].insert(0, (
        f'nothing was generated of {", ".join(left_out)}: mean and pooled figures are '
        f'of {", ".join(compared)} alone.'))
  return report


def check_counts(real, generated, options):
  """Checks before any features are computed that `evaluate` can compare such sets.

  Args:
    real: {class: number of images}, as in a `FeatureSet`.
    generated: likewise.
    options: `Options`.

  Raises:
    UserError: generated classes that are not among the real ones, or too few images.
  """
  check_classes(real, generated)
  if FLAT in real or FLAT in generated:
    real, generated = ({FLAT: sum(side.values())} for side in (real, generated))
  for class_name in [c for c in real if c in generated]:
    counts = {'real': real[class_name], 'generated': generated[class_name]}
    for name, count in counts.items():
      if count < intervals.LEAST:
        raise UserError(
            f'{count} {name} images{f" of {class_name}" * bool(class_name)} are too few, '
            f'as intervals compare halves of a set: add images until there are '
            f'{intervals.LEAST} or more{", or leave the class out" * bool(class_name)}')
      if count < options.count and not options.all_images:
        raise UserError(
            f'{options.count} images per class were asked for, and '
            f'{f"{class_name} has" if class_name else "there are"} {count} {name} ones')


def _add_region_kid(report, real, generated, pool, options):
  """Adds KID of the crops to a report; returns sentences on what has none."""
  if real.crops is None or generated.crops is None:
    return []
  sides = (('real', real), ('generated', generated))
  counts = {c: [len(side.crops.features.get(c, ())) for _, side in sides]
            for c in generated.features}
  compared = [c for c, n in counts.items() if min(n) >= intervals.LEAST]
  said = []
  if few := [f'{c} ({counts[c][0]} real and {counts[c][1]} generated images with a known '
             'region)' for c in counts if c not in compared]:
    said.append(f'region KID is not known of {", ".join(few)}: it takes {intervals.LEAST} '
                'or more on each side.')
  for i, (name, side) in enumerate(sides):
    if left_out := [f'{n} of {len(side.features[c])} of {c}' for c in compared if (
        n := len(side.features[c]) - counts[c][i])]:
      said.append(f'region KID leaves out {name} images whose region is not known: '
                  f'{", ".join(left_out)}.')
  if compared:
    found = _compare(real.crops.in_order(compared), generated.crops.in_order(compared),
                     pool.crops, options, [kid.AT_REGIONS])
    for name in ('pooled', 'mean'):
      report[name] |= found[name]
    for c in compared:
      report['classes'][c] |= found['classes'][c]
  return said


def _compare(real, generated, pool, options, metrics, progress=lambda count: None):
  """Computes the metrics' part of a report: 'classes', 'mean' and 'pooled'."""
  rng = np.random.default_rng(options.seed)
  taken, resamples, parts = [], [], {}
  for class_name in real.features:
    sides = _take(real, generated, class_name, options, rng)
    taken.append((*sides, pool.features[class_name]))
    try:
      resamples.append(intervals.Resamples(
          len(sides[0]), len(sides[1]), pool.group_numbers(class_name),
          options.repeats, rng))
      parts[class_name] = _estimates(
          metrics, *taken[-1], resamples[-1], rng, progress)
    except UserError as e:
      raise UserError(f'{class_name}: {e}' if class_name else str(e)) from e
  report = {'classes': {}, 'mean': {}}
  if FLAT not in parts:
    report['classes'] = {c: _to_dict(metrics, p) for c, p in parts.items()}
    report['mean'] = _to_dict(metrics, [
        intervals.mean(list(each)) for each in zip(*parts.values(), strict=True)])
  if len(taken) == 1:
    report['pooled'] = _to_dict(metrics, next(iter(parts.values())))
  else:
    joined = [np.concatenate(side) for side in zip(*taken, strict=True)]
    resamples = intervals.join(resamples, [len(t[2]) for t in taken])
    report['pooled'] = _to_dict(metrics, _estimates(
        metrics, *joined, resamples, rng, progress))
  return report


def _take(real, generated, class_name, options, rng):
  """Returns the features to compare, chosen at random where there are too many."""
  sides = [s.features[class_name] for s in (real, generated)]
  if options.all_images:
    return sides
  number = min(options.count or len(sides[0]), *map(len, sides))
  return [side[np.sort(rng.permutation(len(side))[:number])] for side in sides]


def _estimates(metrics, real, generated, pool, resamples, rng, progress):
  done = []
  for metric in metrics:
    done.append(intervals.estimate(metric, real, generated, pool, resamples, rng))
    progress(1)
  return done


def _to_dict(metrics, estimates):
  result = {}
  for metric, e in zip(metrics, estimates, strict=True):
    result |= e.to_dict(metric.figures)
  return result


def find_copies(real, generated):
  """Lists the generated images that lie too near to one real image.

  Args:
    real: `FeatureSet`, of training images where the list shall mean copies.
    generated: `FeatureSet` of the same classes.

  Returns:
    [{'generated', 'real', 'distance', 'threshold'}], the nearest first: both
    names, and the distance below which real images of the class hardly ever lie. The real
    image may be the one that the generator was shown, as it was moved.
  """
  found = []
  for class_name, features in generated.features.items():
    index, distance = copies.nearest(real.features[class_name], features)
    threshold = copies.threshold(real.features[class_name])
    names = [real.names[class_name][i] for i in index]
    if shown := generated.references:
      to_shown = np.linalg.norm(
          features.astype(np.float64) - shown.features[class_name], axis=1)
      names = [f'{its} (shown, moved)' if nearer else name for name, its, nearer in zip(
          names, shown.names[class_name], to_shown < distance)]
      distance = np.minimum(distance, to_shown)
    found += [
        {'generated': generated.names[class_name][i], 'real': names[i],
         'distance': float(distance[i]), 'threshold': float(threshold)}
        for i in np.flatnonzero(distance <= threshold)]
  return sorted(found, key=lambda x: x['distance'])


def warnings(report, dim):
  """Lists what such counts cannot tell, and what to read instead.

  Args:
    report: has 'classes' and 'pooled'.
    dim: number of features D.

  Returns:
    Sentences.
  """
  sets = list(report['classes'].values()) or [report['pooled']]
  figures = [figure for metric in METRICS for figure in metric.figures]
  counts = [s[figures[0].name] for s in sets]  # Those of all metrics.
  fewest = min(counts, key=_least)
  n = _least(fewest)
  said = [doubt for metric in METRICS
          if metric.doubt and (doubt := metric.doubt(n, dim))]
  if any(c['n_real'] != c['n_generated'] for c in counts):
    said.append('the two sides have different numbers of images, and these figures shift '
                f'with that alone: {", ".join(f.title for f in figures if f.shifts)}.')
  if any(c['floor_n'] < _least(c) for c in counts):
    said.append(
        f'there are too few real images for floors at N = {n}: they are at '
        f'{fewest["floor_n"]} per side, and the figures at that N stand beside them.')
  return said


def _least(counts):
  return min(counts['n_real'], counts['n_generated'])
