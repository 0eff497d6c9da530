"""Reads names of classes out of lines, one each, that may have more than the name."""

import re

_NUMBERED = re.compile(r'(\d+)(?:\s*[:;,=]\s*|[.)]?\s+)(\S.*)')
_QUOTED = re.compile(r'''(["'])(.+)\1''')


def bare(lines):
  """Returns lines without numbers, where these count from 0, and without quotes.

  All lines must have such; others are names as they are.
  """
  numbered = [_NUMBERED.fullmatch(line) for line in lines]
  if all(numbered) and [int(found[1]) for found in numbered] == [*range(len(lines))]:
    lines = [found[2] for found in numbered]
  quoted = [_QUOTED.fullmatch(line) for line in lines]
  return [found[2].strip() for found in quoted] if all(quoted) else lines


def are_numbered(lines):
  """Returns whether each line begins with a number that stands apart, as '1 pit'."""
  return all(map(_NUMBERED.fullmatch, lines))
