"""Errors that end a command: a sentence for its user, or a signal."""

import re
import signal

# What differs between sentences of one kind: what is quoted with numbers, names of files,
# as 'img (2).jpg' too, numbers.
_OWN = re.compile(r"(?<!\w)'[^']*\d[^']*'(?!\w)|\S+ \(\d+\)\.\w+|\S*[/\d]\S*|"
                  r"\S+\.\w{2,5}\b")


class UserError(Exception):
  """A mistake that the user can mend: bad input, a bad flag, a full disk.

  The message is one sentence: what is wrong, where, and what to do. The
  command-line programs print it to standard error and exit with a status of 2.
  """


def check_value(name, value, fits, what):
  """Raises UserError where a setting's value does not fit.

  Args:
    name: name of the setting.
    value: its value.
    fits: whether the setting can have this value.
    what: the values it can have, as the end of 'it must be'.
  """
  if not fits:
    raise UserError(f'{name} is {value}: it must be {what}')


def check_at_least(name, value, least, zero=''):
  """Raises UserError for a number below `least`; `zero` says what 0 means."""
  check_value(name, value, value >= least, f'at least {least}' if least else
              f'0 ({zero}) or more' if zero else '0 or more')


def check_seed(name, seed):
  """Raises UserError for a seed that JAX or NumPy does not take."""
  check_value(name, seed, isinstance(seed, int) and 0 <= seed < 2**31,
              'a whole number from 0 to 2^31 - 1')


class Interrupted(Exception):
  """A signal ended the run; everything is saved.

  Attributes:
    signum: the signal's number.
  """

  def __init__(self, signum):
    super().__init__(signal.Signals(signum).name)
    self.signum = signum


def listed(names, most=5):
  """Returns names as part of a sentence, the first few of many."""
  more = len(names) - most
  return ', '.join(names[:most]) + (f' and {more} more' if more > 0 else '')


def by_kind(sentences):
  """Returns lists of sentences that differ by names of files and by numbers alone."""
  kinds = {}
  for sentence in sentences:
    kinds.setdefault(_OWN.sub('', sentence), []).append(sentence)
  return list(kinds.values())


def like_first(sentences):
  """Returns how many more than one of a kind there are, and what each of them is of."""
  own = [[word.rstrip(',.:;') for word in _OWN.findall(said)] for said in sentences[1:]]
  # Numbers in brackets are of a place in an image, which says nothing without its name.
  columns = [[*dict.fromkeys(words)] for words in zip(*own)
             if not any(word.startswith('(') for word in words)]
  names = max(columns, key=len, default=[])
  tells = names and (len(names) > 1 or len(own) == 1)
  return f'and {len(own)} more like this' + (f': {listed(names)}' if tells else '')


def reason(error):
  """Returns a library's error message on one line, without Python's words."""
  text = getattr(error, 'strerror', None) or str(error)
  return text.strip().splitlines()[0][:200] if text.strip() else 'no reason is given'
