"""What the page says of a figure, by hand."""

import pytest

from pegan_jax.metrics import kid, table
from pegan_jax.reporting import answer, words

KID, = kid.METRIC.figures


def _figure(value, low, high, floor, least, most, there=None):
  return {'value': value, 'low': low, 'high': high, 'floor': floor, 'floor_low': least,
          'floor_high': most, 'value_at_floor_n': value if there is None else there}


@pytest.mark.parametrize('figure, values, kind, text', [
    (KID, (.02, .01, .03, .01, .005, .02), words.SAME, 'cannot be told from real crops'),
    (KID, (.03, .015, .05, .01, .005, .02), words.UNSURE, 'not for certain'),
    (KID, (.05, .03, .07, .01, .005, .02), words.WORSE, '2.5 times the most'),
    (KID, (9, 8, 10, .01, .005, .02), words.WORSE, 'over 100 times the most'),
    (KID, (.05, .03, .07, -.01, -.02, 0.), words.WORSE, 'above what real crops score'),
    (KID, (.001, 0, .01, .01, .005, .02), words.BETTER, 'below what real crops score'),
    # At the floor's N, where the interval goes with it.
    (KID, (.05, .04, .06, .01, .005, .02, .02), words.SAME, 'cannot be told'),
    (KID, (.01, -.02, .03, .01, .005, .02, .04), words.UNSURE, 'not for certain'),
    ('precision', (.4, .3, .5, .9, .8, 1.), words.WORSE, '50% of the least'),
    ('precision', (.7, .6, .85, .9, .8, 1.), words.UNSURE, 'below what real crops'),
    ('recall', (.99, .9, 1., .9, .8, .95), words.BETTER, 'above what real crops'),
    ('diversity', (8, 7.9, 8.1, 10, 9.9, 10.1), words.WORSE, '80% of what real crops'),
    ('diversity', (9.8, 9, 10.6, 10, 9.9, 10.1), words.UNSURE, '98% of what real'),
    ('diversity', (10, 9, 11, 10, 9.9, 10.1), words.SAME, 'cannot be told')])
def test_words_by_hand(figure, values, kind, text):
  figure = next((f for f in table.FIGURES if f.name == figure), figure)
  found = words.standing(figure, _figure(*values))
  assert found.kind == kind and text in found.text


def test_every_figure_is_explained():
  assert {f.name for f in table.FIGURES} == words.MEANING.keys()
  assert words.standing(KID, {'floor': None}) == words.Standing('', '')


@pytest.mark.parametrize('fidelity, named', [(0.8, 'a, c'), (0.1, 'c')])
def test_what_a_classifier_takes_for_another_class_is_not_called_like_real(fidelity, named):
  near, far = (_figure(x, x - 0.01, x + 0.01, 0.01, 0, 0.02) for x in (0.01, 0.2))
  classes = {'a': {'kid': near, 'label_fidelity': _figure(
      fidelity, fidelity - 0.01, fidelity + 0.01, 0.75, 0.6, 0.9)},
             'b': {'kid': far}, 'c': {'kid': near}}
  assert answer._by_class({'classes': classes}, KID) == [
      f'Cannot, or cannot surely, be told from real crops: {named}.',
      'The class furthest from real: b, KID 0.200.']


@pytest.mark.parametrize('recall, kind', [((.3, .2, .4), words.WORSE),
                                          ((.6, .4, .8), words.SAME)])
def test_too_few_kinds_are_said_where_the_distance_is_that_of_real_ones(recall, kind):
  """A blot of one colour on many grounds: users saw it at once, and KID did not."""
  near = _figure(.01, 0, .02, .01, .005, .02)
  part = {'kid': near, 'recall': _figure(*recall, .8, .7, .9), 'precision': _figure(
      .8, .7, .9, .8, .7, .9)}
  said = answer._lacking(part, 'generated')
  assert said == [
      'They are less varied: 30% of your crops look like some generated one, and 70% to 90% '
      'like some real one of another set.'] * (kind == words.WORSE)
  report = {'classes': {'a': part, 'b': {'kid': _figure(.2, .19, .21, .01, 0, .02)}}}
  assert any('be told from real crops: a' in x for x in answer._by_class(report, KID)) == (
      kind == words.SAME)


def test_the_furthest_class_is_that_of_the_largest_figure_in_the_table():
  """Whatever it is a multiple of: the floors of classes differ."""
  classes = {name: {'kid': _figure(.06, .05, .07, .01, 0, most, x)} for name, x, most in (
      ('bag', .085, .02), ('wire', .051, .01))}
  assert answer._by_class({'classes': classes}, KID) == [
      'The class furthest from real: bag, KID 0.085.']
  assert answer._by_class({'classes': {'bag': classes['bag']}}, KID) == []


def test_a_multiple_says_what_it_is_of():
  at_regions, = kid.AT_REGIONS.figures
  far = _figure(.06, .05, .07, .01, .005, .01)
  assert answer._others({'mean': None, 'pooled': {'kid': far, at_regions.name: far}},
                        at_regions) == [
      'Whole images, not defects alone: KID is 6.0 times the most that real crops score '
      'among themselves.']


def test_no_class_is_named_where_none_is_further_from_real():
  like, nearer = (_figure(*x) for x in ((.01, 0, .02, .01, .005, .02),
                                        (.001, 0, .01, .01, .005, .02)))
  classes = {'a': {'kid': like}, 'b': {'kid': nearer}}
  assert answer._by_class({'classes': classes}, KID) == []
