"""The pure part of `benchmarks/time_to_quality.py`."""

import pytest

from benchmarks import time_to_quality


def _report(kid, held_out, fidelity):
  mean = lambda **figures: {'mean': {k: {'value': v} for k, v in figures.items()}}
  return mean(kid=kid, label_fidelity=fidelity) | {'held_out': mean(kid=held_out)}


def test_the_first_checkpoint_that_reaches_a_mark_counts():
  read = []

  def scored():
    for minutes, *figures in (
        (1, .3, .4, .5), (2, .06, .3, .9), (3, .1, .08, .2), (4, 0, 0, 1)):
      read.append(minutes)
      yield minutes, _report(*figures)
  marks = dict(map(time_to_quality.parse_mark, (
      'kid=0.06', 'held_out.kid=0.08', 'label_fidelity=0.9')))
  assert time_to_quality.first_minutes(scored(), marks) == {
      'kid': 2, 'held_out.kid': 3, 'label_fidelity': 2}
  assert read == [1, 2, 3]  # None is evaluated after that.
  assert time_to_quality.first_minutes(scored(), {'kid': -1}) == {'kid': None}


@pytest.mark.parametrize('minutes,said', [
    ([2, 4, 6], '2.0, 4.0, 6.0 min; mean 4.0, 2.0 to 6.0'), ([2], '2.0 min'),
    ([2, None], '2.0, not within 9.0 min')])
def test_a_mean_is_of_seeds_that_all_reach_the_mark(minutes, said):
  assert time_to_quality.summary(minutes, 9) == said


@pytest.mark.parametrize('mark', ['kidd=1', 'kid', 'held_out.=1'])
def test_what_is_no_mark_is_refused(mark):
  with pytest.raises(ValueError):
    time_to_quality.parse_mark(mark)
