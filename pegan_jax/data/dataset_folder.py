"""Opens a data set's folder, and checks what it names before tfds follows it."""

import pathlib

import tensorflow_datasets as tfds

from pegan_jax.common import files, json_text
from pegan_jax.common.errors import UserError

_NAME = 'steel_defects'  # tfds's name for `data_prep.dataset.SteelDefects`.
# Where features.json names classes: as protocol buffers do, and as old tfds did.
_CLASS_KEYS = ('pythonClassName', 'python_class_name', 'type')
_FEATURES = ('image', 'label', 'source', 'group')
MASK = 'mask'
PNGS = ('image', MASK)
_ANNOTATIONS = (MASK, 'annotation')  # Together, or neither: earlier versions.
# What `data_prep.build` puts beside a data set; always with a metadata.json.
_BUILT = ('provenance.json', 'audit.json')


def open_builder(folder):
  """Opens the data set at `folder` with tfds.

  Returns:
    (tfds builder, dict of what `data_prep.build` noted beside it).

  Raises:
    UserError: there is none, or it is damaged or not one of `data_prep.build`.
  """
  folder = pathlib.Path(folder).expanduser()
  if not (folder / 'dataset_info.json').is_file():
    raise UserError(
        f'no data set at {str(folder)!r}: build one with python -m '
        'data_prep.build, and name its folder with --config.data_dir')
  info = _read(folder, 'dataset_info.json')
  if info.get('fileFormat') != 'array_record':
    raise _refused(folder, 'its files are not ArrayRecord shards')
  if info.get('name') != _NAME:  # It may lead to the shards of another folder.
    raise _refused(folder, f'its dataset_info.json names {info.get("name")!r}, which is '
                   'not what data_prep.build writes')
  # tfds imports the module of any class that it does not know, from wherever.
  for name in _class_names(_read(folder, 'features.json')):
    if name not in _known_classes():
      raise _refused(folder, f'its features.json names {name!r}, which is no feature '
                     'of tensorflow-datasets')
  metadata = _read_metadata(folder)
  try:
    builder = tfds.builder_from_directory(str(folder))
    features = builder.info.features
    known = _FEATURES + _ANNOTATIONS * any(name in features for name in _ANNOTATIONS)
    missing = [name for name in known if name not in features]
    paths = shards(builder)
  except Exception as e:  # tfds raises anything on a damaged file.
    raise _refused(folder, 'its features.json or dataset_info.json is damaged') from e
  if missing:
    raise _refused(folder, f'its examples have no {missing[0]}')
  for path in paths:
    if path.parent != folder:
      raise _refused(folder, f'its dataset_info.json names {str(path)!r}, which is in '
                     'another folder')
  # Where tfds cannot read names, it takes numbers for names, or too few names.
  try:
    names = (folder / 'label.labels.txt').read_text('utf-8').split()
  except (OSError, UnicodeDecodeError):
    names = []
  label = features['label']
  if not names or len(set(label.names)) != label.num_classes:
    raise _refused(folder, 'its label.labels.txt is damaged or missing')
  return builder, metadata


def shards(builder):
  """Returns the paths of the shards of all splits."""
  return [pathlib.Path(path) for split in builder.info.splits.values()
          for path in split.filepaths]


def _read_metadata(folder):
  """Returns what metadata.json says; {} where other tools made the data set."""
  built = any((folder / name).exists() for name in _BUILT)
  if not built and not (folder / 'metadata.json').exists():
    return {}
  metadata = _read(folder, 'metadata.json')
  for key, least, most in (('max_value', 255, 65535), ('window', 1, 2**31)):
    value = metadata.get(key, least)
    if type(value) is not int or not least <= value <= most:  # Nor True.
      raise _refused(folder, f'its metadata.json has no number for {key}')
  if built and 'max_value' not in metadata:
    raise _refused(folder, 'its metadata.json has no number for max_value')
  try:
    for low, high in metadata.get('areas', {}).values():
      if not 0 <= low <= high <= 1:
        raise ValueError
  except (AttributeError, TypeError, ValueError) as e:
    raise _refused(folder, 'its metadata.json has no ranges for areas') from e
  return metadata


def _read(folder, name):
  """Returns the object that a JSON file of the folder holds."""
  if not (folder / name).is_file():  # Nor a pipe, which would be waited for.
    raise _refused(folder, f'its {name} is missing')
  try:
    found = files.read_json(folder / name)
    if isinstance(found, dict):
      return found
  except OSError as e:
    raise UserError(f'{folder / name} cannot be read: {e.strerror}') from e
  except ValueError:
    pass
  raise _refused(folder, f'its {name} is damaged')


def _refused(folder, why):
  return UserError(f'the data set at {str(folder)!r} cannot be opened, as {why}: build '
                   'it again')


def _class_names(content):
  """Yields the class names anywhere in features.json, JSON within strings included."""
  if isinstance(content, dict):
    for key, value in content.items():
      if key in _CLASS_KEYS and isinstance(value, str):
        yield value
      else:
        yield from _class_names(value)
  elif isinstance(content, list):
    for value in content:
      yield from _class_names(value)
  elif isinstance(content, str) and content.lstrip()[:1] in ('{', '['):
    try:
      yield from _class_names(json_text.parse(content))
    except ValueError:  # Text after all.
      pass


def _known_classes():
  return {f'{x.__module__}.{x.__name__}' for x in vars(tfds.features).values()
          if isinstance(x, type)}
