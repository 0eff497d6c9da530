"""Figures, intervals and verdicts against closed forms."""

import numpy as np
import pytest

from pegan_jax.inspection import verdict, worth


def _test_set(n=300, groups=None, classes=('a', 'b', 'c')):
  labels = np.arange(n) % len(classes)
  return verdict.TestSet(
      labels, np.arange(n) if groups is None else groups, list(classes))


def _answers(test, accuracy, seeds, rng):
  wrong = rng.random((seeds, len(test.labels))) >= accuracy
  return np.where(wrong, (test.labels + 1) % len(test.classes), test.labels)


def test_figures_by_hand():
  test = verdict.TestSet(np.array([0, 0, 0, 1]), np.arange(4), ['a', 'b'])
  predicted = np.array([[0, 0, 1, 1], [0, 0, 0, 0]])
  values, samples = verdict.figures(test, predicted, verdict.Resamples(test, 2))
  # Seed 0: accuracy 3/4, recalls 2/3 and 1, F1 4/5 and 2/3; seed 1: 3/4, 1 and
  # 0, 6/7 and 0.
  np.testing.assert_allclose(values, [
      0.75, ((4 / 5 + 2 / 3) / 2 + 6 / 7 / 2) / 2, (2 / 3 + 1) / 2, 0.5],
                             rtol=1e-6)
  assert samples.shape == (verdict.RESAMPLES, 4)


def test_the_interval_is_the_binomials_where_seeds_agree():
  rng = np.random.default_rng(0)
  test = _test_set(400, classes=('a', 'b'))
  predicted = np.repeat(_answers(test, 0.8, 1, rng), 3, 0)
  values, samples = verdict.figures(test, predicted, verdict.Resamples(test, 3))
  p = values[0]
  np.testing.assert_allclose(samples[:, 0].std(), (p * (1 - p) / 400) ** 0.5,
                             rtol=0.05)


def test_near_duplicates_count_as_one():
  """Images that are right or wrong by fours have twice the interval."""
  rng = np.random.default_rng(0)
  groups = np.repeat(np.arange(100), 4)
  test = verdict.TestSet(np.zeros(400, int), groups, ['a', 'b'])
  right = np.repeat(rng.random(100) < 0.7, 4)
  predicted = np.where(right, 0, 1)[None].repeat(2, 0)
  spread = verdict.figures(
      test, predicted, verdict.Resamples(test, 2))[1][:, 0].std()
  p = right.mean()
  np.testing.assert_allclose(spread, (p * (1 - p) / 100) ** 0.5, rtol=0.05)


def test_the_spread_of_seeds_is_that_of_their_mean():
  """With seeds 10% apart and all images alike: s / sqrt(S), s with S - 1, as
  much wider as Student's t with four degrees of freedom, 2.776 against 1.960."""
  test = verdict.TestSet(np.zeros(1000, int), np.zeros(1000, int), ['a', 'b'])
  shares = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
  predicted = (np.arange(1000) >= 1000 * shares[:, None]).astype(int)
  _, samples = verdict.figures(test, predicted, verdict.Resamples(test, 5))
  np.testing.assert_allclose(samples[:, 0].std(),
                             shares.std(ddof=1) / 5 ** 0.5 * 2.776 / 1.960,
                             rtol=0.05)


@pytest.mark.parametrize('before,after,word', [
    (0.7, 0.85, verdict.HELPS), (0.85, 0.7, verdict.HURTS),
    (0.8, 0.8, verdict.NO_EVIDENCE)])
def test_verdicts(before, after, word):
  rng = np.random.default_rng(1)
  test = _test_set()
  resamples = verdict.Resamples(test, 5)
  arms = [verdict.figures(test, _answers(test, p, 5, rng), resamples)
          for p in (after, before)]
  found = verdict.compare(test, *arms)
  assert found['verdict'] == word
  assert found['accuracy']['low'] < after - before < found['accuracy']['high']
  assert not (found['higher'] and found['lower'])


def test_an_arm_against_itself_is_no_evidence():
  test = _test_set()
  arm = verdict.figures(test, _answers(test, 0.8, 3, np.random.default_rng(2)),
                        verdict.Resamples(test, 3))
  found = verdict.compare(test, arm, arm)
  assert found['verdict'] == verdict.NO_EVIDENCE
  assert found['accuracy'] == {'value': 0, 'low': 0, 'high': 0}


def test_the_class_that_changed_is_named():
  test = _test_set(600)
  before = np.repeat(test.labels[None], 3, 0).copy()
  before[:, (test.labels == 1) & (np.arange(600) % 2 == 0)] = 0
  after = np.repeat(test.labels[None], 3, 0)
  resamples = verdict.Resamples(test, 3)
  found = verdict.compare(test, verdict.figures(test, after, resamples),
                          verdict.figures(test, before, resamples))
  assert found['higher'] == ['b'] and found['lower'] == []


@pytest.mark.parametrize('groups,named', [(9, []), (10, ['b'])])
def test_no_class_is_named_by_a_handful_of_test_images(groups, named):
  """The images of b, in so many groups, are all wrong before and all right after."""
  test = verdict.TestSet(np.repeat([0, 1], [600, groups]), np.arange(600 + groups),
                         ['a', 'b'])
  after = np.repeat(test.labels[None], 3, 0)
  before = np.zeros_like(after)
  resamples = verdict.Resamples(test, 3)
  for arms, name in (((after, before), 'higher'), ((before, after), 'lower')):
    found = verdict.compare(test, *(verdict.figures(test, x, resamples) for x in arms))
    assert found[name] == named
    assert found['recall']['b']['value'] == {'higher': 1, 'lower': -1}[name]
  assert test.images_of() == test.groups_of() == {'a': 600, 'b': groups}


@pytest.mark.parametrize('groups,word', [(9, verdict.UNTOLD), (10, verdict.HELPS)])
def test_no_verdict_rests_on_a_handful_of_groups(groups, word):
  test = _test_set(300, np.arange(300) // 3 % groups)
  after = np.repeat(test.labels[None], 3, 0)
  resamples = verdict.Resamples(test, 3)
  found = verdict.compare(test, verdict.figures(test, after, resamples),
                          verdict.figures(test, (after + 1) % 3, resamples))
  assert found['verdict'] == word and found['accuracy']['low'] == 1


def test_how_much_few_seeds_widen_an_interval():
  assert verdict.widening(2) == pytest.approx(12.7062 / 1.95996, rel=1e-4)  # Tables of t.
  assert verdict.widening(5) == pytest.approx(2.7764 / 1.95996, rel=1e-4)


@pytest.mark.parametrize('seeds', [2, 5])
def test_false_alarms_are_rare(seeds):
  """Two arms of one kind whose seeds differ by a few points, as they do."""
  rng = np.random.default_rng(3)
  test = _test_set(100, classes=('a', 'b'))
  resamples = verdict.Resamples(test, seeds)
  alarms = 0
  for _ in range(40):
    arms = [verdict.figures(test, np.concatenate([
        _answers(test, 0.8 + 0.05 * rng.normal(), 1, rng)
        for _ in range(seeds)]), resamples) for _ in range(2)]
    alarms += verdict.compare(test, *arms)['verdict'] != verdict.NO_EVIDENCE
  assert alarms <= 5


def test_worth_in_real_images():
  counts, curve = [10, 20, 40], [0.5, 0.6, 0.8]
  assert worth.more_real(counts, curve, 0.6, 10) == pytest.approx(10)
  # Half-way between 20 and 40 by logarithm.
  assert worth.more_real(counts, curve, 0.7, 10) == pytest.approx(
      20 * 2 ** 0.5 - 10)
  assert worth.more_real(counts, curve, 0.5, 10) == 0
  assert worth.more_real(counts, curve, 0.4, 20) == 0
  assert worth.more_real(counts, curve, 0.9, 20) == float('inf')
  # A curve that falls is taken as flat there.
  assert worth.more_real([10, 20, 40], [0.5, 0.4, 0.8], 0.65, 20) == (
      pytest.approx(20 * 2 ** 0.5 - 20))


def test_what_a_class_is_worth_is_not_said_by_a_handful_of_test_images():
  test = verdict.TestSet(np.repeat([0, 1], [10, 9]), np.arange(19), ['a', 'b'])
  def part(count, value):
    score = {'accuracy': {'value': value}, 'recall': {c: {'value': value} for c in 'ab'}}
    return {'real_per_class': {'a': count, 'b': count},
            'arms': {'augmented': score, 'augmented+x': score}}
  rows = worth.all_sets(test, {'0.5': part(10, 0.5), '1': part(20, 0.6)}, ['x'],
                        {'x': np.array([5, 5])})['x']
  assert [row['figure'] for row in rows] == ['accuracy', 'a']


def _with_clean(scores, labels, weights=None):
  test = verdict.TestSet(np.array(labels), np.arange(len(labels)), ['a', 'b', 'clean'], 2)
  ones = np.ones((1, len(labels))) if weights is None else np.array([weights], float)
  return verdict.detected(test, np.array(scores), ones)[0]


def test_what_is_found_at_few_false_alarms_by_hand():
  """Of 100 clean images one may be above the threshold, or five: those of 0.96 or more."""
  clean = 1 - np.arange(100) / 100
  labels = [0] * 4 + [1] * 2 + [2] * 100
  scores = [1.5, 0.995, 0.97, 0.2, 0.955, 0.1, *clean]
  # One above: the threshold is 0.99; five: 0.95.
  np.testing.assert_allclose(_with_clean(scores, labels), [
      (2 / 4 + 0) / 2, (3 / 4 + 1 / 2) / 2], rtol=1e-6)
  # Images that count twice are two; of ten clean images none may be above.
  twice = _with_clean([*scores, *scores], labels * 2)
  np.testing.assert_allclose(twice, _with_clean(scores, labels, [2] * len(labels)))
  np.testing.assert_allclose(_with_clean(scores[:16], labels[:16]), [1 / 8] * 2)


def test_with_clean_images_accuracy_is_balanced():
  test = verdict.TestSet(
      np.repeat([0, 1, 2], [4, 4, 40]), np.arange(48), ['a', 'b', 'c'], 2)
  predicted = np.repeat([0, 2, 2], [4, 4, 40])[None].repeat(2, 0)
  scores = (test.labels < 2) / 2
  found, samples = verdict.figures(test, predicted, verdict.Resamples(test, 2),
                                   scores[None].repeat(2, 0))
  np.testing.assert_allclose(found, [2 / 3, found[1], 1, 0, 1, 1, 1])
  entry = verdict.summarise(test, found, samples)
  assert entry['detected']['5%'] == {'value': 1, 'low': 1, 'high': 1}
