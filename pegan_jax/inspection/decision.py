"""The answer about each generated set: whether to use it, by a rule fixed beforehand.

A set may be used in several ways: mixed with real images, augmented so or so, or before
them. Its best way has to beat every arm without generated images, and every way of using
defects that were pasted, if the study has such a set. What is best is not known beforehand
and may not be chosen by the test images. So:
- it is not chosen which rival is best: a way is judged by the rival that it beats least
  surely; where it beats that, what is told is the smallest difference;
- it is chosen which way is best, so that all intervals are at 95% for all ways together
  (Bonferroni).
Where no way surely beats its rivals, the set hurts if each way is surely worse than the
same training without generated images.
"""

from pegan_jax.inspection import verdict

BEATEN = 'a rival does as well'  # Beside those of `verdict`.


def all_sets(test, arms, known, pasted):
  """Decides about every generated set.

  Args:
    test: `verdict.TestSet`.
    arms: the study's `arms.Arm`s.
    known: {name of an arm: its `verdict.figures`}.
    pasted: names of the sets that were pasted.

  Returns:
    {name of a set: {'verdict': of `verdict`, or `BEATEN`; 'arm', 'over': names of the best
    way and of that rival; 'value', 'low', 'high': the difference
    between them}}.
  """
  found = {}
  for name in dict.fromkeys(arm.generated for arm in arms if arm.generated):
    ways = _ways(arms, name)
    classical = [arm.name for arm in arms if not arm.generated]
    others = [] if name in pasted else [
        arm.name for other in pasted for arm in _ways(arms, other)]
    level = 1 - 0.05 / len(ways)
    def least(arm, rivals, by='low', level=level):
      return min((_difference(known, arm, rival, level) for rival in rivals),
                 key=lambda x: x[by])
    best = max((least(arm.name, classical) for arm in ways), key=lambda x: x['low'])
    if not test.enough_for_verdict():
      word = verdict.NO_EVIDENCE
    elif best['low'] > 0:
      word, best = verdict.HELPS, least(best['arm'], classical, 'value')
      over = others and least(best['arm'], others)
      if over and over['low'] <= 0:
        word, best = BEATEN, over
    elif all(_difference(known, arm.name, arm.reference, 0.95)['high'] < 0
             for arm in ways):
      word = verdict.HURTS
    else:
      word = verdict.NO_EVIDENCE
    found[name] = {'verdict': word} | best
  return found


def _ways(arms, name):
  """Lists the arms with a set and real images."""
  return [arm for arm in arms if arm.generated == name and arm.real]


def _difference(known, arm, rival, level):
  (value, samples), (other, others) = known[arm], known[rival]
  low, high = verdict.interval(samples[:, 0] - others[:, 0], level)
  return {'arm': arm, 'over': rival, 'value': float(value[0] - other[0]),
          'low': float(low), 'high': float(high)}
