"""Says what folders hold, and what would be wrong, before a data set is built of them."""

import collections
import shlex

from data_prep.crops.window_size import choose_window
from data_prep.crops.windows import clean_windows
from data_prep.images import decoding, reading, survey
from data_prep.images.problems import Problems
from data_prep.images.progress import progress
from data_prep.report import audit


def check(options, find):
  """Reads everything that `build` would read, and writes nothing.

  Args:
    options: `build.Options`; `out` may be missing.
    find: `inputs.find`.

  Returns:
    (text, problems): what to print, which ends with the problems or, without any, the
    commands to go on with; and the `Problems`.
  """
  problems, lines = Problems(), []
  with problems.collected():
    sizes = _decode(options, problems)
    found = find(options, problems)
    lines += _describe(options, found, sizes, problems)
  if problems:
    lines.append(('1 problem: ' if len(problems) == 1 else '') + problems.text())
  return '\n'.join(lines), problems


def _decode(options, problems):
  """Decodes all images, masks included; returns {path: (height, width)} of the sound."""
  paths = [path for folder in (options.images, options.defects, options.clean) if folder
           for path in reading.find_images(folder)[0]]
  sizes = {}
  for path in progress(paths, 'checking images'):
    with problems.collected():
      sizes[path] = decoding.decode(path).shape[:2]
  return sizes


def _describe(options, found, sizes, problems):
  """Returns lines about a `inputs.Found`; adds to `problems`."""
  layout, lines = found.layout, []
  if options.images:
    lines.append(
        f'Layout of {options.images}: {layout.format}; {len(layout.annotated)} annotated '
        f'images, {sum(not a.regions for _, a in layout.annotated)} of them without a '
        f'region; {len(layout.clean)} clean ones; {len(layout.unlabelled)} without an '
        'annotation.')
  lines += ['Classes:', *_classes(found)]
  kinds = survey.read(path for path, _ in found.files if path in sizes)
  shown = _sizes(sizes[path] for path, _ in found.files if path in sizes)
  lines += [f'Sizes, width x height: {shown}.',
            f"Kind: {'grey' if kinds.grey else 'colour'}, "
            f"{'8 bits' if kinds.max_value == 255 else f'up to {kinds.max_value}'}."]
  backgrounds = None
  with problems.collected():
    found.grouping(options.group_by)
    side, why = choose_window(options, found)
    backgrounds = _count_backgrounds(options, found, sizes, side)
    lines += [f'Windows: {side} x {side} pixels ({why}), kept at {options.image_size} x '
              f'{options.image_size}.', f'Room for about {backgrounds} backgrounds.']
  if left_out := {why: n for why, n in audit.not_read(found).items() if n}:
    lines.append('Left out: ' + '; '.join(f'{why}: {n}' for why, n in left_out.items())
                 + '.')
  lines += [f'Note: {note}.' for note in found.notes(kinds.notes)]
  if backgrounds == 0:
    problems.add('There is no room for backgrounds: pass --clean, or a smaller '
                    '--window_size.')
  counts = {name: len(found.crops.get(name, ())) + len(found.regions.get(name, ()))
            for name in sorted({*found.crops, *found.cut})}
  return lines if problems else lines + _commands(options, counts, backgrounds)


def _classes(found):
  """Yields a line for each class: what there is of it."""
  for name in sorted({*found.crops, *found.cut}):
    kinds = collections.Counter(
        kind for _, kind in found.regions.get(name, ()) if name in found.cut)
    parts = [f'{n} {what}' for what, n in (
        ('whole files', len(found.crops.get(name, ()))), ('masks', kinds['mask']),
        ('boxes', kinds['box'])) if n]
    yield f"  {name}: {', '.join(parts)}"


def _sizes(sizes):
  counts = collections.Counter(sizes).most_common()
  said = ', '.join(f'{width} x {height} ({n})' for (height, width), n in counts[:3])
  if len(counts) <= 3:
    return said
  heights, widths = zip(*(size for size, _ in counts))
  return (f'{said} and {len(counts) - 3} more, from {min(widths)} x {min(heights)} to '
          f'{max(widths)} x {max(heights)}')


def _count_backgrounds(options, found, sizes, side):
  """Returns how many clean windows there are, before any is compared with others."""
  count = 0
  for _, annotated in found.layout.annotated:
    room = len(clean_windows(annotated.height, annotated.width,
                             [region.box for region in annotated.regions], side,
                             options.margin))
    count += min(room, options.windows_per_frame or room)
  for paths, *_ in found.clean:
    for height, width in (sizes[path] for path in paths if path in sizes):
      least = min(side, height, width)
      count += (height // least) * (width // least)
  return count


def _commands(options, counts, backgrounds):
  """Returns the lines that say how to go on."""
  given = []
  for name in ('images', 'annotations', 'format', 'defects', 'clean', 'group_by'):
    value = getattr(options, name)
    if value:
      given += [f'--{name}', *([value] if isinstance(value, str) else value)]
  for name in ('classes', 'skip_classes'):
    if value := getattr(options, name):
      given += [f'--{name}', ','.join(value)]
  if min(counts.values()) < options.per_class:
    given += ['--per_class', '0']
  if backgrounds < 2 * options.backgrounds:
    given += ['--backgrounds', '0']
  if options.window_size:
    given += ['--window_size', options.window_size]
  out = options.out or 'data/mine'
  train = ['--config', 'pegan', '--workdir', 'runs/mine', f'--config.data_dir={out}']
  if options.image_size != 64:
    given += ['--image_size', options.image_size]
    train.append(f'--config.image_size={options.image_size}')
  build = shlex.join(map(str, [*given, '--out', out]))
  return ['Go on with:', f'  python -m data_prep.build {build}',
          f'  python -m pegan_jax.main {shlex.join(train)}']
