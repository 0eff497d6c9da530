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


def test_one_problem_is_a_sentence_and_none_no_error():
  _raise()
  with pytest.raises(UserError, match='^a$'):
    _raise('a')
