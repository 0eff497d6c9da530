"""MVTec's layout to the letter; tests/annotations/test_readers.py opens it."""

import csv

import numpy as np
from PIL import Image
import pytest

from pegan_jax import annotations
from pegan_jax.annotations import mvtec
from pegan_jax.annotations.pictures import Pictures
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError


def _read(path):
  return np.asarray(Image.open(path))


def test_what_is_written_is_mvtecs_layout(tmp_path):
  rng = np.random.default_rng(0)
  images, shown = [], {'a.png': {'pa'}, 's/a.png': {'pa', 'sc'}, 's/b.png': {'pa'}}
  ring = np.ones((3, 3), bool)
  ring[1, 1] = False
  regions = {'a.png': [Region('pa', Box(1, 2, 4, 5), ring), Region('pa', Box(6, 0, 8, 1))],
             's/a.png': [Region('sc', Box(0, 0, 2, 2))], 's/b.png': []}
  (tmp_path / 'in' / 's').mkdir(parents=True)
  for file in shown:
    Image.fromarray(rng.integers(0, 256, (6, 8), np.uint8)).save(tmp_path / 'in' / file)
    images.append(Annotated(file, 6, 8, regions[file]))
  clean = [(f'c{i}.png', np.full((6, 8, 1 + 2 * (i == 0)), i, np.uint8)) for i in range(7)]
  out = tmp_path / 'out' / 'mvtec'
  mvtec.write(out, images, ['pa', 'sc'], Pictures(tmp_path / 'in', shown, clean))
  with (out / 'sources.csv').open() as f:
    sources = {row['file']: row['source'] for row in csv.DictReader(f)}
  assert sources == {
      'test/pa/00000.png': 'a.png', 'ground_truth/pa/00000_mask.png': 'a.png',
      'test/combined/00000.png': 's/a.png',
      'ground_truth/combined/00000_mask.png': 's/a.png',
      'test/pa/00001.png': 's/b.png', 'ground_truth/pa/00001_mask.png': 's/b.png'} | {
          f'{"test" if i in (1, 6) else "train"}/good/{i:05d}.png': f'c{i}.png'
          for i in range(7)}
  assert sorted(sources) == sorted(
      p.relative_to(out).as_posix() for p in out.rglob('*.png'))
  assert mvtec.written(out, []) == [out / file for file in sources]
  for file, source in sources.items():
    if file.startswith('test/') and 'good' not in file:
      assert (out / file).samefile(tmp_path / 'in' / source)
  mask = np.zeros((6, 8), np.uint8)
  mask[2:5, 1:4] = 255 * ring
  mask[0, 6:8] = 255
  np.testing.assert_array_equal(_read(out / 'ground_truth/pa/00000_mask.png'), mask)
  assert _read(out / 'ground_truth/combined/00000_mask.png').sum() == 4 * 255
  assert not _read(out / 'ground_truth/pa/00001_mask.png').any()
  np.testing.assert_array_equal(_read(out / 'train/good/00000.png'), clean[0][1])
  np.testing.assert_array_equal(_read(out / 'test/good/00006.png'), np.full((6, 8), 6))


def test_names_that_a_format_cannot_hold_are_refused():
  names = annotations.WRITTEN
  annotations.check(names, ['pa', 'combined'], ['good/a.png', 'images.png'])
  with pytest.raises(UserError, match="a class is called 'good', .*leave mvtec out"):
    annotations.check(names, ['good'], [])
  with pytest.raises(UserError, match="a/images/b.png lies in a folder called 'images'"):
    annotations.check(names, ['pa'], ['a/images/b.png'])
  annotations.check(['voc', 'coco', 'labelme'], ['good'], ['images/a.png'])


def test_without_links_images_are_copied(tmp_path, monkeypatch):
  def none(*_):
    raise OSError('no links here')
  monkeypatch.setattr('os.link', none)
  (tmp_path / 'a.png').write_bytes(b'1')
  Pictures(tmp_path, {}, ()).link('a.png', tmp_path / 'b' / 'c.png')
  assert (tmp_path / 'b' / 'c.png').read_bytes() == b'1'
  assert not (tmp_path / 'b' / 'c.png').samefile(tmp_path / 'a.png')
