"""What mask images say, alone and with boxes."""

import functools
import struct
import zlib

import numpy as np
from PIL import Image
import pytest

from pegan_jax.annotations import masks
from pegan_jax.common.errors import UserError
from handmade import (
    WIDTH, HEIGHT, BOX, counts, image, make, marked_in, mask, read, voc)


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
    ('labelmap.txt', 'background:0,0,0::\ncrack:128,0,0::\npit:0,128,0::\n'),
    ('classes.json', '{"crack": 1, "pit": 2}'), ('labels.json', '{"1": "crack", "2": "pit"}'),
    ('labels.json', '{"crack": [128, 0, 0], "pit": [0, 128, 0]}')])
def test_values_are_classes_by_a_file_of_names(tmp_path, name, text):
  """Here of a palette, so that numbers and colours both say it."""
  make(tmp_path, {'i/1.jpg': None, 'all/m/1.png': lambda path: mask(
      path, 1, mode='P', more=[(2, (30, 5, 35, 15))]), f'all/{name}': text})
  (_, annotated), = read(tmp_path, 'all/m', images='i').annotated
  assert sorted((r.name, r.box) for r in annotated.regions) == [
      ('crack', BOX), ('pit', (30, 5, 35, 15))]


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


def test_a_mask_in_two_formats_is_one(tmp_path):
  make(tmp_path, {'pit/1.jpg': None, 'pit/1.png': mask, 'pit/1.bmp': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'pit/1.jpg': {'pit': 1}}
  assert counts(layout.left_out) == {
      'masks that are another one of their image in another format': 1}
  mask(tmp_path / 'pit/1.bmp', box=(1, 2, 3, 4))
  with pytest.raises(UserError, match='1.bmp and .*1.png are masks of one image by their'):
    read(tmp_path)


def test_a_drawing_in_two_formats_is_no_image_with_its_mask(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.xml': voc(), 'plan.jpg': mask, 'plan.png': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert [path.name for path in layout.unlabelled] == ['plan.jpg', 'plan.png']


@pytest.mark.parametrize('masks', [
    'screw/crack/1_mask.png', 'masks/screw/crack/1.png', 'screw/crack/masks/1.png'])
def test_masks_below_products_have_the_class_of_the_inner_folder(tmp_path, masks):
  make(tmp_path, {'screw/crack/1.jpg': None, masks: mask, 'screw/good/2.jpg': None,
                  'nut/good/3.jpg': None, 'nut/good/3_mask.png': lambda path: mask(path, 0)})
  layout = read(tmp_path)
  assert marked_in(layout) == {'screw/crack/1.jpg': {'crack': 1}, 'nut/good/3.jpg': {}}
  assert [path.name for path in layout.clean] == ['2.jpg'] and not layout.left_out
  assert any("as 'nut': the class is the next folder" in note for note in layout.noted)


@pytest.mark.parametrize('word, name', [('crack', 'crack'), ('training', 'defect')])
def test_a_word_for_images_is_no_part_of_a_class(tmp_path, word, name):
  make(tmp_path, {f'{word}_images/1.jpg': None, f'{word}_masks/1.png': mask})
  layout = read(tmp_path, f'{word}_masks')
  assert marked_in(layout) == {f'{word}_images/1.jpg': {name: 1}}


def test_a_folder_in_that_of_a_class_is_noted(tmp_path):
  make(tmp_path, {'crack/left/1.jpg': None, 'crack/left/1_mask.png': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'crack/left/1.jpg': {'crack': 1}}
  note, = layout.noted
  assert "in that of a class, as 'left' in that of 'crack'" in note


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


def test_pieces_of_a_mask_are_regions_of_their_own(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'crack/1_mask.png': lambda path: mask(
      path, more=[(255, (30, 20, 33, 22)), (255, (33, 22, 34, 23))])})
  (_, annotated), = read(tmp_path).annotated
  first, second = annotated.regions
  assert first.box == BOX and second.box == (30, 20, 34, 23)
  np.testing.assert_array_equal(second.mask, [[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]])


def test_masks_give_boxes_their_pixels(tmp_path):
  """What lies outside is kept, unnamed, so that nothing is cut there as clean."""
  make(tmp_path, {'i/1.jpg': None, 'i/2.jpg': None, 'a/1.xml': voc(),
                  'a/2.xml': voc('pit'),
                  'm/1.png': lambda path: mask(path, box=(12, 6, 25, 12)),
                  'm/2.png': lambda path: mask(path, 0)})
  layout = read(tmp_path, 'a', 'm', images='i')
  (_, first), (_, second) = layout.annotated
  crack, rest = first.regions_in(HEIGHT, WIDTH)
  assert crack[:2] == ('crack', BOX) and rest[:2] == ('', (20, 6, 25, 12))
  expected = np.zeros((10, 10), bool)
  expected[1:7, 2:] = True
  np.testing.assert_array_equal(crack.mask, expected)
  assert second.regions_in(HEIGHT, WIDTH) == [('pit', BOX, None, None)]
  assert counts(layout.noted) == {
      'masks with pixels outside of every box: kept clear of backgrounds, of no class': 1,
      'images with a box without any pixel of their mask': 1}


def test_named_masks_give_pixels_to_boxes_of_their_name(tmp_path):
  make(tmp_path, {'i/1.jpg': None, 'a/1.xml': voc(), 'm/pit/1.png': mask})
  (_, annotated), = read(tmp_path, 'a', 'm', images='i').annotated
  assert annotated.regions[0].mask is None and len(annotated.regions) == 1
  (tmp_path / 'm' / 'pit').rename(tmp_path / 'm' / 'crack')
  (_, annotated), = read(tmp_path, 'a', 'm', images='i').annotated
  assert annotated.regions[0].mask.all()


def test_values_in_boxes_need_no_names(tmp_path):
  """They may be numbers of objects: the boxes say the class."""
  make(tmp_path, {'i/1.jpg': None, 'a/1.xml': voc(), 'm/1.png': lambda path: mask(
      path, 1, box=(10, 5, 15, 15), more=[(2, (15, 5, 20, 15))])})
  layout = read(tmp_path, 'a', 'm', images='i')
  assert marked_in(layout) == {'1.jpg': {'crack': 1}} and not layout.noted


def test_a_mask_that_marks_nearly_all_is_noted(tmp_path):
  """As those are where the defect is black."""
  make(tmp_path, {'crack/1.jpg': None, 'crack/1_mask.png': lambda path: mask(
      path, 255, box=(0, 0, 40, 30), more=[(0, BOX)])})
  assert counts(read(tmp_path).noted) == {
      'masks that mark more than half of their image': 1}


def test_an_empty_mask_is_clean_but_not_in_the_folder_of_a_class(tmp_path):
  empty = lambda path: mask(path, 0)
  make(tmp_path, {'images/1.jpg': None, 'masks/1.png': empty, 'images/crack/2.jpg': None,
                  'masks/crack/2.png': empty, 'images/good/3.jpg': None,
                  'masks/good/3.png': empty, 'images/4.jpg': None})
  layout = read(tmp_path)
  assert marked_in(layout) == {'images/1.jpg': {}, 'images/good/3.jpg': {}}
  assert layout.unlabelled == [tmp_path / 'images' / '4.jpg']
  assert layout.left_out == {"images in a class's folder whose mask is empty": [
      tmp_path / 'images' / 'crack' / '2.jpg']}


@pytest.mark.parametrize('sound, marked', [
    (2, {'kos01/0.jpg': {'defect': 1}, 'kos02/0.jpg': {'defect': 1},
         'kos10/0.jpg': {'defect': 1}, 'kos01/1.jpg': {}, 'kos02/1.jpg': {},
         'kos10/1.jpg': {}, 'kos01/2.jpg': {}, 'kos02/2.jpg': {}, 'kos10/2.jpg': {}}),
    (1, {'kos01/0.jpg': {'kos01': 1}, 'kos02/0.jpg': {'kos02': 1},
         'kos10/0.jpg': {'kos10': 1}})])
def test_folders_of_numbered_parts_are_no_classes(tmp_path, sound, marked):
  """As in KolektorSDD, where most parts are sound; half of them is not most."""
  for part in ('kos01', 'kos02', 'kos10'):
    for k in range(1 + sound):
      make(tmp_path, {f'{part}/{k}.jpg': None, f'{part}/{k}_label.bmp': lambda path: mask(
          path, 0 if k else 255)})
  layout = read(tmp_path)
  assert marked_in(layout) == marked
  note, = [what for what in layout.noted if 'taken for no classes' in what] or ['']
  assert len(layout.noted.get(note, ())) == (3 if sound == 2 else 0)


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


@pytest.mark.parametrize('images, masks', [
    ('{}_images', '{}_masks'), ('{}_img', '{}_gt'), ('{}', '{}_mask'),
    ('{}', '{0}/{0}_seg'), ('{}/images', '{}/labels'), ('{}/images', '{}_masks')])
@pytest.mark.parametrize('named', [True, False])
def test_folders_with_a_word_for_masks_are_of_the_images_beside(
    tmp_path, images, masks, named):
  files, boxes = {}, {'pit': BOX, 'dent': (2, 3, 9, 9)}
  for folder, box in boxes.items():
    files[images.format(folder) + '/1.png'] = None
    files[masks.format(folder) + '/1.png'] = functools.partial(mask, box=box)
  make(tmp_path, files)
  layout = read(tmp_path, *([masks.format(folder) for folder in boxes] if named else []))
  found = {path.relative_to(tmp_path).as_posix(): [
      (region.name, region.box) for region in annotated.regions_in(HEIGHT, WIDTH)]
           for path, annotated in layout.annotated}
  assert found == {images.format(name) + '/1.png': [(name, box)]
                   for name, box in boxes.items()}


@pytest.mark.parametrize('images, masks', [
    ('training_images', 'training_masks'), ('test', 'test_gt'), ('images', 'labels')])
def test_words_for_parts_and_images_are_no_classes_of_masks(tmp_path, images, masks):
  make(tmp_path, {f'{images}/1.png': None, f'{masks}/1.png': mask})
  assert marked_in(read(tmp_path)) == {f'{images}/1.png': {'defect': 1}}


def test_images_called_good_have_empty_masks(tmp_path):
  make(tmp_path, {'pit_images/1.png': None, 'pit_masks/1.png': mask,
                  'good_images/1.png': None, 'good_images/2.png': None,
                  'good_masks/1.png': functools.partial(mask, value=0)})
  layout = read(tmp_path)
  assert marked_in(layout) == {'pit_images/1.png': {'pit': 1}, 'good_images/1.png': {}}
  assert layout.clean == [tmp_path / 'good_images/2.png']


@pytest.mark.parametrize('other', ['without_mask', 'with', 'with_images'])
def test_photographs_of_masks_to_wear_are_no_masks(tmp_path, other):
  make(tmp_path, {f'{folder}/{k}.png': None for folder in ('with_mask', other)
                  for k in range(3)})
  assert {name: len(paths) for name, paths in read(tmp_path).crops.items()} == {
      'with_mask': 3, other: 3}


def test_a_mask_in_a_folder_label_below_its_image_is_read(tmp_path):
  make(tmp_path, {'Class1/Train/584.PNG': None, 'Class1/Train/585.PNG': None,
                  'Class1/Train/Label/584_label.PNG': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'Class1/Train/584.PNG': {'Class1': 1}}
  assert layout.unlabelled == [tmp_path / 'Class1/Train/585.PNG']
