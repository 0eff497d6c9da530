"""Checks class names, which come from outside and become folders, files and flags."""

import csv
import re
import shlex
import unicodedata

from pegan_jax.common import undecided_words, verdict_words
from pegan_jax.common.errors import UserError

# Generation writes files of these names beside the classes' folders.
_TAKEN = ('manifest.csv', 'provenance.json', 'classes.txt')
_LONGEST = 200  # Bytes; file systems take 255.
# Windows opens a device for these, whatever follows a dot.
_DEVICE = re.compile(r'(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?', re.IGNORECASE)
_DEFECT = re.compile(r'(?:scratch|crack|dent|damage|broken|stain)(?!ist|less).*|true|yes|'
                     'todo|incomplete|unusable', re.IGNORECASE)
_IS_UNDECIDED = re.compile(verdict_words.any_of(
    undecided_words.UNDECIDED + undecided_words.DRAWN_INTO))
_IS_OTHER = re.compile(
    verdict_words.any_of((_IS_UNDECIDED.pattern,) + undecided_words.ASIDE)
    + r'(?:[ _-]?(?:images?|imgs?|pictures?|photos?|bilder|fotos?))?(?:[ _-]*\(?\d+\)?)?')
_IS_NOTHING = re.compile(verdict_words.any_of(undecided_words.NOTHING))
_JOINERS = '\u200c\u200d'  # Invisible, and part of emoji and of some languages.


def check_class(name, where):
  """Refuses a class name that cannot be a folder's, or would be another folder.

  Args:
    name: name of a class, from a folder, an annotation or a data set.
    where: source of the name, for the error.

  Raises:
    UserError: naming the class and `where`.
  """
  kinds = {unicodedata.category(c) for c in name if c not in _JOINERS}
  if not name:
    what = 'is empty'
  elif 'Cs' in kinds:  # Surrogates, in which Python keeps such bytes.
    what = 'has bytes that are not UTF-8'
  elif kinds & {'Cc', 'Zl', 'Zp'} or {'\ufffe', '\uffff'} & set(name):  # XML has none.
    what = 'has control characters'
  elif '\ufeff' in name:  # An editor began the file with one.
    what = 'has a byte order mark'
  elif 'Cf' in kinds:
    what = 'has invisible characters'
  elif '/' in name or '\\' in name:
    what = 'has a slash'
  elif name.startswith('.'):
    what = 'begins with a dot'
  elif name.endswith('.'):
    what = 'ends with a dot, which Windows takes off'
  elif name != name.strip():
    what = 'begins or ends with a space'
  elif len(name.encode()) > _LONGEST:
    what = f'is longer than {_LONGEST} bytes'
  elif name.casefold() in _TAKEN:
    what = 'is the name of a file that generation writes'
  elif _DEVICE.fullmatch(name):
    what = 'is the name of a device in Windows'
  else:
    return
  raise UserError(f'the class name {name!r} in {where} {what}, and classes become '
                  'folders: rename it')


def composed(name):
  """Returns a name as it is typed, in Unicode's form NFC: macOS takes é apart."""
  return unicodedata.normalize('NFC', name)


def is_clean(name):
  """Returns whether a name is a word for what shows no defect, as 'good'."""
  return verdict_words.is_good(name)


def has_clean_word(name):
  """Returns whether a name begins or ends with a word for clean, as 'Good Weld'.

  So does one that begins with a word for without, as 'sans_fissure'. Not so one that is
  such a word itself, or says that there is a defect, as 'not good'.
  """
  words = re.findall(r'[A-Z]?[^\W_A-Z]+|[A-Z]+|[^\W_]+', composed(name))
  return bool(words) and not is_clean(name) and not names_no_kind(name) and (
      verdict_words.is_without(words)
      or len(words) > 1 and (is_clean(words[0]) or is_clean(words[-1])))


def may_be_clean(name, others):
  """Returns whether `has_clean_word`, or a name says not what another of others says."""
  return has_clean_word(name) or verdict_words.is_opposite(name, others) and not (
      is_clean(name) or names_no_kind(name) or is_undecided(name))


def is_defect(word):
  """Returns whether a word, or how it begins, calls an image defective, as 'NG'."""
  return names_no_kind(word) or bool(_DEFECT.fullmatch(composed(word)))


def names_no_kind(name):
  """Returns whether a name says that there is a defect, and not of which kind, as 'NG'."""
  return verdict_words.is_bad(name)


def is_undecided(name):
  """Returns whether a name says that nobody has decided: 'unsure', 'good_unchecked'.

  So do names of what is put aside, as 'backup', and of pictures that are drawn into.
  """
  bare, name = without_undecided(name), composed(name)
  return bool(_IS_OTHER.fullmatch(verdict_words.folded(name))) or (
      verdict_words.is_as_typed(name, undecided_words.AS_TYPED)
      or bare != name and is_clean(bare))


def without_undecided(name):
  """Returns a name without a word behind it for what is undecided: crack of crack_todo."""
  name = composed(name)
  for gap in re.finditer('[ _.-]+', name):
    rest = name[gap.end():].strip('()[]')
    if gap.start() and _IS_UNDECIDED.fullmatch(verdict_words.folded(rest)):
      return name[:gap.start()]
  return name


def is_nothing(name):
  """Returns whether a name says that there is nothing: 'none', 'background'."""
  return bool(_IS_NOTHING.fullmatch(verdict_words.folded(name).strip('_')))


def check_classes(names, where):
  """Refuses what `check_class` does, and two names that may be one folder."""
  seen = {}
  for name in names:
    check_class(name, where)
    # Common file systems do not tell case and composed letters apart.
    key = unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold())
    if key in seen:
      shown = [ascii(x) for x in (seen[key], name)]  # They may look the same.
      raise UserError(
          f'the class names {shown[0]} and {shown[1]} in {where} are one folder on '
          'common file systems: rename one of them')
    seen[key] = name


def split(text):
  """Returns the names between the commas of a flag, each once.

  Raises:
    UserError: a double quote, which a name with commas stands between, has no other.
  """
  try:
    names, = csv.reader([text], skipinitialspace=True, strict=True) if text else [[]]
  except (csv.Error, ValueError):
    raise UserError(f'{text!r} has no names between commas: put a name that has a comma '
                    'between double quotes') from None
  return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def join(names, between=','):
  """Returns the text that `split` makes these names of; `between` may have a space."""
  return between.join('"' + name.replace('"', '""') + '"'
                      if ',' in name or name.startswith('"') else name for name in names)


def as_flag(names):
  """Returns `join` as a word of the command line."""
  return shlex.quote(join(names))
