"""COCO as others write it."""

import json

import numpy as np
from pycocotools import mask as library
import pytest

from pegan_jax.annotations import coco
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError


def _foreign():
  """Ids in any order, fractions, polygons, a crowd, and more keys than needed."""
  return {
      'info': {'version': '1.0'}, 'licenses': [],
      'images': [{'id': 90, 'file_name': './b/2.jpg', 'height': 4, 'width': 5},
                 {'id': 7, 'file_name': '1.jpg', 'license': 1}],
      'categories': [{'id': 44, 'name': 'pit', 'supercategory': 'defect'},
                     {'id': 3, 'name': 'crack'}],
      'annotations': [
          {'id': 1, 'image_id': 7, 'category_id': 3, 'bbox': [10.5, 20, 4.25, 5],
           'segmentation': [[10.5, 20, 14.75, 20, 14.75, 25], [11, 21, 12, 21, 12, 22]],
           'area': 11, 'iscrowd': 0},
          {'id': 5, 'image_id': 90, 'category_id': 44, 'bbox': [1, 0, 1, 2],
           'segmentation': {'size': [4, 5], 'counts': [4, 2, 3, 1, 10]}, 'iscrowd': 1},
          {'id': 6, 'image_id': 90, 'category_id': 44, 'bbox': [0, 0, 5, 4]}]}


def _read(folder, said):
  path = folder / 'a.json'
  path.write_text(said if isinstance(said, str) else json.dumps(said), 'utf-8')
  return coco.read(path)


def test_others_files(tmp_path):
  second, first = _read(tmp_path, _foreign())
  assert (first.file, first.height, first.width) == ('1.jpg', None, None)
  crack, = first.regions
  assert (crack.name, crack.box, crack.mask) == ('crack', (10.5, 20, 14.75, 25), None)
  assert [p.tolist() for p in crack.polygons] == [
      [[10.5, 20], [14.75, 20], [14.75, 25]], [[11, 21], [12, 21], [12, 22]]]
  assert (second.file, second.height, second.width) == ('b/2.jpg', 4, 5)
  pit, whole = second.regions
  # Its mask's second column is beyond the box that was given, as of tools which count
  # a pixel less.
  assert pit.box == (1, 0, 3, 2) and pit.name == 'pit'
  np.testing.assert_array_equal(pit.mask, [[True, False], [True, True]])
  assert whole == Region('pit', Box(0, 0, 5, 4))


def test_attributes_of_several_values_are_told(tmp_path):
  said = _foreign()
  first, *others = said['annotations']
  for k, one in enumerate(others):
    one['attributes'] = {'type': f'kind {k}', 'occluded': bool(k), 'side': 'left'}
  first['attributes'] = {'type': 'alone'}
  second, first = _read(tmp_path, said)
  assert not first.notes
  assert second.notes == (
      "images with the label 'pit', whose attributes are not read: 'type' is kind 0, "
      'kind 1; where these are the classes, make them categories',)


@pytest.mark.parametrize('change, words', [
    (lambda said: said | {'images': []}, 'it lists no images'),
    (lambda said: [1], 'it is no object'),
    (lambda said: {'images': said['images']}, "it lacks 'categories'"),
    (lambda said: said['annotations'][2].pop('bbox') and said,
     "annotation 6 lacks 'bbox'"),
    (lambda said: said['annotations'][0].update(image_id=8), 'annotation 1 is of no im'),
    (lambda said: said['annotations'][0].update(category_id=8), 'annotation 1 is of no'),
    (lambda said: said['annotations'][0].update(bbox=[1, 2]), 'annotation 1 does not have'),
    (lambda said: said['annotations'][0].pop('image_id') and said,
     "annotation 1 lacks 'image_id'"),
    (lambda said: said['annotations'][0].update(bbox={}),
     'annotation 1 does not have four'),
    (lambda said: said['annotations'][0].update(bbox=[1, 2, 3, float('nan')]),
     'annotation 1, of crack: nan stands where a number'),
    (lambda said: said['annotations'][0].update(bbox=[1, 2, True, 3]),
     'annotation 1, of crack: True stands where a number'),
    (lambda said: said['annotations'][0].update(segmentation=[[1, 2, 1e9, 2, 3, 4]]),
     'annotation 1, of crack: 1000000000.0 stands where a number up to a million'),
    (lambda said: said['annotations'][0].update(segmentation=[1, 2, 3, 2, 3, 4]),
     'one of them is wrong'),
    (lambda said: said['annotations'][0].update(segmentation=[1, [3, 2], 3, 4]),
     'segmentation that is no list of polygons'),
    (lambda said: said['annotations'][0].update(
        segmentation=[[[1, 2], [3, 2], [3, 4], [1, 4], [1, 3], [1, 2]]]), 'in one list'),
    (lambda said: said['annotations'][0].update(
        segmentation=[[10.5, 20, 2, 14, 20, 1, 14, 25, 0, 10.5, 25, 2]]),
     'annotation 1, of crack, seems to have an x, a y and a third number'),
    (lambda said: said['images'][0].update(width=float('inf')), 'inf stands where'),
    (lambda said: said['annotations'][0].update(bbox=[1, 2, 3, 0]),
     'annotation 1 has a box without'),
    (lambda said: said['annotations'][2].update(bbox=[1, 2, -3, 5]),
     'annotation 6 has a box without'),
    (lambda said: said['annotations'][0].update(bbox=[1, 2, 3, 'x']),
     "annotation 1, of crack: 'x' stands where a number"),
    (lambda said: said['annotations'][0].update(segmentation=[[1, 2, 3]]),
     'annotation 1, of crack, has a polygon of 3 numbers'),
    (lambda said: said['annotations'][1]['segmentation'].update(counts='PPYo1'),
     'a mask of b/2.jpg: its run lengths'),
    (lambda said: said['images'][0].update(id=7), 'two image entries of id 7'),
    (lambda said: said['categories'][0].update(id=3), 'two category entries of id 3'),
    (lambda said: said['annotations'][1]['segmentation'].update(counts=[19]),
     'a mask of b/2.jpg: its run lengths do not fill'),
    (lambda said: said['annotations'][1]['segmentation'].update(counts=[21, -1]),
     'a mask of b/2.jpg: its run lengths do not fill'),
    (lambda said: said['annotations'][1]['segmentation'].update(size=[5, 4]),
     'does not have the size of b/2.jpg'),
    (lambda said: said['images'][0].update(file_name=None),
     'file_name of one of its images'),
    (lambda said: said['categories'][0].update(name=None), 'name of one of its categories'),
    (lambda said: said | {'annotations': None}, 'its annotations are no list of objects'),
    (lambda said: said['annotations'].append(None), 'its annotations are no list of obj'),
    (lambda said: said['annotations'][0].update(image_id=[7]),
     'annotation 1 has no number'),
    (lambda said: said['annotations'][1]['segmentation'].update(size=None),
     'a mask of b/2.jpg has no height and width'),
    (lambda said: said['annotations'][1]['segmentation'].update(size=[4, 5, 1]),
     'a mask of b/2.jpg has no height and width')])
def test_bad_coco_is_one_sentence_that_names_the_file(tmp_path, change, words):
  said = _foreign()
  with pytest.raises(UserError, match=words) as error:
    _read(tmp_path, change(said) or said)
  assert 'a.json cannot be read as COCO: ' in str(error.value)
  assert '\n' not in str(error.value)


@pytest.mark.parametrize('outline', [[10.5, 20, 14, 25], [10.5, 20]])
def test_a_polygon_of_fewer_than_three_points_says_no_more_than_its_box(tmp_path, outline):
  said = _foreign()
  whole = [10.5, 20, 14, 20, 14, 25]
  box = said['annotations'][0]['bbox']
  said['annotations'][0].update(segmentation=[outline])
  region = next(r for image in _read(tmp_path, said) for r in image.regions
                if r.name == 'crack')
  assert region.polygons is None and region.mask is None
  left, top, width, height = box
  assert region.box == (left, top, left + width, top + height)
  said['annotations'][0].update(segmentation=[outline, whole])
  region = next(r for image in _read(tmp_path, said) for r in image.regions
                if r.name == 'crack')
  np.testing.assert_array_equal(region.polygons, [np.reshape(whole, (-1, 2))])
  said['annotations'][0].update(segmentation=[outline], bbox=[0, 0, 0, 0])
  with pytest.raises(UserError, match='annotation 1 has a box without'):
    _read(tmp_path, said)


def test_an_outline_in_a_corner_that_fills_its_box_is_no_list_of_triples(tmp_path):
  said = _foreign()
  outline = [0, 5, 1, 0, 9, 2, 7, 9, 0, 4, 0, 1]
  said['annotations'][0].update(segmentation=[outline], bbox=[0, 0, 9, 9])
  region, = (r for image in _read(tmp_path, said) for r in image.regions if r.polygons)
  np.testing.assert_array_equal(region.polygons[0], np.reshape(outline, (-1, 2)))
  said['annotations'][0].update(bbox=[0, 5, 9, 4])
  with pytest.raises(UserError, match='seems to have an x, a y and a third'):
    _read(tmp_path, said)


def test_an_outline_in_a_corner_is_none_of_triples_where_others_are_not(tmp_path):
  said, outline = _foreign(), [0, 5, 1, 1, 6, 2, 9, 4, 2, 8, 0, 1]
  del said['annotations'][0]['bbox']
  said['annotations'][0]['segmentation'] = [outline]
  with pytest.raises(UserError, match='seems to have an x, a y and a third'):
    _read(tmp_path, said)
  said['annotations'][2]['segmentation'] = [[0, 0, 5, 0, 5, 4, 0, 4]]
  region, = _read(tmp_path, said)[1].regions
  np.testing.assert_array_equal(region.polygons[0], np.reshape(outline, (-1, 2)))


@pytest.mark.parametrize('bbox, box', [
    ([], (10.5, 20, 14.75, 25)), (None, (10.5, 20, 14.75, 25)),
    ([0, 0, 0, 0], (10.5, 20, 14.75, 25)), ([10, 19, 5, 7], (10, 19, 15, 26)),
    ([9, 9, 20, 30], (9, 9, 29, 39)), ([20, 10.5, 5, 4.25], None),
    ([10.5, 20, 14.75, 25], None), ([10.5, 20, 4.25, 3], None)])
def test_a_box_is_that_of_its_outline_or_refused(tmp_path, bbox, box):
  said = _foreign()
  said['annotations'][0]['bbox'] = bbox
  if box:
    assert _read(tmp_path, said)[1].regions[0].box == box
  else:
    with pytest.raises(UserError, match=r'crack, has a box from \(.*\) to \(.*\) and an '
                       r'outline from \(10.5, 20\) to \(14.75, 25\): one of them is wrong'):
      _read(tmp_path, said)


def test_a_box_that_is_cut_at_the_image_fits_its_outline(tmp_path):
  said = _foreign()
  said['images'][1].update(width=13, height=40)
  said['annotations'][0]['bbox'] = [10.5, 20, 2.5, 5]
  assert _read(tmp_path, said)[1].regions[0].box == (10.5, 20, 13, 25)


def test_a_mask_elsewhere_than_its_box_is_refused(tmp_path):
  said = _foreign()
  said['annotations'][1].update(bbox=[3, 2, 2, 2])
  with pytest.raises(UserError, match=r'pit, has a box from \(3, 2\) to \(5, 4\) and'):
    _read(tmp_path, said)


def test_boxes_of_two_corners_are_told_by_their_areas(tmp_path):
  said = _foreign()
  said['annotations'] = [{'id': k, 'image_id': 7, 'category_id': 3, 'segmentation': [],
                          'bbox': [9 * k, 20, 9 * k + 8, 26], 'area': 48} for k in (1, 2)]
  with pytest.raises(UserError, match='the areas that it says are those of boxes'):
    _read(tmp_path, said)
  said['annotations'][0]['bbox'] = [9, 20, 8, 6]
  assert len(_read(tmp_path, said)[1].regions) == 2


@pytest.mark.parametrize('more, edges', [
    ({'attributes': {'occluded': False, 'rotation': 90.0}}, (14, 1, 16, 11)),
    ({'attributes': {'rotation': 0.0}}, (10, 5, 20, 7)),
    ({'attributes': None}, (10, 5, 20, 7)),
    ({'attributes': {'rotation': 90}, 'segmentation': [[10, 5, 20, 5, 20, 7, 10, 7]]},
     (14, 1, 16, 11)),  # An outline of the box before it was turned.
    # Another outline is where it is, whatever is said beside.
    ({'attributes': {'rotation': 90.0}, 'segmentation': [[10, 5, 20, 5, 20, 7]]},
     (10, 5, 20, 7))])
def test_boxes_that_cvat_turned(tmp_path, more, edges):
  said = _foreign()
  said['annotations'] = [{'id': 1, 'image_id': 7, 'category_id': 3, 'bbox': [10, 5, 10, 2],
                          'segmentation': []} | more]
  region, = _read(tmp_path, said)[1].regions
  np.testing.assert_allclose(region.box, edges, atol=1e-9)


def test_a_turn_that_is_no_number_is_refused(tmp_path):
  said = _foreign()
  said['annotations'] = [{'id': 1, 'image_id': 7, 'category_id': 3, 'bbox': [10, 5, 10, 2],
                          'attributes': {'rotation': 'left'}}]
  with pytest.raises(UserError, match="annotation 1, of crack: 'left' stands where a num"):
    _read(tmp_path, said)


@pytest.mark.parametrize('text, words', [
    ('no JSON', 'Expecting value'), ('{"images": [], "images": []}', "key 'images' twice"),
    ('{"images": [{"id": 1, "id": 2}]}', "one object has the key 'id' twice")])
def test_damaged_json_and_keys_given_twice(tmp_path, text, words):
  with pytest.raises(UserError, match=f'a.json cannot be read as JSON: .*{words}'):
    _read(tmp_path, text)


def test_an_outline_may_stand_without_a_list_around(tmp_path):
  said = _foreign()
  outline = [1, 2, 9, 2, 9, 8, 1, 8]
  said['annotations'][0].update(bbox=[1, 2, 8, 6], segmentation=outline)
  _, image = _read(tmp_path, said)
  np.testing.assert_array_equal(image.regions[0].polygons, [np.reshape(outline, (-1, 2))])


@pytest.mark.parametrize('key', ['image_id', 'category_id'])
def test_ids_may_be_text_here_and_numbers_there(tmp_path, key):
  said = _foreign()
  expected = _read(tmp_path, said)
  for item in said['annotations']:
    item[key] = str(item[key])
  for some, other in zip(_read(tmp_path, said), expected, strict=True):
    assert [x.name for x in some.regions] == [x.name for x in other.regions]
  for item in said['images'] + said['categories']:
    item['id'] = f"0{item['id']}"
  with pytest.raises(UserError, match='is of no image or category'):
    _read(tmp_path, said)


def test_what_tools_leave_out_or_write_in_another_way(tmp_path):
  """Sizes as text, no ids of annotations, no boxes, Windows' paths, compressed masks."""
  inside = np.zeros((4, 5), np.uint8)
  inside[1:3, 2:5] = 1
  said = _foreign()
  said['images'][0].update(file_name='b\\2.jpg', height='4', width='5')
  for item in said['annotations']:
    item.pop('id')
  del said['annotations'][0]['bbox'], said['annotations'][1]['bbox']
  said['annotations'][1]['segmentation'] = {'size': [4, 5], 'counts': library.encode(
      np.asfortranarray(inside))['counts'].decode()}
  second, first = _read(tmp_path, said)
  assert (second.file, second.height, second.width) == ('b/2.jpg', 4, 5)
  assert first.regions[0].box == (10.5, 20, 14.75, 25)
  assert second.regions[0].box == (2, 1, 5, 3) and second.regions[0].mask.all()
  said['annotations'][0].update(bbox=[1, 1, 0, 0])
  with pytest.raises(UserError, match='annotation number 1 has a box without'):
    _read(tmp_path, said)


def test_all_misfits_are_told_at_once(tmp_path):
  said = _foreign()
  first = said['annotations'][0]
  said['annotations'] += [first | {'id': 100 + k, 'bbox': [1, 1, 0, k]} for k in range(12)]
  with pytest.raises(UserError) as error:
    _read(tmp_path, said)
  text = str(error.value)
  assert text.count('has a box without width or height') == 1 and 'annotation 100 ' in text
  assert text.endswith(' (and 11 more like this: 101, 102, 103, 104, 105 and 6 more).')
  assert [[region.name for region in image.regions] for image in error.value.images] == [
      ['pit', 'pit'], ['crack']]


def test_run_lengths_that_are_cut_are_refused_wherever_that_is():
  inside = np.random.default_rng(0).integers(0, 2, (40, 60)).astype(bool)
  said = library.encode(np.asfortranarray(inside, np.uint8))
  text, image = said['counts'].decode(), Annotated('1.png', None, None, [])
  read = lambda text: coco._decode({'size': [40, 60], 'counts': text}, image)
  np.testing.assert_array_equal(read(text), inside)
  for end in range(len(text)):
    with pytest.raises(ValueError, match='a mask of 1.png: its run lengths'):
      read(text[:end])


def test_a_mask_says_the_size_where_no_entry_does(tmp_path):
  said = _foreign()
  for image in said['images']:
    image.pop('height', image.pop('width', None))
  (tmp_path / 'a.json').write_text(json.dumps(said))
  sizes = {image.file: (image.height, image.width) for image in coco.read(tmp_path)}
  assert sizes['b/2.jpg'] == tuple(said['annotations'][1]['segmentation']['size'])


def test_fractions_are_no_pixels(tmp_path):
  said = _foreign()
  said['annotations'] = [{'image_id': 7, 'category_id': 3, 'bbox': [0.1, 0.2, 0.3, 0.4]}]
  (tmp_path / 'a.json').write_text(json.dumps(said))
  with pytest.raises(UserError, match='they are fractions of the images'):
    coco.read(tmp_path)
  said['annotations'][0]['bbox'] = [0, 0, 1, 1]  # A pixel.
  assert _read(tmp_path, said)[1].regions[0].box == (0, 0, 1, 1)


def test_outlines_at_the_edges_are_no_triples(tmp_path):
  said = _foreign()
  del said['annotations'][0]['bbox']
  for points in ([0, 0, 1, 9, 0, 2], [0, 0, 2, 0, 1, 1, 2, 2, 0, 2, 0, 1],
                 [9, 0, 0, 9, 0, 0], [5, 0, 2, 3, 0, 2, 3, 7, 5, 9, 9, 2]):
    said['annotations'][0].update(segmentation=[points])
    found = _read(tmp_path, said)[1].regions[0].polygons[0]
    assert found.ravel().tolist() == points
