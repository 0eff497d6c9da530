"""The worth of generated images: how many more real ones would do the same.

A curve is an arm's figure over the number of real images it was trained with, at
each of the study's fractions: straight lines over the number's logarithm, never
falling. If n real images with generated ones score as n + M real ones do without
them, the generated images are worth M more real ones.
"""

import numpy as np

from pegan_jax.inspection.arms import AUGMENTED


def more_real(counts, without, score, count):
  """Computes M for one figure.

  Args:
    counts: [F] numbers of real images, ascending.
    without: [F] the figure with these alone.
    score: the figure with generated images beside `count` real ones.
    count: one of `counts`.

  Returns:
    M; 0 where generated images gain nothing, infinity where `score` is above the
    whole curve.
  """
  curve = np.maximum.accumulate(without)
  at = list(counts).index(count)
  if score <= without[at]:
    return 0.0
  if score > curve[-1]:
    return float('inf')
  # First point where the curve reaches the score.
  i = int(np.argmax(curve >= score))
  if i <= at:
    return 0.0
  share = (score - curve[i - 1]) / (curve[i] - curve[i - 1])
  reached = np.exp(np.log(counts[i - 1])
                   + share * np.log(counts[i] / counts[i - 1]))
  return float(max(0.0, reached - count))


def all_sets(test, fractions, generated, counts):
  """Computes what every generated set is worth, for all classes and each one.

  Augmented arms are compared: augmentation costs nothing, so that is the choice that
  a user has. Classes without images in a set are left out, and those with too few test
  images for a verdict.

  Args:
    test: `verdict.TestSet`.
    fractions: those of the report.
    generated: names of the generated sets.
    counts: {name: [C]} images in them.

  Returns:
    {name: [{'fraction', 'figure', 'real', 'generated', 'more_real'}]}. 'figure' is
    'accuracy' (with counts that are means over classes) or a class; 'more_real' is
    None beyond the end of the curve. {} with one fraction.
  """
  if len(fractions) < 2:
    return {}
  order = sorted(fractions, key=float)
  def score(fraction, arm, figure):
    arm = fractions[fraction]['arms'][arm]
    part = arm['accuracy'] if figure == 'accuracy' else arm['recall'][figure]
    return part['value']
  def real(fraction, figure):
    each = fractions[fraction]['real_per_class']
    return (each[figure] if figure != 'accuracy' else
            sum(each.values()) / len(each))
  found = {}
  for name in generated:
    rows = found[name] = []
    for figure in ('accuracy', *(c for c in test.enough() if c in fractions[
        order[0]]['real_per_class'])):  # Not of clean images.
      without = [score(f, AUGMENTED, figure) for f in order]
      numbers = [real(f, figure) for f in order]
      added = (counts[name][test.classes.index(figure)]
               if figure != 'accuracy' else counts[name].mean())
      if not added:
        continue
      for f in order[:-1]:
        more = more_real(numbers, without,
                         score(f, f'{AUGMENTED}+{name}', figure),
                         real(f, figure))
        rows.append({'fraction': float(f), 'figure': figure,
                     'real': real(f, figure), 'generated': float(added),
                     'more_real': None if np.isinf(more) else more})
  return found
