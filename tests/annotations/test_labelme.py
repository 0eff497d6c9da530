"""LabelMe's files, as that and other programs write them."""

import base64
import io
import json

import numpy as np
from PIL import Image
import pytest

from pegan_jax.annotations import labelme
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError


def _shape(kind, points, label='crack', **more):
  return {'label': label, 'points': points, 'group_id': None, 'shape_type': kind,
          'flags': {}, 'description': '', 'mask': None} | more


def _read(folder, *shapes, **more):
  (folder / 'a.json').write_text(json.dumps({
      'version': '5.5.0', 'flags': {}, 'shapes': list(shapes), 'imagePath': '..\\b.jpg',
      'imageData': None, 'imageHeight': 20, 'imageWidth': 30} | more))
  image, = labelme.read(folder)
  return image


def test_shapes_become_regions(tmp_path):
  mask = np.zeros((3, 4), bool)
  mask[1:, 2:] = True
  file = io.BytesIO()
  Image.fromarray(mask).save(file, 'PNG')
  image = _read(tmp_path, _shape('polygon', [[1, 2], [5.5, 2], [5, 8]], ' pit '),
                _shape('rectangle', [[9, 8], [3, 4]]),
                _shape('circle', [[10, 10], [13, 14]]),
                _shape('mask', [[6, 7], [9, 9]],
                       mask=base64.b64encode(file.getvalue()).decode()),
                _shape(None, [[0, 0], [2, 0], [2, 2]]))
  assert (image.file, image.height, image.width) == ('a.json', 20, 30)
  polygon, rectangle, circle, masked, older = image.regions
  assert polygon.name == 'pit' and polygon.box == (1, 2, 5.5, 8)
  np.testing.assert_array_equal(polygon.polygons[0], [[1, 2], [5.5, 2], [5, 8]])
  assert rectangle == ('crack', (3, 4, 9, 8), None, None)
  np.testing.assert_allclose(circle.box, (5, 5, 15, 15))
  assert image.regions_in(20, 30)[2].mask.sum() == pytest.approx(np.pi * 25, rel=0.04)
  assert masked.box == (6, 7, 10, 10)
  np.testing.assert_array_equal(masked.mask, mask)
  assert len(older.polygons) == 1
  assert _read(tmp_path).regions == []
  assert _read(tmp_path, imageHeight=None, imageWidth=None).width is None


def test_polygons_of_one_name_and_group_are_one_region(tmp_path):
  corner = [[0, 0], [2, 0], [2, 2]]
  far = [[9, 9], [12, 9], [12, 12]]
  shapes = [_shape('polygon', corner, group_id=1), _shape('polygon', far, group_id=1),
            _shape('polygon', far, 'pit', group_id=1),
            _shape('rectangle', far[::2], group_id=1)]
  pair, pit, box = _read(tmp_path, *shapes).regions
  assert pair.box == (0, 0, 12, 12) and len(pair.polygons) == 2
  assert pit.box == (9, 9, 12, 12) and box.polygons is None


@pytest.mark.parametrize('shape, words', [
    (_shape('linestrip', [[1, 1]]), 'is a line of 1 points'),
    (_shape('point', [[1, 1]]), 'is a point, which has no area'),
    (_shape('polygon', [[1, 1], [2, 2]]), 'is a polygon of 2 points'),
    (_shape('rectangle', [[1, 1], [1, 9]]),
     'has no width or no height: draw it again, or remove it'),
    (_shape('polygon', [[1, 1], [2, float('nan')], [3, 3]]), 'nan stands where'),
    (_shape('polygon', [[1, 1], [2, 1e9], [3, 3]]), '1000000000.0 stands where a number'),
    (_shape('polygon', [[1, 1], [2, True], [3, 3]]), 'True stands where a number'),
    (_shape('polygon', [[1, 1, 0], [5, 1, 0], [5, 5, 0]]), 'a point is not an x and a y'),
    (_shape('circle', [[1, 1], [1, 10**400]]), 'stands where a number'),
    (_shape('rectangle', [[1, 1], [5, 1], [5, 5]]), 'is a rectangle of 3 points'),
    (_shape('polygon', []), 'has no points'),
    (_shape('polygon', [['x', 1], [2, 2]]), "'x' stands where a number"),
    (_shape('mask', [[1, 1]]), 'is a mask with 1 corners'),
    (_shape('mask', [[1, 1], [2, 2]]), 'has a mask that cannot be read'),
    (_shape('mask', [[1, 1], [2, 2]], mask='xx'), 'has a mask that cannot be read')])
def test_shapes_that_mark_no_area_are_refused(tmp_path, shape, words):
  with pytest.raises(UserError, match=words) as error:
    _read(tmp_path, _shape('rectangle', [[1, 1], [5, 5]]), shape)
  assert 'a.json cannot be read as LabelMe: its shape 2, crack, ' in str(
      error.value)


def test_a_rectangle_has_two_corners_or_four_which_may_be_turned(tmp_path):
  upright, turned = _read(
      tmp_path, _shape('rectangle', [[1, 1], [5, 1], [5, 4], [1, 4]]),
      _shape('rectangle', [[4, 0], [8, 4], [4, 8], [0, 4]])).regions
  assert upright.box == (1, 1, 5, 4) and upright.polygons is None
  assert turned.box == (0, 0, 8, 8) and turned.polygons[0].tolist() == [
      [4, 0], [8, 4], [4, 8], [0, 4]]


def test_all_shapes_that_do_not_fit_are_told_at_once(tmp_path):
  with pytest.raises(UserError) as error:
    _read(tmp_path, _shape('point', [[1, 1]]), _shape('rectangle', [[1, 1], [5, 5]]),
          _shape('polygon', [[1, 1], [2, 2]], 'pit'), {'label': 'x'}, 'crack')
  assert str(error.value) == (
      f"{tmp_path / 'a.json'} cannot be read as LabelMe: its shape 1, crack, is a "
      'point, which has no area: draw a polygon around the defect, or remove it; its shape '
      "3, pit, is a polygon of 2 points, and needs 3 or more: draw it again, or remove it; "
      "its shape 4, x, lacks 'points'; its shape 5 has no label.")


def test_flags_that_are_set_are_kept(tmp_path):
  assert _read(tmp_path, flags={'crack': False, '__ignore__': True}).tags == ()
  assert _read(tmp_path, flags={'OK': True, 'crack ': 1}).tags == ('OK', 'crack')


def test_other_json_is_not_labelme(tmp_path):
  (tmp_path / 'a.json').write_text('{"images": [], "annotations": []}')
  (tmp_path / 'b.json').write_text('[1]')
  (tmp_path / 'c.json').write_text('{')
  assert labelme.read(tmp_path) == []
  with pytest.raises(UserError, match='a.json cannot be read as LabelMe'):
    _read(tmp_path, {'points': []})
  with pytest.raises(UserError, match='a.json cannot be read as LabelMe'):
    _read(tmp_path, shapes=None)


def test_what_is_written_is_labelme_to_the_letter(tmp_path):
  """One piece is a polygon, several are a group, and no pixels are a rectangle."""
  labelme.write(tmp_path, [Annotated('ä/1.png', 20, 30, [
      Region('öl', Box(3, 2, 5, 3), np.ones((1, 2), bool)),
      Region('pa', Box(3, 2, 5, 4), np.eye(2, dtype=bool)),
      Region('pa', Box(1, 2, 9, 7))]), Annotated('2.png', 20, 30, [])], ['pa', 'öl'])
  assert json.loads((tmp_path / 'ä' / '1.json').read_text('utf-8')) == {
      'version': '5.5.0', 'flags': {}, 'shapes': [
          _shape('polygon', [[5, 2], [5, 3], [3, 3], [3, 2]], 'öl'),
          _shape('polygon', [[4, 2], [4, 3], [3, 3], [3, 2]], 'pa', group_id=1),
          _shape('polygon', [[5, 3], [5, 4], [4, 4], [4, 3]], 'pa', group_id=1),
          _shape('rectangle', [[1, 2], [9, 7]], 'pa')],
      'imagePath': '1.png', 'imageData': None, 'imageHeight': 20, 'imageWidth': 30}
  assert json.loads((tmp_path / '2.json').read_text())['shapes'] == []
