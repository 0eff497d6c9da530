"""Chooses what goes into the data set: reads, groups, splits and reports."""

import collections
import dataclasses

import numpy as np
import threadpoolctl

from data_prep import audit, layouts, screen, sheet, sources
from data_prep import split as split_lib
from data_prep.windows import covered
from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError

BACKGROUND = sources.BACKGROUND
DUPLICATES_MAY_COST = 0.05  # Share of a class that may go as exact duplicates.
AREA_RANGE = (25, 75)  # Percentiles of what boxes cover of a class's crops.
AREA_LEAST = 10  # Least crops of a class for such percentiles.


def gather(options):
  """Reads all sources; returns what `select` needs, by name."""
  classes = (layouts.list_classes(options.defects, '--defects') if options.defects
             else {})
  layout = (layouts.read(options.frames, [options.boxes]) if options.frames
            else layouts.Layout('', None, [], [], {}, [], {}, {}))
  frames = [path for path, _ in layout.annotated] + layout.clean + layout.unlabelled
  clean = layouts.list_images(options.clean, '--clean') if options.clean else []
  if not classes:
    layouts.check_names(layout.annotated, options.boxes)
  for name, paths in classes.items():
    _enough(name, len(paths), len(paths), options)
  reader = sources.survey(sum(classes.values(), []) + frames + clean,
                          options.image_size, options.seed)
  defects = list(sources.read_classes(classes, options.defects, reader))
  boxed, windows, boxes = sources.read_frames(
      layout.annotated, options.frames, reader, options.window, options.margin,
      4 * options.windows_per_frame, crops=not classes)
  tiles = sources.read_clean(
      clean, options.clean, reader, options.window, 2 * options.backgrounds,
      sources.clean_root(options.clean, options.frames)) if clean else []
  return {'reader': reader, 'defects': defects + boxed, 'windows': windows,
          'tiles': tiles, 'frames': sorted(frames), 'boxes': boxes,
          'unlabelled': layout.unlabelled}


def _enough(name, distinct, files, options):
  """Raises UserError if a class has too few images; says what to pass instead."""
  if distinct < 2:
    raise UserError(f'Class {name} has {distinct} distinct image'
                    f"{'s' * (distinct != 1)}, and needs 2 or more: one to train "
                    'on and one to test on.')
  asked = options.per_class
  if files < asked or distinct < asked * (1 - DUPLICATES_MAY_COST):
    what = f'{distinct} distinct images' if files > distinct else f'{files} images'
    raise UserError(f'Class {name} has {what}, fewer than the {asked} asked for: '
                    f'pass --per_class {distinct}, or --per_class 0 to keep all.')


def _choose_classes(options, items):
  """Chooses `per_class` items per class.

  Returns:
    (chosen items, {class: available}, duplicates as from `sources.drop_duplicates`).
  """
  files = collections.Counter(item.label for item in items)
  if not files:
    raise UserError(f'--boxes {options.boxes} holds no defect boxes, so there are '
                    'no classes: pass --defects.')
  if BACKGROUND in files:
    raise UserError(f"--boxes {options.boxes} has boxes named '{BACKGROUND}', which "
                    'is the name of clean steel: rename or remove them.')
  kept, duplicates = sources.drop_duplicates(items)
  drawn, available = [], {}
  for name in sorted(files):
    own = sources.rank([item for item in kept if item.label == name], options.seed)
    _enough(name, len(own), files[name], options)
    available[name] = len(own)
    drawn += own[:options.per_class or None]
  return drawn, available, duplicates


def _screen(options, windows):
  """Leaves out windows that look defective, and all above the limit per frame.

  Returns:
    (kept, rejected): items in rank order; (score, item) from the worst down.
  """
  if not windows:
    return [], []
  scores = screen.defect_scores([item.image for item in windows])
  rejected = sorted(((float(score), item) for score, item in zip(scores, windows)
                     if score > options.reject_score),
                    key=lambda pair: (-pair[0], pair[1].source))
  kept, of_frame = [], collections.Counter()
  out = {item.source for _, item in rejected}
  for item in sources.rank(windows, options.seed):
    if item.source in out:
      continue
    of_frame[item.frame] += 1
    if not options.windows_per_frame or (
        of_frame[item.frame] <= options.windows_per_frame):
      kept.append(item)
  return kept, rejected


def _group(options, pool, items):
  """Groups items that share steel or a raw frame.

  Returns:
    (groups, pairs, places): int [N] group numbers; int [P, 2] near-duplicates; and
    {index of a defect found in a frame: (the frame's name, the window)}.
  """
  thumbs = audit.thumbnails(items)
  pairs, _ = audit.near_duplicates(thumbs)
  names = {item.frame for item in items if item.frame}
  searched = pool['frames'] if options.defects and options.search_frames else []
  names |= {sources.frame_name(path, options.frames) for path in searched}
  number = {name: len(items) + k for k, name in enumerate(sorted(names))}
  edges = [(k, number[item.frame]) for k, item in enumerate(items) if item.frame]
  places = {}
  if searched:
    defects = [k for k, item in enumerate(items) if item.label != BACKGROUND]
    views = (audit.thumbnail(pool['reader'].read(path), options.window)
             for path in sources.progress(searched, 'finding crops in frames'))
    found, scores, corners = audit.find_in_frames(thumbs[defects], views)
    for i in np.argsort(scores, kind='stable'):  # The best match last.
      crop, name = defects[found[i, 0]], sources.frame_name(
          searched[found[i, 1]], options.frames)
      edges.append((crop, number[name]))
      top, left = np.rint(corners[i] * options.window / audit.SIDE).astype(int).tolist()
      places[crop] = name, Box(left, top, left + options.window, top + options.window)
  groups = audit.components(len(items) + len(number), list(map(tuple, pairs)) + edges)
  return groups[:len(items)], pairs, places


def _areas(items, places, boxes):
  """Returns how much of its crops each class covers, by the boxes of their frames.

  Args:
    items: defect crops.
    places: for each crop (its frame's name, its window there), or None.
    boxes: {frame's name: clipped boxes}.

  Returns:
    {class: [low, high]}: the `AREA_RANGE` percentiles of the share that boxes cover;
    without classes that have fewer than `AREA_LEAST` crops with a place.
  """
  shares = {}
  for item, place in zip(items, places):
    if place and place[0] in boxes:
      shares.setdefault(item.label, []).append(
          covered(boxes[place[0]], place[1]))
  return {name: np.percentile(of, AREA_RANGE).round(3).tolist()
          for name, of in sorted(shares.items()) if len(of) >= AREA_LEAST}


def _check_backgrounds(asked, left, rejected, marked, barred):
  """Raises UserError if fewer backgrounds are left than asked for; says why."""
  if left >= max(asked, 1):
    return
  raise UserError(
      f'There are {left} backgrounds, fewer than the {asked or 1} asked for ({rejected} '
      f'more look defective, {marked} overlap a defect crop and {barred} share steel '
      'with the test set): pass '
      + (f'--backgrounds {left}, or --backgrounds 0 to keep all.' if left
         else '--clean, or frames with more room beside their boxes.'))


def select(options, pool):
  """Chooses, groups and splits the items.

  Returns:
    (chosen, report, rows): list of (item, group, is test); `audit.json`'s content;
    `audit.png`'s rows.
  """
  drawn, available, duplicates = _choose_classes(options, pool['defects'])
  windows, rejected = _screen(options, pool['windows'])
  candidates = sources.rank(windows + pool['tiles'], options.seed)
  distinct, more = sources.drop_duplicates(drawn + candidates)
  candidates = distinct[len(drawn):]
  items = drawn + candidates
  # Two threads on a busy machine wait for each other longer than they work.
  with threadpoolctl.threadpool_limits(1):
    groups, pairs, places = _group(options, pool, items)
  count = len(drawn)
  labels = [item.label for item in drawn]
  test = split_lib.split_groups(labels, groups[:count],
                                [item.source for item in drawn],
                                options.train_fraction, options.seed)
  barred = np.isin(groups[count:], groups[:count][test])
  # A window that shows what a defect crop shows cannot stand for clean steel.
  crossing = pairs[(pairs[:, 0] < count) & (pairs[:, 1] >= count), 1]
  marked = np.isin(np.arange(count, len(items)), crossing)
  left = count + np.flatnonzero(~barred & ~marked)
  _check_backgrounds(options.backgrounds, len(left), len(rejected), marked.sum(),
                     barred.sum())
  available[BACKGROUND] = len(left)
  left = left[:options.backgrounds or None].tolist()
  leak = split_lib.random_split_leak(
      labels, groups[:count], pairs[(pairs < count).all(axis=1)],
      options.train_fraction, options.seed)
  kept = list(range(count)) + left
  numbers = np.unique(groups[kept], return_inverse=True)[1].tolist()
  chosen = [(items[k], number, k < count and bool(test[k]))
            for k, number in zip(kept, numbers)]
  train = np.flatnonzero(~test)
  areas = _areas([items[k] for k in train], [
      places.get(k, (items[k].frame, items[k].place) if items[k].frame else None)
      for k in train], pool['boxes'])
  report = _report(options, pool, chosen, available)
  report |= {
      'duplicates': duplicates + more,
      'random_split_leak': leak,
      'near_duplicate_pairs': len(pairs),
      'defects_found_in_frames': len(places),
      'areas': areas,
      'rejected_windows': [{'source': item.source, 'score': round(score, 3)}
                           for score, item in rejected],
      'backgrounds_that_overlap_a_defect': sorted(
          items[k].source for k in count + np.flatnonzero(marked)),
      'backgrounds_left_out_for_test': int(barred.sum()),
  }
  return chosen, report, _rows(chosen, rejected)


def _by_group(chosen):
  """Returns groups of two or more, the largest first: [(group, [item, ...])]."""
  members = {}
  for item, group, _ in chosen:
    members.setdefault(group, []).append(item)
  return sorted(((group, found) for group, found in members.items()
                 if len(found) > 1), key=lambda pair: (-len(pair[1]), pair[0]))


def _report(options, pool, chosen, available):
  """Returns the counts, groups and rules for `audit.json`."""
  counts = {'train': collections.Counter(), 'test': collections.Counter()}
  for item, _, test in chosen:
    counts['test' if test else 'train'][item.label] += 1
  parameters = dataclasses.asdict(options)
  for name in ('defects', 'frames', 'boxes', 'clean', 'out'):
    parameters.pop(name)  # Where the data lay that day is not part of the data.
  reader = pool['reader']
  groups = _by_group(chosen)
  defect_groups = {g for item, g, _ in chosen if item.label != BACKGROUND}
  return {
      'classes': sorted(set(available) - {BACKGROUND}),
      'counts': {split: dict(sorted(found.items()))
                 for split, found in counts.items()},
      'available': available,
      'groups': [{'group': group, 'members': [item.source for item in found]}
                 for group, found in groups],
      'groups_of_defects': len(defect_groups),
      'frames_without_box_file': len(pool['unlabelled']),
      'scaling': {'max_value': reader.max_value, 'divisor': reader.max_value / 255,
                  'grey': reader.grey},
      'parameters': parameters,
      'thresholds': {'near_duplicate': audit.CONFIRM, 'propose': audit.PROPOSE,
                     'propose_frame': audit.PROPOSE_FRAME},
  }


def _rows(chosen, rejected):
  """Returns the rows of `audit.png`."""
  rows = []
  labels = sorted({item.label for item, _, _ in chosen} - {BACKGROUND})
  for label in labels + [BACKGROUND]:
    crops = [item.image for item, _, _ in chosen if item.label == label]
    rows.append((f'{label}: {len(crops)}', crops))
  groups = [(group, found) for group, found in _by_group(chosen)
            if any(item.label != BACKGROUND for item in found)]
  for group, found in groups[:12]:
    names = sorted({item.label for item in found})
    rows.append((f"group {group}: {len(found)} of {', '.join(names)}",
                 [item.image for item in found]))
  for start in range(0, min(len(rejected), 96), sheet.COLUMNS):
    part = rejected[start:start + sheet.COLUMNS]
    rows.append((f'rejected as background: scores {part[0][0]:.1f} to '
                 f'{part[-1][0]:.1f} (of {len(rejected)})',
                 [item.image for _, item in part]))
  return rows
