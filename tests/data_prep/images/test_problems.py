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


def test_of_many_problems_each_kind_is_shown_and_the_others_are_counted():
  said = [f'a/{k}.xml has no name.' for k in range(14)] + ['b.csv is damaged.',
                                                          'c.csv is damaged.']
  with pytest.raises(UserError) as error:
    _raise(*said)
  head, *lines = str(error.value).split('\n  ')
  assert head == '16 problems:' and lines[:-1] == said[:10] + said[-2:]
  assert lines[-1] == 'and 4 more: 4 like number 1 of these'


def test_one_problem_is_a_sentence_and_none_no_error():
  _raise()
  with pytest.raises(UserError, match='^a$'):
    _raise('a')
