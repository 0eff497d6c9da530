"""Says what folders hold, and what would be wrong, before a data set is built of them."""

import collections
import dataclasses
import os
import pathlib

import numpy as np

from data_prep.annotated import file_kinds
from data_prep.crops.window_size import choose_window
from data_prep.crops.windows import boxes_of, clean_windows
from data_prep.images import named_groups, parallel, reading, survey
from data_prep.images.problems import Problems
from data_prep.images.progress import progress
from data_prep.report import audit, next_commands, remarks
from data_prep.selection import choosing, drawn_pictures
from data_prep.selection.lacks import Lack
from pegan_jax.common import errors

_BY_NAME = r'([^/]+)\.[^./]+$'  # A file's name, for --group_by.
_TRIED = 20  # Most pairs of images to compare.


def check(options, find, read):
  """Does everything that `build` would do, and writes nothing.

  Prints what is there as soon as it is known, as the rest may take as long as `build`.
  Ends with the problems or, without any, with the commands to go on with.

  Args:
    options: `options.Options`; `out` may be missing.
    find, read: those of `inputs` and `crops.pool`.

  Returns:
    `Problems`.
  """
  problems = Problems()
  if options.out and os.path.lexists(options.out):
    problems.add(f'{options.out} exists already: remove it or choose another --out.')
  with problems.collected():
    kinds = _decode(options, problems)
    found = find(options, problems).in_one_kind(kinds)
    said = _describe(options, found, kinds, problems)
    _print(said)
    if not problems:
      _print([line for line in _go_on(options, found, kinds, read) if line not in said])
  if problems:
    _print([('1 problem: ' if len(problems) == 1 else '') + problems.text()])
  return problems


def _print(lines):
  print('\n'.join(lines), flush=True)


def _decode(options, problems):
  """Decodes all images but masks, which are read in their own way where they are used.

  Returns:
    {path: `survey.Kind`} of the sound ones.
  """
  paths, named, kinds = [], set(), {}
  for name, folder in ((name, folder) for name in ('images', 'defects', 'clean')
                       for folder in options.paths(name)):
    if not os.path.isdir(folder):
      raise errors.UserError(
          f'--{name} {folder} is not a folder: {reading.remedy_for(folder)}.')
    root = pathlib.Path(folder)
    paths += file_kinds.part(reading.find_images(root)[0], root)[0]
  for path in filter(os.path.exists, options.annotations):
    named |= {*file_kinds.files_at(pathlib.Path(path), options.images, paths)[0]}
  named = set(map(os.path.realpath, named))
  paths = [path for path in paths if os.path.realpath(path) not in named]
  paths = [*dict.fromkeys(paths)]  # --clean may lie below.

  def kind_of(path):
    try:
      return survey.kind_of(path, whole=True)
    except errors.UserError as error:
      return error

  for path, kind in zip(paths, progress(
      parallel.each_file(kind_of, paths), 'checking images', len(paths))):
    with problems.collected():
      if isinstance(kind, errors.UserError):
        raise kind
      kinds[path] = kind
  return kinds


def what_is_there(options, found, doubtful=False):
  """Returns lines on the layout and the classes of what folders hold.

  Args:
    options: `options.Options`.
    found: `inputs.Found`.
    doubtful: whether there are problems, so that more may be there.
  """
  layout, lines = found.layout, []
  if options.images:
    part = ', as far as it can be read' if doubtful else ''
    parts = [f'Layout of {options.images}{part}: {layout.format}']
    if layout.annotated or not layout.crops:
      parts.append(f'{len(layout.annotated)} images with marked defects')
    if layout.crops:
      parts.append(f'{sum(map(len, layout.crops.values()))} images in folders of classes')
    parts.append(f'{len(layout.clean)} clean ones, by their folder or an annotation of '
                 'nothing')
    if layout.annotated or layout.unlabelled:
      parts.append(f'{_count(layout.unlabelled, layout.root)} without an annotation')
    lines.append('; '.join(parts) + '.')
  lines += [f'Clean images in {folder}: {len(paths)}.' for paths, folder, _ in found.clean
            if folder in options.clean]
  return lines + ['Classes:', *_classes(found)]


def _describe(options, found, kinds, problems):
  """Returns lines about a `inputs.Found`; adds to `problems`."""
  lines = what_is_there(options, found, bool(problems))
  sizes = {path: kind.size for path, kind in kinds.items()}
  kinds = survey.settle({path: kinds[path] for path, _ in found.files if path in sizes})
  shown = _sizes(sizes[path] for path, _ in found.files if path in sizes)
  lines += [f'Sizes, width x height: {shown}.',
            f"Kind: {'grey' if kinds.grey else 'colour'}, "
            f"{'8 bits' if kinds.max_value == 255 else f'up to {kinds.max_value}'}."]
  with problems.collected():
    named_groups.named_by(options.group_by, found.files)
    side, why = choose_window(options, found)
    size = options.image_size
    room = _count_backgrounds(options, found, sizes, side)
    lines += [f'Windows: {side} x {side} pixels ({why}), '
              f'{audit.resized(side, size, audit.count_resized(found, size))}.',
              f'Room for about {room} backgrounds.']
  if left_out := {why: n for why, n in audit.not_read(found).items() if n}:
    lines.append(f'Left out: {audit.counted(left_out, audit.names_of(found))}.')
  lines += [f'Note: {note}.' for note in found.notes(kinds)]
  lines += [f'Note: {note}' for note in remarks.of_unlabelled(len(found.layout.unlabelled))]
  return lines


def _go_on(options, found, kinds, read):
  """Returns the notes and the commands to go on with.

  Raises:
    UserError: with all that the folders have, `build` would refuse it.
  """
  ways = [(options, [])]
  if _are_templates(found, {path: kind.size for path, kind in kinds.items()}):
    ways.insert(0, (dataclasses.replace(
        options, group_by=options.group_by or _BY_NAME, near_duplicates=False),
                    ['Note: clean images show what annotated images of their names show, '
                     'so both go together, and images are taken to be alike by design.']))
  pool = read(options, found, {path: kinds[path] for path, _ in found.files})
  drawn_pictures.refuse(options, pool)
  for tried, notes in ways:
    if enough := _enough(tried, pool):
      notes += [f'Note: {note}' for note in remarks.remarks(audit.content(*enough))]
      return (notes + _less(options, enough[0])
              + next_commands.lines(options, enough[0], bool(found.cut)))
  choosing.select(options, pool)
  return []


def _enough(options, pool):
  """Finds options that build, with --per_class 0 and --backgrounds 0 if needed.

  Args:
    options: `options.Options`.
    pool: `pool.Pool` of the same folders.

  Returns:
    The options, their `pool.Pool` and `choosing.Selection`; None where there are none.
  """
  all_of_each = dataclasses.replace(options, per_class=0)
  for tried in dict.fromkeys(
      (options, all_of_each, dataclasses.replace(all_of_each, backgrounds=0))):
    pool = pool.of(tried)
    if selected := _select(tried, pool):
      return tried, pool, selected
  return None


def _less(asked, tried):
  """Returns a note on what was asked for, by a flag or by default, and is not there."""
  few = [f'--{name} {getattr(asked, name)}' for name in ('per_class', 'backgrounds')
         if getattr(asked, name) != getattr(tried, name)]
  return [f"Note: there is less than {' and '.join(few)} ask{'s' * (len(few) == 1)} for, "
          'and the commands take what there is.'] * bool(few)


def _select(options, pool):
  """Returns a `choosing.Selection`, or None where there is too little for one."""
  try:
    return choosing.attempt(options, pool) if choosing.may_do(options, pool) else None
  except (Lack, errors.UserError):
    return None


def _count(paths, folder):
  """Returns how many paths there are, with the first few by their place in a folder."""
  names = [reading.name_below(path, folder) for path in paths]
  return f'{len(names)} ({errors.listed(names, 3)})' if names else '0'


def _classes(found):
  """Yields a line for each class: what there is of it."""
  for name in sorted({*found.crops, *found.cut}):
    kinds = collections.Counter(
        kind for _, kind in found.regions.get(name, ()) if name in found.cut)
    parts = [f'{n} {one if n == 1 else many}' for one, many, n in (
        ('whole file', 'whole files', len(found.crops.get(name, ()))),
        ('mask', 'masks', kinds['mask']), ('box', 'boxes', kinds['box'])) if n]
    yield f"  {name}: {', '.join(parts)}"


def _sizes(sizes):
  counts = collections.Counter(sizes).most_common()
  said = ', '.join(f'{width} x {height} ({n})' for (height, width), n in counts[:3])
  if len(counts) <= 3:
    return said
  heights, widths = zip(*(size for size, _ in counts))
  spans = f'{min(widths)} x {min(heights)} to {max(widths)} x {max(heights)}'
  if counts[0][1] == 1:
    return f'{len(counts)}, all different, from {spans}'
  return f'{said} and {len(counts) - 3} more, from {spans}'


def _count_backgrounds(options, found, sizes, side):
  """Returns how many clean windows there are, before any is compared with others."""
  count = 0
  for _, annotated in found.layout.annotated:
    size = annotated.height, annotated.width
    room = len(clean_windows(*size, boxes_of(annotated.regions_in(*size)), side,
                             options.margin))
    count += min(room, options.windows_per_frame or room)
  for paths, *_ in found.clean:
    for height, width in (sizes[path] for path in paths if path in sizes):
      least = min(side, height, width)
      count += (height // least) * (width // least)
  return count


def _are_templates(found, sizes):
  """Returns whether clean images show what the annotated ones of their names show.

  That is, whether most annotated images have a clean one of their name and size, and
  resemble it far more than one of another name.
  """
  clean = {path.stem: path for paths, *_ in found.clean for path in paths
           if path in sizes}
  pairs = [(path, clean[path.stem]) for path, _ in found.layout.annotated
           if path.stem in clean and sizes[path] == sizes[clean[path.stem]]]
  if len(pairs) < max(2, len(found.layout.annotated) / 2):
    return False
  pairs = pairs[::-(-len(pairs) // _TRIED)]
  marked, templates = ([_small(path) for path in paths] for paths in zip(*pairs))
  own = np.median([np.mean(x * y) for x, y in zip(marked, templates)])
  other = np.median([np.mean(x * y) for x, y in zip(marked, templates[1:] + templates)])
  return own > 0.8 and own - other > 0.3


def _small(path):
  """Returns an image's grey levels at 64 x 64, with mean 0 and variance 1."""
  small = reading.small(reading.read_image(path, False, 65535)).astype(float)
  return (small - small.mean()) / max(small.std(), 1)
