"""Draws synthetic images of steel defects, for the demo and the tests.

  python -m data_prep.synthetic --out DIR --per_class N --image_size S --seed K

writes what `data_prep.build` reads:

  OUT/defects/<class>/<n>.png   crops, each with one kind of defect
  OUT/frames/<n>.png            frames with none, one or several defects
  OUT/boxes/<n>.xml             their boxes, Pascal VOC
  OUT/masks/<n>.png             what one sees of them: 255, elsewhere 0
  OUT/clean/<n>.png             frames without a defect

An image depends on nothing but the seed, its folder, its number, the classes and the
sizes: asking for more leaves the first ones as they were. The crops' steel and the
clean frames' come from one generator, `surfaces.surface`. Frames show the kinds of
steel that the classes occur on.
"""

import functools
import itertools
import numbers
import pathlib
import sys

import numpy as np
from PIL import Image

from data_prep.images.progress import progress
from data_prep.steel import defects as marks, surfaces
from pegan_jax.annotations import voc
from pegan_jax.annotations.regions import Annotated, Box, of_pixels
from pegan_jax.common import class_names, command_line, files, provenance
from pegan_jax.common.errors import check_value, UserError

CLASSES = tuple(marks.DEFECTS)
_KINDS = {name: i for i, name in enumerate(('frame', 'clean') + CLASSES)}
# Smaller crops show nothing, larger images take gigabytes of memory.
_MIN_SIDE, _MAX_SIDE, _MAX_FRAME = 16, 512, 2048
_RIM = 0.2  # Share of a defect's strongest change, below which nobody would mark a pixel.
_MAX_COUNT = 100_000  # The file names have five digits.


def _name(index):
  """Returns the file name of an image."""
  return f'{index:05d}.png'


def _streams(seed, kind, index):
  """Returns generators for one image's surface, its defects and its sensor noise."""
  root = np.random.SeedSequence([seed, _KINDS[kind], index])
  return [np.random.default_rng(child) for child in root.spawn(3)]


def _sensor_noise(rng, shape):
  """Draws the camera's noise in grey levels: float64 [H, W]."""
  return rng.uniform(0.5, 1.2) * rng.standard_normal(shape)


def crop(seed, name, index, image_size, defect=True):
  """Draws one crop with a defect.

  Args:
    seed: the data set's seed.
    name: a class code of CLASSES.
    index: the number of the crop in its class.
    image_size: side, pixels.
    defect: False leaves the defect out and changes nothing else.

  Returns:
    uint8 [image_size, image_size].
  """
  surface_rng, defect_rng, noise_rng = _streams(seed, name, index)
  unit, shape = image_size / 64, (image_size, image_size)
  finish, draw = marks.DEFECTS[name]
  clean = surfaces.surface(surface_rng, shape, unit, finish)
  gain = draw(defect_rng, shape, unit, clean.roll) if defect else 1.0
  return surfaces.photograph(clean.pixels * gain, _sensor_noise(noise_rng, shape))


def _window(rng, shape, unit):
  """Fades a defect out in a frame: [H, W], 1 inside, 0 at the uneven rim."""
  h, w = shape
  y, x = np.mgrid[-1:1:h * 1j, -1:1:w * 1j]
  inside = 1 - (x**4 + y**4)**0.25
  uneven = inside + 0.1 * surfaces.noise_field(rng, shape, 6 * unit, 6 * unit)
  return np.clip(4 * uneven, 0, 1) * (inside > 0)


def _place(rng, taken, side, frame_size):
  """Draws a window of about `side` pixels that keeps clear of those taken.

  Returns:
    `Box`, or None where ten tries found no room.
  """
  for _ in range(10):
    h = min(frame_size, round(side * rng.uniform(0.7, 1.6)))
    w = min(frame_size, round(side * rng.uniform(0.7, 1.6)))
    top = int(rng.integers(frame_size - h + 1))
    left = int(rng.integers(frame_size - w + 1))
    place = Box(left, top, left + w, top + h)
    if not any(place.overlap(other) for other in taken):
      return place
  return None


def frame(seed, index, image_size, frame_size, kind='frame', defects=True,
          classes=CLASSES):
  """Draws one frame.

  Args:
    seed: the data set's seed.
    index: the number of the frame.
    image_size: side of a crop, pixels; sets the scale of steel and defects.
    frame_size: side of the frame, pixels.
    kind: 'frame', or 'clean' for the series without defects.
    defects: False leaves the defects out and changes nothing else.
    classes: of CLASSES, those that occur.

  Returns:
    The image, uint8 [frame_size, frame_size], and its defects: a list of `Region`,
    whose mask is what one sees of the defect, and whose box holds just that.
  """
  surface_rng, defect_rng, noise_rng = _streams(seed, kind, index)
  unit, shape = image_size / 64, (frame_size, frame_size)
  occurring = {marks.DEFECTS[name][0] for name in classes}
  finishes = [finish for finish in surfaces.FINISHES if finish in occurring]
  finish = finishes[surface_rng.integers(len(finishes))]
  clean = surfaces.surface(surface_rng, shape, unit, finish)
  noise = _sensor_noise(noise_rng, shape)
  pixels, image = clean.pixels, surfaces.photograph(clean.pixels, noise)
  regions, taken = [], []
  if kind == 'clean' or not defects:
    return image, regions
  # A frame shows what is found on its kind of steel.
  names = [name for name in CLASSES
           if name in classes and marks.DEFECTS[name][0] == finish]
  for _ in range(defect_rng.choice(4, p=(0.25, 0.35, 0.25, 0.15))):
    place = _place(defect_rng, taken, image_size, frame_size)
    if place is None:
      continue
    taken.append(place)
    patch = place.height, place.width
    name = names[defect_rng.integers(len(names))]
    gain = marks.DEFECTS[name][1](defect_rng, patch, unit, clean.roll)
    change = (gain - 1) * _window(defect_rng, patch, unit)
    pixels = pixels.copy()
    pixels[place.slices] *= 1 + change
    before, image = image, surfaces.photograph(pixels, noise)
    seen = np.abs(image - before.astype(int))
    if seen.any():  # Else a shine on steel that is white already.
      regions.append(of_pixels(name, seen >= _RIM * seen.max()))
  return image, regions


def _check(out, per_class, image_size, seed, frames, frame_size, classes):
  """Raises UserError for settings that cannot be drawn, or an `out` in use."""
  check_value('--classes', ','.join(classes), classes and set(classes) <= set(CLASSES),
              f'some of {",".join(CLASSES)}')
  for name, value, low, high in (
      ('per_class', per_class, 1, _MAX_COUNT),
      ('image_size', image_size, _MIN_SIDE, _MAX_SIDE),
      ('frames', frames, 0, _MAX_COUNT),
      ('frame_size', frame_size, image_size, _MAX_FRAME),
      ('seed', seed, 0, 2**63 - 1)):
    check_value(f'--{name}', value,
                isinstance(value, numbers.Integral) and low <= value <= high,
                f'a whole number from {low} to {high}')
  if out.exists() and not out.is_dir():
    raise UserError(f'{out} is a file: name a new folder for --out.')
  if out.exists() and any(out.iterdir()):
    raise UserError(
        f'{out} is not empty: name a new folder for --out, or empty it first.')


def _write_all(root, per_class, image_size, seed, frames, frame_size, classes):
  """Writes the folders under `root`."""
  for name in classes:
    (root / 'defects' / name).mkdir(parents=True)
  crops = list(itertools.product(classes, range(per_class)))
  for name, i in progress(crops, 'drawing crops'):
    image = crop(seed, name, i, image_size)
    Image.fromarray(image).save(root / 'defects' / name / _name(i))
  for name in ('frames', 'boxes', 'masks', 'clean'):
    (root / name).mkdir()
  annotated = []
  for i in progress(range(frames), 'drawing frames'):
    draw = functools.partial(frame, seed, i, image_size, frame_size, classes=classes)
    image, regions = draw()
    Image.fromarray(image).save(root / 'frames' / _name(i))
    annotated.append(Annotated(_name(i), frame_size, frame_size, regions))
    mask = np.zeros_like(image)
    for region in regions:
      mask[region.box.slices][region.mask] = 255
    Image.fromarray(mask).save(root / 'masks' / _name(i))
    image, _ = draw(kind='clean')
    Image.fromarray(image).save(root / 'clean' / _name(i))
  size = {'width': frame_size, 'height': frame_size, 'depth': 1}
  voc.write(root / 'boxes', annotated, classes,
            about={'folder': 'frames', 'size': size})


def write(out, per_class, image_size, seed, frames=60, frame_size=None,
          classes=CLASSES):
  """Draws the data set into a new folder, all of it or nothing.

  Args:
    out: folder to make; it may exist if it is empty.
    per_class: crops of each class, at least 1.
    image_size: side of a crop, pixels.
    seed: 0 or more.
    frames: how many frames with boxes and masks, and again as many clean ones.
    frame_size: side of a frame, pixels; None is three crops.
    classes: of CLASSES, those that occur.

  Raises:
    UserError: a class that is not drawn, a size or count that makes no sense, `out` in
      use, or a disk that takes no more.
  """
  out = pathlib.Path(out).expanduser()
  settings = made_of(per_class, image_size, seed, frames, frame_size, classes)
  files.finish(out)
  _check(out, **settings)
  with files.whole(out, replace=True) as (folder, keep):  # `out` may exist, empty.
    _write_all(folder, **settings)
    provenance.write(folder, settings)
    keep(folder)


def made_of(per_class, image_size, seed, frames=60, frame_size=None, classes=CLASSES):
  """Returns the provenance of what `write` makes with these arguments: all of them."""
  return {'per_class': per_class, 'image_size': image_size, 'seed': seed,
          'frames': frames,
          'frame_size': 3 * image_size if frame_size is None else frame_size,
          'classes': list(classes)}


def _run(arguments, new):
  parser = command_line.Parser(prog='python -m data_prep.synthetic',
                               description=__doc__.split('\n')[0])
  parser.add_argument('--out', required=True, help='folder to make')
  for name, default, text in (
      ('per_class', 100, 'crops of each class (100)'),
      ('image_size', 64, 'side of a crop, pixels (64)'),
      ('seed', 0, 'another seed draws other images (0)'),
      ('frames', 60, 'frames with boxes, and as many clean ones (60)'),
      ('frame_size', None, 'side of a frame, pixels (three crops)')):
    parser.add_argument(f'--{name}', type=int, default=default, help=text)
  parser.add_argument('--classes', type=class_names.split, default=CLASSES,
                      help='classes that occur, as in,sc (all nine)')
  args = parser.parse_args(arguments)
  if not any(pathlib.Path(args.out).glob('*')):
    new.append(args.out)
  write(args.out, args.per_class, args.image_size, args.seed, args.frames,
        args.frame_size, args.classes)
  print(
      f'{args.out}: {args.per_class} crops in each of {len(args.classes)} classes, '
      f'{args.frames} frames with boxes, {args.frames} clean frames')


def main(arguments=None):
  """Runs the command line; returns the exit status."""
  new = []  # The folder, where nothing is in it yet.
  return command_line.run(lambda: _run(arguments, new), lambda: files.left_of(new),
                          '--image_size or --frame_size')


if __name__ == '__main__':
  sys.exit(main())
