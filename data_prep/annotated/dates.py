"""Says what in the names of folders is a date, which names no class."""

import re

_YEAR, _MONTH, _DAY = r'(?:19|20)\d\d', r'(?:0?[1-9]|1[0-2])', r'(?:0?[1-9]|[12]\d|3[01])'
_MM, _DD = r'(?:0[1-9]|1[0-2])', r'(?:0[1-9]|[12]\d|3[01])'
_SEP = '[-_. ]'
_TIME = r'(?:[ _T-]*(?:[01]\d|2[0-3])[-_.:h]?[0-5]\d(?:[-_.:]?[0-5]\d)?)?'
# Of what is set off from a word, a year alone may be a number: '2024 alloy'.
_SURE = (rf'(?:{_YEAR}{_MM}{_DD}|{_DD}{_MM}{_YEAR}|(?:1[5-9]|[23]\d){_MM}{_DD}|'
         rf'{_YEAR}{_SEP}{_MONTH}(?:{_SEP}{_DAY})?|{_DAY}{_SEP}{_DAY}{_SEP}{_YEAR}|'
         rf'(?:1[5-9]|[23]\d)-{_MM}-{_DD}){_TIME}')
_DATE = re.compile(rf'{_SURE}|{_YEAR}(?:{_MM})?|{_MONTH}{_SEP}{_YEAR}')
_NESTED = re.compile(rf'{_YEAR}[-_./]?{_MM}(?:[-_./]?{_DD})?')
_SET_OFF = re.compile(rf'{_SURE}[ _-]+(?=\D)|(?<=\D)[ _-]+{_SURE}$')


def length(parts):
  """Returns how many folders a path begins with that are a date, as 2024/05: 0 for none."""
  return next((n for n in (3, 2) if _NESTED.fullmatch('/'.join(parts[:n]))),
              int(bool(parts and _DATE.fullmatch(parts[0]))))


def without(parts):
  """Returns the folders of a path without those that are dates."""
  left, k = [], 0
  while k < len(parts):
    n = length(parts[k:])
    left += [] if n else [parts[k]]
    k += n or 1
  return left


def of_name(name):
  """Returns (a name without a date that is set off, the date), as of crack_20240501."""
  found = _SET_OFF.match(name) or _SET_OFF.search(name)
  if not found:
    return name, ''
  return name[:found.start()] + name[found.end():], found[0].strip(' _-')
