"""Builds a data set out of annotated images, crops of defects and clean images.

  python -m data_prep.build --images DIR --annotations PATH --clean DIR --out DIR
  python -m data_prep.build --defects DIR --clean DIR --out DIR
  python -m data_prep.build --images DIR --check

Any source may be missing as long as there is a defect class and a source of
backgrounds. OUT becomes a `tfds.builder_from_directory` data set with `audit.json`
and `audit.png`, or does not appear at all. Same inputs and seed, same bytes. --check
says what a folder holds and writes nothing. docs/data.md explains each kind of data.
"""

import argparse
import dataclasses
import importlib
import itertools
import json
import os
import sys
from typing import ClassVar

from data_prep import inputs
from data_prep.crops.cutting import BACKGROUND
from data_prep.images.problems import Problems, Several
from data_prep.report import audit, check, sheet
from data_prep.selection import choosing
from pegan_jax import annotations as annotations_lib
from pegan_jax.common import class_names, command_line, files, provenance
from pegan_jax.common.errors import check_at_least, check_value, UserError


@dataclasses.dataclass(frozen=True)
class Options:
  """The arguments of `build`."""
  FOLDERS: ClassVar = ('images', 'annotations', 'defects', 'clean', 'out')

  images: str | None = None
  annotations: tuple[str, ...] = ()
  format: str = ''
  defects: str | None = None
  clean: str | None = None
  out: str | None = None
  image_size: int = 64
  window_size: int = 0
  per_class: int = 200
  backgrounds: int = 1000
  classes: tuple[str, ...] = ()
  skip_classes: tuple[str, ...] = ()
  group_by: str = ''
  train_fraction: float = 0.7
  test_clean: float = 0.0
  seed: int = 0
  shards: int = 4
  margin: int = 4
  windows_per_frame: int = 3
  reject_score: float = 2.5
  search_frames: bool = True
  near_duplicates: bool = True

  def __post_init__(self):
    for name in ('classes', 'skip_classes'):
      if isinstance(names := getattr(self, name), str):
        names = class_names.split(names)
      object.__setattr__(self, name, tuple(names))
    if isinstance(self.annotations, (str, os.PathLike)):
      object.__setattr__(self, 'annotations', (self.annotations,))
    for name in self.FOLDERS:  # A shell leaves the ~ of --out=~/data as it is.
      if name == 'annotations':
        value = tuple(map(os.path.expanduser, self.annotations or ()))
      else:
        value = getattr(self, name) and os.path.expanduser(getattr(self, name))
      object.__setattr__(self, name, value)

  def check(self):
    """Raises UserError for values that make no sense, or that are missing."""
    if self.out is None:
      raise UserError('--out is missing: name the folder to write.')
    self.check_values()
    if not self.images and not self.clean:
      raise UserError('There are no backgrounds: pass --clean, or annotated --images.')

  def check_values(self):
    """Raises UserError for values that make no sense."""
    for name in self.FOLDERS:  # An unset variable of a shell; '' is the current folder.
      if getattr(self, name) == '' or name == 'annotations' and '' in self.annotations:
        raise UserError(f'--{name} is empty: name a path, or leave the flag out.')
    if self.annotations and not self.images:
      raise UserError('--annotations needs --images: pass the folder of the images.')
    self.check_inputs()
    for name, least in (('per_class', 0), ('backgrounds', 0), ('shards', 1),
                        ('seed', 0), ('margin', 0), ('windows_per_frame', 0),
                        ('window_size', 0), ('reject_score', 0)):
      check_at_least(f'--{name}', getattr(self, name), least)
    check_value('--image_size', self.image_size, self.image_size in range(32, 4097, 32),
                'a multiple of 32, from 32 to 4096')
    check_value('--train_fraction', self.train_fraction, 0 < self.train_fraction < 1,
                'above 0 and below 1')
    check_value('--test_clean', self.test_clean, 0 <= self.test_clean < 1,
                '0 or more, and below 1')
    if self.per_class == 1:
      raise UserError('--per_class 1 leaves nothing to test on: pass 2 or more, or '
                      '0 to keep all.')

  def settings(self):
    """Returns a dict of the arguments, without those that an older set has not noted."""
    found = dataclasses.asdict(self)
    if not self.test_clean:
      del found['test_clean']
    return found

  def cuts(self, name):
    """Returns whether regions of a class are cut out of the images."""
    return not self.defects and name not in self.skip_classes and (
        not self.classes or name in self.classes)

  def check_inputs(self):
    """Raises UserError where the folders, or the classes, do not go together."""
    if not self.defects and not self.images:
      raise UserError('There are no defects: pass --images, with --annotations where '
                      'those lie elsewhere, or --defects.')
    folders = {name: os.path.realpath(getattr(self, name))
               for name in ('defects', 'images', 'clean', 'out') if getattr(self, name)}
    for (a, inner), (b, outer) in itertools.permutations(folders.items(), 2):
      if b != 'out' and os.path.commonpath([inner, outer]) == outer:
        good = ", or call it 'good' there" * ((a, b) == ('clean', 'images'))
        raise UserError(f'--{a} {getattr(self, a)} is, or lies in, --{b} '
                        f'{getattr(self, b)}: give it a folder of its own{good}.')
    if both := sorted(set(self.classes) & set(self.skip_classes)):
      raise UserError(f'--classes and --skip_classes both have {both[0]!r}: remove it '
                      'from one of them.')


def build(**options):
  """Builds a data set.

  Args:
    images: folder of images whose layout `layouts.read` recognises: annotated images,
      class folders of crops, MVTec's folders. Windows around the regions are defects,
      unless `defects` has them; windows clear of every region are backgrounds.
    annotations: path, or paths, of what annotates the images; none where that lies
      beside or below them. `frames` and `boxes` are other names of the two.
    format: name of the way of annotation; '' recognises it.
    defects: folder with one folder of images per class.
    clean: folder of images that are all background, of any size.
    out: folder to write; must not exist. A leading ~ is expanded, here and above.
    image_size: side of the crops in pixels, a multiple of 32.
    window_size: side of the windows in pixels of the images, which are then resized; 0
      chooses it by `window_size.choose_window`.
    per_class: images to choose per class; 0 keeps all.
    backgrounds: backgrounds to choose; 0 keeps all.
    classes, skip_classes: names, or text of `class_names.split`: the classes to use, and
      not to use. No background is cut from where a class that is not used is marked.
    group_by: regular expression; what its first group matches in a file's path under
      its folder names the group, which is wholly train or test.
    train_fraction: share of each class in train, in (0, 1).
    test_clean: share of the backgrounds that the test split gets; 0 leaves all in train.
    seed: seed of every random choice.
    shards: files per split.
    margin: pixels of an image between a background window and any region.
    windows_per_frame: most backgrounds from one annotated image; 0 sets no limit.
    reject_score: windows of annotated images that `defect_scores` scores above this, and
      above 99 in 100 of 100 or more windows of clean images, are left out; 0 leaves none
      out, otherwise the lower the more.
    search_frames: whether to search the images for the place of each defect crop.
    near_duplicates: whether to search for crops that show one place; not for sets whose
      images are alike by design.

  Returns:
    The content of `audit.json`, a dict.

  Raises:
    UserError: the input cannot be used; nothing is written then.
  """
  options = _options(options)
  options.check()
  with files.whole(options.out, advice='remove it or choose another --out') as (
      folder, keep):
    problems = Problems()
    with problems.collected():
      found = inputs.find(options, problems)
    problems.check()
    if not found.cut:  # Before an image is read.
      counts = {name: len(paths) for name, paths in found.crops.items()}
      choosing.check_counts(options, counts, counts)
    pool = inputs.read(options, found)
    noted = _made_of(options)
    selected = choosing.select(options, pool)
    content = audit.content(options, pool, selected)
    written = _write(folder, options, pool, selected, content)
    text = json.dumps(content, indent=1, ensure_ascii=True, sort_keys=True)
    (written / 'audit.json').write_text(text + '\n', encoding='ascii')
    sheet.draw(audit.rows(selected)).save(written / 'audit.png')
    provenance.write(written, noted)
    keep(written)
  return content


def _write(folder, options, pool, selected, content):
  """Writes the records and their metadata; returns the folder, see `dataset.write`."""
  # Heavy, and only what is built needs it.
  from data_prep import dataset  # pylint: disable=import-outside-toplevel
  examples = {'train': [], 'test': []}
  for item, group, test in selected.chosen:
    examples['test' if test else 'train'].append({
        'image': item.image, 'label': item.label, 'source': item.source, 'group': group,
        'mask': item.mask, 'annotation': item.annotation})
  metadata = {'image_size': options.image_size, 'areas': content['areas'],
              **content['scaling']}
  if pool.window != options.image_size:  # Older sets have no such key.
    metadata['window'] = pool.window
  side = options.image_size
  return dataset.write(
      folder, examples, content['classes'] + [BACKGROUND],
      (side, side, 1 if pool.reader.grey else 3), metadata, options.shards)


def _options(given):
  """Returns the `Options` of arguments by name, `frames` and `boxes` included."""
  return Options(**{_OTHER_NAMES.get(name, name): value for name, value in given.items()})


def made_of(**options):
  """Returns the provenance of a data set that `build` makes with these arguments."""
  return _made_of(_options(options))


def _made_of(options):
  settings = options.settings()
  settings.pop('out')
  for name in ('images', 'defects', 'clean'):
    settings[name] = settings[name] and provenance.of_folder(settings[name])
  for name in ('annotations', 'classes', 'skip_classes'):
    settings[name] = list(settings[name])
  settings['annotations'] = list(map(provenance.of_folder, options.annotations))
  return settings


_OTHER_NAMES = {'frames': 'images', 'boxes': 'annotations'}
_HELP = {
    'images': 'images, annotated or in class folders',
    'annotations': 'what annotates them, where it lies elsewhere: '
                   + annotations_lib.kinds(),
    'format': 'name of the way of annotation; recognised without',
    'defects': 'folder with one folder of images per class',
    'clean': 'images that are all background, of any size',
    'out': 'folder to write; must not exist',
    'image_size': 'side of the crops in pixels, a multiple of 32',
    'window_size': 'side of windows in pixels of the images; 0 is chosen and said',
    'per_class': 'images to choose per class; 0 keeps all',
    'backgrounds': 'backgrounds to choose; 0 keeps all',
    'classes': 'the classes to use, as a,b; a name with a comma in double quotes, as '
               '\'"a, b",c\'',
    'skip_classes': 'classes not to use, nor as background; written likewise',
    'group_by': "regular expression; its first group, in a file's path, names what is "
                'wholly train or test',
    'train_fraction': 'share of each class in train',
    'test_clean': 'share of the backgrounds that is held out for the test split',
    'seed': 'seed of every random choice',
    'shards': 'files per split',
    'margin': 'pixels of an image between a background and any region',
    'windows_per_frame': 'most backgrounds from one annotated image; 0 sets no limit',
    'reject_score': 'windows of annotated images that show a stronger mark than this, and '
                    'than clean images do, are left out as defective; the lower the more, '
                    'but 0 leaves none out',
    'search_frames': 'search the images for the place of each defect crop',
    'near_duplicates': 'search for crops of one place; not for images that are alike by '
                       'design',
}
_METAVAR = {'images': 'DIR', 'annotations': 'PATH', 'defects': 'DIR', 'clean': 'DIR',
            'out': 'DIR', 'group_by': 'REGEX'}


def _parse(arguments):
  """Returns the command line as a dict of `build`'s arguments, and of `check`."""
  parser = command_line.Parser(prog='python -m data_prep.build', description=__doc__)
  for field in dataclasses.fields(Options):
    names = [f'--{field.name}'] + [f'--{other}' for other, name in _OTHER_NAMES.items()
                                   if name == field.name]
    settings = {'default': field.default, 'help': _HELP[field.name]}
    if field.type is bool:
      settings['action'] = argparse.BooleanOptionalAction
    elif field.type in (int, float):
      settings |= {'type': field.type, 'metavar': 'N'}
      settings['help'] += ' (%(default)s)'
    else:
      settings['metavar'] = _METAVAR.get(field.name, 'NAME')
      settings |= {'nargs': '+'} if field.name == 'annotations' else {}
    parser.add_argument(*names, **settings)
  parser.add_argument('--check', action='store_true',
                      help='say what the folders hold, and write nothing')
  return vars(parser.parse_args(arguments))


def main(arguments=None):
  """Runs the command line; returns the exit status."""
  new = []  # OUT, where it is not there yet.
  return command_line.run(lambda: _run(arguments, new), lambda: files.left_of(new),
                          '--per_class, --backgrounds or --image_size')


def _run(arguments, new):
  given = _parse(arguments)
  only_check = given.pop('check')
  options = _options(given)
  if only_check:
    options.check_values()
    text, problems = check.check(options, inputs.find, inputs.read)
    print(text)
    return 2 if problems else 0
  options.check()
  with command_line.loading():
    importlib.import_module('data_prep.dataset')
  if not os.path.lexists(options.out):
    new.append(options.out)
  try:
    content = build(**given)
  except Several as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  print(audit.summary(given['out'], content))
  return 0


if __name__ == '__main__':
  sys.exit(main())
