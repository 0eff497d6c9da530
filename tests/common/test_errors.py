"""Settings that do not fit are refused by name, with what would."""

import pytest

from pegan_jax.common.errors import check_at_least, check_seed, check_value, UserError


@pytest.mark.parametrize('check,said', [
    (lambda: check_at_least('n', 0, 1), 'n is 0: it must be at least 1'),
    (lambda: check_at_least('n', -1, 0), 'n is -1: it must be 0 or more'),
    (lambda: check_at_least('n', -1, 0, 'never'), 'n is -1: it must be 0 (never) or more'),
    (lambda: check_at_least('x', float('nan'), 1), 'x is nan: it must be at least 1'),
    (lambda: check_value('x', 2, False, 'odd'), 'x is 2: it must be odd'),
    (lambda: check_seed('s', 2**31), 's is 2147483648: it must be a whole number from 0 '
     'to 2^31 - 1'),
    (lambda: check_seed('s', 1.0), 's is 1.0: it must be a whole number from 0 to 2^31 - '
     '1')])
def test_what_does_not_fit_is_named(check, said):
  with pytest.raises(UserError) as e:
    check()
  assert str(e.value) == said


def test_what_fits_passes():
  assert check_at_least('n', 1, 1) is None
  assert check_value('x', 1, True, 'odd') is None
  assert check_seed('s', 2**31 - 1) is None
