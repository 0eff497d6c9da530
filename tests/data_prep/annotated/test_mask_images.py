"""What mask images say, alone and with boxes."""

import functools

import numpy as np
import pytest

from pegan_jax.annotations import masks
from pegan_jax.common.errors import UserError
from handmade import WIDTH, HEIGHT, BOX, counts, make, marked_in, mask, read, voc


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
                  'nut/good/3.jpg': None,
                  'nut/good/3_mask.png': lambda path: mask(path, 0)})
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


def test_a_mask_that_marks_nearly_all_is_noted(tmp_path):
  """As those are where the defect is black."""
  make(tmp_path, {'crack/1.jpg': None, 'crack/1_mask.png': lambda path: mask(
      path, 255, box=(0, 0, 40, 30), more=[(0, BOX)])})
  assert counts(read(tmp_path).noted) == {
      'masks that mark more than half of their image: where that is the ground, '
      'invert them': 1}


@pytest.mark.parametrize('rings, is_noted', [(2, True), (1, False)])
def test_masks_of_outlines_alone_are_noted_where_most_are(tmp_path, rings, is_noted):
  for k in range(3):
    hollow = [(0, (4, 4, 33, 23))] * (k < rings)
    make(tmp_path, {f'{k}.jpg': None, f'{k}_mask.png': lambda path, hollow=hollow: mask(
        path, box=(3, 3, 34, 24), more=hollow)})
  notes = [note for note in read(tmp_path).noted if 'outlines alone' in note]
  assert bool(notes) == is_noted


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


def test_an_empty_mask_is_clean_in_a_folder_whose_name_ends_so(tmp_path):
  """As in the public set of magnetic tiles."""
  for name, value in (('MT_Free', 0), ('MT_Crack', 255), ('not ok', 0)):
    make(tmp_path, {f'{name}/Imgs/1.jpg': None,
                    f'{name}/Imgs/1.png': lambda path: mask(path, value)})
  layout = read(tmp_path)
  assert marked_in(layout) == {'MT_Crack/Imgs/1.jpg': {'MT_Crack': 1},
                               'MT_Free/Imgs/1.jpg': {}}
  assert counts(layout.left_out) == {"images in a class's folder whose mask is empty": 1}


@pytest.mark.parametrize('pit, scratch', [
    ('pit', 'scratch'), ('mask_pit', 'mask_scratch'), ('gt/pit', 'gt/scratch'),
    ('pit/masks', 'scratch/masks')])
def test_folders_of_masks_that_are_named_are_classes(tmp_path, pit, scratch):
  make(tmp_path, {'i/1.jpg': None, f'{pit}/1.png': mask, 'i/2.jpg': None,
                  f'{scratch}/2.png': mask, f'{pit}/2.png': lambda path: mask(path, 0)})
  assert marked_in(read(tmp_path, pit, scratch, images='i')) == {
      '1.jpg': {'pit': 1}, '2.jpg': {'scratch': 1}}


@pytest.mark.parametrize('named', [(), ('masks',)])
def test_masks_in_a_folder_called_as_their_image_are_of_it(tmp_path, named):
  make(tmp_path, {f'images/a_{k}.jpg': None for k in range(2)} | {
      f'masks/a_{k}/{n}.png': mask for k in range(2) for n in range(3)})
  assert marked_in(read(tmp_path, *named, images='images' if named else '')) == {
      f"{'' if named else 'images/'}a_{k}.jpg": {'defect': 3} for k in range(2)}


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


@pytest.mark.parametrize('images, masks', [
    ('train', 'train_lab'), ('img_dir/train', 'ann_dir/train'), ('images', 'BW'),
    ('training/images', 'training/1st_manual'), ('input', 'targets'),
    ('images', 'gt_masks'), ('images', 'SegmentationClassRaw'), ('images_256', 'masks_256'),
    ('images', 'Masken'), ('train_images_256', 'train_masks_256')])
def test_words_for_folders_of_masks(tmp_path, images, masks):
  make(tmp_path, {f'{images}/1.jpg': None, f'{masks}/1.png': mask})
  assert marked_in(read(tmp_path)) == {f'{images}/1.jpg': {'defect': 1}}


@pytest.mark.parametrize('word', ['gt_{}', 'label-{}', 'labels_{}', 'mask {}', 'seg_{}'])
def test_a_word_may_stand_in_front(tmp_path, word):
  make(tmp_path, {'pit/40.jpg': None, f'pit/{word.format(40)}.png': mask})
  assert marked_in(read(tmp_path)) == {'pit/40.jpg': {'pit': 1}}


@pytest.mark.parametrize('names', [('0ab', '1cd'), ('im_0', 'im_1')])
def test_masks_in_the_folder_of_one_image_are_of_it(tmp_path, names):
  """As in the Data Science Bowl of 2018."""
  for name in names:
    make(tmp_path, {f'train/{name}/images/{name}.png': None,
                    f'train/{name}/masks/x{name}.png': mask,
                    f'train/{name}/masks/y{name}.png': mask})
  assert marked_in(read(tmp_path)) == {
      f'train/{name}/images/{name}.png': {'defect': 2} for name in names}
  folder = tmp_path / 'train' / names[0] / 'images'
  (folder / f'{names[0]}.png').rename(folder / '7.png')
  with pytest.raises(UserError, match='fits 2 of the annotations'):
    read(tmp_path)


@pytest.mark.parametrize('words, classes', [
    (['crack', 'pit'], ['crack', 'pit']),
    (['crack', 'crack'], ['defect']), (['crack', 'pit', 'a'], ['defect'])])
def test_files_in_a_folder_for_each_image_may_name_classes(tmp_path, words, classes):
  """Such as several images have; what one alone has is no class, but a name."""
  make(tmp_path, {f'images/im_{k}.jpg': None for k in range(3)} | {
      f'masks/im_{k}/{word}_{j}.png':
          lambda path, j=j: mask(path, box=(9 * j, 0, 9 * j + 5, 5))
      for k in range(3) for j, word in enumerate(words) if j < 2 or not k})
  assert sorted({region.name for _, image in read(tmp_path).annotated
                 for region in image.regions}) == classes


@pytest.mark.parametrize('other, first, noted', [
    ({}, {}, 2), ({'box': (10, 5, 20, 16)}, {}, 0),
    ({'value': 0}, {'value': 0}, 0),
    ({'box': (0, 0, WIDTH, HEIGHT)}, {'box': (0, 0, WIDTH, HEIGHT)}, 0)])
def test_one_mask_of_two_images_is_noted_but_where_it_is_empty_or_full(
    tmp_path, other, first, noted):
  make(tmp_path, {f'images/{k}.jpg': None for k in range(3)} | {
      'masks/0.png': lambda path: mask(path, **first),
      'masks/1.bmp': lambda path: mask(path, **other),
      'masks/2.png': lambda path: mask(path, box=(1, 2, 3, 4))})
  notes = {note: paths for note, paths in read(tmp_path).noted.items()
           if 'the same mask' in note}
  assert sum(map(len, notes.values())) == noted
  assert all('as 0.jpg and 1.jpg: ' in note for note in notes)


@pytest.mark.parametrize('word', ['masks_', 'Mask ', 'gt_', 'labels-', 'Masken_'])
def test_folders_called_by_a_word_for_masks_and_a_class_are_read(tmp_path, word):
  empty = lambda path: mask(path, 0)
  make(tmp_path, {'images/1.jpg': None, 'images/2.jpg': None, f'{word}crack/1.png': mask,
                  f'{word}crack/2.png': empty, f'{word}pit/1.png': empty,
                  f'{word}pit/2.png': mask})
  assert marked_in(read(tmp_path)) == {
      'images/1.jpg': {'crack': 1}, 'images/2.jpg': {'pit': 1}}


@pytest.mark.parametrize('name, more', [('masks/all/{}', 0), ('masks/{}', 0),
                                        ('masks/all/{}', 1)])
def test_a_class_that_is_all_others_together_is_refused(tmp_path, name, more):
  corner = (255, (1, 1, 4, 4))
  for k in range(3):
    own = 'pit' if k else 'crack'
    make(tmp_path, {
        f'images/{k}.jpg': None, f'masks/{own}/{k}.png': mask,
        name.format(f'{k}.png'): lambda path: mask(path, more=[corner] * more)})
  if more:
    assert len(read(tmp_path).annotated) == 3
  else:
    with pytest.raises(UserError, match="those of the others, 'crack', 'pit', mark"):
      read(tmp_path)


@pytest.mark.parametrize('name, text', [
    ('class_dict.csv', 'name,r,g,b\npit,255,0,0\nground,0,0,0\n'),
    ('class_dict_seg.csv', 'name, r, g, b\npit, 255, 0, 0'),
    ('label_colors.txt', '0 0 0 background\n255 0 0\tpit\n')])
def test_tables_of_colours_name_classes(tmp_path, name, text):
  red = lambda path: mask(path, (255, 0, 0), mode='RGB')
  make(tmp_path, {'images/1.jpg': None, 'masks/1.png': red, name: text})
  assert marked_in(read(tmp_path)) == {'images/1.jpg': {'pit': 1}}


def test_masks_of_two_people_are_no_two_classes(tmp_path):
  at = lambda k: functools.partial(mask, box=(k, 5, k + 9, 15))
  make(tmp_path, {f'images/{k}.jpg': None for k in range(5)} | {
      f'masks_{who}/{k}.png': at(k + 20 * (who == 'ben' and k == 4))
      for who in ('anna', 'ben') for k in range(5)})
  with pytest.raises(UserError, match="classes 'anna' and 'ben' are the same, pixel by "
                     'pixel, in 4 of 5 images'):
    read(tmp_path)
  for k in range(3):  # Two kinds may lie at one place.
    make(tmp_path, {f'masks_ben/{k}.png': at(k + 10)})
  assert {region.name for _, image in read(tmp_path).annotated
          for region in image.regions} == {'anna', 'ben'}
