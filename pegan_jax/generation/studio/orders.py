"""Orders of one defect each, and the folder of a job file that has them."""

import csv
import io
import pathlib
import shutil
from typing import NamedTuple

import numpy as np
from PIL import Image

from pegan_jax.common import files

FILE = 'jobs.csv'
_COLUMNS = ('image', 'class', 'region', 'seed', 'strength', 'picture')


class Order(NamedTuple):
  """A defect that is asked for.

  Attributes:
    image: path of the clean image.
    name: its path below a folder of images.
    defect: name of the defect's class.
    box: (left, top, right, bottom) in whole pixels of the image, or None.
    mask: bool [H, W], the region where it was brushed, or None. Without box and mask a
      region is drawn like those of the class.
    seed: of the noise.
    strength: 0 to 1.
  """
  image: pathlib.Path
  name: str
  defect: str
  box: tuple[int, int, int, int] | None
  mask: np.ndarray | None
  seed: int
  strength: float


def write(folder, orders):
  """Writes what `--config.generate.jobs` takes: a file, its images and its masks.

  Each order is a picture of its own, so that others do not change it.

  Args:
    folder: an existing empty folder; gets jobs.csv, images/ and masks/. Images are copied
      as they are, so that the folder can be moved.
    orders: list of `Order`.

  Returns:
    The path of jobs.csv.
  """
  text = io.StringIO(newline='')
  rows = csv.writer(text)
  rows.writerow(_COLUMNS)
  for number, order in enumerate(orders, 1):
    image = folder / 'images' / order.name
    if not image.exists():
      image.parent.mkdir(parents=True, exist_ok=True)
      shutil.copyfile(order.image, image)
    region = ' '.join(map(str, order.box or ()))
    if order.mask is not None:
      region = f'masks/{number:03d}.png'
      (folder / 'masks').mkdir(exist_ok=True)
      Image.fromarray(np.uint8(255) * order.mask).save(folder / region)
    rows.writerow((image.relative_to(folder).as_posix(), order.defect, region, order.seed,
                   repr(order.strength), f'{number:03d}'))
  path = folder / FILE
  files.write(path, text.getvalue())
  return path
