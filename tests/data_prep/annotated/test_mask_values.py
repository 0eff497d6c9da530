"""What the values of mask images mean."""

import re
import struct
import zlib

import numpy as np
from PIL import Image
import pytest

from pegan_jax.annotations import masks
from pegan_jax.common.errors import UserError
from handmade import WIDTH, HEIGHT, BOX, counts, image, make, marked_in, mask, read, voc


@pytest.mark.parametrize('encode', [
    {'value': 1}, {'value': 255}, {'value': 7, 'mode': 'P'}, {'value': 1, 'mode': 'P'},
    {'value': 1, 'mode': '1'}, {'value': 40000, 'mode': 'I;16'}, {'value': (255, 0, 0)},
    {'value': (255, 255, 255)}, {'value': (0, 0, 255), 'mode': 'P'}])
def test_whatever_is_not_zero_is_marked(tmp_path, encode):
  make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: mask(path, **encode),
                  'i/2.jpg': None, 'm/2.png': lambda path: mask(path, 0)})
  layout = read(tmp_path, 'm', images='i')
  assert marked_in(layout) == {'1.jpg': {'defect': 1}, '2.jpg': {}}
  assert counts(layout.noted) == {"masks that name no class: called 'defect'": 1}


@pytest.mark.parametrize('name, text', [
    ('classes.txt', 'background\ncrack\npit\n'),
    ('class_names.txt', '_background_\ncrack\npit'),
    ('labels.txt', '__ignore__\n_background_\ncrack\npit'),
    ('label_map.txt', 'background\ncrack\npit\n'),
    ('labelmap.txt', 'background:0,0,0::\ncrack:128,0,0::\npit:0,128,0::\n'),
    ('classes.json', '{"crack": 1, "pit": 2}'),
    ('labels.json', '{"1": "crack", "2": "pit"}'),
    ('id2label.json', '{"0": "background", "1": "crack", "2": "pit"}'),
    ('classes.csv', 'id,name\n0,background\n1,crack\n2,pit\n'),
    ('data.yaml', 'names: [background, crack, pit]\n'),
    ('data.yaml', 'names:\n  1: crack\n  2: pit\n'),
    ('labels.json', '{"crack": [128, 0, 0], "pit": [0, 128, 0]}')])
def test_values_are_classes_by_a_file_of_names(tmp_path, name, text):
  """Here of a palette, so that numbers and colours both say it."""
  make(tmp_path, {'i/1.jpg': None, 'all/m/1.png': lambda path: mask(
      path, 1, mode='P', more=[(2, (30, 5, 35, 15))]), f'all/{name}': text})
  (_, annotated), = read(tmp_path, 'all/m', images='i').annotated
  assert sorted((r.name, r.box) for r in annotated.regions) == [
      ('crack', BOX), ('pit', (30, 5, 35, 15))]


@pytest.mark.parametrize('name, text', [
    ('classes.csv', 'id,label\n1,crack\n2,crack\n'),  # Perhaps of images.
    ('classes.csv', 'image,label\n1,crack\n2,pit\n'),
    ('data.yaml', 'names: [crack, pit]\n')])  # Perhaps from 1.
def test_what_may_not_name_values_does_not(tmp_path, name, text):
  make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: mask(
      path, 1, more=[(2, (30, 5, 35, 15))]), f'm/{name}': text})
  with pytest.raises(UserError, match='no file names the classes of these'):
    read(tmp_path, 'm', images='i')


def test_a_grey_mask_of_colours_has_the_numbers_of_their_lines(tmp_path):
  make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: mask(path, 2),
                  'm/labelmap.txt': 'background:0,0,0::\na:1,2,3::\nb:4,5,6::\n'})
  assert marked_in(read(tmp_path, 'm', images='i')) == {'1.jpg': {'b': 1}}


@pytest.mark.parametrize('colours, values, name', [
    ('a:255,255,255::', [255], 'a'), ('a:127,127,127::\nb:255,255,255::', [127, 255], 'a'),
    ('a:9,9,9::\nb:1,1,1::', [1, 2], 'a'),  # These are the numbers of the lines.
    ('a:1,1,1::\nb:2,2,2::', [1, 2], 'a')])  # And these both.
def test_a_grey_mask_has_the_greys_of_colours(tmp_path, colours, values, name):
  make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: mask(
      path, values[0], more=[(value, (30, 5, 35, 15)) for value in values[1:]]),
                  'm/labelmap.txt': 'background:0,0,0::\n' + colours})
  (_, annotated), = read(tmp_path, 'm', images='i').annotated
  assert [region.name for region in annotated.regions] == [name, 'b'][:len(values)]


def test_greys_that_are_other_numbers_are_refused(tmp_path):
  make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: mask(path, 1),
                  'm/labelmap.txt': 'background:0,0,0::\nb:2,2,2::\na:1,1,1::\n'})
  with pytest.raises(UserError, match='labelmap.txt names the values of grey masks in two'):
    read(tmp_path, 'm', images='i')


@pytest.mark.parametrize('value, names', [
    (255, 'background\ncrack\n'), (2, 'background\ncrack\n__ignore__')])
def test_void_is_of_no_class_and_no_background(tmp_path, value, names):
  make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: mask(
      path, 1, more=[(value, (30, 5, 35, 15))]), 'm/class_names.txt': names})
  layout = read(tmp_path, 'm', images='i')
  (_, annotated), = layout.annotated
  assert [(r.name, r.box) for r in annotated.regions] == [
      ('crack', BOX), ('', (30, 5, 35, 15))]
  assert any('pixels that are void' in note for note in layout.noted)


@pytest.mark.parametrize('values, names', [
    ((128, 255), ''), (((255, 0, 0), (0, 255, 0)), ''), ((1, 2, 255), ''),
    ((128, 255), 'background\na\nb\n'), (((255, 0, 0), (0, 255, 0)), 'background\na\nb\n')])
def test_the_remedy_of_values_without_names_can_be_typed(tmp_path, values, names):
  make(tmp_path, {f'i/{k}.jpg': None for k in range(len(values))} | {
      f'm/{k}.png': lambda path, value=value: mask(path, value)
      for k, value in enumerate(values)})
  if names:
    make(tmp_path, {'m/classes.txt': names})
  with pytest.raises(UserError, match='put classes.json with {.*}') as error:
    read(tmp_path, 'm', images='i')
  make(tmp_path, {'m/classes.json': re.search('{.*}', str(error.value))[0]})
  (tmp_path / 'm' / 'classes.txt').unlink(missing_ok=True)
  found = marked_in(read(tmp_path, 'm', images='i'))
  assert {name for regions in found.values() for name in regions} == {
      f'class{k + 1}' for k in range(len(values))}


def test_ones_beside_white_are_one_class_where_no_mask_has_both(tmp_path):
  def save(*values):
    for k, value in enumerate(values):
      make(tmp_path, {f'i/{k}.jpg': None, f'm/{k}.png': lambda path: mask(path, *value)})
    return read(tmp_path, 'm', images='i')
  layout = save((1,), (255,), (0,))
  assert marked_in(layout) == {'0.jpg': {'defect': 1}, '1.jpg': {'defect': 1}, '2.jpg': {}}
  note, = [note for note in layout.noted if 'and never both' in note]
  assert len(layout.noted[note]) == 2
  make(tmp_path, {'m/classes.txt': 'background\npit\n'})
  with pytest.raises(UserError, match='1.png has the value 255, which .*classes.txt gives'):
    read(tmp_path, 'm', images='i')
  (tmp_path / 'm' / 'classes.txt').unlink()
  with pytest.raises(UserError, match='no file names the classes of these'):
    save((1,), (254,))


def test_void_of_one_image_leaves_others_clean(tmp_path):
  make(tmp_path, {'i/1.jpg': None, 'i/2.jpg': None, 'm/2.png': lambda path: mask(path, 0),
                  'm/1.png': lambda path: mask(path, 1, more=[(255, (30, 5, 35, 15))]),
                  'm/classes.txt': 'background\ncrack\n'})
  layout = read(tmp_path, 'm', images='i')
  assert [len(image.regions) for _, image in layout.annotated] == [2, 0]
  assert not layout.left_out


def test_values_without_names_in_the_folder_of_a_class_are_noted(tmp_path):
  make(tmp_path, {'i/left/1.jpg': None, 'm/left/1.png': lambda path: mask(
      path, 1, more=[(2, (30, 5, 35, 15))])})
  layout = read(tmp_path, 'm', images='i')
  (_, annotated), = layout.annotated
  assert [region.name for region in annotated.regions] == ['left', 'left']
  note, = layout.noted
  assert 'masks with several values, which no file names' in note


def test_soft_masks_are_cut_at_half(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'pit/2.jpg': None})
  shades = np.zeros((HEIGHT, WIDTH), np.uint8)
  shades[5:15, 10:20] = 255
  shades[5:15, 5:10] = [20, 40, 60, 80, 100]
  shades[5:15, 20:25] = [120, 90, 30, 20, 10]
  Image.fromarray(shades).save(tmp_path / 'crack' / '1_mask.png')
  flat = np.where(shades == 255, 255, 0).astype(np.uint8)
  Image.fromarray(flat).save(tmp_path / 'pit' / '2_mask.jpg', quality=95)
  layout = read(tmp_path)
  assert marked_in(layout) == {'crack/1.jpg': {'crack': 1}, 'pit/2.jpg': {'pit': 1}}
  assert counts(layout.noted) == {'masks with soft edges: cut at half': 2}


@pytest.mark.parametrize('ramp, value, name, soft', [
    ((90, 200), 255, 'masks/{}.png', True), ((90, 200), 255, 'masks/pit/{}.png', True),
    ((2, 54, 200, 253), 255, 'masks/{}.png', True), ((), 1, 'masks/pit/{}.png', False),
    ((1, 2), 3, 'masks/pit/{}.png', False), ((127,) * 6, 255, 'masks/pit/{}.png', False),
    ((127,) * 6, 255, 'masks/{}.png', None), ((254,), 255, 'masks/{}.png', None),
    ((1, 2), 3, 'masks/{}.png', None)])
def test_few_values_along_edges_are_soft_ones(tmp_path, ramp, value, name, soft):
  shades = np.zeros((60, 90), np.uint8)
  shades[15:30, 20:40] = value
  for k, shade in enumerate(ramp):
    shades[15:30, 20 - len(ramp) + k] = shade
  for k in range(2):
    make(tmp_path, {f'images/{k}.jpg': lambda path: image(path, 60, 90)})
    path = tmp_path / name.format(k)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(shades).save(path)
  if soft is None:
    with pytest.raises(UserError, match='no file names the classes of these'):
      read(tmp_path)
    return
  layout = read(tmp_path)
  assert counts(layout.noted).get('masks with soft edges: cut at half', 0) == 2 * soft
  for _, annotated in layout.annotated:
    inside = np.zeros((60, 90), bool)
    for region in annotated.regions:
      inside[region.box.slices] |= region.mask
    np.testing.assert_array_equal(inside, shades > (value / 2 if soft else 0))


def test_a_lossy_grey_mask_of_three_channels_is_soft(tmp_path):
  shades = np.zeros((96, 96), np.uint8)
  shades[20:50, 30:66] = 255
  for suffix in ('.webp', '.jpg'):
    path = tmp_path / f'm{suffix}'
    Image.fromarray(shades).convert('RGB').save(path, quality=80)
    found = masks.read(path)
    assert found.may_be_soft and found.lossy and len(found.values) > 3
    np.testing.assert_array_equal(found.marked(), shades > 0)


def test_what_is_marked_of_a_strongly_compressed_mask_is_cut_at_half(tmp_path):
  """Even where compression leaves too much between the two values for a soft mask."""
  rng = np.random.default_rng(0)
  shades = np.zeros((96, 96), np.uint8)
  shades[20:50, 30:66] = 255
  Image.fromarray(np.uint8(np.clip(shades + 60 * (rng.random(shades.shape) < 0.3), 0, 255))
                  ).save(tmp_path / 'm.jpg', quality=95)
  found = masks.read(tmp_path / 'm.jpg')
  assert not found.may_be_soft
  np.testing.assert_array_equal(found.marked(), shades > 0)


def test_values_in_boxes_need_no_names(tmp_path):
  """They may be numbers of objects: the boxes say the class."""
  make(tmp_path, {'i/1.jpg': None, 'a/1.xml': voc(), 'm/1.png': lambda path: mask(
      path, 1, box=(10, 5, 15, 15), more=[(2, (15, 5, 20, 15))])})
  layout = read(tmp_path, 'a', 'm', images='i')
  assert marked_in(layout) == {'1.jpg': {'crack': 1}} and not layout.noted


def _grey_png(path, depth, rows):
  """Writes a grey PNG of 2 or 4 bits, which Pillow does not."""
  def chunk(kind, data):
    return (struct.pack('>I', len(data)) + kind + data
            + struct.pack('>I', zlib.crc32(kind + data)))
  lines = b''
  for row in rows:
    bits = ''.join(f'{value:0{depth}b}' for value in row)
    bits += '0' * (-len(bits) % 8)
    lines += b'\0' + int(bits, 2).to_bytes(len(bits) // 8, 'big')
  head = struct.pack('>IIBBBBB', len(rows[0]), len(rows), depth, 0, 0, 0, 0)
  path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head)
                   + chunk(b'IDAT', zlib.compress(lines)) + chunk(b'IEND', b''))


@pytest.mark.parametrize('depth', [2, 4])
def test_masks_of_few_bits_have_the_values_that_are_written(tmp_path, depth):
  _grey_png(tmp_path / 'a.png', depth, [[0, 1, 2], [0, 0, 3]])
  found = masks.read(tmp_path / 'a.png')
  assert found.values == [1, 2, 3]
  np.testing.assert_array_equal(found.pixels, [[1, 2], [0, 3]])


def test_a_mask_is_turned_by_its_own_tag(tmp_path):
  exif = Image.Exif()
  exif[274] = 3  # By 180 degrees.
  Image.fromarray(np.array([[9, 0, 0], [0, 0, 0]], np.uint8)).save(
      tmp_path / 'a.png', exif=exif)
  assert masks.read(tmp_path / 'a.png').box == (2, 1, 3, 2)


@pytest.mark.parametrize('name, text', [
    ('_classes.csv', 'Pixel Value, Class\n0, background\n1, crack\n2, pit\n'),
    ('label_names.txt', '_background_\ncrack\npit\n'),
    ('classes.txt', '0 background\n1 crack\n2 pit\n')])
def test_names_of_other_programs(tmp_path, name, text):
  make(tmp_path, {'1.jpg': None, '1_mask.png': lambda path: mask(path, 1), name: text})
  assert marked_in(read(tmp_path)) == {'1.jpg': {'crack': 1}}


def test_a_row_without_a_number_of_its_own_is_told(tmp_path):
  make(tmp_path, {'1.jpg': None, '1_mask.png': lambda path: mask(path, 1),
                  '_classes.csv': 'Pixel Value, Class\n1, crack\n1, pit\n'})
  with pytest.raises(UserError, match='_classes.csv cannot be read as the classes of mask'):
    read(tmp_path)


def test_each_folder_has_names_of_its_own(tmp_path):
  for name in ('crack', 'pit'):
    make(tmp_path, {f'{name}1/1.jpg': None,
                    f'{name}1/1_mask.png': lambda path: mask(path, 1),
                    f'{name}1/classes.txt': f'background\n{name}'})
  assert marked_in(read(tmp_path)) == {
      'crack1/1.jpg': {'crack': 1}, 'pit1/1.jpg': {'pit': 1}}
