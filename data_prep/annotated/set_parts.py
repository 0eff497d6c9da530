"""Says which part of a set the name of a folder tells: train, fold_1, trainA."""

import re

# Numbers and single letters, as those of train_256, fold 1 and testB: 'parts' has none.
_NUMBER = (r'(?:[ _.-]*\d+(?:x\d+)?(?!\d)|[ _.-]+[A-Za-z](?![A-Za-z])|'
           r'(?<=[a-z])[A-Z](?![A-Za-z]))')
_ROLES = {'tr': 'train(?:ing)?', 'va': 'val(?:id(?:ation)?)?', 'te': 'test(?:ing)?',
          'de': 'dev', 'ev': 'eval(?:uation)?', 'ho': 'holdout', '': 'default'}
_ROLE = '|'.join(_ROLES.values())
# Of these, no one alone is a part: a fold may be a defect.
_PART = re.compile(rf'(?P<role>(?i:{_ROLE}))(?P<of_role>{_NUMBER}*)|'
                   rf'(?P<share>(?i:stage|fold|part|(?:sub)?set|batch|split))'
                   rf'(?P<of_share>{_NUMBER}+)')
_BETWEEN = r'(?:[ _.-]*(?i:data|(?:data)?sets?|crops?|splits?)(?![A-Za-z]))?'
_plain = re.sub(r'\?P<\w+>', '?:', _PART.pattern)
_NAME = re.compile(rf'(?:(?:{_plain}){_BETWEEN}[ _.-]*)+')
_ENDS = re.compile(rf'(?i:{_ROLE})[ _-]+(?=\D)|(?<=\D)[ _-]+(?i:{_ROLE})$')


def of(name):
  """Finds the parts of a set that a folder's name tells.

  Returns:
    Set of (kind of part, which one, its number or letter), as {('role', 'tr', ''), ('fold',
    '', '1')} of train_fold_1; empty for other names.
  """
  if not _NAME.fullmatch(name):
    return frozenset()
  return frozenset(
      ('role', _role(found['role']), _number(found['of_role'])) if found['role'] else
      (found['share'].lower(), '', _number(found['of_share']))
      for found in _PART.finditer(name))


def divides(name):
  """Returns whether classes lie below a folder, as below train, and do not hold it."""
  return any(kind == 'role' for kind, *_ in of(name))


def are_at_odds(one, other):
  """Returns whether two sets of parts are of different ones, as train and val."""
  for kind in {kind for kind, *_ in one} & {kind for kind, *_ in other}:
    if not any(_may_be_one(*a[1:], *b[1:]) for a in one for b in other
               if a[0] == b[0] == kind):
      return True
  return False


def without_role(name):
  """Returns a name without a role that is set off, as crack of train_crack."""
  return _ENDS.sub('', name)


def _may_be_one(name, number, other, other_number):
  return name == other and (number == other_number or not number or not other_number)


def _role(word):
  return next(key for key, words in _ROLES.items()
              if re.fullmatch(words, word, re.IGNORECASE))


def _number(text):
  return '.'.join(part.lstrip('0') or '0' for part in re.findall(
      r'\d+|[a-z](?!\d)', text.lower()))
