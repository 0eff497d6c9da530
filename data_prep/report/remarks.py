"""Says in words what audit.json holds: the summary of a build, and what to change."""

import collections

from data_prep.crops.cutting import BACKGROUND
from data_prep.report import audit

_COMPARED = 4  # Least images per class of a comparison: `metrics.intervals.LEAST`.
# Share of the backgrounds that show what a defect does, from which images are likely to
# look alike without showing the same place.
_ALIKE = 0.1
_COSTS = 0.02  # Least change of a class's share of test that is told.


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
      f"{audit.resized(window['side'], size, report['whole_crops_resized'])}.",
      f"Of the defects, {kinds['mask']} have a mask, {kinds['box']} a box and "
      f"{kinds['none']} neither."]
  if report['left_out']:
    lines.append(
        f"Left out: {audit.counted(report['left_out'], report['left_out_files'])}.")
  lines += [
      leak_sentence(report),
      f'See {out}/audit.json and {out}/audit.png.']
  return '\n'.join(lines + [f'Note: {line}' for line in remarks(report)])


def leak_sentence(report):
  """Returns what a plain random split would have leaked, given `content`."""
  leak = report['random_split_leak']
  searched = report['parameters']['near_duplicates']
  copies_too = searched and 'turned_copies' in report  # Not in an earlier version's.
  return 'A plain random split would have put into train ' + (
      'what seems to be a near-duplicate of '
      f"{leak['near_duplicate']['mean_count']:.0f}, and " if searched else '') + (
          f"a crop of the same frame or group of {leak['group']['mean_count']:.0f}, "
          f"of its {leak['test_images']} test images; this split none, but for "
          + ('copies that are turned by other angles than 90, 180 and 270 degrees, '
             'distorted or drawn anew, which are not searched for.' if copies_too else
             'copies that are turned, mirrored or drawn anew, which are not searched for.'
             if searched else
             'near-duplicates, and copies that are turned, mirrored or drawn anew, which '
             'were not searched for: only frames and --group_by keep crops together.'))


def _alike(report):
  """Yields what hints at images that look alike and do not show the same place."""
  marked = len(report['backgrounds_that_overlap_a_defect'])
  total = marked + report['available'][BACKGROUND]
  if marked > _ALIKE * total:
    yield (f'{marked} of {total} backgrounds seem to show what a defect crop shows: where '
           'images only look alike, as wood, cloth and printed boards do, pass '
           '--no-near_duplicates.')


def _cost(large, share):
  """Returns how much of the classes is in test, where large groups change that.

  Args:
    large: as from `audit.large_groups`.
    share: that of each class that is to be in test.
  """
  found = {x['name']: f"{x['in_test'] / x['of']:.0%} of {x['name']}" for x in large
           if x['name'] not in ('all', BACKGROUND)
           and abs(x['in_test'] / x['of'] - share) >= _COSTS}
  return (f", so that test has {', '.join(found.values())} in place of {share:.0%}"
          if found else '')


def of_odd_crops(odd):
  """Yields what frames mark as another class where crops were found, see `content`."""
  for x in odd:
    yield (f"crops of {x['class']} that were found where their frames mark {x['marked']}: "
           f"{len(x['crops'])}, the first is {x['crops'][0]}; they are used as "
           f"{x['class']}, with that mark. "
           'Where both are one class, give it one name; else move these '
           'crops or correct the frames. Where the places are wrong, pass '
           '--no-search_frames.')


def of_groups(large, copies, unclean, searched, train_fraction):
  """Yields what keeps much on one side of the split.

  Args:
    large: as from `audit.large_groups`.
    copies, unclean: as in `choosing.Selection`.
    searched: whether near-duplicates were searched for.
    train_fraction: share of each class that is to be in train.
  """
  shares = {}
  for x in large:
    name = 'all images' if x['name'] == 'all' else x['name']
    shares.setdefault(x['group'], []).append(
        f"{x['images']} of {x['of']} of {name} ({x['images'] / x['of']:.0%})")
  if large:
    all_have = '; '.join(f"group {group} has {', '.join(some)}"
                         for group, some in shares.items())
    cost = _cost(large, 1 - train_fraction)
    if searched:
      yield (f'much belongs together, and each group lies on one side of the split{cost}: '
             f'{all_have}. audit.png of the data set shows them: where the images of one '
             'only look alike, such as by one edge or pattern, pass --no-near_duplicates, '
             'and --group_by where names tell what belongs together; else add images of '
             'other places.')
    else:
      yield ('much belongs together, by its frame or --group_by, and each group lies on '
             f'one side of the split{cost}: {all_have}. Add images of other places.')
  if copies:
    yield ('pairs of images of which one seems to be a copy of the other, mirrored, turned '
           'by 90, 180 or 270 degrees, or of its name in another size: '
           f'{len(copies)}, the first is {copies[0][0]} '
           f'and {copies[0][1]}; they lie on one side of the split. Where images only look '
           'alike so, as what is symmetric does, pass --no-near_duplicates.')
  if unclean:
    yield ('clean images that are a copy of one with a defect, or show what a crop of '
           f'one shows: {len(unclean)}, the first is {unclean[0]}; no background is cut '
           'from them. Look which is right: where they show the defect, take them away; '
           'where images only look alike, pass --no-near_duplicates --no-search_frames.')


def of_unlabelled(count):
  """Yields a sentence on images that have no annotation, where there are any."""
  if count:
    yield (f'images without an annotation, which are not known to be clean: {count}; those '
           'that are go into a folder of their own, for --clean.')


def too_few(counts):
  """Yields a sentence on classes of {name: train images} too small for a comparison."""
  if few := [name for name, n in sorted(counts.items()) if n < _COMPARED]:
    yield (f"fewer than {_COMPARED} train images of {', '.join(few)}: an evaluation takes "
           'that many; leave such classes out there, by --config.generate.classes.')


def remarks(report):
  """Yields sentences on what the user may want to change, given `content`."""
  yield from (f'{note}.' for note in report['notes'])
  if report['drawn_as']:
    yield ('audit.png has numbers for names in letters that its font lacks: ' + ', '.join(
        f'{drawn} is {name}' for name, drawn in report['drawn_as'].items()) + '.')
  conflicts = [d for d in report['duplicates'] if len(set(d['labels'])) > 1]
  if conflicts:
    first = conflicts[0]
    yield (f'{len(conflicts)} crops have the same pixels as one of another class, '
           f"first {first['dropped']} ({first['labels'][0]}) and "
           f"{first['same_as']} ({first['labels'][1]}); the second is kept.")
  if pairs := report.get('same_crops_of_two_classes'):
    yield (f'pairs of crops of two classes that show the same: {len(pairs)}, the first is '
           f'{pairs[0][0]} and {pairs[0][1]}; both are used, so take the wrong one away.')
  if n := report['images_smaller_than_a_window']:
    yield (f'{n} images are smaller than a window; of those, squares of their own '
           'shorter side are enlarged.')
  if n := report['crops_with_another_class']:
    yield (f'{n} defect crops also show a defect of another class, which their mask '
           'leaves out.')
  if few := sorted({c for c, of in report['annotations'].items()
                    if set(of) - {'none'}} - report['areas'].keys()):
    yield (f'how much of a crop a class covers is not known for {", ".join(few)}: that '
           f'takes {audit.AREA_LEAST} annotated train images, and PE-GAN+ does without.')
  train, test = (report['counts'][split] for split in ('train', 'test'))
  yield from too_few({name: train.get(name, 0) for name in report['classes']})
  if few := [name for name in report['classes'] if test.get(name, 0) < _COMPARED]:
    yield (f"fewer than {_COMPARED} test images of {', '.join(few)}: an evaluation says "
           'nothing of how near samples come to images that were held out.')
  yield from _alike(report)
  yield from of_groups(report.get('large_groups', ()), report.get('turned_copies', ()),
                       report.get('clean_copies_of_defects', ()),
                       report['parameters']['near_duplicates'],
                       report['parameters']['train_fraction'])
  yield from of_odd_crops(report['crops_of_another_class_than_their_frame'])
  yield from of_unlabelled(report['left_out'].get(audit.UNLABELLED, 0))
  if (n := report['crops_of_unknown_frames']) and not report['parameters']['group_by']:
    yield (f'which frames {n} crops were cut from is not known, and two of one frame may '
           "lie on both sides of the split: where their files' names tell, pass "
           '--group_by.')
  if n := report['files_without_a_group']:
    yield f"--group_by fits no part of {n} files' paths: they have no group by name."
  asked = report['parameters']['per_class']
  short = {name: report['available'][name] for name in report['classes']
           if report['available'][name] < asked}
  if short:
    yield (f'without crops of the same pixels, there are fewer than {asked} images of '
           + ', '.join(f'{name} ({n})' for name, n in sorted(short.items())) + '.')
