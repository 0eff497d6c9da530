"""Builds a data set out of folders of crops, annotated frames and clean steel.

  python -m data_prep.build --defects DIR --frames DIR --boxes DIR --clean DIR --out DIR

Any source may be missing as long as there is a defect class and a source of
backgrounds. OUT becomes a `tfds.builder_from_directory` data set with `audit.json`
and `audit.png`, or does not appear at all. Same inputs and seed, same bytes.
"""

import argparse
import dataclasses
import itertools
import json
import os
import sys

from data_prep import dataset, selection, sheet
from pegan_jax import annotations
from pegan_jax.common import command_line, files, provenance
from pegan_jax.common.errors import UserError


_FOLDERS = ('defects', 'frames', 'boxes', 'clean', 'out')


@dataclasses.dataclass(frozen=True)
class Options:
  """The arguments of `build`."""
  defects: str | None = None
  frames: str | None = None
  boxes: str | None = None
  clean: str | None = None
  out: str | None = None
  image_size: int = 64
  per_class: int = 200
  backgrounds: int = 1000
  train_fraction: float = 0.7
  seed: int = 0
  shards: int = 4
  margin: int = 4
  windows_per_frame: int = 3
  window_size: int = 0
  reject_score: float = 2.5
  search_frames: bool = True

  def __post_init__(self):
    for name in _FOLDERS:  # A shell leaves the ~ of --out=~/data as it is.
      if folder := getattr(self, name):
        object.__setattr__(self, name, os.path.expanduser(folder))

  def check(self):
    """Raises UserError for values that make no sense."""
    if self.out is None:
      raise UserError('--out is missing: name the folder to write.')
    if not self.defects and not self.frames:
      raise UserError('There are no defects: pass --defects, or --frames with '
                      '--boxes.')
    if self.frames and not self.boxes:
      raise UserError('--frames needs --boxes, so that defects are not taken for '
                      'background: pass frames without defects as --clean.')
    if self.boxes and not self.frames:
      raise UserError('--boxes needs --frames: pass the folder of the frames.')
    if not self.frames and not self.clean:
      raise UserError('There are no backgrounds: pass --clean, or --frames with '
                      '--boxes.')
    self._check_folders()
    if not 32 <= self.image_size <= 4096 or self.image_size % 32:
      raise UserError(f'--image_size {self.image_size} is not a multiple of 32, which '
                      'the networks need, from 32 to 4096.')
    if not 0 < self.train_fraction < 1:
      raise UserError(f'--train_fraction {self.train_fraction} is not between 0 '
                      'and 1.')
    for name, least in (('per_class', 0), ('backgrounds', 0), ('shards', 1),
                        ('seed', 0), ('margin', 0), ('windows_per_frame', 0),
                        ('window_size', 0)):
      if getattr(self, name) < least:
        raise UserError(f'--{name} {getattr(self, name)} is below {least}.')
    if self.per_class == 1:
      raise UserError('--per_class 1 leaves nothing to test on: pass 2 or more, or '
                      '0 to keep all.')

  def _check_folders(self):
    """Raises UserError where one folder lies in another: its images would be two things."""
    folders = {name: os.path.realpath(getattr(self, name))
               for name in ('defects', 'frames', 'clean', 'out') if getattr(self, name)}
    for (a, inner), (b, outer) in itertools.permutations(folders.items(), 2):
      if b != 'out' and os.path.commonpath([inner, outer]) == outer:
        raise UserError(f'--{a} {getattr(self, a)} is, or lies in, --{b} '
                        f'{getattr(self, b)}: give it a folder of its own.')

  @property
  def window(self):
    """The side of background windows, in pixels of the frames."""
    return self.window_size or self.image_size


def build(**options):
  """Builds a data set.

  Args:
    defects: folder with one folder of images per class.
    frames, boxes: raw frames and their Pascal VOC (.xml) or YOLO (.txt) files, or a
      COCO file (.json) for all. Clean windows of the frames are backgrounds; without
      `defects`, their boxes are the defects. Frames without a box file are not used,
      an empty one means clean.
    clean: folder of images that are all background, of any size.
    out: folder to write; must not exist. A leading ~ is expanded, here and above.
    image_size: side of the crops in pixels, a multiple of 32.
    per_class: images to choose per class; 0 keeps all.
    backgrounds: backgrounds to choose; 0 keeps all.
    train_fraction: share of each class in train, in (0, 1). All backgrounds are.
    seed: seed of every random choice.
    shards: files per split.
    margin: pixels of a frame between a background window and any box.
    windows_per_frame: most backgrounds from one frame; 0 sets no limit.
    window_size: side of background windows in pixels of the frame, which are then
      resized; 0 is `image_size`.
    reject_score: windows of frames above this `screen.defect_scores` are left out.
    search_frames: whether to search the frames for the place of each defect crop.

  Returns:
    The content of `audit.json`, a dict.

  Raises:
    UserError: the input cannot be used; nothing is written then.
  """
  options = Options(**options)
  options.check()
  with files.whole(options.out, advice='remove it or choose another --out') as (
      folder, keep):
    pool = selection.gather(options)
    noted = _made_of(options)
    chosen, report, rows = selection.select(options, pool)
    reader = pool['reader']
    shape = (options.image_size, options.image_size, 1 if reader.grey else 3)
    examples = {'train': [], 'test': []}
    for item, group, test in chosen:
      examples['test' if test else 'train'].append(
          {'image': item.image, 'label': item.label, 'source': item.source,
           'group': group})
    metadata = {'image_size': options.image_size, 'areas': report['areas'],
                **report['scaling']}
    if options.window != options.image_size:  # Older sets have no such key.
      metadata['window'] = options.window
    written = dataset.write(
        folder, examples, report['classes'] + [selection.BACKGROUND], shape, metadata,
        options.shards)
    text = json.dumps(report, indent=1, ensure_ascii=True, sort_keys=True)
    (written / 'audit.json').write_text(text + '\n', encoding='ascii')
    sheet.draw(rows).save(written / 'audit.png')
    provenance.write(written, noted)
    keep(written)
  return report


def made_of(**options):
  """Returns the provenance of a data set that `build` makes with these arguments."""
  return _made_of(Options(**options))


def _made_of(options):
  settings = dataclasses.asdict(options)
  settings.pop('out')
  return {name: provenance.of_folder(value) if value and name in _FOLDERS else value
          for name, value in settings.items()}


_HELP = {
    'defects': 'folder with one folder of images per class',
    'frames': 'raw frames; need --boxes',
    'boxes': "the frames' boxes, a file per frame, empty for a clean one, or one for all: "
             + ', '.join(module.FILES for module in annotations.FORMATS.values()),
    'clean': 'images that are all background, of any size',
    'out': 'folder to write; must not exist',
    'image_size': 'side of the crops in pixels, a multiple of 32',
    'per_class': 'images to choose per class; 0 keeps all',
    'backgrounds': 'backgrounds to choose; 0 keeps all',
    'train_fraction': 'share of each class in train; all backgrounds are',
    'seed': 'seed of every random choice',
    'shards': 'files per split',
    'margin': 'pixels of a frame between a background and any box',
    'windows_per_frame': 'most backgrounds from one frame; 0 sets no limit',
    'window_size': 'side of backgrounds in pixels of the frame; 0 is image_size',
    'reject_score': 'windows of frames that score higher are left out as defective',
    'search_frames': 'search the frames for the place of each defect crop',
}


def _parse(arguments):
  """Returns the command line as a dict of `build`'s arguments."""
  parser = command_line.Parser(prog='python -m data_prep.build', description=__doc__)
  for field in dataclasses.fields(Options):
    if field.type is bool:
      parser.add_argument(f'--{field.name}', default=field.default,
                          help=_HELP[field.name],
                          action=argparse.BooleanOptionalAction)
    else:
      kind = field.type if field.type in (int, float) else str
      parser.add_argument(f'--{field.name}', type=kind, default=field.default,
                          metavar='DIR' if kind is str else 'N',
                          help=_HELP[field.name] + (
                              '' if kind is str else ' (%(default)s)'))
  return vars(parser.parse_args(arguments))


def main(arguments=None):
  """Runs the command line; returns the exit status."""
  return command_line.run(lambda: _run(arguments), 'nothing was written',
                          '--per_class, --backgrounds or --image_size')


def _run(arguments):
  options = _parse(arguments)
  print(_summary(options['out'], build(**options)))


def _summary(out, report):
  """Returns the lines to print: what was written, left out and grouped."""
  counts = {split: sum(found.values()) for split, found in report['counts'].items()}
  leak = report['random_split_leak']
  lines = [
      f"Wrote {out}: {counts['train']} train and {counts['test']} test images of "
      f"{len(report['classes'])} classes and the background.",
      f"Left out: {len(report['duplicates'])} exact duplicates, "
      f"{len(report['rejected_windows'])} windows that look defective, "
      f"{len(report['backgrounds_that_overlap_a_defect'])} that overlap a defect crop.",
      f'A plain random split would have put into train a near-duplicate of '
      f"{leak['near_duplicate']['mean_count']:.0f}, and a crop of the same frame or "
      f"group of {leak['group']['mean_count']:.0f}, of {leak['test_images']} test "
      'images; this split none.',
      f'See {out}/audit.json and {out}/audit.png.']
  conflicts = [d for d in report['duplicates'] if len(set(d['labels'])) > 1]
  if conflicts:
    first = conflicts[0]
    lines.append(f'Note: {len(conflicts)} of the exact duplicates lie under two labels, '
                 f"first {first['dropped']} ({first['labels'][0]}) and "
                 f"{first['same_as']} ({first['labels'][1]}); the second was kept.")
  if report['frames_without_box_file']:
    lines.append(f"Note: {report['frames_without_box_file']} frames have no box file "
                 'and were not used; an empty one says that a frame is clean.')
  asked = report['parameters']['per_class']
  short = {name: report['available'][name] for name in report['classes']
           if report['available'][name] < asked}
  if short:
    lines.append('Note: without exact duplicates there are fewer than '
                 f'{asked} images of ' + ', '.join(
                     f'{name} ({n})' for name, n in sorted(short.items())) + '.')
  return '\n'.join(lines)


if __name__ == '__main__':
  sys.exit(main())
