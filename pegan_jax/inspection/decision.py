"""The answers of a study, by rules that were fixed beforehand.

About each generated set, whether to use it:

A set can be used in several ways: mixed with real images, with usual or strong
augmentation, or before the real images. Its rivals are all arms without generated images
and, if the study has a set of pasted defects, all ways of using that. The set helps if one
of its ways beats every rival. The test images must not choose what is compared, since that
would flatter the choice. So:
- no best rival is chosen. A way is judged by the rival that it beats least surely. If it
  beats even that one, the smallest of the differences is told;
- a best way is chosen. Therefore each interval is so wide that all ways' intervals hold
  together at 95% (`arms.level`). The report has these intervals and no others.
If no way surely beats its rivals, the set hurts if every way is surely worse than the same
training without generated images. Where one of these is always right, nothing is left to
gain, and that is said.

About a network that others have trained, whether it is better than the study's own network,
which is trained from scratch: on real images alone it has to beat every arm of that one. So
no arm is chosen by the test images; the smallest of the differences is told.
"""

import functools

import numpy as np

from pegan_jax.inspection import verdict
from pegan_jax.inspection.arms import level, PRETRAINED, ways

# Beside those of `verdict`.
BEATEN = 'a rival does as well'
EASY = 'nothing is left to gain on the test images'


def all_sets(test, arms, known, pasted):
  """Decides about every generated set.

  Args:
    test: `verdict.TestSet`.
    arms: the study's `arms.Arm`s.
    known: {name of an arm: its `verdict.figures`}.
    pasted: names of the sets that were pasted.

  Returns:
    {name of a set: {'verdict': of `verdict`, `BEATEN` or `EASY`; 'arm', 'over': names of
    the best way and of that rival; 'value', 'low', 'high': the difference
    between them}}.
  """
  found = {}
  for name in dict.fromkeys(arm.generated for arm in arms if arm.generated):
    own = ways(arms, name)
    classical = [arm.name for arm in arms if not arm.generated]
    others = [] if name in pasted else [
        arm.name for other in pasted for arm in ways(arms, other)]
    difference = functools.partial(_difference, known, level(arms, own[0]))
    def least(arm, rivals, by='low', difference=difference):
      return min((difference(arm, rival) for rival in rivals), key=lambda x: x[by])
    best = max((least(arm.name, classical) for arm in own),
               key=lambda x: (x['low'], x['value']))
    hurts = all(difference(arm.name, arm.reference)['high'] < 0 for arm in own)
    if not test.enough_for_verdict():
      word = verdict.UNTOLD
    elif not hurts and max(known[name][0][0] for name in classical) == 1:
      word = EASY
    elif best['low'] > 0:
      word, best = verdict.HELPS, least(best['arm'], classical, 'value')
      over = others and least(best['arm'], others)
      if over and over['low'] <= 0:
        word, best = BEATEN, over
    elif hurts:
      word = verdict.HURTS
    else:
      word = verdict.NO_EVIDENCE
    found[name] = {'verdict': word} | best
  return found


def pretrained(arms, known):
  """Decides about a pretrained network.

  Args:
    arms, known: as `all_sets` takes them, of the other network; known also has the figures
      of `arms.PRETRAINED`.

  Returns:
    {'over': name of the arm that it beats least, 'value', 'low', 'high': the
    difference between them}; None where it does not surely beat every one.
  """
  found = [_difference(known, 0.95, PRETRAINED.name, arm.name) for arm in arms]
  return (min(found, key=lambda x: x['value']) if all(x['low'] > 0 for x in found) else
          None)


def _difference(known, at, arm, rival):
  """Returns what `verdict.compare` says of two arms' accuracy, and their names."""
  (value, samples), (other, others) = known[arm], known[rival]
  low, high = np.clip(verdict.interval(samples[:, 0] - others[:, 0], at), -1, 1)
  return {'arm': arm, 'over': rival, 'value': float(value[0] - other[0]),
          'low': float(low), 'high': float(high)}
