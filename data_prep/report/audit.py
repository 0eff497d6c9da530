"""Says what a build did: the content of audit.json, audit.png and the summary."""

import collections
import contextlib
import itertools

import numpy as np

from data_prep.crops.cutting import BACKGROUND
from data_prep.images import reading
from data_prep.report import sheet
from data_prep.selection import copies, frame_search, near_duplicates, texture
from pegan_jax.common.errors import UserError

_AREA_RANGE = (25, 75)  # Percentiles of the share that a class covers of its crops.
AREA_LEAST = 10  # Least crops of a class for such percentiles.

# Shares of a class, or of the set, that one group has; and of how many images or more.
_ONE_GROUP, _ONE_GROUP_LEAST = 0.2, 5


def areas(chosen):
  """Returns how much of its train crops each class covers, where they are annotated.

  Args:
    chosen: list of (item, group, is test).

  Returns:
    {class: [low, high]}: the `_AREA_RANGE` percentiles of the shares that its regions
    cover; without classes that have fewer than `AREA_LEAST` annotated crops.
  """
  shares = {}
  for item, _, test in chosen:
    if item.share is not None and not test:
      shares.setdefault(item.label, []).append(item.share)
  return {name: np.percentile(of, _AREA_RANGE).round(6).tolist()
          for name, of in sorted(shares.items()) if len(of) >= AREA_LEAST}


def content(options, pool, selected):
  """Returns the content of `audit.json`.

  Args:
    options: `options.Options`.
    pool: `pool.Pool`.
    selected: `choosing.Selection`.
  """
  found, reader, counts = pool.found, pool.reader, _counts(selected)
  return {
      **_classes(selected),
      'counts': {split: dict(sorted(of.items())) for split, of in counts.items()},
      'format': found.layout.format,
      'window': {'side': pool.window, 'why': pool.why},
      'whole_crops_resized': count_resized(found, options.image_size),
      'images_smaller_than_a_window': len({
          item.frame for item in pool.defects + pool.windows + pool.tiles
          if item.place and item.place.height < pool.window}),
      'left_out': _left_out(options, found, selected, counts),
      'left_out_files': names_of(found),
      'notes': pool.notes,
      **_groups(options, pool, selected),
      **_searched(selected),
      'scaling': {'max_value': reader.max_value, 'divisor': reader.max_value / 255,
                  'grey': reader.grey},
      # Where the data lay that day is not part of the data.
      'parameters': {name: value for name, value in options.settings().items()
                     if name not in options.FOLDERS},
  }


def _counts(selected):
  """Returns {'train' or 'test': {class or background: how many are chosen}}."""
  counts = {'train': collections.Counter(), 'test': collections.Counter()}
  for item, _, test in selected.chosen:
    counts['test' if test else 'train'][item.label] += 1
  return counts


def _classes(selected):
  """Returns the part of `content` on the classes and what their crops show."""
  kinds = {}
  for item, *_ in selected.chosen:
    if item.label != BACKGROUND:
      kinds.setdefault(item.label, collections.Counter())[item.annotation] += 1
  return {
      'classes': sorted(set(selected.available) - {BACKGROUND}),
      'available': selected.available,
      'annotations': {name: dict(sorted(of.items()))
                      for name, of in sorted(kinds.items())},
      'areas': areas(selected.chosen),
      'drawn_as': {name: drawn for name, drawn in sheet.drawn_as(kinds).items()
                   if drawn != name},
      'crops_with_another_class': sum(item.others for item, *_ in selected.chosen),
  }


def _groups(options, pool, selected):
  """Returns the part of `content` on what is wholly train or test."""
  chosen, files = selected.chosen, pool.found.files
  return {
      'groups': [{'group': group, 'members': [item.source for item in members]}
                 for group, members in selected.by_group()],
      'large_groups': large_groups(chosen),
      'groups_of_defects': len({g for item, g, _ in chosen if item.label != BACKGROUND}),
      'crops_of_unknown_frames': max(0, -selected.found + sum(
          not item.frame and pool.group_of(item.file) is None
          for item, *_ in chosen if item.label != BACKGROUND)),
      'files_without_a_group': len(files) - sum(
          pool.group_of(reading.name_below(path, folder)) is not None
          for path, folder in files) if options.group_by else 0,
  }


def _searched(selected):
  """Returns the part of `content` on crops that show one place, and odd ones."""
  return {
      'duplicates': selected.duplicates,
      'random_split_leak': selected.leak,
      'near_duplicate_pairs': selected.pairs,
      'same_crops_of_two_classes': selected.at_odds,
      'turned_copies': selected.copies,
      'clean_copies_of_defects': selected.unclean,
      'defects_found_in_frames': selected.found,
      'crops_of_another_class_than_their_frame': odd_crops(selected),
      'rejected_windows': [{'source': item.source, 'score': round(score, 3)}
                           for score, item in selected.rejected],
      'backgrounds_that_overlap_a_defect': selected.marked,
      'thresholds': {'near_duplicate': texture.CONFIRM,
                     'turned_copy': copies.LEAST,
                     'propose': near_duplicates.PROPOSE,
                     'propose_frame': frame_search.PROPOSE},
  }


def odd_crops(selected):
  """Returns [{class, marked, crops}]: how many crops have a mark of another class."""
  return [{'class': name, 'marked': marked, 'crops': crops}
          for (name, marked), crops in sorted(selected.odd.items())]


def large_groups(chosen):
  """Returns [{group, name, images, of, in_test}]: groups with much of what is called so.

  Of all that is, `in_test` images are in the test split. The name is that of a class, or
  "all" for the whole set; the largest share comes first.
  """
  names = {'all': [(group, test) for _, group, test in chosen]}
  for item, group, test in chosen:
    names.setdefault(('class', item.label), []).append((group, test))
  found = [{'group': group, 'name': 'all' if name == 'all' else name[1], 'images': n,
            'of': len(some), 'in_test': sum(test for _, test in some)}
           for name, some in names.items()
           for group, n in collections.Counter(group for group, _ in some).items()
           if n >= _ONE_GROUP_LEAST and n > _ONE_GROUP * len(some)]
  return sorted(found, key=lambda x: (-x['images'] / x['of'], x['group'], x['name']))


UNLABELLED = 'images without an annotation, where others have one'


def names_of(found):
  """Returns {reason: names} of the files that a `inputs.Found` leaves out."""
  folder = found.layout.root or found.crops_dir
  return {reason: list(dict.fromkeys(reading.name_below(path, folder) for path in paths))
          for reason, paths in sorted(found.layout.left_out.items()) if paths}


def counted(counts, names):
  """Returns {reason: how many} as text, with up to three of the {reason: names}."""
  return '; '.join(f'{reason}: {n}' + (
      f" ({', '.join(names[reason][:3])}{', ...' if len(names[reason]) > 3 else ''})"
      if reason in names else '') for reason, n in counts.items())


def _left_out(options, found, selected, counts):
  """Returns {reason: how many} for all that is in the folders and not in the data set."""
  used = sum(map(collections.Counter, counts.values()), collections.Counter())
  more = {name: selected.available[name] - n for name, n in used.items()}
  return {reason: n for reason, n in {
      **not_read(found),
      'crops with the same pixels as another': len(selected.duplicates),
      f'defect crops beyond --per_class {options.per_class}': sum(
          n for name, n in more.items() if name != BACKGROUND),
      f'backgrounds beyond --backgrounds {options.backgrounds}': more[BACKGROUND],
      'windows that look defective, by --reject_score': len(selected.rejected),
      'windows that show what a defect crop shows': len(selected.marked),
      'backgrounds that belong with images of the test set': selected.barred,
  }.items() if n}


def not_read(found):
  """Returns {reason: how many} for what a `inputs.Found` leaves out, biggest first."""
  return {
      **{reason: len(paths) for reason, paths in sorted(found.layout.left_out.items())},
      UNLABELLED: len(found.layout.unlabelled),
      **{f'crops or regions of {name}, a class that is not chosen': n
         for name, n in found.skipped.items()}}


def rows(selected):
  """Returns the rows of `audit.png`, as `sheet.draw` takes them."""
  chosen, drawn = selected.chosen, []
  labels = sorted({item.label for item, _, _ in chosen} - {BACKGROUND})
  called = sheet.drawn_as(labels) | {BACKGROUND: BACKGROUND}
  for label in labels + [BACKGROUND]:
    items = [item for item, _, _ in chosen if item.label == label]
    drawn.append((f'{called[label]}: {len(items)}', items))
  groups = [(group, found) for group, found in selected.by_group()
            if any(item.label != BACKGROUND for item in found)]
  for group, found in groups[:12]:
    names = [called[name] for name in sorted({item.label for item in found})]
    drawn.append((f"group {group}: {len(found)} of {', '.join(names)}", found))
  rejected = selected.rejected
  for start in range(0, min(len(rejected), 96), sheet.COLUMNS):
    part = rejected[start:start + sheet.COLUMNS]
    drawn.append((f'rejected as background: scores {part[0][0]:.1f} to '
                  f'{part[-1][0]:.1f} (of {len(rejected)})',
                  [item for _, item in part]))
  return drawn


def count_resized(found, size):
  """Returns how many whole crops of an `inputs.Found` are squares of another side."""
  count = 0
  for path in itertools.chain(*found.crops.values()):
    with contextlib.suppress(UserError):  # It is told where the crop is read.
      count += min(reading.size(path)) != size
  return count


def resized(side, size, crops):
  """Returns what is done to windows of `side` pixels in a set of images of `size`.

  Args:
    side, size: in pixels.
    crops: how many whole crops are resized.
  """
  done = 'as they are' if side == size else f'resized to {size} x {size}'
  return done + f'; the squares of {crops} whole crops are resized to that' * (
      crops > 0 and side == size)
