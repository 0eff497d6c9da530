"""Finds classes that may be one, by their names."""

import os

from data_prep.annotated import versions
from pegan_jax.common import class_names


def find(names):
  """Finds names that may be of one class: crack, crack (2), crack_new, cracks and crak.

  Names of numbers alone, and such that all differ by a number alone, are not meant.

  Returns:
    List of lists of two names or more, sorted.
  """
  groups = {}
  for name in sorted(names):
    base = class_names.without_undecided(versions.without(name)).lower()
    if any(map(str.isalpha, base)):
      groups.setdefault(base, []).append(name)
  for plural in [base for base in groups if base.endswith('s')]:
    single = next((base for base in (plural[:-1], plural[:-2]) if base in groups
                   and plural in (base + 's', base + 'es')), None)
    if single:
      groups[single] += groups.pop(plural)
  for base in list(groups):
    if near := next((other for other in groups if _are_one_mistyped(other, base)), None):
      groups[near] += groups.pop(base)
  return [sorted(some) for some in groups.values() if len(some) > 1]


def _are_one_mistyped(one, other):
  """Returns whether the second of two names lacks a letter, or two are exchanged.

  Of names of less than five letters that may be another word, as of pit and pt.
  """
  if min(len(one), len(other)) < 4 or one == other or not (one + other).replace(
      '_', '').replace(' ', '').isalpha():
    return False
  k = len(os.path.commonprefix([one, other]))
  return one[k + 1:] == other[k:] or one[k:k + 2] == other[k:k + 2][::-1] and (
      one[k + 2:] == other[k + 2:])
