"""Checks that a generator has not seen the images that inspectors are tested on."""

import pathlib

from pegan_jax.common import files, provenance
from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.metrics import origins, splits
from pegan_jax.runs.checkpoints import reading
from pegan_jax.runs.checkpoints.store import BEST


def check_other(train, test):
  """Refuses test images of another data set that are training images.

  Args:
    train, test: `Images`.

  Returns:
    Sentences for the report on what was compared.

  Raises:
    UserError: a test image equals a training image.
  """
  known = {x.tobytes() for x in train.pixels}
  if same := [n for n, x in zip(test.names, test.pixels) if x.tobytes() in known]:
    raise UserError(f'config.test has images that were trained on: {listed(same)}; take '
                    'them out of one of both')
  alike = {_photograph(n) for n in train.names} & {_photograph(n) for n in test.names}
  said = ['no test image equals a training image']
  if alike:
    said.append(f'{len(alike)} photographs have one name in both data sets, such as '
                f'{min(alike)}: whether they are the same is not known')
  return said


def _photograph(name):
  return name.partition('[')[0]


def check(info, train, test, folder, generated, other=None):
  """Refuses generated images that the test images had a part in.

  Two lists of names may not hold a test image, an image that the data set's audit
  groups with one (crops of one place or one raw frame), or a dropped duplicate of
  either:
  - the backgrounds that the folder's manifest.csv names, unless they were files;
  - the training images of the run that the folder lies in, where the folder's
    provenance.json shows that this run made it.
  Nor may an image equal a test image, unless that is a training image as well.

  Args:
    info: `dataset.DataInfo`.
    train, test: `Images` of both splits.
    folder: the `sets.ImageFolder` of generated images.
    generated: their `Images`.
    other: `dataset.DataInfo` of the test images where they are of another data set. A
      name that both have is then no sign, as two days' images may be numbered alike.

  Returns:
    Sentences for the report on what was compared.

  Raises:
    UserError: an overlap, naming the images, or a damaged file.
  """
  held_out = _test_names(other or info, test)
  if other:
    records = dataset.Records(info, 'train')
    held_out -= set(records.sources(range(len(records.labels))))
  known = {x.tobytes() for x in test.pixels} - {
      x.tobytes() for x in train.pixels}
  _refuse(folder, 'holds test images themselves', [
      n for n, x in zip(generated.names, generated.pixels)
      if x.tobytes() in known])
  return ['no generated image equals a test image',
          *_check_backgrounds(folder, generated.names, held_out),
          _check_training_images(folder, held_out)]


def _check_backgrounds(folder, names, held_out):
  """Refuses images that were painted on test images; returns sentences, see `check`.

  Args:
    folder: the `sets.ImageFolder` of generated images.
    names: of these images.
    held_out: set of names of test images and what goes with them.
  """
  path = folder.path / manifest.FILE
  if not path.is_file():
    return ['it has no manifest: where its images come from is not known']
  if origins.painted_on(folder.path) == origins.FILES:
    return ['its images were painted on a folder of files: whether test images are '
            'among those is not known']
  named = manifest.read_backgrounds(path)
  backgrounds = set(named.values()) - {''}
  _refuse(folder, 'was made from test images, as its manifest says',
          sorted(backgrounds & held_out))
  said = [f'none of the {len(backgrounds)} backgrounds in its manifest is a test image or '
          'of the same steel']
  if lost := sum(name not in named for name in names):
    said.append(f'{lost} of its images are not in its manifest: where they come from is '
                'not known')
  return said


def _check_training_images(folder, held_out):
  """Refuses images of a generator that saw test images; returns a sentence, see `check`."""
  trained_on = _trained_on(folder.path)
  if trained_on is None:
    return ('the run that made it is not beside it, or the data set that this names is '
            'gone or another by now: what the generator was trained on is not known')
  _refuse(folder, 'comes from a generator that was trained on test images',
          sorted(trained_on & held_out))
  return (f'none of the {len(trained_on)} images that its generator was trained on is a '
          'test image or of the same steel')


def _refuse(folder, what, names):
  if names:
    raise UserError(
        f'{str(folder.path)!r} {what}: {listed(names)}; use a '
        'generator that was trained on this data set\'s train split')


def _test_names(info, test):
  """Returns the names of the test images, their groups and dropped duplicates."""
  names = set(test.names)
  path = info.folder / 'audit.json'
  if not path.is_file():
    return names
  try:
    audit = files.read_json(path)
    for group in audit['groups']:
      if names & set(group['members']):
        names |= set(group['members'])
    names |= {d['dropped'] for d in audit['duplicates']
              if d['same_as'] in names}
  except (ValueError, KeyError, TypeError) as e:
    raise UserError(f'{path} is damaged: build the data set again') from e
  return names


def _trained_on(folder):
  """Returns the names of the generator's training images, or None if not known."""
  run, made_of = folder.absolute().parent, provenance.read(folder)
  if made_of is None or not _has_made(run, made_of):
    return None
  path = run / dataset.TRAINED_ON
  try:
    names = files.read_json(path)
    if not (names and isinstance(names, list)
            and all(isinstance(name, str) for name in names)):
      raise ValueError
    return set(names)
  except FileNotFoundError:  # A run from before this list was written.
    return _still_there(run)
  except (OSError, ValueError) as e:
    raise UserError(f'{path} is damaged or cannot be read') from e


def _has_made(run, made_of):
  """Returns whether a run made images, given their provenance.

  Either it has a checkpoint with the same weights, or, as checkpoints get deleted, its
  data set is the noted one; on a folder of files, weights paint whatever is noted.
  """
  for name in ('checkpoints', BEST):
    folder = run / name / str(made_of.get('step'))
    try:
      if folder.is_dir() and made_of['weights'] == reading.digest(
          reading.read_meta(folder)):
        return True
    except (reading.DamagedError, UserError, KeyError, TypeError):
      pass
  try:
    content = files.read_json(run / 'config.json')['dataset']['content']
    return (content == made_of['dataset']['content']
            and 'files' not in made_of['painted_on'])
  except (OSError, ValueError, KeyError, TypeError):
    return False


def _still_there(run):
  """Returns the names in the data set that a run's config names, or None if changed."""
  try:
    config = files.read_json(run / 'config.json')
    folder = pathlib.Path(config.get('data_dir') or run / 'dataset').expanduser()
    # None for runs from before it was noted, which are taken at their word.
    content = config.get('dataset', {}).get('content')
  except (OSError, ValueError, AttributeError, TypeError):
    return None
  if not splits.is_dataset(folder):
    return None
  info = dataset.load_info(folder)
  if content not in (None, info.content):
    return None
  records = dataset.Records(info, 'train')
  return set(records.sources(range(len(records.labels))))
