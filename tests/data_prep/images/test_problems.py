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


@pytest.mark.parametrize('said, names', [
    ('../a/{}.xml is damaged.', '../a/1.xml, ../a/2.xml'),
    ('img ({}).jpg is damaged.', 'img (1).jpg, img (2).jpg'),
    ('a.json has a box of pit, from ({}0, 5) to (90, 9), outside.', ''),
    ('a.json says of {}.jpg that ({}0, 5) is a corner.', '1.jpg, 2.jpg')])
def test_the_others_of_a_kind_are_named_as_their_files_are(said, names):
  with pytest.raises(UserError) as error:
    _raise(*(said.format(k, k) for k in range(3)))
  assert str(error.value).endswith(
      '  and 2 more like this' + f': {names}' * bool(names))


def test_one_problem_is_a_sentence_and_none_no_error():
  _raise()
  with pytest.raises(UserError, match='^a$'):
    _raise('a')
