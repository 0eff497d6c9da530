"""The arguments of `data_prep.build`: their values, checks and flags."""

import argparse
import dataclasses
import itertools
import os
import pathlib
import shlex
from typing import ClassVar

from pegan_jax import annotations as annotations_lib
from pegan_jax.common import class_names
from pegan_jax.common.errors import check_at_least, check_value, UserError

_OTHER_NAMES = {'frames': 'images', 'boxes': 'annotations'}


@dataclasses.dataclass(frozen=True)
class Options:
  """The arguments of `build`."""
  FOLDERS: ClassVar = ('images', 'annotations', 'defects', 'clean', 'out')
  SEVERAL: ClassVar = ('annotations', 'clean')  # Of these there may be several paths.

  images: str | None = None
  annotations: tuple[str, ...] = ()
  format: str = ''
  defects: str | None = None
  clean: tuple[str, ...] = ()
  out: str | None = None
  image_size: int = 64
  window_size: int = 0
  per_class: int = 200
  backgrounds: int = 1000
  at_most: bool = False
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
    for name in self.FOLDERS:  # A shell leaves the ~ of --out=~/data as it is.
      value = getattr(self, name)
      if name in self.SEVERAL:
        some = (value,) if isinstance(value, (str, os.PathLike)) else value or ()
        value = tuple(map(os.path.expanduser, some))
      else:
        value = value and os.path.expanduser(value)
      object.__setattr__(self, name, value)

  @classmethod
  def of(cls, given):
    """Returns the options of arguments by name, `frames` and `boxes` included."""
    return cls(**{_OTHER_NAMES.get(name, name): value for name, value in given.items()})

  def check(self):
    """Raises UserError for values that make no sense, or that are missing."""
    if self.out is None:
      raise UserError('--out is missing: name the folder to write.')
    self.check_values()

  def check_values(self):
    """Raises UserError for values that make no sense."""
    for name in self.FOLDERS:  # An unset variable of a shell; '' is the current folder.
      if getattr(self, name) == '' or name in self.SEVERAL and '' in getattr(self, name):
        raise UserError(f'--{name} is empty: name a path, or leave the flag out.')
    if self.annotations and not self.images:
      raise UserError('--annotations needs --images: pass the folder of the images.')
    self.check_inputs()
    if not self.images and not self.clean:
      inside = [path for path in sorted(pathlib.Path(self.defects).glob('*/'))
                if class_names.is_clean(path.name)]
      raise UserError('There are no backgrounds: pass --clean'
                      + (f' {shlex.quote(str(inside[0]))}.' if inside
                         else ', or annotated --images.'))
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

  def paths(self, name):
    """Returns the paths that one of `FOLDERS` names, a list."""
    value = getattr(self, name)
    return list(value) if name in self.SEVERAL else [value] * bool(value)

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
    folders = [(name, path) for name in ('defects', 'images', 'clean', 'out')
               for path in self.paths(name)]
    for (a, inner), (b, outer) in itertools.permutations(folders, 2):
      real, other = map(os.path.realpath, (inner, outer))
      if real == other or b != 'out' and (a != 'clean' or b == 'clean') and (
          os.path.commonpath([real, other]) == other):
        raise UserError(f'--{a} {inner} is, or lies in, --{b} {outer}: give it a folder of '
                        'its own.')
    if both := sorted(set(self.classes) & set(self.skip_classes)):
      raise UserError(f'--classes and --skip_classes both have {both[0]!r}: remove it '
                      'from one of them.')


_HELP = {
    'images': 'images, annotated or in class folders',
    'annotations': 'what annotates them, where it lies elsewhere: '
                   + annotations_lib.kinds(),
    'format': 'name of the way of annotation; recognised without',
    'defects': 'folder with one folder of images per class',
    'clean': 'folders of images that are all background, of any size',
    'out': 'folder to write; must not exist',
    'image_size': 'side of the crops in pixels, a multiple of 32',
    'window_size': 'side of windows in pixels of the images; 0 is chosen and said',
    'per_class': 'images to choose per class; 0 keeps all',
    'backgrounds': 'backgrounds to choose; 0 keeps all',
    'at_most': 'take fewer where there are fewer, and refuse nothing for that',
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
    'search_frames': 'search the images for the place of each defect crop; also with '
                     '--no-near_duplicates',
    'near_duplicates': 'search for crops of one place; not for images that are alike by '
                       'design',
}
_METAVAR = {'images': 'DIR', 'annotations': 'PATH', 'defects': 'DIR', 'clean': 'DIR',
            'out': 'DIR', 'group_by': 'REGEX'}


def add_flags(parser, only_given=False):
  """Adds the arguments of `build` to an `argparse` parser.

  Args:
    parser: gets them.
    only_given: whether arguments that are not given are left out of what is parsed, and
      do not have their defaults there.
  """
  for field in dataclasses.fields(Options):
    names = [f'--{field.name}'] + [f'--{other}' for other, name in _OTHER_NAMES.items()
                                   if name == field.name]
    settings = {'default': argparse.SUPPRESS if only_given else field.default,
                'help': _HELP[field.name]}
    if field.type is bool:
      settings['action'] = argparse.BooleanOptionalAction
    elif field.type in (int, float):
      settings |= {'type': field.type, 'metavar': 'N'}
      settings['help'] += ' (%(default)s)'
    else:
      settings['metavar'] = _METAVAR.get(field.name, 'NAME')
      settings |= {'nargs': '+'} if field.name in Options.SEVERAL else {}
    parser.add_argument(*names, **settings)
