"""Says what a build did: the content of audit.json, audit.png and the summary."""

import collections
import contextlib
import itertools

import numpy as np

from data_prep.crops.cutting import BACKGROUND
from data_prep.images import reading
from data_prep.report import sheet
from data_prep.selection import frame_search, near_duplicates, texture
from pegan_jax.common.errors import UserError

_AREA_RANGE = (25, 75)  # Percentiles of the share that a class covers of its crops.
_COMPARED = 4  # Least images per class of a comparison: `metrics.intervals.LEAST`.
_AREA_LEAST = 10  # Least crops of a class for such percentiles.

# Shares of the backgrounds that show what a defect does, and of all images that are one
# group, from which images are likely to look alike without showing the same place.
_ALIKE, _ONE_GROUP = 0.1, 0.5


def areas(chosen):
  """Returns how much of its train crops each class covers, where they are annotated.

  Args:
    chosen: list of (item, group, is test).

  Returns:
    {class: [low, high]}: the `_AREA_RANGE` percentiles of the shares that its regions
    cover; without classes that have fewer than `_AREA_LEAST` annotated crops.
  """
  shares = {}
  for item, _, test in chosen:
    if item.share is not None and not test:
      shares.setdefault(item.label, []).append(item.share)
  return {name: np.percentile(of, _AREA_RANGE).round(6).tolist()
          for name, of in sorted(shares.items()) if len(of) >= _AREA_LEAST}


def content(options, pool, selected):
  """Returns the content of `audit.json`.

  Args:
    options: `options.Options`.
    pool: `inputs.Pool`.
    selected: `choosing.Selection`.
  """
  chosen, found, reader = selected.chosen, pool.found, pool.reader
  counts = {'train': collections.Counter(), 'test': collections.Counter()}
  kinds = {}
  for item, _, test in chosen:
    counts['test' if test else 'train'][item.label] += 1
    if item.label != BACKGROUND:
      kinds.setdefault(item.label, collections.Counter())[item.annotation] += 1
  # Where the data lay that day is not part of the data.
  parameters = {name: value for name, value in options.settings().items()
                if name not in options.FOLDERS}
  rejected = [{'source': item.source, 'score': round(score, 3)}
              for score, item in selected.rejected]
  return {
      'classes': sorted(set(selected.available) - {BACKGROUND}),
      'counts': {split: dict(sorted(of.items())) for split, of in counts.items()},
      'available': selected.available,
      'format': found.layout.format,
      'annotations': {name: dict(sorted(of.items()))
                      for name, of in sorted(kinds.items())},
      'window': {'side': pool.window, 'why': pool.why},
      'whole_crops_resized': count_resized(pool.found, options.image_size),
      'images_smaller_than_a_window': len({
          item.frame for item in pool.defects + pool.windows + pool.tiles
          if item.place and item.place.height < pool.window}),
      'crops_with_another_class': sum(item.others for item, *_ in chosen),
      'left_out': _left_out(options, found, selected, counts),
      'left_out_files': names_of(found),
      'notes': pool.notes,
      'areas': areas(chosen),
      'groups': [{'group': group, 'members': [item.source for item in members]}
                 for group, members in selected.by_group()],
      'groups_of_defects': len({g for item, g, _ in chosen if item.label != BACKGROUND}),
      'crops_of_unknown_frames': max(0, -selected.found + sum(
          not item.frame and pool.group_of(item.file) is None
          for item, *_ in chosen if item.label != BACKGROUND)),
      'files_without_a_group': len(found.files) - sum(
          pool.group_of(reading.name_below(path, folder)) is not None
          for path, folder in found.files) if options.group_by else 0,
      'duplicates': selected.duplicates,
      'random_split_leak': selected.leak,
      'near_duplicate_pairs': selected.pairs,
      'defects_found_in_frames': selected.found,
      'rejected_windows': rejected,
      'backgrounds_that_overlap_a_defect': selected.marked,
      'scaling': {'max_value': reader.max_value, 'divisor': reader.max_value / 255,
                  'grey': reader.grey},
      'parameters': parameters,
      'thresholds': {'near_duplicate': texture.CONFIRM,
                     'propose': near_duplicates.PROPOSE,
                     'propose_frame': frame_search.PROPOSE},
  }


_UNLABELLED = 'images without an annotation, where others have one'


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
      _UNLABELLED: len(found.layout.unlabelled),
      **{f'crops or regions of {name}, a class that is not chosen': n
         for name, n in found.skipped.items()}}


def rows(selected):
  """Returns the rows of `audit.png`, as `sheet.draw` takes them."""
  chosen, drawn = selected.chosen, []
  labels = sorted({item.label for item, _, _ in chosen} - {BACKGROUND})
  for label in labels + [BACKGROUND]:
    items = [item for item, _, _ in chosen if item.label == label]
    drawn.append((f'{label}: {len(items)}', items))
  groups = [(group, found) for group, found in selected.by_group()
            if any(item.label != BACKGROUND for item in found)]
  for group, found in groups[:12]:
    names = sorted({item.label for item in found})
    drawn.append((f"group {group}: {len(found)} of {', '.join(names)}", found))
  rejected = selected.rejected
  for start in range(0, min(len(rejected), 96), sheet.COLUMNS):
    part = rejected[start:start + sheet.COLUMNS]
    drawn.append((f'rejected as background: scores {part[0][0]:.1f} to '
                  f'{part[-1][0]:.1f} (of {len(rejected)})',
                  [item for _, item in part]))
  return drawn


def summary(out, report):
  """Returns the lines to print: what was written, left out and grouped.

  Args:
    out: the data set's folder.
    report: from `content`.
  """
  counts = {split: sum(found.values()) for split, found in report['counts'].items()}
  window = report['window']
  train, test = (report['counts'][split] for split in ('train', 'test'))
  kinds = sum(map(collections.Counter, report['annotations'].values()),
              collections.Counter())
  size = report['parameters']['image_size']
  lines = [
      f"Wrote {out}: {counts['train']} train and {counts['test']} test images of "
      f"{len(report['classes'])} classes and the background.",
      'Train + test: ' + ', '.join(
          f'{name} {train.get(name, 0)} + {test.get(name, 0)}'
          for name in report['classes']) + f', background {train[BACKGROUND]}' + (
              f' + {test[BACKGROUND]}' if BACKGROUND in test else '') + '.',
      f"Windows of {window['side']} x {window['side']} pixels ({window['why']}), "
      f"{resized(window['side'], size, report['whole_crops_resized'])}.",
      f"Of the defects, {kinds['mask']} have a mask, {kinds['box']} a box and "
      f"{kinds['none']} neither."]
  if report['left_out']:
    lines.append(
        f"Left out: {counted(report['left_out'], report['left_out_files'])}.")
  lines += [
      leak_sentence(report),
      f'See {out}/audit.json and {out}/audit.png.']
  return '\n'.join(lines + [f'Note: {line}' for line in remarks(report)])


def leak_sentence(report):
  """Returns what a plain random split would have leaked, given `content`."""
  leak = report['random_split_leak']
  return 'A plain random split would have put into train ' + (
      f"a near-duplicate of {leak['near_duplicate']['mean_count']:.0f}, and "
      if report['parameters']['near_duplicates'] else '') + (
          f"a crop of the same frame or group of {leak['group']['mean_count']:.0f}, "
          f"of its {leak['test_images']} test images; this split none, but for copies "
          'that are turned, mirrored or drawn anew, which are not searched for.')


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


def _alike(report):
  """Yields what hints at images that look alike and do not show the same place."""
  marked = len(report['backgrounds_that_overlap_a_defect'])
  total = marked + report['available'][BACKGROUND]
  largest = max((len(group['members']) for group in report['groups']), default=0)
  images = sum(sum(of.values()) for of in report['counts'].values())
  found = []
  if marked > _ALIKE * total:
    found.append(f'{marked} of {total} backgrounds seem to show what a defect crop shows')
  if report['near_duplicate_pairs'] and largest > _ONE_GROUP * images:
    found.append(f'{largest} of {images} images seem to show places that overlap, and are '
                 'one group')
  if found:
    yield (f'{" and ".join(found)}: where images only look alike, as wood, cloth and '
           'printed boards do, pass --no-near_duplicates.')


def too_few(counts):
  """Yields a sentence on classes of {name: train images} too small for a comparison."""
  if few := [name for name, n in sorted(counts.items()) if n < _COMPARED]:
    yield (f"fewer than {_COMPARED} train images of {', '.join(few)}: an evaluation takes "
           'that many; leave such classes out there, by --config.generate.classes.')


def remarks(report):
  """Yields sentences on what the user may want to change, given `content`."""
  yield from (f'{note}.' for note in report['notes'])
  conflicts = [d for d in report['duplicates'] if len(set(d['labels'])) > 1]
  if conflicts:
    first = conflicts[0]
    yield (f'{len(conflicts)} crops have the same pixels as one of another class, '
           f"first {first['dropped']} ({first['labels'][0]}) and "
           f"{first['same_as']} ({first['labels'][1]}); the second was kept.")
  if n := report['images_smaller_than_a_window']:
    yield (f'{n} images are smaller than a window; of those, squares of their own '
           'shorter side were enlarged.')
  if n := report['crops_with_another_class']:
    yield (f'{n} defect crops also show a defect of another class, which their mask '
           'leaves out.')
  if few := sorted({c for c, of in report['annotations'].items()
                    if set(of) - {'none'}} - report['areas'].keys()):
    yield (f'how much of a crop a class covers is not known for {", ".join(few)}: that '
           f'takes {_AREA_LEAST} annotated train images, and PE-GAN+ does without.')
  train, test = (report['counts'][split] for split in ('train', 'test'))
  yield from too_few({name: train.get(name, 0) for name in report['classes']})
  if few := [name for name in report['classes'] if test.get(name, 0) < _COMPARED]:
    yield (f"fewer than {_COMPARED} test images of {', '.join(few)}: an evaluation says "
           'nothing of how near samples come to images that were held out.')
  yield from _alike(report)
  if n := report['left_out'].get(_UNLABELLED):
    yield (f'{n} images without an annotation are not known to be clean: those that are '
           'go into a folder of their own, for --clean.')
  if (n := report['crops_of_unknown_frames']) and not report['parameters']['group_by']:
    yield (f'which frames {n} crops were cut from is not known, and two of one frame may '
           "lie on both sides of the split: where their files' names tell, pass "
           '--group_by.')
  if n := report['files_without_a_group']:
    yield f"--group_by fits no part of {n} files' paths: they have no group by name."
  if report['parameters']['near_duplicates'] is False:
    yield ('Near-duplicates were not searched: only frames and --group_by keep crops '
           'together.')
  asked = report['parameters']['per_class']
  short = {name: report['available'][name] for name in report['classes']
           if report['available'][name] < asked}
  if short:
    yield (f'without crops of the same pixels, there are fewer than {asked} images of '
           + ', '.join(f'{name} ({n})' for name, n in sorted(short.items())) + '.')
