"""Finds how much a data set holds: before it is built by its folders, then by itself."""

import collections
from typing import NamedTuple

from data_prep import inputs
from data_prep.images.problems import Problems, Several
from data_prep.report import check
from data_prep.selection import backgrounds
from pegan_jax.common import terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset


class Sizes(NamedTuple):
  """Tells how much there is to do.

  Attributes:
    files: image files to read.
    train, test: {class: defect crops} in each split; expected ones before the build.
    backgrounds: crops without a defect; expected ones likewise.
    regions: whether it is known where most of the defects are, by masks or boxes.
  """
  files: int
  train: dict
  test: dict
  backgrounds: int
  regions: bool

  @property
  def defects(self):
    """Returns the number of defect crops."""
    return sum(self.train.values()) + sum(self.test.values())


def of_folders(options):
  """Reads what folders hold, without decoding an image, and says it.

  Args:
    options: `data_prep.options.Options`, checked.

  Returns:
    `Sizes`.

  Raises:
    UserError: no data set can be built of them. Where there are several problems, they
      are listed before.
  """
  problems = Problems()
  with problems.collected():
    found = inputs.find(options, problems)
  try:
    problems.check()
  except Several as e:
    terminal.say(str(e), always=True)
    raise UserError(f'{len(problems)} problems in what the folders hold, as listed above: '
                    'mend them, and run the same command again') from e
  if not found.clean and not found.layout.annotated:
    raise UserError(f'There are no backgrounds: {backgrounds.CLEAN}.')
  for line in check.what_is_there(options, found):
    terminal.say(line)
  counts = {name: len(found.crops.get(name, ())) + len(found.regions.get(name, ()))
            for name in sorted({*found.crops, *found.cut})}
  most = options.per_class or max(counts.values(), default=0)
  counts = {name: min(n, most) for name, n in counts.items()}
  train = {name: round(n * options.train_fraction) for name, n in counts.items()}
  return Sizes(
      len(found.files), train, {name: n - train[name] for name, n in counts.items()},
      options.backgrounds or len(found.files),
      bool(found.cut) or bool(options.defects and found.layout.annotated))


def of_data_set(folder):
  """Returns the `Sizes` of a built data set; UserError where it cannot be read."""
  info = dataset.load_info(folder)
  counts, kinds = {}, collections.Counter()
  for split in ('train', 'test'):
    records = dataset.Records(info, split)
    counts[split] = {name: len(records.find(label))
                     for label, name in enumerate(info.classes)}
    if split == 'train':
      backgrounds = len(records.find(info.background))
      kinds.update(records.annotations(
          [i for i, label in enumerate(records.labels) if label != info.background]))
  return Sizes(0, counts['train'], counts['test'], backgrounds,
               2 * kinds['none'] < kinds.total())
