"""Generated images against a folder or a built data set: the whole report."""

import contextlib
import dataclasses

import numpy as np

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import check_at_least, check_seed
from pegan_jax.metrics import chart, evaluation, METRICS, sets, table
from pegan_jax.metrics.evaluation import FeatureSet
from pegan_jax.metrics.scores import fit_classifier


# What `write` writes.
FILES = ('report.md', 'report.png', 'report.json')


@dataclasses.dataclass(frozen=True)
class Options:
  """How two sets are compared.

  Attributes:
    count: images a class on each side; 0 takes as many as both have.
    all_images: compares all, whatever the numbers.
    repeats: random halves for each interval and floor.
    seed: of every draw.
  """
  count: int = 0
  all_images: bool = False
  repeats: int = 20
  seed: int = 0

  def check(self):
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


def folders(extractor, real, generated, protocol, options, image_size=None):
  """The report on two `ImageFolder`s.

  Args:
    extractor: from `features.load`.
    real: `ImageFolder`.
    generated: `ImageFolder` with all or some of its classes; or one of them has none.
    protocol: what the report is to say of both beside the numbers.
    options: `Options`.
    image_size: as for `ImageFolder.read`.

  Returns:
    The report, as JSON has it.

  Raises:
    UserError: images or classes that do not match, a file that cannot be read,
      or as `evaluation.evaluate` does.
  """
  sets.check_classes(real.files, generated.files)
  real, generated = sets.align(real, generated, image_size)
  return report_on_folder(
      folder_features(extractor, real, image_size),
      folder_features(extractor, generated, image_size), protocol, options)


def dataset(extractor, info, generated, protocol, options, image_size=None):
  """The report on an `ImageFolder` against a built data set, given its `DataInfo`.

  Where `generated` has the manifest that `--mode generate` writes, and its
  backgrounds are the data set's, this includes the change from them. Else as
  `folders`.
  """
  sets.check_classes(info.classes, generated.files)
  # The data set's own kind and size, as if it were a folder.
  like = sets.ImageFolder(
      info.folder, {}, info.channels == 1, info.metadata.get('max_value', 255),
      frozenset({(info.image_size, info.image_size)}))
  _, generated = sets.align(like, generated, image_size)
  made = folder_features(extractor, generated, image_size)
  made = dataclasses.replace(
      made, changes=sets.changes(info, generated, image_size))
  report = report_on_dataset(
      split_features(extractor, info, 'train', image_size),
      split_features(extractor, info, 'test', image_size),
      made, protocol, options)
  if sets.are_painted_elsewhere(info, generated):
    report['warnings'].append(
        'Change is not known: the images were painted on other backgrounds than this '
        "data set's.")
  return report


def folder_features(extractor, folder, image_size=None):
  """Features of an `ImageFolder`, as a `FeatureSet`."""
  total = sum(map(len, folder.files.values()))
  with _progress(total, 'image') as update:
    features = {c: extractor(folder.read(c, image_size), update)
                for c in folder.files}
  return FeatureSet(features, {c: folder.names(c) for c in folder.files})


def split_features(extractor, info, split, image_size=None):
  """Features of a data set's split without its backgrounds, or None if empty."""
  found = sets.read_split(info, split, image_size)
  if not found:
    return None
  with _progress(sum(len(x[0]) for x in found.values()), 'image') as update:
    return FeatureSet(
        {c: extractor(x[0], update) for c, x in found.items()},
        {c: x[1] for c, x in found.items()},
        {c: x[2] for c, x in found.items()})


def report_on_folder(real, generated, protocol, options):
  """The report on two `FeatureSet`s of which nothing else is known."""
  classifier, real_labels = None, None
  if _share_classes(real, generated):
    classifier, real_labels = fit_classifier(real)
  with _counting(generated, 1) as update:
    report = evaluation.evaluate(
        real, generated, classifier=classifier, real_labels=real_labels,
        **_draws(options), progress=update)
  report['copies'] = _copies(real, generated)
  return {'protocol': protocol | dataclasses.asdict(options)} | report


def report_on_dataset(train, test, generated, protocol, options):
  """The report against training images, and under 'held_out' against test images.

  Args:
    train: `FeatureSet` of the train split.
    test: `FeatureSet` of the test split, or None where there is none.
    generated: `FeatureSet`.
    protocol: what features were made with and of.
    options: `Options`.

  Returns:
    As JSON has it; floors come from both splits' images together.

  Raises:
    UserError: as `evaluation.evaluate` does.
  """
  share = _share_classes(train, generated)
  classifier, real_labels = fit_classifier(train, test) if share else (None, None)
  pool = train if test is None else together(train, test)
  with _counting(generated, 1 if test is None else 2) as update:
    def against(real, options, generated=generated):
      return evaluation.evaluate(
          real, generated, pool=pool, classifier=classifier,
          names=list(train.features), real_labels=real_labels, **_draws(options),
          progress=update)

    report = against(train, options)
    report['copies'] = _copies(train, generated)
    if test is not None:
      held_out = _held_out(test, generated, share, options, against)
      if held_out:
        report['held_out'] = held_out
  return {'protocol': protocol | dataclasses.asdict(options)} | report


def _held_out(test, generated, share, options, against):
  """What `against` says of the classes that the test split has, or None of none."""
  missing = []
  if share:
    missing = [c for c in generated.features if c not in test.features]
    generated = generated.in_order([c for c in generated.features if c in test.features])
  if not generated.features:
    return None
  # A test split is the smaller one: as many as it has, if not as asked.
  most = min(len(x) for c, x in test.features.items()
             if not share or c in generated.features)
  report = against(test, dataclasses.replace(
      options, count=options.count if options.count <= most else 0), generated)
  if missing:
    report['warnings'].insert(0, (
        f'the test split has no images of {", ".join(missing)}: nothing is said of them '
        'here.'))
  return report


def _draws(options):
  return {'count': options.count or None, 'all_images': options.all_images,
          'repeats': options.repeats, 'seed': options.seed}


def _share_classes(real, generated):
  """Whether the generated classes are all or some of the real ones."""
  return generated.features.keys() <= real.features.keys()


def _counting(generated, times):
  sets_compared = len(generated.features) + (len(generated.features) > 1)
  return _progress(times * sets_compared * len(METRICS), 'comparison')


def _copies(real, generated):
  if not _share_classes(real, generated):
    real, generated = real.flattened(), generated.flattened()
  return evaluation.find_copies(real, generated)


def together(a, b):
  """Both splits of a data set; a group number means the same in each."""
  b_has = [c for c in a.features if c in b.features]
  def join(x, y):
    return {c: np.concatenate([x[c], y[c]]) if c in b_has else x[c] for c in x}
  return FeatureSet(join(a.features, b.features), {},
                    join(a.groups, b.groups))


def write(report, folder):
  """Writes report.json, report.md and report.png into a folder.

  The JSON file goes first and comes last: with it, all are there and of one report.

  Args:
    report: from `report_on_folder` or `report_on_dataset`.
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
