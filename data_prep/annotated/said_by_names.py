"""Says what the names of files tell of their images: part_000_NOK.png, OK_1.png."""

import collections
import re

from pegan_jax.common import class_names, verdict_words
from pegan_jax.common.errors import UserError

_NUMBERS = re.compile(r'^[\W\d_]+|[\W\d_]+$')  # Before and behind a file's words.
_WORD = re.compile(r'[^\W\d_]+')
_MOST = 3  # Words of a verdict, as n.i.O.
# Others of so few letters may be of something else, as NC and KO.
_SURE = ('ng', 'nok', 'nio', 'bad')


def bare(path):
  """Returns a file's name without the numbers before and behind its words."""
  return _NUMBERS.sub('', path.stem)


def defect(path):
  """Returns the words of a file's name that say that there is a defect, '' for none.

  Returns:
    These, as NOK of part_000_NOK, and whether that is sure: by a word such as NG, alone, or
    at the end of the name. Before others, or beside a word such as OK, it is not.
  """
  return _said(path, class_names.names_no_kind)


def clean(path):
  """Returns what `defect` does of words that say that there is none, as OK."""
  return _said(path, class_names.is_clean)


def _said(path, is_meant):
  found = _verdicts(path.stem)
  meant = [(text, is_end) for text, is_end in found if is_meant(text)]
  if not meant:
    return '', False
  text, is_end = meant[-1]
  letters = ''.join(_WORD.findall(verdict_words.folded(text)))
  is_sure = len(_WORD.findall(path.stem)) <= 2 or letters in _SURE or (
      is_end and len(letters) > 3)
  return text, is_sure and len(meant) == len(found)


def _verdicts(stem):
  """Returns [(words of a verdict, whether they end a name)], the longest first."""
  words = list(_WORD.finditer(stem))
  found, taken = [], set()
  for count in range(_MOST, 0, -1):
    for k in range(len(words) - count + 1):
      text = stem[words[k].start():words[k + count - 1].end()]
      if taken.isdisjoint(range(k, k + count)) and (
          class_names.is_clean(text) or class_names.names_no_kind(text)):
        taken |= {*range(k, k + count)}
        found.append((text, k + count == len(words)))
  return found


def class_in(path, classes):
  """Returns which of some names, in one case, a file's name has as words, or ''.

  The words may differ by an ending of two letters, as scratches and scratch do.
  """
  words = _WORD.findall(path.stem.casefold())
  return next((name for name in classes if (own := _WORD.findall(name)) and any(
      len(some) == len(own) and all(map(_is_form_of, some, own))
      for some in (words[k:k + len(own)] for k in range(len(words))))), '')


def _is_form_of(one, other):
  short, long = sorted((one, other), key=len)
  return one == other or (
      len(short) > 3 and len(long) - len(short) <= 2 and long.startswith(short))


def check_crops(crops):
  """Checks crops whose names say another thing than the folder of their class.

  Args:
    crops: {class: paths} of whole files.

  Returns:
    {what is noted: paths}.

  Raises:
    UserError: some of a class are called as clean or, where most are called as their
      folder is, as another class.
  """
  noted = collections.defaultdict(list)
  by_name = {name.casefold(): name for name in crops}
  called = {path: by_name.get(bare(path).casefold())
            for paths in crops.values() for path in paths}
  own = sum(called[path] == name for name, paths in crops.items() for path in paths)
  for name, paths in crops.items():
    others = [path for path in paths if called[path] not in (None, name)]
    if others and own > len(called) / 2:
      raise UserError(
          f"{others[0]} lies in the folder of the class '{name}', and its name says "
          f"'{called[others[0]]}', as {len(others)} there, where most are called as their "
          'folder is: move these or, where the folder is right, rename them.')
    said = {path: clean(path) for path in paths}
    good = [path for path in paths if said[path][0] and not called[path]]
    if good and len(good) < len(paths) and all(said[path][1] for path in good):
      raise UserError(
          f"{good[0]} lies in the folder of the class '{name}', and its name says "
          f"'{said[good[0]][0]}', as those of {len(good)} of {len(paths)} images there say "
          'that they show no defect: move these away or, where they show one, rename them.')
    noted['crops whose names have a word for what is clean, or that of another class: '
          'taken as their folder says'] += sorted({*good, *others})
  return {what: paths for what, paths in noted.items() if paths}
