"""What is written, opened by the programs that it is for, where they are installed."""

import importlib.util

import numpy as np
from PIL import Image
import pytest

import check_readers
from pegan_jax import annotations
from pegan_jax.annotations import regions
from pegan_jax.annotations.components import find_defects
from pegan_jax.annotations.pictures import Pictures
from pegan_jax.data import manifest

CLASSES = ['pa', 'oil spot', 'no: "x"', '7']


@pytest.fixture(scope='module')
def made(tmp_path_factory):
  """Images of every kind with defects of every kind, and clean ones."""
  out, rng = tmp_path_factory.mktemp('readers') / 'made', np.random.default_rng(0)
  rows, images = [], []
  for i in range(12):
    name = CLASSES[i % 3]  # Of the last one there are none.
    file, (height, width) = manifest.file_of(name, i // 3), rng.integers(20, 60, 2).tolist()
    shape = (height, width, 3) if i % 3 == 2 else (height, width)
    (out / file).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(out / file)
    mask = np.zeros((height, width), np.uint8)
    if i % 5:  # Pieces with holes; of some images nothing is marked.
      mask[2:15, 3:17] = 255 * (rng.random((13, 14)) < 0.7)
    mask[9:] *= i % 2  # And at the edge.
    found = find_defects(mask, name, 0.5, 3, whole=i == 7)
    images.append(regions.Annotated(file, height, width, found))
    rows.append(dict.fromkeys(manifest.CROPS, '') | {
        'file': file, 'class': name, 'boxes': regions.boxes_to_text(found)})
  manifest.write(out, manifest.CROPS, rows)
  annotations.write(
      out.with_name('made_annotations'), annotations.WRITTEN, images, CLASSES, Pictures(
          out, {row['file']: {row['class']} for row in rows},
          ((f'{i}.png', rng.integers(0, 256, (30, 30, 1), np.uint8)) for i in range(6))))
  return check_readers.Generated(out)


def test_every_format_that_is_written_has_a_reader():
  assert {path for _, paths in check_readers.CHECKS.values() for path in paths} == {
      module.PATH for module in annotations.WRITTEN.values()}


@pytest.mark.filterwarnings('ignore')  # The readers' own.
@pytest.mark.parametrize('name', check_readers.CHECKS)
def test_the_program_opens_it(made, name):
  if not importlib.util.find_spec(name):
    pytest.skip(f'{name} is not installed')
  assert '12 ' in check_readers.CHECKS[name][0](made)
