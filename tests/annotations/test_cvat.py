"""'CVAT for images', as its documentation says."""

import numpy as np
import pytest

from pegan_jax import annotations
from pegan_jax.annotations import cvat
from pegan_jax.annotations.regions import Annotated
from pegan_jax.common.errors import UserError


def _read(folder, shapes, more=''):
  (folder / 'annotations.xml').write_text(
      f"""<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><id>1</id></task></meta>{more}
<image id="0" name="a\\1.jpg" width="40" height="30">{shapes}</image>
<image id="1" name="2.jpg" width="40" height="30"></image></annotations>""")
  image, clean = cvat.read(folder)
  assert clean == Annotated('2.jpg', 30, 40, [])
  assert image[:3] == ('a/1.jpg', 30, 40)
  return image


def test_shapes_become_regions(tmp_path):
  image = _read(tmp_path, '''
<box label=" pit " source="manual" occluded="0" xtl="10.50" ytl="5" xbr="20" ybr="15">
  <attribute name="size">3</attribute></box>
<box label="pit" xtl="10" ytl="5" xbr="20" ybr="7" rotation="90.0"/>
<polygon label="crack" points="1.00,2.00;5.00,2.00;5.00,8.00" z_order="0"/>
<ellipse label="pit" cx="10" cy="12" rx="8" ry="4"/>
<mask label="crack" rle="1, 2, 2, 1" left="4" top="6" width="3" height="2"/>
<tag label="bad" source="manual"/>''')
  box, turned, polygon, ellipse, mask = image.regions
  assert box == ('pit', (10.5, 5, 20, 15), None, None)
  np.testing.assert_allclose(turned.box, (14, 1, 16, 11))
  assert polygon.name == 'crack' and polygon.box == (1, 2, 5, 8)
  np.testing.assert_allclose(ellipse.box, (2, 8, 18, 16))
  assert mask.box == (4, 6, 7, 8)
  np.testing.assert_array_equal(mask.mask, [[False, True, True], [False, False, True]])
  regions = image.regions_in(30, 40)
  assert regions[1].mask.sum() == 20
  assert regions[3].mask.sum() == pytest.approx(np.pi * 32, rel=0.04)
  for where in (tmp_path, tmp_path / 'annotations.xml'):
    assert annotations.read(where)[1].regions[0] == box


def test_a_turn_is_clockwise_on_the_screen(tmp_path):
  image = _read(tmp_path, '<box label="a" xtl="10" ytl="10" xbr="20" ybr="12" '
                'rotation="30"/>')
  corner = image.regions[0].polygons[0][1]  # The upper right one goes down.
  assert corner[1] > 10 + 1


@pytest.mark.parametrize('shapes, words', [
    ('<polyline label="a" points="1,2"/>', 'a/1.jpg has a polyline of a: is a line of 1'),
    ('<points label="a" points="1,2;3,4"/>', 'a/1.jpg has a points of a, which has no'),
    ('<points label="a" points="1,2"/>', 'has a points of a'),
    ('<polygon label="a" points="1,2;3,4"/>', 'polygon of a with 2 points'),
    ('<polygon label="a" points="1,2;3,x;4,4"/>', "a polygon of a: 'x' stands where a"),
    ('<polygon label="a" points="1,2;3,1e9;4,4"/>', "'1e9' stands where a number up to"),
    ('<polygon label="a" points="1,2,0;3,1,0;4,4,0"/>', 'a point is not an x and a y'),
    ('<box label="a" xtl="1" ytl="1" xbr="inf" ybr="4"/>', "a box of a: 'inf' stands"),
    ('<mask label="a" rle="9" left="1" top="1" width="99999" height="99999"/>',
     'a mask of a: a size of 99999 x 99999 is none of an image'),
    ('<box label="a" xtl="1" ytl="2" xbr="1" ybr="9"/>',
     'a shape of a without width or height: draw it again'),
    ('<box label="a" xtl="1" ytl="2"/>', "a/1.jpg has a box that lacks 'xbr'"),
    ('<mask label="a" rle="1,2" left="1" top="1" width="2" height="2"/>',
     'do not fill 2 x 2 pixels'),
    ('<box', 'not well-formed')])
def test_what_marks_no_area_is_refused(tmp_path, shapes, words):
  with pytest.raises(UserError, match=words) as error:
    _read(tmp_path, shapes)
  assert 'annotations.xml cannot be read as CVAT for images: ' in str(error.value)


def test_tags_are_kept(tmp_path):
  image = _read(tmp_path, '<tag label="Good"/><tag label=" cam 1 "/>')
  assert image.regions == [] and image.tags == ('Good', 'cam 1')


def test_attributes_of_several_values_are_told(tmp_path):
  def boxes(*values):
    return ''.join(
        f'<box label="pit" xtl="1" ytl="2" xbr="5" ybr="9"><attribute name="kind">{x}'
        '</attribute><attribute name="depth">1</attribute></box>' for x in values)
  assert not _read(tmp_path, boxes('a', 'a')).notes
  note, = _read(tmp_path, boxes('a', 'b')).notes
  assert "label 'pit', whose attributes are not read: 'kind' is a, b; where" in note


def test_all_misfits_are_told_at_once(tmp_path):
  flat = '<box label="a" xtl="1" ytl="2" xbr="1" ybr="9"/>'
  with pytest.raises(UserError) as error:
    _read(tmp_path, flat * 12 + '<points label="b" points="1,2"/>')
  assert [image.file for image in error.value.images] == ['2.jpg']
  said = 'a shape of a without width or height: draw it again'
  text = str(error.value)
  assert text.count(said) == 1 and '(and 11 more like this); ' in text


def test_a_video_is_refused(tmp_path):
  with pytest.raises(UserError, match='it is of a video; export it as'):
    _read(tmp_path, '', '<track id="0" label="a"/>')
