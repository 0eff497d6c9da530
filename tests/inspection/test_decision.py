"""The answer about a set: by all its rivals, whatever the test images favour."""

import numpy as np
import pytest

from pegan_jax.inspection import arms as arms_lib, decision, verdict

# Shares of right answers; what is not named has that of `augmented`.
_RIGHT = {'real': 0.6, 'augmented': 0.7}
_CASES = {
    'helps': ({'augmented+x': 0.85}, verdict.HELPS, 'augmented+x', 'augmented'),
    'strong augmentation does as well': (
        {'augmented+x': 0.85, 'strong': 0.85}, verdict.NO_EVIDENCE, 'augmented+x',
        'strong'),
    'helps strongly augmented': (
        {'strong+x': 0.95, 'augmented+x': 0.85, 'strong': 0.85}, verdict.HELPS, 'strong+x',
        'strong'),
    'helps first': ({'x, then real': 0.85}, verdict.HELPS, 'x, then real', 'augmented'),
    'pasting does as well': (
        {'augmented+x': 0.85, 'strong+p': 0.85}, decision.BEATEN, 'augmented+x',
        'strong+p'),
    'helps beside pasting': (
        {'augmented+x': 0.95, 'strong+p': 0.8}, verdict.HELPS, 'augmented+x', 'augmented'),
    'hurts': (dict.fromkeys(['real+x', 'augmented+x', 'strong+x', 'x, then real'], 0.4),
              verdict.HURTS, None, None),
    'one way hurts': (dict.fromkeys(['real+x', 'augmented+x', 'strong+x'], 0.4),
                      verdict.NO_EVIDENCE, 'x, then real', None)}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
  monkeypatch.setattr(verdict, 'RESAMPLES', 500)


def _decide(right, groups=200, seeds=2):
  rng = np.random.default_rng(0)
  test = verdict.TestSet(np.zeros(200, int), np.arange(200) % groups, ['a', 'b'])
  resamples = verdict.Resamples(test, seeds)
  plan = arms_lib.plan(['x', 'p'], in_steps=True)
  luck = rng.permuted(np.tile((np.arange(200) + 0.5) / 200, (len(plan), 1)), axis=1)
  known = {arm.name: verdict.figures(
      test, (luck[i] >= right.get(arm.name, _RIGHT['augmented'])).astype(int)[None].repeat(
          seeds, 0), resamples) for i, arm in enumerate(plan)}
  return decision.all_sets(test, plan, known, ['p'])


@pytest.mark.parametrize('case', _CASES)
def test_a_set_has_to_beat_every_rival(case):
  right, word, way, over = _CASES[case]
  found = _decide(_RIGHT | right)['x']
  assert found['verdict'] == word
  assert way in (None, found['arm'])
  if over == 'augmented':  # Or what is as good.
    assert found['over'] in ('augmented', 'strong')
  else:
    assert over in (None, found['over'])
  value = (_RIGHT | right).get(found['arm'], 0.7) - (_RIGHT | right).get(found['over'], 0.7)
  assert found['value'] == pytest.approx(value, abs=1e-6)
  assert found['low'] < value < found['high']


def test_pasted_defects_are_not_their_own_rival():
  found = _decide(_RIGHT | {'strong+p': 0.9, 'augmented+p': 0.9})
  assert found['p']['verdict'] == verdict.HELPS
  assert found['x']['verdict'] == verdict.NO_EVIDENCE


def test_a_handful_of_groups_decides_nothing():
  assert _decide(_RIGHT | {'augmented+x': 1.0}, groups=9)['x']['verdict'] == (
      verdict.UNTOLD)


@pytest.mark.parametrize('right, word', [
    ({'strong': 1.0, 'augmented+x': 1.0}, decision.EASY), ({'strong': 1.0}, decision.EASY),
    ({'strong': 0.995, 'augmented+x': 1.0}, verdict.NO_EVIDENCE),
    (dict.fromkeys(['real+x', 'augmented+x', 'strong+x', 'x, then real'], 0.4)
     | {'strong': 1.0}, verdict.HURTS)])
def test_where_nothing_is_left_to_gain_that_is_said(right, word):
  assert _decide(_RIGHT | right)['x']['verdict'] == word


def test_ways_to_use_one_set_share_its_five_percent():
  plan = arms_lib.plan(['x', 'p'], in_steps=True)
  assert [arm.name for arm in arms_lib.ways(plan, 'x')] == [
      'real+x', 'augmented+x', 'strong+x', 'x, then real']
  for arm in plan:
    of_four = arm.name in {way.name for name in 'xp' for way in arms_lib.ways(plan, name)}
    assert arms_lib.level(plan, arm) == pytest.approx(1 - 0.05 / (4 if of_four else 1))


def test_no_interval_of_a_difference_goes_beyond_all():
  """Resamples may, which are spread out where there are few seeds."""
  plan = arms_lib.plan([], in_steps=True)
  known = dict.fromkeys((arm.name for arm in plan), (np.zeros(1), np.full((9, 1), -0.3)))
  known[arms_lib.PRETRAINED.name] = np.ones(1), np.linspace(0.5, 1.5, 9)[:, None]
  found = decision.pretrained(plan, known)
  assert 0.8 < found['low'] < found['value'] == found['high'] == 1
