"""Finds names that are another with a word for a copy or a version, as crack (2)."""

import re

# What systems put behind the name of a folder that is copied, or before it.
_WORD = (r'(?:(?:[ _–—-]+\(?|\()(?:(?:another|\d+(?:st|nd|rd|th))[ _])?'
         r'(?:copy|kop(?:ie|ia|i|io|ya)|copie|c[oó]pia|коп[иі]я|m[aá]solat|αντίγραφο|'
         r'bản sao)|'
         r'[ _–—-]*\(?(?:[的の]?副本|の?コピー|복사본))\)?')
_COPY = re.compile(rf'(?<=\w)(?:{_WORD})?(?:[ _-]*\d+| \(\d+\))?$', re.IGNORECASE)
_SURE_COPY = re.compile(rf'(?<=\w)(?:{_WORD}(?:[ _-]*\d+| \(\d+\))?| ?\(\d+\))$',
                        re.IGNORECASE)
_COPY_OF = re.compile(
    r'^(?:(?:copy|backup)(?: \(\d+\))?[ _-]of|kopie[ _-]v[oa]n|kopi[ _-]a[fv]|'
    r'kopia(?:[ _-](?:av|z))?|copie[ _-]de|c[oó]pia[ _-]d[ei]|коп[иі]я|복사본|复件)'
    r'[ _-]+-?[ _-]*(?=\w)', re.IGNORECASE)
# What people put there, of a state, and of what a program did to each image.
_CHANGE = (r'aug(?:s|mented|mentations?)?|flip(?:s|ped)?|mirror(?:s|ed)?|'
           r'rot(?:s|ate[ds]?|ations?)?[ _-]?\d*|res(?:ized|caled)|scaled|cropped|\d+x\d*|'
           r'gr[ae]y(?:[ _-]?scale)?')
_VERSION = re.compile(rf'[ _.-]+[(\[]?(?:old|new|neu|alt|back[ _-]?up|bak|bkp|{_CHANGE})'
                      r'[)\]]?$', re.IGNORECASE)
_CHANGED = re.compile(rf'^(?:{_CHANGE})[ _-]+(?=\D)', re.IGNORECASE)


def without_copy(name):
  """Returns a name without a word for a copy and a number, as good of good (2)."""
  return _COPY.sub('', _COPY_OF.sub('', name))


def without(name):
  """Returns a name without a word for a copy or a version: good of good_old_2, aug_good."""
  return _CHANGED.sub('', without_copy(_VERSION.sub('', without_copy(name))))


def original(name):
  """Returns a name as `without`, where a number needs brackets: crack_2 of crack_2 (1)."""
  for words in (_COPY_OF, _SURE_COPY, _VERSION, _SURE_COPY):
    name = words.sub('', name)
  return name
