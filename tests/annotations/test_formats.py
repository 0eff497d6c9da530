"""What is written in a format is what is read back, for every format there is."""

import json
import pathlib

import numpy as np
import pytest

from pegan_jax import annotations
from pegan_jax.annotations import regions
from pegan_jax.annotations.regions import Annotated, Box, Region

CLASSES = ['pa', 'öl fleck', 'a & <b> "c"', "d'e]]>", '酸洗', 'x, y; z', '7', '😀',
           'e\u0301']
FILES = ['1.png', 'a/1.png', 'a/b ü/2.5 mm.png', 'a/b ü/& <3>.jpg', '😀/x,y.png']

# Formats that hold a region's box, those that hold its pixels, and those that do not hold
# the image's size.
BOXES, PIXELS = ('voc', 'yolo', 'coco'), ('coco', 'labelme', 'via')
SIZELESS = ('yolo', 'via')


def _random_region(rng, height, width):
  """Boxes of every size, one in three at an edge; masks with holes and pieces."""
  w, h = (int(rng.choice([1, n, rng.integers(1, n + 1)])) for n in (width, height))
  left, top = (int(rng.choice([0, n - k, rng.integers(n - k + 1)]))
               for n, k in ((width, w), (height, h)))
  box, mask, polygons = Box(left, top, left + w, top + h), None, None
  kind = rng.integers(4)
  if kind in (1, 3):
    mask = rng.random((h, w)) < rng.choice([0.0, 0.2, 0.8, 1.0])
  if kind in (2, 3):
    polygons = tuple(rng.uniform((left, top), (left + w, top + h), (n, 2))
                     for n in rng.integers(3, 9, rng.integers(1, 4)))
  return Region(str(rng.choice(CLASSES)), box, mask, polygons)


def _random_images(seed):
  rng = np.random.default_rng(seed)
  images = []
  for file in sorted(FILES, key=pathlib.PurePosixPath)[:rng.integers(1, len(FILES) + 1)]:
    height, width = rng.integers(2, 120, 2).tolist()
    images.append(Annotated(file, height, width, [
        _random_region(rng, height, width) for _ in range(rng.integers(4))]))
  return images


def _pixels(region, height, width):
  """The pixels of a region: all of its box where no other are known, or none marked."""
  inside = np.zeros((height, width), bool)
  inside[region.box.slices] = True if region.mask is None or not region.mask.any(
      ) else region.mask
  return inside


@pytest.mark.parametrize('seed', range(25))
@pytest.mark.parametrize('name', annotations.BOTH)
def test_what_is_read_is_what_was_written(tmp_path, name, seed):
  images = _random_images(seed)
  annotations.write(tmp_path, [name], images, CLASSES)
  path = tmp_path / annotations.BOTH[name].PATH
  assert list(tmp_path.iterdir()) == [path]
  read = annotations.read(path / 'labels' if name == 'yolo' else path)
  for kept, image in zip(read, images, strict=True):
    stems = [pathlib.PurePosixPath(x.file).with_suffix('') for x in (kept, image)]
    assert stems[0] == stems[1]
    size = image.height, image.width
    if name not in SIZELESS:
      assert (kept.height, kept.width) == size
    for one, other in zip(kept.regions_in(*size), image.regions_in(*size), strict=True):
      assert one.name == other.name
      if name in BOXES:
        assert one.box == other.box
      np.testing.assert_array_equal(
          _pixels(one, *size),
          _pixels(other if name in PIXELS else other._replace(mask=None), *size))


def test_the_random_images_are_of_all_kinds():
  regions = [r for seed in range(25) for image in _random_images(seed)
             for r in image.regions]
  assert {r.name for r in regions} == set(CLASSES)
  assert {(r.mask is None, r.polygons is None) for r in regions} == {
      (a, b) for a in (False, True) for b in (False, True)}
  assert any(r.box.width == r.box.height == 1 for r in regions)
  assert any(not r.mask.any() for r in regions if r.mask is not None)
  assert any(not image.regions for seed in range(25) for image in _random_images(seed))


def test_formats_of_one_folder_are_read_together_in_order(tmp_path):
  (tmp_path / 'b').mkdir()
  (tmp_path / 'b' / '2.XML').write_text('<annotation/>')
  (tmp_path / 'a.txt').write_text('')
  (tmp_path / '.hidden.txt').write_text('not YOLO')
  (tmp_path / 'notes.json').write_text('not COCO')  # As Label Studio adds to YOLO.
  assert [x.file for x in annotations.read(tmp_path)] == ['a.txt', 'b/2.XML']


def test_nothing_is_read_where_nothing_is(tmp_path):
  (tmp_path / 'a.pdf').write_text('a')
  for path in (tmp_path, tmp_path / 'a.pdf', tmp_path / 'nowhere', tmp_path / 'no.json'):
    assert annotations.read(path) == []


def test_only_what_is_asked_for_is_written(tmp_path):
  annotations.write(tmp_path, ['yolo'], [], CLASSES)
  assert sorted(p.name for p in tmp_path.rglob('*')) == [
      'classes.txt', 'data.yaml', 'yolo']


_LINE = [[4, 5], [9, 5], [14.5, 5]]


@pytest.mark.parametrize('name, text', [
    ('a.json', json.dumps({'a.jpg9': {'filename': 'a.jpg', 'regions': [{
        'shape_attributes': {'name': 'polyline', 'all_points_x': [x for x, _ in _LINE],
                             'all_points_y': [y for _, y in _LINE]},
        'region_attributes': {'class': 'crack'}}]}})),
    ('a.json', json.dumps({'shapes': [{
        'label': 'crack', 'shape_type': 'linestrip', 'points': _LINE}]})),
    ('a.xml', '<annotations><image name="a.jpg" width="30" height="20"><polyline '
     'label="crack" points="4,5;9,5;14.5,5"/></image></annotations>')])
def test_lines_are_the_boxes_around_them_and_are_told(tmp_path, name, text):
  (tmp_path / name).write_text(text)
  image, = annotations.read(tmp_path / name)
  assert image.regions == [('crack', (3.5, 4.5, 15, 5.5), None, None)]
  assert image.notes == (regions.LINES,)
