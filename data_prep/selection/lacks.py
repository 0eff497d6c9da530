"""Says what lacks in a selection, and which flags mend it: each was tried."""

import dataclasses
import shlex

from data_prep.selection import components
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

# Why two images are in one group.
FRAME, FOUND, NEAR, TURNED, GROUP_BY, COPIES = (
    'cut from one image', 'found in one image', 'that are near-duplicates',
    'of images of which one is the other, mirrored, turned or resized',
    'of one name by --group_by', 'that Roboflow made of one image')
_MEANING = {'at_most': '--at_most takes what there is',
            'near_duplicates': '--no-near_duplicates is for images that are alike by '
                               'design',
            'search_frames': '--no-search_frames is for images that are alike by design'}
_SEARCHES = {'near_duplicates', 'search_frames'}


class Lack(Exception):
  """Tells what lacks.

  Attributes:
    said: the beginning of a sentence.
    advice: what helps beside flags, as 'add images of it'.
    ways: list of {field of `options.Options`: value}, each of which may mend it. Where
      one is needed after another flag, the last is tried first.
    at_most: whether --at_most mends it, and has neither.
    first: what to try before any flag; '' for nothing.
  """

  def __init__(self, said, advice='', ways=(), at_most=False, first=''):
    super().__init__(said)
    self.said, self.advice, self.ways, self.at_most = said, advice, ways, at_most
    self.first = first


def pass_clean(folders):
  """Returns the advice to pass folders that may be of clean images."""
  return f'pass --clean {shlex.join(folders)}, where these show no defect'


def classes(counts):
  """Returns {class: number} as the beginning of a sentence, up to 'has' or 'have'."""
  said = ', '.join(f'{name} ({n})' for name, n in counts.items())
  return f'Class {said} has' if len(counts) == 1 else f'Classes {said} have'


def without(options, names):
  """Returns the change of `options.Options` that leaves classes out."""
  if left := tuple(name for name in options.classes if name not in names):
    return {'classes': left}
  return {'skip_classes': (*options.skip_classes, *sorted(names))}


def ways_apart(options, reasons):
  """Returns changes of `options.Options` by which fewer images are in one group.

  Args:
    options: `options.Options`.
    reasons: why images are in one group; what does not depend on a flag has no way.
  """
  ways = [{'group_by': ''}] * (GROUP_BY in reasons)
  if {NEAR, TURNED, FOUND} & {*reasons}:  # Without the one, the other seeks fewer crops.
    ways += [{name: False} for name in ('near_duplicates', 'search_frames')
             if getattr(options, name)]
  return ways + [{k: v for way in ways for k, v in way.items()}] * (len(ways) > 1)


def _reasons(members, edges):
  """Returns why items are in fewer groups than they are, each if others do not say it."""
  found, used, groups = [], [], len(members)
  for why in (FRAME, COPIES, GROUP_BY, TURNED, NEAR, FOUND):
    used += [edge[:2] for edge in edges if edge[2] == why]
    count = 1 + max(map(max, [members, *used]))
    left = len({*components.number(count, used)[members].tolist()})
    found += [why] * (left < groups)
    groups = left
  return found


def of_sides(options, items, edges, whole, unclean=()):
  """Returns the `Lack` of classes that have images on one side only.

  Args:
    options: `options.Options`.
    items: the first ones, those of defects.
    edges: list of (item, item or another number, why they are in one group).
    whole: the classes.
    unclean: names of clean images that show what defects show.
  """
  labels = [item.label for item in items]
  members = {k for k, label in enumerate(labels) if label in whole}
  reasons = _reasons(sorted(members), edges)
  alike = next((edge for edge in edges if edge[2] == NEAR and {*edge[:2]} <= members), None)
  said = [why if why != NEAR or alike is None else
          f'{why} (as {items[alike[0]].source} and {items[alike[1]].source})'
          for why in reasons]
  return Lack(
      f'{classes({name: labels.count(name) for name in whole})} images on one side only, '
      f"of train or of test, as those {', or '.join(said)} stay together",
      'add images that do not belong with these',
      [*ways_apart(options, reasons), without(options, whole)],
      first=f'take away the {len(unclean)} clean images that show what defects show, as '
      f'{min(unclean)}, where they do' if unclean else '')


def sentence(lack, options, attempt):
  """Returns what lacks, and the flags that mend it and all that would lack then.

  Args:
    lack: `Lack`.
    options: `options.Options` that it came of.
    attempt: function of other options, which raises `Lack` where something lacks.
  """
  start, first = options, [lack.first] * bool(lack.first)
  if lack.at_most:
    start = dataclasses.replace(options, at_most=True)
    try:
      attempt(start)
      return f"{lack.said}: {', or '.join([*first, 'pass --at_most'])}, which takes what " \
             'there is.'
    except Lack as other:
      lack = other
  mended = [_mended(dataclasses.replace(start, **way), attempt) for way in lack.ways]
  mended = [(_changes(options, changed), beside)
            for changed, beside in filter(None, mended)]
  mended = [(some, beside) for some, beside in mended
            if not any(other.items() < some.items() for other, _ in mended)]
  mended.sort(key=lambda way: len(_SEARCHES & way[0].keys()))  # What may leak comes last.
  found = [some for some, _ in mended]
  beside = _of_all([beside for _, beside in mended])
  said = ', and beside: '.join([lack.said, *(other.said for other in beside)])
  advice = ', and '.join([lack.advice, *(other.advice for other in beside)])
  remedies = ', or '.join([*first, *map(_phrase, found), advice])
  return f"{said}: {'; '.join([remedies, *_meanings(found)])}."


def _of_all(ways):
  """Returns the `Lack`s of the first way where all ways have some, which no advice mends.

  What --at_most mends is told by the flag.
  """
  ways = [[lack for lack in some if not lack.at_most] for some in ways]
  return ways[0] if ways and all(ways) else []


def without_backgrounds(said, options, attempt, smaller, may_be_clean=(),
                        first=''):
  """Returns that there is no room for backgrounds, and all flags that are needed then.

  Args:
    said: the beginning of a sentence.
    options: `options.Options`.
    attempt: function of other options, which raises `Lack` where something lacks beside.
    smaller: side of windows that have room, in pixels; 0 where none do.
    may_be_clean: folders of images that may be clean.
    first: what to do before all of this; '' for nothing.
  """
  changes, advice = {}, ''
  try:
    attempt(options)
  except Lack as lack:
    said = f'{said}, and beside: {lack.said}'
    if mended := _mended(options, attempt):
      changes = _changes(options, mended[0])
    else:
      advice = lack.advice
  asked = options.backgrounds * (not options.at_most and 'at_most' not in changes)
  flags = f"{_phrase({'window_size': smaller, 'at_most': True} | changes)}, or "
  remedies = filter(None, [
      f'{first}, or ' * bool(first) + flags * bool(smaller)
      + 'pass '
      + f'{pass_clean(may_be_clean)}, or '.removeprefix('pass ') * bool(may_be_clean)
      + 'a folder of clean images, whatever it is called, by --clean'
      + f", {_phrase(changes).replace('pass', 'with', 1)}" * bool(changes)
      + f', and --at_most if these have fewer than {asked} windows' * bool(asked),
      advice, *_meanings([changes])])
  return f"{said}: {'; '.join(remedies)}."


def _changes(options, changed):
  """Returns {field: value} of what differs from options in others."""
  return {field.name: getattr(changed, field.name)
          for field in dataclasses.fields(options)
          if getattr(changed, field.name) != getattr(options, field.name)}


def _meanings(found):
  """Returns what flags mean, of a list of {field: value}."""
  return [text for name, text in _MEANING.items() if any(name in some for some in found)]


def _mended(options, attempt):
  """Returns (options with all that `attempt` lacks, the `Lack`s), or None where none do."""
  try:
    attempt(options)
    return options, []
  except Lack as lack:
    ways = [*lack.ways[-1:], *lack.ways[:-1]]
    for way in [{'at_most': True}] if lack.at_most else ways:
      if found := _mended(dataclasses.replace(options, **way), attempt):
        return found[0], [lack, *found[1]]
  except UserError:
    pass
  return None


def _phrase(changes):
  """Returns how the values of fields are said on the command line."""
  passed, left_out = [], []
  for name, value in changes.items():
    if isinstance(value, bool):
      passed.append(f'--{name}' if value else f'--no-{name}')
    elif isinstance(value, tuple):
      passed.append(f'--{name} {class_names.as_flag(value)}')
    elif value:
      passed.append(f'--{name} {value:g}')
    else:
      left_out.append(f'--{name}')
  return ' and '.join([f"pass {' '.join(passed)}"] * bool(passed)
                      + [f"leave out {' and '.join(left_out)}"] * bool(left_out))
