"""Compares generated images with a folder or a built data set: the whole report."""

import contextlib
import dataclasses

import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import check_at_least, check_seed
from pegan_jax.metrics import chart, evaluation, METRICS, sets, table
from pegan_jax.metrics.evaluation import FeatureSet
from pegan_jax.metrics.scores import fit_classifier


# Names of the files that `write` writes.
FILES = ('report.md', 'report.png', 'report.json')


@dataclasses.dataclass(frozen=True)
class Options:
  """Options of a comparison of two sets.

  Attributes:
    count: images per class on each side; 0 takes as many as both have.
    all_images: whether to compare all, whatever the numbers.
    repeats: random halves for each interval and floor.
    seed: of every random choice.
  """
  count: int = 0
  all_images: bool = False
  repeats: int = 20
  seed: int = 0

  def check(self):
    """Raises UserError for values that make no sense."""
    check_at_least('count', self.count, 0)
    check_seed('seed', self.seed)
    check_at_least('repeats', self.repeats, 2)


@contextlib.contextmanager
def _progress(total, unit):
  bar = terminal.Progress(total, unit=unit)
  try:
    yield bar.update
  finally:
    bar.close()


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
  sets.check_classes(real.files, generated.files)
  real, generated = sets.align(real, generated, image_size)
  return compare_features(
      folder_features(extractor, real, image_size),
      folder_features(extractor, generated, image_size), protocol, options)


def compare_to_dataset(extractor, info, generated, protocol, options, image_size=None):
  """Compares an `ImageFolder` with a built data set, given its `DataInfo`.

  Like `compare_folders`, and with the change from the backgrounds where `generated`
  has the manifest that `--mode generate` writes and they are the data set's.
  """
  sets.check_classes(info.classes, generated.files)
  # A folder without files that stands for the data set's kind and size.
  like = sets.ImageFolder(
      info.folder, {}, info.channels == 1, info.metadata.get('max_value', 255),
      frozenset({(info.image_size, info.image_size)}))
  _, generated = sets.align(like, generated, image_size)
  made = folder_features(extractor, generated, image_size)
  made = dataclasses.replace(
      made, changes=sets.changes(info, generated, image_size))
  report = compare_features_to_splits(
      split_features(extractor, info, 'train', image_size),
      split_features(extractor, info, 'test', image_size),
      made, protocol, options)
  if sets.are_painted_elsewhere(info, generated):
    report['warnings'].append(
        'Change is not known: the images were painted on other backgrounds than this '
        "data set's.")
  return report


def folder_features(extractor, folder, image_size=None):
  """Computes the features of an `ImageFolder`: a `FeatureSet`."""
  total = sum(map(len, folder.files.values()))
  with _progress(total, 'image') as update:
    features = {c: extractor(folder.read(c, image_size), update)
                for c in folder.files}
  return FeatureSet(features, {c: folder.names(c) for c in folder.files})


def split_features(extractor, info, split, image_size=None):
  """Computes the features of a split's defects: a `FeatureSet`, or None if empty."""
  found = sets.read_split(info, split, image_size)
  if not found:
    return None
  with _progress(sum(len(x[0]) for x in found.values()), 'image') as update:
    return FeatureSet(
        {c: extractor(x[0], update) for c, x in found.items()},
        {c: x[1] for c, x in found.items()},
        {c: x[2] for c, x in found.items()})


def compare_features(real, generated, protocol, options):
  """Compares two `FeatureSet`s of which nothing else is known: the report."""
  classifier, real_labels = None, None
  if _share_classes(real, generated):
    classifier, real_labels = fit_classifier(real)
  with _counting(generated, 1) as update:
    report = evaluation.evaluate(
        real, generated, classifier=classifier, real_labels=real_labels,
        **_arguments(options), progress=update)
  report['copies'] = _copies(real, generated)
  return {'protocol': protocol | dataclasses.asdict(options)} | report


def compare_features_to_splits(train, test, generated, protocol, options):
  """Compares with training images, and under 'held_out' with test images.

  Args:
    train: `FeatureSet` of the train split.
    test: `FeatureSet` of the test split, or None where there is none.
    generated: `FeatureSet`.
    protocol: what the features were made with and of.
    options: `Options`.

  Returns:
    The report, JSON-able; floors come from both splits' images together.

  Raises:
    UserError: as `evaluation.evaluate` does.
  """
  share = _share_classes(train, generated)
  classifier, real_labels = fit_classifier(train, test) if share else (None, None)
  pool = train if test is None else together(train, test)
  with _counting(generated, 1 if test is None else 2) as update:
    def compare(real, options, generated=generated):
      return evaluation.evaluate(
          real, generated, pool=pool, classifier=classifier,
          names=list(train.features), real_labels=real_labels, **_arguments(options),
          progress=update)

    report = compare(train, options)
    report['copies'] = _copies(train, generated)
    if test is not None:
      held_out = _held_out(test, generated, share, options, compare)
      if held_out:
        report['held_out'] = held_out
  return {'protocol': protocol | dataclasses.asdict(options)} | report


def _held_out(test, generated, share, options, compare):
  """Applies `compare` to the classes that the test split has; None if it has none."""
  missing = []
  if share:
    missing = [c for c in generated.features if c not in test.features]
    generated = generated.in_order([c for c in generated.features if c in test.features])
  if not generated.features:
    return None
  # Test splits are small: where one has fewer images than asked for, all are used.
  most = min(len(x) for c, x in test.features.items()
             if not share or c in generated.features)
  report = compare(test, dataclasses.replace(
      options, count=options.count if options.count <= most else 0), generated)
  if missing:
    report['warnings'].insert(0, (
        f'the test split has no images of {", ".join(missing)}: nothing is said of them '
        'here.'))
  return report


def _arguments(options):
  return {'count': options.count or None, 'all_images': options.all_images,
          'repeats': options.repeats, 'seed': options.seed}


def _share_classes(real, generated):
  """Returns whether the generated classes are all or some of the real ones."""
  return generated.features.keys() <= real.features.keys()


def _counting(generated, times):
  sets_compared = len(generated.features) + (len(generated.features) > 1)
  return _progress(times * sets_compared * len(METRICS), 'comparison')


def _copies(real, generated):
  if not _share_classes(real, generated):
    real, generated = real.flattened(), generated.flattened()
  return evaluation.find_copies(real, generated)


def together(a, b):
  """Joins both splits of a data set; a group number means the same in each."""
  b_has = [c for c in a.features if c in b.features]
  def join(x, y):
    return {c: np.concatenate([x[c], y[c]]) if c in b_has else x[c] for c in x}
  return FeatureSet(join(a.features, b.features), {},
                    join(a.groups, b.groups))


def write(report, folder):
  """Writes report.json, report.md and report.png into a folder.

  The JSON file goes first and comes last: with it, all are there and of one report.

  Args:
    report: from `compare_features` or `compare_features_to_splits`.
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
