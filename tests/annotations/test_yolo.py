"""YOLO as we and others write it."""

import numpy as np
import pytest

from annotations.yolo_files import read_text
from pegan_jax.annotations import yolo
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError


def test_boxes_are_in_fractions_of_the_image(tmp_path):
  image = read_text(tmp_path, '0 0.5 0.25 0.1 0.5\n\n1 0.5 0.5 1 1 0.93\n', 'crack\npit\n')
  assert (image.file, image.height, image.width) == ('a.txt', 1, 1)
  assert [r.name for r in image.regions] == ['crack', 'pit']
  np.testing.assert_allclose(image.regions[0].box, (0.45, 0, 0.55, 0.5))
  assert image.regions_in(100, 200) == [Region('crack', Box(90, 0, 110, 50)),
                                   Region('pit', Box(0, 0, 200, 100))]
  assert read_text(tmp_path, '').regions == []


def test_six_digits_give_the_pixels_that_were_drawn(tmp_path):
  """As LabelImg writes 60 to 101, 11 to 101 of 333 x 777 pixels."""
  image = read_text(tmp_path, '0 0.103604 0.168168 0.052767 0.270270\n')
  assert image.regions_in(333, 777) == [Region('0', Box(60, 11, 101, 101))]


@pytest.mark.parametrize('lines, is_refused', [
    (['0.6 0.6 0.8 0.8', '0.1 0.2 0.3 0.4'], True), (['0.6 0.6 0.8 0.8'], False),
    (['0.3 0.3 0.4 0.4', '0.4 0.4 0.5 0.5'], False),  # In the image either way.
    (['0.35 0.4 0.75 0.85', '0.4 0.35 0.83 0.75'], False),  # Padded by 2.5 %.
    (['0.7 0.7 0.8 0.8', *3 * ['0.35 0.4 0.75 0.85']], True),
    (['0.7 0.7 0.8 0.8', *4 * ['0.35 0.4 0.75 0.85']], False),
    (['0.6 0.6 0.8 0.8', '0.5 0.5 0.2 0.8'], False)])
def test_boxes_of_two_corners_are_refused_where_that_is_certain(
    tmp_path, lines, is_refused):
  for k, line in enumerate(lines):
    (tmp_path / f'{k}.txt').write_text(f'0 {line}\n')
  if is_refused:
    with pytest.raises(UserError, match="0.txt, .* seems to have 'class x1 y1 x2 y2'"):
      yolo.read(tmp_path)
  else:
    assert sum(len(image.regions) for image in yolo.read(tmp_path)) == len(lines)


@pytest.mark.parametrize('lines, is_refused', [
    (['0.02 0.5 0.2 0.1', '0.5 0.03 0.1 0.2', '0 0.7 0.3 0.2', '0.5 0.5 0.1 0.2'], True),
    (['0.02 0.5 0.2 0.1', '0.5 0.03 0.1 0.2', '0.5 0.7 0.3 0.2'], False),  # Two alone.
    (['0.02 0.5 0.2 0.1', '0.5 0.03 0.1 0.2', '0 0.7 0.3 0.2', '0.9 0.5 0.2 0.2'], False),
    (3 * ['0.08 0.5 0.2 0.1'], False)])  # Padded by 2 %.
def test_boxes_from_the_upper_left_are_refused_where_that_is_certain(
    tmp_path, lines, is_refused):
  for k, line in enumerate(lines):
    (tmp_path / f'{k}.txt').write_text(f'0 {line}\n')
  if is_refused:
    with pytest.raises(
        UserError, match="0.txt, .* seems to have 'class x y w h', the upper"):
      yolo.read(tmp_path)
  else:
    assert sum(len(image.regions) for image in yolo.read(tmp_path)) == len(lines)


@pytest.mark.parametrize('line', ['0 0.5 0.5', 'a 0.5 0.5 0.1 0.1', '0 50 50 10 10',
                                  '0 nan 0.5 0.1 0.1', '0 0.5 0.5 0.1 x',
                                  '0 0.5 0.5 0 0.1', '0 0.5 0.5 0.1 -0.1',
                                  '-1 0.5 0.5 0.1 0.1',
                                  '0 0.1 0.1 0.2 0.1 0.2 0.2 0.3',
                                  '0 0.1 0.1 0.2 0.1 0.3 0.1'])
def test_bad_yolo_names_the_file(tmp_path, line):
  with pytest.raises(UserError, match='a.txt cannot be read as YOLO'):
    read_text(tmp_path, line)


def test_decimal_commas_are_told(tmp_path):
  with pytest.raises(UserError, match='a.txt .* numbers need a point, and no comma'):
    read_text(tmp_path, '0 0,5 0,5 0,1 0,1')


def test_what_is_written_is_yolo_to_the_letter(tmp_path):
  yolo.write(tmp_path, [
      Annotated('a/1.png', 30, 70, [Region('pit', Box(0, 0, 70, 30)),
                                    Region('crack', Box(3, 2, 10, 6))]),
      Annotated('2.png', 30, 70, [])], ['crack', 'pit'])
  assert (tmp_path / 'classes.txt').read_text() == 'crack\npit\n'
  assert (tmp_path / 'data.yaml').read_text().splitlines()[1:] == [
      'train: images', 'val: images', 'names:', '  0: "crack"', '  1: "pit"']
  assert (tmp_path / 'labels' / 'a' / '1.txt').read_text() == (
      '1 0.5 0.5 1 1\n0 0.092857143 0.13333333 0.1 0.13333333\n')
  assert (tmp_path / 'labels' / '2.txt').read_text() == ''


def test_lines_of_many_numbers_are_polygons(tmp_path):
  """As Ultralytics and Roboflow write segments and oriented boxes."""
  image = read_text(tmp_path, '1 0.1 0.2 0.5 0.2 0.5 0.6\n0 0.5 0.5 0.2 0.2\n',
                'crack\npit\n')
  triangle, box = image.regions
  assert triangle.name == 'pit' and triangle.box == (0.1, 0.2, 0.5, 0.6)
  np.testing.assert_array_equal(triangle.polygons[0],
                                [[0.1, 0.2], [0.5, 0.2], [0.5, 0.6]])
  assert box.polygons is None
  pixels, _ = image.regions_in(10, 10)
  assert pixels.box == (1, 2, 5, 6)
  np.testing.assert_array_equal(pixels.mask, np.tri(4, k=-1).T > 0)


@pytest.mark.parametrize('numbers, found', [
    (3, ''), (4, 'box'), (5, 'confidence'), (7, ''), (8, 'polygon'), (9, ''),
    (10, 'polygon'), (11, '')])
def test_every_count_of_numbers_is_certain_or_refused(tmp_path, numbers, found):
  line = ' '.join(['0', *'0.5 0.5 0.2 0.4 0.9 0.8 0.1 0.3 0.7 0.6 0.2'.split()[:numbers]])
  if not found:
    with pytest.raises(UserError, match='is neither'):
      read_text(tmp_path, line)
    return
  image = read_text(tmp_path, line)
  assert (image.regions[0].polygons is not None) == (found == 'polygon')
  assert image.notes == (yolo.CONFIDENCES,) * (found == 'confidence')
  if found != 'polygon':
    np.testing.assert_allclose(image.regions[0].box, (0.4, 0.3, 0.6, 0.7))


def test_six_numbers_are_a_triangle_where_they_are_no_tracked_box(tmp_path):
  """`save_txt` of a tracker writes a box, a confidence and the number of the track."""
  for tracked in ('0 0.5 0.5 0.2 0.4 0.9 1', '0 0.5 0.5 0.2 0.4 0.9 0.8'):
    with pytest.raises(UserError, match=f"'{tracked}' may be a triangle, or a box"):
      read_text(tmp_path, tracked)
    quad = '0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2'
    assert len(read_text(tmp_path, f'{tracked}\n{quad}').regions[0].polygons[0]) == 3
  with pytest.raises(UserError, match='not in fractions'):
    read_text(tmp_path, '0 0.5 0.5 0.2 0.4 0.9 2')
  # As a box, they would leave the image or have no height.
  for triangle in ('0 0.1 0.2 0.5 0.2 0.5 0.6', '0 0.1 0.2 0.1 0 0.3 0.6'):
    assert len(read_text(tmp_path, triangle).regions[0].polygons[0]) == 3


def test_all_lines_that_do_not_fit_are_told_at_once(tmp_path):
  text = '0 0.5 0.5\n0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0 0.1\n3 0.5 0.5 0.1 0.1\n'
  with pytest.raises(UserError) as error:
    read_text(tmp_path, text, 'a\nb')
  assert str(error.value) == (
      f"{tmp_path / 'a.txt'} cannot be read as YOLO: '0 0.5 0.5' is neither 'class cx cy w "
      "h' nor 'class x1 y1 x2 y2 x3 y3 ...'; '0 0.5 0.5 0 0.1' has no width or no height: "
      "draw it again, or remove it; '3 0.5 0.5 0.1 0.1' is of class 3, and 2 are named, from "
      '0: name it too, or correct the number.')


def test_what_has_the_lines_of_labels_is_recognised(tmp_path):
  path = tmp_path / 'a.txt'
  for text, is_label in (('0 0.5 0.5 1 1\n', True), ('', True), ('a.jpg\n', False),
                         ('0 0,5 0,5 1 1\n', True), ('0 0.5 0.5\n', False),
                         ('Exported on 1 2 3 4 5', False),
                         ('0 0.5 0.5 1 1\nmore words here to be read', False)):
    path.write_text(text)
    assert yolo.recognises(path) == is_label, text
  (tmp_path / 'classes.txt').touch()
  assert not yolo.recognises(tmp_path / 'classes.txt')


def _polygons(count, corners, seed=0):
  """Returns the lines of polygons of any size and place, as a program writes them."""
  rng, lines = np.random.default_rng(seed), []
  for _ in range(count):
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = rng.uniform(0.03, 0.4)
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * reach * rng.uniform(
        0.6, 1, (corners, 1)) + rng.uniform(reach, 1 - reach, 2)
    lines.append(' '.join(['0', *(f'{x:.6f}' for x in points.ravel())]))
  return lines


def _key_points(count, points, seen):
  """Returns the lines of boxes with key points anywhere in them, `seen` 0, 1 or None."""
  rng, lines = np.random.default_rng(1), []
  for _ in range(count):
    x, y = rng.uniform(0.3, 0.7, 2)
    width, height = rng.uniform(0.1, 0.5, 2)
    places = rng.uniform(-0.5, 0.5, (points, 2)) * (width, height) + (x, y)
    places[0], places[1] = (x - width / 2, y - height / 2), (x + width / 2, y)
    rest = places if seen is None else np.insert(places, 2, seen, axis=1)
    lines.append(' '.join(['0', *(f'{n:.6g}' for n in [x, y, width, height,
                                                       *rest.ravel()])]))
  return lines


@pytest.mark.parametrize('points, seen', [(2, None), (4, None), (17, None), (2, 1), (4, 0)])
@pytest.mark.parametrize('count', [1, 40])
def test_boxes_with_key_points_are_no_polygons(tmp_path, points, seen, count):
  """Ultralytics' pose labels, in two files; a data.yaml says what they are."""
  lines = _key_points(count, points, seen)
  (tmp_path / 'b.txt').write_text('\n'.join(lines[1:]))
  with pytest.raises(UserError, match='may hold polygons, or boxes with key points'):
    _read_all(tmp_path, lines[0], 'crack')
  (tmp_path / 'data.yaml').write_text('names: [crack]\nkpt_shape: [2, 2]')
  with pytest.raises(UserError, match='are key points'):
    _read_all(tmp_path, lines[0])
  (tmp_path / 'data.yaml').write_text('names: [crack]')
  assert len(_read_all(tmp_path, lines[0])[0].regions[0].polygons[0]) == len(
      lines[0].split()) // 2


def _read_all(folder, text, names=None):
  (folder / 'a.txt').write_text(text, 'utf-8')
  if names is not None:
    (folder / 'classes.txt').write_text(names, 'utf-8')
  return yolo.read(folder)


@pytest.mark.parametrize('corners', [4, 5, 7, 12, 40])
def test_polygons_without_a_data_yaml_are_read(tmp_path, corners):
  for seed in range(20):
    image, = _read_all(tmp_path, '\n'.join(_polygons(8, corners, seed)))
    assert [len(region.polygons[0]) for region in image.regions] == [corners] * 8


@pytest.mark.parametrize('angle', [0, 30, 77])
def test_corners_of_a_rectangle_are_no_key_points(tmp_path, angle):
  """As of oriented boxes, also where the first corner and what follows fit a box."""
  cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
  for x, y in ((0.4, 0.4), (0.5, 0.3), (0.3, 0.5)):
    corners = [(x + a * cos - b * sin, y + a * sin + b * cos)
               for a, b in ((0, 0), (0.2, 0), (0.2, 0.15), (0, 0.15))]
    line = ' '.join(['0', *(f'{n:.4f}' for n in np.ravel(corners))])
    assert len(read_text(tmp_path, line).regions[0].polygons[0]) == 4


def test_polygons_of_many_lengths_or_beside_boxes_are_certain(tmp_path):
  key_points = _key_points(3, 4, None)
  for other in ('0 0.5 0.5 0.1 0.1', _polygons(1, 9)[0]):
    assert len(read_text(tmp_path, '\n'.join([*key_points, other])).regions) == 4
