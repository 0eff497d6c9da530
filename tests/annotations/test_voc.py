"""Pascal VOC as we and others write it."""

import re

import numpy as np
import pytest

from pegan_jax.annotations import voc
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError

# As LabelImg writes it.
LABEL_IMG = """<annotation verified="yes">
	<folder>other</folder>
	<filename>renamed since.jpg</filename>
	<path>C:\\steel\\a.jpg</path>
	<source><database>Unknown</database></source>
	<size><width>200</width><height>150</height><depth>1</depth></size>
	<segmented>0</segmented>
	<object>
		<name> öl fleck </name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>0</difficult>
		<bndbox><xmin>1</xmin><ymin>11</ymin><xmax>20.5</xmax><ymax>30</ymax></bndbox>
		<part><name>rim</name></part>
	</object>
</annotation>"""

OBJECT = """<annotation><object><name>a</name><bndbox>
<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax>
</bndbox></object></annotation>"""


def _read(folder, text):
  (folder / 'a.xml').write_text(text, 'utf-8')
  image, = voc.read(folder)
  return image


def test_corners_count_from_one_and_are_in_the_box(tmp_path):
  assert _read(tmp_path, LABEL_IMG) == Annotated(
      'a.xml', 150, 200, [Region('öl fleck', Box(0, 10, 20.5, 30))],
      says='renamed since.jpg')


@pytest.mark.parametrize('size', [
    '', '<size/>', '<size><width>0</width><height>0</height></size>',
    '<size><width>wide</width><height>-3.5</height></size>'])
def test_a_size_that_says_nothing_is_none(tmp_path, size):
  image = _read(tmp_path, f'<annotation>{size}</annotation>')
  assert image == Annotated('a.xml', None, None, [])


@pytest.mark.parametrize('text', [
    '', '<annotation>', '<annotation><object/></annotation>', OBJECT.format('x', 1, 2, 3),
    OBJECT.format('nan', 1, 2, 3)])
def test_bad_voc_names_the_file(tmp_path, text):
  with pytest.raises(UserError, match='a.xml cannot be read as Pascal VOC'):
    _read(tmp_path, text)


@pytest.mark.parametrize('edges, why', [
    ((8, 2, 7, 5), 'no width or no height: draw it again, or remove it'),
    ((2, 9, 5, 8), 'no width or no height'),
    ((9, 2, 7, 5), 'its corners swapped: xmin must not be above xmax, .* export it again'),
    ((2, 9, 5, 5), 'its corners swapped'), ((9, 9, 5, 5), 'its corners swapped')])
def test_a_box_without_a_side_is_refused(tmp_path, edges, why):
  """From the corners, which are in the box: 7 to 7 is a pixel, 9 to 8 is none."""
  with pytest.raises(UserError, match=f'a.xml .* box of a from .* has {why}'):
    _read(tmp_path, OBJECT.format(*edges))
  assert _read(tmp_path, OBJECT.format(7, 2, 7, 2)).regions[0].box == (6, 1, 7, 2)


def test_entity_bomb_is_refused(tmp_path):
  with pytest.raises(UserError, match='declares XML entities'):
    _read(tmp_path, '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>')


def test_what_is_written_is_voc_to_the_letter(tmp_path):
  voc.write(tmp_path, [Annotated('a/1.png', 20, 30, [Region('a&b', Box(3, 2, 10, 6))])],
            ['a&b'])
  assert (tmp_path / 'a' / '1.xml').read_text('utf-8') == """<annotation>
  <folder>a</folder>
  <filename>1.png</filename>
  <source>
    <database>pegan_jax</database>
  </source>
  <segmented>0</segmented>
  <size>
    <width>30</width>
    <height>20</height>
  </size>
  <object>
    <name>a&amp;b</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <difficult>0</difficult>
    <bndbox>
      <xmin>4</xmin>
      <ymin>3</ymin>
      <xmax>10</xmax>
      <ymax>6</ymax>
    </bndbox>
  </object>
</annotation>
"""


def test_a_file_of_another_kind_is_not_clean(tmp_path):
  """CVAT's own export has another root, in which no object would be found."""
  (tmp_path / 'a.xml').write_text('<annotations><image id="0"/></annotations>')
  with pytest.raises(UserError, match="a.xml .* holds 'annotations' in place of"):
    voc.read(tmp_path / 'a.xml')
  assert voc.read(tmp_path) == []
  assert not voc.recognises(tmp_path / 'a.xml')
  (tmp_path / 'a.xml').write_text('<annotation>')
  assert voc.recognises(tmp_path / 'a.xml')  # Reading it says what is wrong.


def test_two_boxes_in_one_object_are_refused(tmp_path):
  one = '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>'
  with pytest.raises(UserError, match='a.xml .* an object, pit, has 2 boxes'):
    _read(tmp_path, f'<annotation><object><name>pit</name>{one}{one}</object>'
          '</annotation>')


NO_BOX = 'has no bndbox: draw its box, or remove it'
BOX = '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>'


@pytest.mark.parametrize('change', [str.upper, str.title, str.swapcase])
def test_names_of_elements_in_any_case(tmp_path, change):
  text = re.sub(r'<[^>]*>', lambda tag: change(tag[0]), OBJECT.format(1, 1, 9, 9))
  assert 'annotation' not in text
  assert _read(tmp_path, text).regions == [Region('a', Box(0, 0, 9, 9))]
  assert voc.recognises(tmp_path / 'a.xml')


def test_objects_of_a_list_are_found(tmp_path):
  text = OBJECT.format(1, 1, 9, 9).replace('<object>', '<objects><object>').replace(
      '</object>', '</object></objects>')
  assert len(_read(tmp_path, text).regions) == 1


@pytest.mark.parametrize('marks', [
    f'<defect><name>a</name>{BOX}</defect>', f'<objects><item>{BOX}</item></objects>',
    '<box xmin="1" ymin="1" xmax="9" ymax="9"/>',
    f'<outputs><object_>{BOX}</object_></outputs>', BOX])
def test_what_may_mark_something_is_not_clean(tmp_path, marks):
  known = '<folder>a</folder><size><width>20</width><height>9</height></size>'
  assert _read(tmp_path, f'<annotation>{known}<notes/></annotation>').regions == []
  with pytest.raises(UserError, match="a.xml .*has an element '[a-z]*', which marks noth"):
    _read(tmp_path, f'<annotation>{known}{marks}</annotation>')


def test_a_word_beside_objects_is_none_of_them_and_a_list_is(tmp_path):
  text = OBJECT.format(1, 1, 9, 9)
  word = text.replace('<object>', '<verified>yes</verified><n>0</n><m>1</m><object>', 1)
  image = _read(tmp_path, word)
  assert len(image.regions) == 1 and image.tags == ('yes', 'm 1')
  with pytest.raises(UserError, match="an element 'defect'"):
    _read(tmp_path, text.replace('<object>', f'<defect>{BOX}</defect><object>', 1))


@pytest.mark.parametrize('inside, words', [
    (BOX, 'an object has no name'), (
        f'<name/>{BOX}', 'an object has an empty name: fill it in, or remove the object'),
    (f'<name>a</name><name>b</name>{BOX}', 'an object has 2 name'),
    ('<name>a</name><bbox/>', f'an object, a, {NO_BOX}'),
    ('<name>a</name><polygon><x1>1</x1></polygon>', f'an object, a, {NO_BOX}'),
    ('<name>a</name>' + BOX.replace('</xmin>', '</xmin><xmin>2</xmin>'),
     'the box of a has 2 xmin'),
    ('<name>a</name>' + BOX.replace('xmax', 'xmas'), 'the box of a has no xmax'),
    ('<name>a</name>' + BOX.replace('9', 'x', 1), "the box of a, xmax: 'x' "
     'stands where a number up to a million should')])
def test_all_objects_that_are_not_whole_are_told(tmp_path, inside, words):
  with pytest.raises(UserError) as error:
    _read(tmp_path, f'<annotation><object>{inside}</object>'
                    '<object><name>z</name></object></annotation>')
  assert str(error.value) == (f"{tmp_path / 'a.xml'} cannot be read as Pascal VOC: "
                              f'{words}; an object, z, {NO_BOX}.')


@pytest.mark.parametrize('outline', ['<polygon><x1>1</x1></polygon>', '<segm>1 2</segm>'])
def test_outlines_that_are_not_read_are_noted(tmp_path, outline):
  text = OBJECT.format(1, 1, 9, 9)
  assert _read(tmp_path, text.replace('</object>', '<polygon/></object>')).notes == ()
  image = _read(tmp_path, text.replace('</object>', f'{outline}</object>'))
  assert image.regions[0].box == (0, 0, 9, 9) and image.notes == (voc.BOXES_ALONE,)


def test_a_box_of_one_column_is_noted(tmp_path):
  image = _read(tmp_path, OBJECT.format(4, 2, 4, 9))
  assert image.regions[0].box == (3, 1, 4, 9) and image.notes == (voc.THIN,)
  assert _read(tmp_path, OBJECT.format(4, 2, 5, 9)).notes == ()


@pytest.mark.parametrize('boxes, expected', [
    # (xmin, ymin, xmax, ymax) of two files, in images of 40 x 30, and their edges.
    ([(1, 5, 9, 9), (3, 3, 5, 5)], [(0, 4, 9, 9), (2, 2, 5, 5)]),
    ([(0, 5, 9, 9), (3, 3, 5, 5)], [(0, 5, 10, 10), (3, 3, 6, 6)]),
    ([(3, 3, 5, 5), (4, 0, 39, 9)], [(3, 3, 6, 6), (4, 0, 40, 10)]),
    ([(0, 5, 9, 9), (3, 3, 40, 5)], [(0, 5, 9, 9), (3, 3, 40, 5)]),
    ([(0.5, 5, 9, 9), (3, 3, 5, 5)], [(0.5, 5, 9, 9), (3, 3, 5, 5)]),
    ([(-3, 5, 9, 9), (3, 3, 5, 5)], [(-4, 4, 9, 9), (2, 2, 5, 5)])])
def test_a_set_with_a_zero_counts_from_there(tmp_path, boxes, expected):
  for k, edges in enumerate(boxes):
    inside = ''.join(f'<{tag}>{x}</{tag}>' for tag, x in zip(
        ('xmin', 'ymin', 'xmax', 'ymax'), edges))
    (tmp_path / f'{k}.xml').write_text(
        '<annotation><size><width>40</width><height>30</height></size><object><name>pa'
        f'</name><bndbox>{inside}</bndbox></object></annotation>')
  images = voc.read(tmp_path)
  assert [region.box for image in images for region in image.regions] == expected
  assert all((voc.COUNTED_FROM_0 in image.notes) == any(-1 < min(box) < 1 for box in boxes)
             for image in images)


@pytest.mark.parametrize('degrees, expected', [
    ('90.0', [(14, 1, 16, 11), (3, 3, 5, 5)]), ('0.0', [(9, 4, 20, 7), (2, 2, 5, 5)])])
def test_boxes_that_cvat_turned_count_from_0_as_their_set_does(tmp_path, degrees, expected):
  turned = OBJECT.format(10, 5, 20, 7).replace(
      '</bndbox>', '</bndbox><attributes><attribute><name>occluded</name><value>0</value>'
      f'</attribute><attribute><name>rotation</name><value>{degrees}</value></attribute>'
      '</attributes>')
  (tmp_path / 'a.xml').write_text(turned)
  (tmp_path / 'b.xml').write_text(OBJECT.format(3, 3, 5, 5))
  for image, box in zip(voc.read(tmp_path), expected):
    np.testing.assert_allclose(image.regions[0].box, box, atol=1e-9)
  with pytest.raises(UserError, match="the box of a, rotation: 'left' stands where a"):
    _read(tmp_path, turned.replace(degrees, 'left'))


@pytest.mark.parametrize('angle, expected', [
    ('0', (10, 15, 30, 25)), ('1.5707963268', (15, 10, 25, 30)),
    ('0.7853981634', (20 - 15 / 2 ** 0.5, 20 - 15 / 2 ** 0.5,
                      20 + 15 / 2 ** 0.5, 20 + 15 / 2 ** 0.5))])
def test_turned_boxes_of_rolabelimg(tmp_path, angle, expected):
  image = _read(tmp_path, '<annotation><object><type>robndbox</type><name>a</name>'
                '<robndbox><cx>20</cx><cy>20</cy><w>20</w><h>10</h>'
                f'<angle>{angle}</angle></robndbox></object></annotation>')
  np.testing.assert_allclose(image.regions[0].box, expected, atol=1e-6)


def test_a_turned_box_of_rolabelimg_without_a_side_is_refused(tmp_path):
  with pytest.raises(UserError, match='the turned box of a has no width or no height'):
    _read(tmp_path, '<annotation><object><name>a</name><robndbox><cx>20</cx><cy>20</cy>'
          '<w>0</w><h>10</h><angle>1</angle></robndbox></object></annotation>')
