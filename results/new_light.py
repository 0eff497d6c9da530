"""Builds the magnetic tiles' new light: defects of one light, tested under five others.

  python -m results.new_light MT --out data/new_light

Two data sets of `data_prep.build`, of windows of 64 pixels: OUT/train has three fifths of
each class's tiles, as photographed under the first light (`exp1_`), and clean tiles under
all lights; OUT/test has the others under the other lights, and other clean tiles. A study
asks about all of the latter, and does not use what OUT/train holds out. Numbers
in files' names count photographs: those of one tile follow each other, light by light.
Beside them lie the photographs themselves, as links, in OUT/photographs.

  python -m pegan_jax.main --mode study --workdir runs/light \\
      --config.data_dir=data/new_light/train --config.test=data/new_light/test \\
      --config.network=efficientnet_lite0 --config.clean_class=true
"""

import argparse
import pathlib
import re
import subprocess
import sys

import numpy as np

_NAME = re.compile(r'exp(\d)_num_(\d+)')
# Largest step in number within a tile. Too large is safe: tiles are joined, not parted.
_GAP = 500
_TRAINED = 0.6  # Share of a class's tiles whose defects are trained on.
_TEST_CLEAN = 0.3  # Share of the clean tiles that are test images.


def tiles(paths):
  """Groups photographs by tile.

  Args:
    paths: of files named exp<light>_num_<number>.

  Returns:
    List of lists of paths, each in the order of the lights, by number.
  """
  found, before = [], (9, 0)
  for light, number, path in sorted(
      ((int(light), int(number), path) for path in paths
       for light, number in _NAME.findall(path.name)), key=lambda x: x[1]):
    if light <= before[0] or number - before[1] > _GAP:
      found.append([])
    found[-1].append(path)
    before = light, number
  return found


def _light(path):
  return int(_NAME.search(path.name).group(1))


def split(root, seed):
  """Divides the tiles: {'train', 'test': lists of the paths of a tile that are used}."""
  rng = np.random.default_rng(seed)
  chosen = {'train': [], 'test': []}
  for folder in sorted((root / 'defects').iterdir()):
    mine = tiles(folder.iterdir())
    first = set(rng.permutation(len(mine))[:round(_TRAINED * len(mine))].tolist())
    for i, tile in enumerate(mine):
      used = [path for path in tile if (_light(path) == 1) == (i in first)]
      chosen['train' if i in first else 'test'] += [used] if used else []
  clean = tiles((root / 'good').iterdir())
  held = set(rng.permutation(len(clean))[:round(_TEST_CLEAN * len(clean))].tolist())
  for i, tile in enumerate(clean):
    chosen['test' if i in held else 'train'].append(tile)
  return chosen


def _link(root, chosen, out):
  """Lays links to photographs, and to their masks, in a folder like `root`.

  A link's name begins with its tile's, `tile<number>_`, for --group_by.
  """
  for tile in chosen:
    number = _NAME.search(tile[0].name).group(2)
    for path in tile:
      inner = path.relative_to(root)
      both = [inner]
      if inner.parts[0] == 'defects':
        both.append(pathlib.Path('masks', *inner.parts[1:]).with_suffix('.png'))
      for name in both:
        link = out / name.with_name(f'tile{number}_{name.name}')
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(root / name)


def main():
  parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
  parser.add_argument('root', type=pathlib.Path, metavar='MT', help='the tiles')
  parser.add_argument('--out', type=pathlib.Path, required=True,
                      help='folder to write; must not exist')
  parser.add_argument('--seed', type=int, default=0, help='of the choice of tiles')
  flags = parser.parse_args()
  flags.out.mkdir(parents=True)
  for name, chosen in split(flags.root.absolute(), flags.seed).items():
    _link(flags.root.absolute(), chosen, flags.out / 'photographs' / name)
    subprocess.run(
        [sys.executable, '-m', 'data_prep.build', '--images',
         flags.out / 'photographs' / name, '--out', flags.out / name, '--window_size', '64',
         '--per_class', '0', '--backgrounds', '400', '--group_by', r'(tile\d+)_',
         '--no-near_duplicates', '--train_fraction', '0.75' if name == 'train' else '0.5'],
        check=True)


if __name__ == '__main__':
  main()
