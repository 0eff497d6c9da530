"""Draws a page of whole frames before and after a run has painted a defect on each.

  python -m results.frames runs/x clean/ --out results/x/frames.png --seed 0

`clean/` holds frames to paint on; --count of them are chosen by --seed, which also
decides classes, places and noise, as `--mode generate --config.generate.frames` does.
None is picked by hand, and what is not accepted is shown as well, and says so. Beside
each frame as it was is the painted one, with the outline of the region asked for and the
boxes that the manifest has, which are those of what is visible.
"""

import argparse
import csv
import pathlib
import sys
import tempfile

from ml_collections import ConfigDict
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from data_prep.images import reading
from pegan_jax.annotations import regions
from pegan_jax.common import command_line, files
from pegan_jax.common.errors import check_at_least, check_seed, UserError
from pegan_jax.common.runtime import compilation
from pegan_jax.data import manifest
from pegan_jax.generation import generate, masks
from pegan_jax.runs import own_settings
from pegan_jax.runs.run import Run

ASKED, VISIBLE = (0, 190, 255), (255, 140, 0)
_GAP, _HEAD = 4, 16  # pixels
_AWAY = 2  # pixels from a region to its outline, half of those to a box: to hide no mark


def paint(config, workdir, frames, work):
  """Paints on frames, as `--mode generate` does.

  Args:
    config: the run's own; `generate.seed`, `classes` and `defects_per_frame` decide what.
    workdir: its folder.
    frames: paths of images of any size.
    work: an empty folder.

  Returns:
    For each frame, in order: before and after, uint8 [H, W, 3]; the pixels asked for,
    bool [H, W], or None where the method takes no regions; the rows of the manifest.
  """
  (work / 'clean').mkdir()
  names = [f'{i:03d}{path.suffix}' for i, path in enumerate(frames)]
  for name, path in zip(names, frames):
    (work / 'clean' / name).symlink_to(path.absolute())
  config.generate.update({
      'frames': str(work / 'clean'), 'out': str(work / 'out'),
      'jobs': '', 'roi': '', 'backgrounds': '', 'formats': ''})
  out, info = generate.generate(config, workdir), Run(config, workdir).info
  read = lambda path: reading.with_channels(info.reader.read_own_colour(path), 3)
  with (out / manifest.FILE).open(newline='', encoding='utf-8') as f:
    rows = list(csv.DictReader(f))
  found = []
  for name in names:
    file = f'{name[:3]}.png'
    of_frame, after, asked = [row for row in rows if row['file'] == file], None, None
    before = read(work / 'clean' / name)
    if of_frame:  # Else no place was found on it.
      after = read(out / file)
      path = work / 'out_annotations' / 'regions' / file
      asked = masks.read(path) > 0 if path.exists() else None
    found.append((before, before if after is None else after, asked, of_frame))
  return found


def draw(before, after, asked, rows, side):
  """Draws a frame before and after, side by side, with boxes and the names of classes.

  Args:
    before, after, asked, rows: from `paint`.
    side: pixels that the longer side of each gets.

  Returns:
    PIL image of 2 side + _GAP by side + _HEAD pixels.
  """
  factor = side / max(before.shape[:2])
  size = [max(1, round(n * factor)) for n in before.shape[1::-1]]
  page = Image.new('RGB', (2 * side + _GAP, side + _HEAD), 'white')
  left, right = (Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
                 for image in (before, after))
  if asked is not None:
    inside = np.asarray(Image.fromarray(asked).resize(size, Image.Resampling.NEAREST))
    pixels, away = np.array(right), ndimage.distance_transform_cdt(~inside, 'chessboard')
    pixels[away == _AWAY] = ASKED
    right = Image.fromarray(pixels)
  pen = ImageDraw.Draw(right)
  for row in rows:
    for box in regions.boxes_from_text(row['boxes']):
      low, high = (np.rint(np.multiply(corner, factor)) for corner in (box[:2], box[2:]))
      pen.rectangle([*(low - 2 * _AWAY), *(high + 2 * _AWAY - 1)], outline=VISIBLE)
  page.paste(left, (0, _HEAD))
  page.paste(right, (side + _GAP, _HEAD))
  said = ', '.join(row['class'] + (
      ' (not accepted)' if row.get('accepted') == 'no' else '') for row in rows)
  ImageDraw.Draw(page).text((1, 1), said or 'no room for one', 'black',
                            ImageFont.load_default(12))
  return page


def page(cells, columns):
  """Lays out PIL images of one size in rows, under a line that explains them."""
  width, height = (n + 2 * _GAP for n in cells[0].size)
  rows = -(-len(cells) // columns)
  sheet = Image.new('RGB', (columns * width, _HEAD + rows * height), 'white')
  pen, at, font = ImageDraw.Draw(sheet), _GAP, ImageFont.load_default(12)
  for text, colour in (('each frame before and after;', 'black'),
                       ('the region asked for,', ASKED),
                       ('boxes of what is visible', VISIBLE)):
    pen.text((at, 1), text, colour, font)
    at += font.getlength(text + ' ')
  for i, cell in enumerate(cells):
    sheet.paste(cell, (i % columns * width + _GAP, _HEAD + i // columns * height + _GAP))
  return sheet


def _parse():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('run', type=pathlib.Path)
  parser.add_argument('clean', type=pathlib.Path, help='a folder of frames to paint on')
  parser.add_argument('--out', type=pathlib.Path, required=True, help='a PNG file')
  parser.add_argument('--count', type=int, default=20, help='frames')
  parser.add_argument('--seed', type=int, default=0)
  parser.add_argument('--defects_per_frame', type=int, default=1)
  parser.add_argument('--classes', default='', help='with commas between them; all')
  parser.add_argument('--side', type=int, default=200, help='pixels of a frame on the page')
  parser.add_argument('--columns', type=int, default=4, help='frames in a row of the page')
  return parser.parse_args()


def _run(args):
  for name in ('count', 'defects_per_frame', 'side', 'columns'):
    check_at_least(f'--{name}', getattr(args, name), 1)
  check_seed('--seed', args.seed)
  config = own_settings.read(args.run)
  if config is None:
    raise UserError(f'no run in {args.run}')
  frames = reading.list_images(args.clean)
  if len(frames) < args.count:
    raise UserError(f'{args.clean} has {len(frames)} images, and --count is {args.count}')
  chosen = np.random.default_rng(args.seed).choice(len(frames), args.count, replace=False)
  compilation.keep()
  del config['dataset']
  config = ConfigDict(config)
  config.generate.update({'seed': args.seed, 'classes': args.classes,
                          'defects_per_frame': args.defects_per_frame})
  with tempfile.TemporaryDirectory() as work:
    painted = paint(config, args.run, [frames[i] for i in sorted(chosen)],
                    pathlib.Path(work))
  sheet = page([draw(*each, args.side) for each in painted], args.columns)
  args.out.parent.mkdir(parents=True, exist_ok=True)
  files.write(args.out, reading.encode_png(np.asarray(sheet)))
  print(f'written to {args.out}')


if __name__ == '__main__':
  sys.exit(command_line.run(lambda: _run(_parse()), 'nothing was written', '--count'))
