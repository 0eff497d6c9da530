"""Whether a generator has seen what the inspectors are tested on."""

import pathlib

from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.metrics import sets

_SHOWN = 5


def check(info, train, test, folder, generated):
  """Refuses generated images that the test images had a part in.

  What is compared with the test images' names, with what the data set's audit
  groups them with (crops of one place or one raw frame), and with the
  duplicates of both that it dropped:
  - the backgrounds that the folder's manifest.csv names;
  - the training images of the run that wrote the folder, where its list of them lies
    beside the folder, or its config.json, and the data set that this names is there.
  And the images themselves: none may equal a test image that is no training
  image as well.

  Args:
    info: `dataset.DataInfo`.
    train, test: `Images` of both splits.
    folder: the `sets.ImageFolder` of generated images.
    generated: their `Images`.

  Returns:
    What was compared, as sentences for the report.

  Raises:
    UserError: naming the files where they overlap, or a damaged file.
  """
  held_out = _test_names(info, test)
  said = []
  known = {x.tobytes() for x in test.pixels} - {
      x.tobytes() for x in train.pixels}
  _refuse(folder, 'holds test images themselves', [
      n for n, x in zip(generated.names, generated.pixels)
      if x.tobytes() in known])
  said.append('no generated image equals a test image')
  path = folder.path / manifest.FILE
  if not path.is_file():
    said.append('it has no manifest: where its images come from is not known')
  else:
    named = manifest.read_backgrounds(path)
    backgrounds = set(named.values()) - {''}
    _refuse(folder, 'was made from test images, as its manifest says',
            sorted(backgrounds & held_out))
    said.append(f'none of the {len(backgrounds)} backgrounds in its manifest is '
                'a test image or of the same steel')
    lost = sum(name not in named for name in generated.names)
    if lost:
      said.append(f'{lost} of its images are not in its manifest: where they come '
                  'from is not known')
  trained_on = _trained_on(folder.path)
  if trained_on is None:
    said.append('its run is not beside it, or the data set that it names is gone or '
                'another by now: what the generator was trained on is not known')
  else:
    _refuse(folder, 'comes from a generator that was trained on test images',
            sorted(trained_on & held_out))
    said.append(f'none of the {len(trained_on)} images that its generator was '
                'trained on is a test image or of the same steel')
  return said


def _refuse(folder, what, names):
  if names:
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    raise UserError(
        f'{str(folder.path)!r} {what}: {", ".join(names[:_SHOWN])}{more}; use a '
        'generator that was trained on this data set\'s train split')


def _test_names(info, test):
  """Names of the test images, of their groups and of dropped duplicates."""
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
    raise UserError(f'{path} is damaged: build the data set anew') from e
  return names


def _trained_on(folder):
  """Names of the run's training images, or None where they cannot be found."""
  run = folder.absolute().parent
  try:
    return set(map(str, files.read_json(run / dataset.TRAINED_ON)))
  except FileNotFoundError:  # Of a run before it was noted.
    pass
  except (OSError, ValueError, TypeError) as e:
    raise UserError(f'{run / dataset.TRAINED_ON} is damaged or cannot be read') from e
  try:
    config = files.read_json(run / 'config.json')
    folder = pathlib.Path(config.get('data_dir') or run / 'dataset').expanduser()
    # Runs of before it was noted are taken by their word.
    content = config.get('dataset', {}).get('content')
  except (OSError, ValueError, AttributeError, TypeError):
    return None
  if not sets.is_dataset(folder):
    return None
  info = dataset.load_info(folder)
  if content not in (None, info.content):
    return None
  records = dataset.Records(info, 'train')
  return set(records.sources(range(len(records.labels))))
