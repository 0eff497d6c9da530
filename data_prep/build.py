"""Builds a data set out of annotated images, crops of defects and clean images.

  python -m data_prep.build --images DIR --annotations PATH --clean DIR --out DIR
  python -m data_prep.build --defects DIR --clean DIR --out DIR
  python -m data_prep.build --images DIR --check

Any source may be missing as long as there is a defect class and a source of
backgrounds. OUT becomes a `tfds.builder_from_directory` data set with `audit.json`
and `audit.png`, or does not appear at all. Same inputs and seed, same bytes. --check
says what a folder holds and writes nothing. docs/data.md explains each kind of data.
"""

import importlib
import json
import os
import sys

from data_prep import inputs, options as options_lib
from data_prep.crops import pool as pool_lib
from data_prep.crops.cutting import BACKGROUND
from data_prep.images.problems import Problems, Several
from data_prep.options import Options
from data_prep.report import audit, check, remarks, sheet
from data_prep.selection import choosing, drawn_pictures
from pegan_jax.common import command_line, files, provenance


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
    clean: folder, or folders, of images that are all background, of any size.
    out: folder to write; must not exist. A leading ~ is expanded, here and above.
    image_size: side of the crops in pixels, a multiple of 32.
    window_size: side of the windows in pixels of the images, which are then resized; 0
      chooses it by `window_size.choose_window`.
    per_class: images to choose per class; 0 keeps all.
    backgrounds: backgrounds to choose; 0 keeps all.
    at_most: whether fewer are taken where there are fewer, not refused.
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
    reject_score: windows of annotated images are left out if `defect_scores` scores them
      above this and, where there are 100 windows of clean images or more, above 99 in 100
      of these. The lower it is, the more are left out; only 0 leaves none out.
    search_frames: whether to search the images for the place of each defect crop.
    near_duplicates: whether to search for crops that show one place; not for sets whose
      images are alike by design.

  Returns:
    The content of `audit.json`, a dict.

  Raises:
    UserError: the input cannot be used; nothing is written then.
  """
  options = Options.of(options)
  options.check()
  with files.whole(options.out, advice='remove it or choose another --out') as (
      folder, keep):
    problems = Problems()
    with problems.collected():
      found = inputs.find(options, problems)
    problems.check()
    pool = pool_lib.read(options, found)
    noted = _made_of(options)
    drawn_pictures.refuse(options, pool)
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


def made_of(**options):
  """Returns the provenance of a data set that `build` makes with these arguments."""
  return _made_of(Options.of(options))


def _made_of(options):
  settings = options.settings()
  settings.pop('out')
  for name in ('images', 'defects', 'clean'):
    some = list(map(provenance.of_folder, options.paths(name)))
    settings[name] = some if len(some) > 1 else next(iter(some), None)
  for name in ('annotations', 'classes', 'skip_classes'):
    settings[name] = list(settings[name])
  settings['annotations'] = list(map(provenance.of_folder, options.annotations))
  return settings


def _parse(arguments):
  """Returns the command line as a dict of `build`'s arguments, and of `check`."""
  parser = command_line.Parser(prog='python -m data_prep.build', description=__doc__)
  options_lib.add_flags(parser)
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
  options = Options.of(given)
  if only_check:
    options.check_values()
    inputs.check_backgrounds(options)
    return 2 if check.check(options, inputs.find, pool_lib.read) else 0
  options.check()
  inputs.check_backgrounds(options)
  with command_line.loading():
    importlib.import_module('data_prep.dataset')
  if not os.path.lexists(options.out):
    new.append(options.out)
  try:
    content = build(**given)
  except Several as error:
    print(f'error: {error}', file=sys.stderr)
    return 2
  print(remarks.summary(given['out'], content))
  return 0


if __name__ == '__main__':
  sys.exit(main())
