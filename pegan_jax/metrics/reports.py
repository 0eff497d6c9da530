"""Compares generated images with a folder or a built data set: the whole report."""

import contextlib
import dataclasses

import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.metrics import chart, evaluation, intervals, METRICS, origins, region_crops
from pegan_jax.metrics import sets, splits, table
from pegan_jax.metrics.feature_set import FeatureSet
from pegan_jax.metrics.scores import fit_reader


# Names of the files that `write` writes.
FILES = ('report.md', 'report.png', 'report.json')


def progress(total, unit, what='features'):
  """Returns a `terminal.Progress` that is closed at the end of a `with`."""
  return contextlib.closing(terminal.Progress(total, unit=unit, what=what))


def compare_folders(extractor, real, generated, protocol, options, image_size=None):
  """Compares two `ImageFolder`s.

  Args:
    extractor: from `features.load`.
    real: `ImageFolder`.
    generated: `ImageFolder` with all or some of its classes; or one of them has none.
    protocol: what the report says of both beside the numbers.
    options: `Options`.
    image_size: as for `ImageFolder.read`.

  Returns:
    The report, JSON-able.

  Raises:
    UserError: images or classes that do not match, a file that cannot be read,
      or as `evaluation.evaluate` does.
  """
  evaluation.check_counts(_counts(real), _counts(generated), options)
  rejected = origins.rejected(generated)
  real, generated = sets.align(real, generated, image_size)
  report = compare_features(
      folder_features(extractor, real, image_size), None,
      folder_features(extractor, generated, image_size), protocol, options)
  report['warnings'] += not_accepted(rejected, _counts(generated))
  return report


def compare_to_dataset(extractor, info, generated, protocol, options, image_size=None):
  """Compares an `ImageFolder` with a built data set, given its `DataInfo`.

  Like `compare_folders`, and with the change from the backgrounds where `generated`
  has the manifest that `--mode generate` writes and they are the data set's, and with
  region KID where the data set is annotated and images keep their size.
  """
  other_scale, rejected = origins.check_scale(info, generated), origins.rejected(generated)
  sets.check_classes(info.classes, generated.files)
  evaluation.check_counts(splits.train_counts(info), _counts(generated), options)
  _, generated = sets.align(
      sets.standing_for(info), generated, image_size,
      f'cut them as the data set was, in windows of {info.window} pixels, and give '
      '--image_size, to which all are resized')
  changes = origins.changes(info, generated, image_size)
  train, test = (split_features(extractor, info, split, image_size)
                 for split in ('train', 'test'))
  made = dataclasses.replace(
      folder_features(extractor, generated, image_size), changes=changes)
  if train.crops and generated.sizes == {(info.image_size, info.image_size)}:
    boxes = region_crops.of_folder(generated)
    with progress(region_crops.count(boxes), 'crop') as bar:
      made = made.with_crops(region_crops.features(
          extractor, {c: generated.read(c) for c in boxes}, boxes, bar.update))
  report = compare_features(train, test, made, protocol, options)
  report['warnings'] += [f'{note}.' for note in other_scale]
  report['warnings'] += not_accepted(rejected, _counts(generated))
  if origins.are_painted_elsewhere(info, generated):
    report['warnings'].append(
        'Change is not known: the images were painted on other backgrounds than this '
        "data set's.")
  return report


def not_accepted(rejected, counts):
  """Returns a note that images which were not accepted are compared too, or none: a list.

  Args:
    rejected: {class: number of images that were not accepted}.
    counts: {class: number of images}.
  """
  said = [f'{n} of {counts[c]}{f" {c}" if c else ""}' for c, n in rejected.items() if n]
  return [f'not accepted when they were generated, but compared here: {", ".join(said)}.'
         ] if said else []


def _counts(folder):
  return {c: len(paths) for c, paths in folder.files.items()}


def folder_features(extractor, folder, image_size=None):
  """Computes the features of an `ImageFolder`: a `FeatureSet`."""
  total = sum(map(len, folder.files.values()))
  with progress(total, 'image') as bar:
    features = {c: extractor(folder.read(c, image_size), bar.update)
                for c in folder.files}
  return FeatureSet(features, {c: folder.names(c) for c in folder.files})


def split_features(extractor, info, split, image_size=None):
  """Computes the features of a split's defects: a `FeatureSet`, or None if empty."""
  found = splits.read_split(info, split, image_size)
  if not found:
    return None
  images, names, groups = ({c: x[i] for c, x in found.items()} for i in range(3))
  boxes = {}
  if image_size in (None, info.image_size):
    boxes = region_crops.of_split(info, split)
  total = sum(map(len, images.values())) + region_crops.count(boxes)
  with progress(total, 'image') as bar:
    return FeatureSet(
        {c: extractor(x, bar.update) for c, x in images.items()}, names, groups
    ).with_crops(region_crops.features(extractor, images, boxes, bar.update))


def compare_features(real, held_out, generated, protocol, options):
  """Compares with real images and, under 'held_out', with others of their kind.

  Args:
    real: `FeatureSet`, of the train split or a folder.
    held_out: `FeatureSet` of the test split, or None where there is none.
    generated: `FeatureSet`.
    protocol: what the features were made with and of.
    options: `Options`.

  Returns:
    The report, JSON-able; floors come from both sets of real images together.

  Raises:
    UserError: as `evaluation.evaluate` does.
  """
  share = _share_classes(real, generated)
  reader = fit_reader(real, held_out) if share else None
  pool = real if held_out is None else together(real, held_out)
  parts = (len(generated.features) + (len(generated.features) > 1)) * (
      1 if held_out is None else 2)
  with progress(parts * len(METRICS), 'figure', 'comparing') as bar:
    report = evaluation.evaluate(real, generated, options, pool, reader, bar.update)
    report['copies'] = _copies(real, generated)
    if held_out is not None:
      part = _compare_held_out(
          held_out, generated, share, options, pool, reader, bar.update)
      if part:
        report['held_out'] = part
      else:
        report['warnings'].append(
            f'there are fewer than {intervals.LEAST} test images of every generated class: '
            'nothing is compared with held-out images.')
  return {'protocol': protocol | dataclasses.asdict(options)} | report


def _compare_held_out(held_out, generated, share, options, pool, reader, update):
  """Compares the classes of which the test split has enough; None if there are none."""
  counts = {c: len(held_out.features.get(c, ())) for c in generated.features}
  few = {c: n for c, n in counts.items() if n < intervals.LEAST} if share else {}
  generated = generated.in_order([c for c in generated.features if c not in few])
  if not generated.features or sum(
      map(len, held_out.features.values())) < intervals.LEAST:
    return None
  # Test splits are small: where one has fewer images than asked for, all are used.
  most = min(len(x) for c, x in held_out.features.items()
             if not share or c in generated.features)
  if options.count > most:
    options = dataclasses.replace(options, count=0)
  report = evaluation.evaluate(held_out, generated, options, pool, reader, update)
  if few:
    has = ', '.join(f'{n or "no"} images of {c}' for c, n in few.items())
    report['warnings'].insert(0, (
        f'the test split has {has}, and a comparison takes {intervals.LEAST} or more: '
        'nothing is said of them here.'))
  return report


def _share_classes(real, generated):
  """Returns whether the generated classes are all or some of the real ones."""
  return generated.features.keys() <= real.features.keys()


def _copies(real, generated):
  if not _share_classes(real, generated):
    real, generated = real.flattened(), generated.flattened()
  return evaluation.find_copies(real, generated)


def together(a, b):
  """Joins both splits of a data set; a group number means the same in each."""
  def join(x, y):
    return {c: np.concatenate([s[c] for s in (x, y) if c in s]) for c in {**x, **y}}
  crops = a.crops or b.crops
  if a.crops and b.crops:
    crops = together(a.crops, b.crops)
  return FeatureSet(join(a.features, b.features), join(a.names, b.names),
                    join(a.groups, b.groups), crops=crops)


def write(report, folder):
  """Writes report.json, report.md and report.png into a folder.

  The JSON file goes first and comes last: with it, all are there and of one report.

  Args:
    report: from `compare_features`.
    folder: path; made where it is missing.

  Raises:
    OSError: they cannot be written.
  """
  folder.mkdir(parents=True, exist_ok=True)
  text = table.to_text(report, markdown=True)
  (folder / 'report.json').unlink(missing_ok=True)
  files.write(folder / 'report.md', text)
  chart.draw(report, folder / 'report.png')
  files.write_json(folder / 'report.json', report)
