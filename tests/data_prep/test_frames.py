"""Boxes read right, windows keep clear of them, crops stay inside the frame."""

import numpy as np
import pytest

from data_prep import frames
from pegan_jax.common.errors import UserError

VOC = """<annotation><object><name> scratch </name><bndbox>
<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax>
</bndbox></object></annotation>"""


def test_voc_is_one_based_and_inclusive(tmp_path):
  path = tmp_path / 'a.xml'
  path.write_text(VOC.format(1, 11, 20, 30))
  assert frames.read_voc(path) == [('scratch', 0, 10, 20, 30)]
  path.write_text('<annotation></annotation>')
  assert frames.read_voc(path) == []


@pytest.mark.parametrize('text', [
    '', '<annotation>', '<annotation><object/></annotation>', VOC.format('x', 1, 2, 3),
    VOC.format('nan', 1, 2, 3)])
def test_bad_voc_names_the_file(tmp_path, text):
  (tmp_path / 'a.xml').write_text(text)
  with pytest.raises(UserError, match='a.xml is not a Pascal VOC file'):
    frames.read_voc(tmp_path / 'a.xml')


def test_entity_bomb_is_refused(tmp_path):
  (tmp_path / 'a.xml').write_text(
      '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>')
  with pytest.raises(UserError, match='declares XML entities'):
    frames.read_voc(tmp_path / 'a.xml')


def test_yolo_is_in_fractions_of_the_frame(tmp_path):
  path = tmp_path / 'a.txt'
  path.write_text('0 0.5 0.25 0.1 0.5\n\n7 0.5 0.5 1 1 0.93\n')
  first, second = frames.read_yolo(path, ['crack'], height=100, width=200)
  assert first[0] == 'crack'
  np.testing.assert_allclose(first[1:], (90, 0, 110, 50))
  assert second == ('7', 0, 0, 200, 100)
  path.write_text('')
  assert frames.read_yolo(path, [], 100, 200) == []


@pytest.mark.parametrize('line', ['0 0.5 0.5', 'a 0.5 0.5 0.1 0.1', '0 50 50 10 10',
                                  '0 nan 0.5 0.1 0.1', '0 0.5 0.5 0.1 x'])
def test_bad_yolo_names_the_file(tmp_path, line):
  (tmp_path / 'a.txt').write_text(line)
  with pytest.raises(UserError, match='a.txt is not a YOLO file'):
    frames.read_yolo(tmp_path / 'a.txt', [], 100, 100)


def test_boxes_are_clipped_and_those_outside_dropped():
  got = frames.clip_boxes(
      [('a', -5.5, 2.2, 10.1, 300), ('b', 120, 0, 130, 10), ('c', 4, 4, 4, 9)], 100, 110)
  assert got == [('a', 0, 2, 11, 100)]


def test_matching_by_path_then_by_name(tmp_path):
  images, boxes = tmp_path / 'i', tmp_path / 'b'
  for name in ('i/x/1.png', 'i/y/1.png', 'i/2.png', 'i/3.png',
               'b/x/1.xml', 'b/y/1.txt', 'b/deep/2.xml', 'b/classes.txt'):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text('crack\n')
  listed = sorted(images.rglob('*.png'))
  pairs, unlabelled = frames.match_boxes(images, listed, boxes)
  assert {(str(f.relative_to(images)), str(b.relative_to(boxes))) for f, b in pairs} == {
      ('x/1.png', 'x/1.xml'), ('y/1.png', 'y/1.txt'), ('2.png', 'deep/2.xml')}
  assert unlabelled == [images / '3.png']
  assert frames.read_names(boxes) == ['crack']
  (boxes / 'lost.xml').touch()
  with pytest.raises(UserError, match='fits 1 of the box files .* first is lost.xml'):
    frames.match_boxes(images, listed, boxes)


def test_no_box_files_is_an_error(tmp_path):
  with pytest.raises(UserError, match='holds no .xml'):
    frames.match_boxes(tmp_path, [], tmp_path)
  with pytest.raises(UserError, match='not a folder'):
    frames.match_boxes(tmp_path, [], tmp_path / 'missing')


def _brute_force(height, width, boxes, side, margin, windows):
  """Whether windows lie inside, keep the margin and do not overlap."""
  used = np.zeros((height, width), int)
  near = np.zeros((height, width), bool)
  for _, left, top, right, bottom in boxes:
    near[max(0, top - margin):bottom + margin,
         max(0, left - margin):right + margin] = True
  for left, top, right, bottom in windows:
    assert 0 <= left and 0 <= top and right <= width and bottom <= height
    assert right - left == bottom - top == min(side, height, width)
    used[top:bottom, left:right] += 1
  assert used.max(initial=0) <= 1 and not (used.astype(bool) & near).any()


def test_windows_keep_clear_of_boxes_and_of_each_other():
  random = np.random.default_rng(0)
  for _ in range(60):
    height, width = random.integers(20, 120, 2)
    raw = [('d', *random.integers(-10, 130, 2), *random.integers(-10, 130, 2))
           for _ in range(random.integers(0, 4))]
    boxes = frames.clip_boxes(raw, height, width)
    windows = frames.clean_windows(height, width, boxes, 24, 4)
    _brute_force(height, width, boxes, 24, 4, windows)
    if not boxes:
      side = min(24, height, width)
      assert len(windows) == (height // side) * (width // side)


def test_window_fits_exactly_beside_the_margin():
  box = [('d', 68, 0, 100, 64)]
  assert frames.clean_windows(64, 100, box, 64, 4) == [(0, 0, 64, 64)]
  assert frames.clean_windows(64, 100, box, 64, 5) == []


def test_boxes_cover_a_part_of_a_window():
  boxes = [('d', 0, 0, 30, 20), ('e', 20, 10, 40, 20), ('d', 90, 90, 100, 100)]
  assert frames.covered(boxes, (10, 0, 50, 40)) == (20 * 20 + 10 * 10) / 1600
  assert frames.covered(boxes, (-10, -10, 30, 30)) == 600 / 1600
  assert frames.covered([], (0, 0, 8, 8)) == frames.covered(boxes, (50, 0, 80, 30)) == 0


def test_box_square_is_centred_shifted_inward_and_never_larger_than_the_frame():
  assert frames.box_square(('d', 50, 60, 70, 90), 200, 200, 64) == (28, 43, 92, 107)
  assert frames.box_square(('d', 0, 190, 10, 200), 200, 200, 64) == (0, 136, 64, 200)
  assert frames.box_square(('d', 10, 20, 130, 60), 200, 200, 64) == (10, 0, 130, 120)
  left, top, right, bottom = frames.box_square(('d', 100, 0, 700, 200), 256, 1600, 64)
  assert (right - left, bottom - top) == (256, 256) and 0 <= left and right <= 1600
