"""All that is wrong is told, whoever collected it."""

import pytest

from data_prep.images.problems import Problems
from pegan_jax.common.errors import UserError


def _raise(*sentences):
  some = Problems()
  for sentence in sentences:
    some.add(sentence)
  some.check()


def test_what_others_collected_is_not_lost():
  """A folder's own problems end the work on it; its caller goes on with others."""
  problems = Problems()
  for sentences in (('a', 'b'), ('b', 'c'), ('d',)):
    with problems.collected():
      _raise(*sentences)
  assert problems == ['a', 'b', 'c', 'd']
  with pytest.raises(UserError, match='4 problems:\n  a\n  b\n  c\n  d$'):
    problems.check()


def test_of_each_kind_of_problem_the_first_is_shown_and_the_others_are_named():
  with pytest.raises(UserError) as error:
    _raise(*(f"a/{k}.xml has 'x {k}', and no name." for k in range(14)),
           'b.csv is damaged.', 'in c is a box of pit: cut it.', 'c.csv is damaged.')
  assert str(error.value).split('\n  ') == [
      '17 problems:', "a/0.xml has 'x 0', and no name.",
      '  and 13 more like this: a/1.xml, a/2.xml, a/3.xml, a/4.xml, a/5.xml and 8 more',
      'b.csv is damaged.', '  and 1 more like this: c.csv', 'in c is a box of pit: cut it.']


def test_one_problem_is_a_sentence_and_none_no_error():
  _raise()
  with pytest.raises(UserError, match='^a$'):
    _raise('a')
