"""The VGG Image Annotator's files, as that and other programs write them."""

import csv
import json

import numpy as np
import pytest

from pegan_jax import annotations
from pegan_jax.annotations import via
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError

_RECT = {'name': 'rect', 'x': 1, 'y': 2, 'width': 8, 'height': 7}


def _said(*regions, name='a\\1.jpg'):
  return {f'{name}9': {'filename': name, 'size': 9, 'file_attributes': {}, 'regions': [
      {'shape_attributes': shape, 'region_attributes': attributes}
      for shape, attributes in regions]}}


def _read(folder, said):
  (folder / 'via.json').write_text(json.dumps(said))
  image, = annotations.read(folder)
  return image


def test_other_attributes_of_several_values_are_told(tmp_path):
  def notes(*kinds):
    return _read(tmp_path, _said(*((_RECT, {'class': 'pit', 'kind': kind, 'side': 'left'})
                                   for kind in kinds))).notes
  assert not notes('a', 'a')
  note, = notes('a', 'b')
  assert "'pit', whose attributes are not read: 'kind' is a, b; where these are" in note


def test_shapes_become_regions(tmp_path):
  image = _read(tmp_path, _said(
      (_RECT, {'class': ' pit '}), ({'name': 'circle', 'cx': 10, 'cy': 10, 'r': 5},
                                    {'note': 'x', 'type': 'pit'}),
      ({'name': 'ellipse', 'cx': 20, 'cy': 10, 'rx': 8, 'ry': 4, 'theta': np.pi / 2},
       {'kind': {'pit': False, 'crack': True}}),
      ({'name': 'polygon', 'all_points_x': [1, 5.5, 5], 'all_points_y': [2, 2, 8]},
       {'label': 'crack'})))
  assert image[:3] == ('a/1.jpg', None, None)
  rect, circle, ellipse, polygon = image.regions
  assert rect == ('pit', (1, 2, 9, 9), None, None)
  np.testing.assert_allclose(circle.box, (5, 5, 15, 15))
  np.testing.assert_allclose(ellipse.box, (16, 2, 24, 18), atol=0.02)
  assert [r.name for r in image.regions] == ['pit', 'pit', 'crack', 'crack']
  np.testing.assert_array_equal(polygon.polygons[0], [[1, 2], [5.5, 2], [5, 8]])


@pytest.mark.parametrize('attributes', [{}, {'name': ''}, {'name': '', 'note': ''}])
def test_regions_of_a_file_that_names_none_are_called_defect_and_told(tmp_path, attributes):
  image = _read(tmp_path, _said((_RECT, attributes), (_RECT, attributes)))
  assert [region.name for region in image.regions] == ['defect'] * 2
  assert image.notes == (
      "images whose VIA file gives no region a name: called 'defect'",)
  with pytest.raises(UserError, match='region 1 of a/1.jpg has'):  # One may be forgotten.
    _read(tmp_path, _said((_RECT, attributes), (_RECT, {'name': 'pit'})))


@pytest.mark.parametrize('change', [
    lambda said: {'_via_settings': {}, '_via_img_metadata': said},
    lambda said: {key: image | {'regions': dict(enumerate(image['regions']))}
                  for key, image in said.items()}], ids=['project', 'version 1'])
def test_projects_and_older_files_are_read(tmp_path, change):
  said = _said((_RECT, {'class': 'pit'}))
  assert _read(tmp_path, change(said)) == _read(tmp_path, said)


@pytest.mark.parametrize('head', ['', '#'])  # Of version 2 and 1.
def test_csv_says_what_json_does(tmp_path, head):
  said = _said((_RECT, {'class': 'pit'}), ({'name': 'polygon', 'all_points_x': [1, 5.5, 5],
                                            'all_points_y': [2, 2, 8]}, {'class': 'a "b"'}))
  said |= _said(name='b.jpg')
  said['b.jpg9']['file_attributes'] = {'state': 'bad'}
  with open(tmp_path / 'v.csv', 'w', newline='', encoding='utf-8') as f:
    rows = csv.writer(f)
    rows.writerow([head + 'filename', 'file_size', 'file_attributes', 'region_count',
                   'region_id', 'region_shape_attributes', 'region_attributes'])
    for image in said.values():
      regions = image['regions'] or [{'shape_attributes': {}, 'region_attributes': {}}]
      rows.writerows([image['filename'], 9, json.dumps(image['file_attributes']),
                      len(image['regions']), k, json.dumps(region['shape_attributes']),
                      json.dumps(region['region_attributes'])]
                     for k, region in enumerate(regions))
  (tmp_path / 'v.json').write_text(json.dumps(said))
  found, wanted = (annotations.read(tmp_path / name) for name in ('v.csv', 'v.json'))
  assert len(found) == 2 and found[0].regions[1].name == 'a "b"'
  assert str(found) == str(wanted)


def test_damaged_csv_is_refused(tmp_path):
  (tmp_path / 'v.csv').write_text(
      'filename,file_attributes,region_shape_attributes,region_attributes\n1.jpg,{},{,{}\n')
  with pytest.raises(UserError, match='v.csv cannot be read as VIA: row 2 lacks what'):
    annotations.read(tmp_path / 'v.csv')


def test_what_is_said_of_the_whole_image_are_its_tags(tmp_path):
  said = _said()
  said['a\\1.jpg9']['file_attributes'] = {
      'caption': '', 'state': ' bad ', 'seen': {'day': True, 'night': False}, 'n': 3}
  assert _read(tmp_path, said).tags == ('bad', 'day')


@pytest.mark.parametrize('shape, attributes, words', [
    ({'name': 'point', 'cx': 1, 'cy': 2}, {'class': 'a'}, 'is a point, which has no area'),
    (_RECT | {'width': 0}, {'class': 'a'},
     'has no width or no height: draw it again, or remove it'),
    (_RECT | {'x': 'x'}, {'class': 'a'}, "'x' stands where a number"),
    ({'name': 'rect'}, {'class': 'a'}, "lacks 'x'"),
    (_RECT, {}, 'has 0 attributes, none of which is called class'),
    (_RECT, {'a': 'x', 'b': 'y'}, 'has 2 attributes, none of which is called class'),
    (_RECT, {'class': {'a': True, 'b': True}}, 'has no name, or several, as its class'),
    ({'name': 'polygon', 'all_points_x': [1, 2, 3], 'all_points_y': [1, 2]}, {'class': 'a'},
     'has not as many x as y'),
    ({'name': 'polygon', 'all_points_x': [1, 2], 'all_points_y': [1, 2]}, {'class': 'a'},
     'is a polygon of 2 points')])
def test_what_marks_no_area_or_class_is_refused(tmp_path, shape, attributes, words):
  with pytest.raises(UserError, match=words) as error:
    _read(tmp_path, _said((_RECT, {'class': 'a'}), (shape, attributes)))
  assert 'via.json cannot be read as VIA: region 2 of a/1.jpg ' in str(error.value)


def test_other_json_is_not_via(tmp_path):
  for text in '{}', '[]', '{"1.jpg": {"filename": "1.jpg"}}', '{"a": 1}':
    (tmp_path / 'a.json').write_text(text)
    assert not via.recognises(tmp_path / 'a.json')


def test_pieces_of_one_region_stay_together(tmp_path):
  via.write(tmp_path / 'via.json', [Annotated('1.png', 20, 30, [
      Region('pa', Box(3, 2, 5, 4), np.eye(2, dtype=bool)),
      Region('pa', Box(1, 2, 9, 7))])], ['pa'])
  pieces, box = annotations.read(tmp_path)[0].regions
  assert len(pieces.polygons) == 2 and pieces.box == (3, 2, 5, 4)
  assert box == ('pa', (1, 2, 9, 7), None, None)
