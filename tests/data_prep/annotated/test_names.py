"""Which names of files and folders belong together, and which only look so."""

import pytest

from data_prep.annotated import unannotated
from pegan_jax.common.errors import UserError
from handmade import YOLO, coco, labelme, make, marked_in, mask, read, voc

OF_ANOTHER = {
    'yolo': ({'images/a_seg_1.png': None, 'labels/a_seg_2.txt': f'0 {YOLO}'}, 'a_seg_2.txt'),
    'coco': ({'a_seg_1.png': None, 'c.json': coco('a_seg_2.png')}, 'a_seg_2.png'),
    'voc': ({'1.png': None, 'Annotations/mask_1.xml': voc()}, 'mask_1.xml'),
    'labelme': ({'scan_gt.png': None, 'scan.json': labelme()}, 'scan.json'),
    'masks': ({'images/a_seg_1.png': None, 'masks/a_seg_2.png': mask}, 'a_seg_2.png'),
}


@pytest.mark.parametrize('case', OF_ANOTHER)
def test_words_for_masks_are_a_part_of_all_other_names(tmp_path, case):
  files, first = OF_ANOTHER[case]
  make(tmp_path, files)
  with pytest.raises(UserError, match=f'fits 1 of the annotations .* first is .*{first}'):
    read(tmp_path)


EXACT = {
    'images named as masks are': (
        {'images/a_label_0.png': None, 'images/a_label_1.png': None,
         'labels/a_label_1.txt': f'0 {YOLO}'}, {'images/a_label_1.png': {'0': 1}}),
    'a mask of such an image': (
        {'images/a_seg_1.png': None, 'images/a_seg_2.png': None,
         'masks/a_seg_1_mask.png': mask}, {'images/a_seg_1.png': {'defect': 1}}),
    'a thing called mask': (
        {'JPEGImages/mask_1.png': None, 'JPEGImages/1.png': None,
         'Annotations/mask_1.xml': voc(), 'Annotations/1.xml': voc('pit')},
        {'JPEGImages/mask_1.png': {'crack': 1}, 'JPEGImages/1.png': {'pit': 1}}),
    'two suffixes': (
        {'images/a.jpg.png': None, 'images/a.png': None, 'labels/a.jpg.txt': f'1 {YOLO}',
         'labels/a.txt': f'0 {YOLO}'},
        {'images/a.jpg.png': {'1': 1}, 'images/a.png': {'0': 1}}),
    'two suffixes in a file of many': (
        {'a.jpg.png': None, 'a.jpg': None, 'x/c.json': coco('a.jpg.png')},
        {'a.jpg.png': {'crack': 1}}),
    'the suffix of the image in the name of the label': (
        {'img/1.jpg': None, 'img/1.png': None, 'ann/1.jpg.json': labelme(),
         'ann/1.png.json': labelme('polygon', 'pit')},
        {'img/1.jpg': {'crack': 1}, 'img/1.png': {'pit': 1}}),
}


@pytest.mark.parametrize('case', EXACT)
def test_the_exact_name_comes_first(tmp_path, case):
  files, marked = EXACT[case]
  make(tmp_path, files)
  assert marked_in(read(tmp_path)) == marked


@pytest.mark.parametrize('clean, crop, name', [
    ('raw/clean/crack/1.jpg', 'crack/1.jpg', 'crack'),
    ('crack/normal/1.jpg', 'crack/dark/1.jpg', 'crack'),
    ('screw/good/1.jpg', 'screw/scratch/1.jpg', 'screw')])
def test_a_clean_folder_in_a_class_or_above_it_is_refused(tmp_path, clean, crop, name):
  make(tmp_path, {clean: None, crop: None})
  with pytest.raises(UserError, match='is clean by its folder .*, and lies in one called '
                     f"'{name}' as the class of .*{crop}"):
    read(tmp_path)


def test_a_folder_with_marks_is_not_clean_whatever_its_name(tmp_path):
  """As of two lights, normal and dark."""
  make(tmp_path, {'normal/1.jpg': None, 'normal/1.txt': f'0 {YOLO}', 'normal/2.jpg': None,
                  'good/3.jpg': None, 'ok/4.jpg': None, 'ok/4.txt': ''})
  layout = read(tmp_path)
  assert layout.clean == [tmp_path / 'good/3.jpg']
  assert layout.unlabelled == [tmp_path / 'normal/2.jpg']
  assert sum('not taken for clean' in note for note in layout.noted) == 1


def test_clean_images_of_class_folders_go_by_many_names(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'no_defect/2.jpg': None, 'NODefect_images/3.jpg':
                  None, 'good/cam1/4.jpg': None, 'crack/cam1/5.jpg': None})
  layout = read(tmp_path)
  assert list(layout.crops) == ['crack'] and len(layout.clean) == 3
  (note, paths), = layout.noted.items()
  assert note == "images in folders in that of their class, as 'crack' for 'crack/cam1'"
  assert [path.name for path in paths] == ['5.jpg']


@pytest.mark.parametrize('name', ['good', 'OK', 'no_defect', 'defect-free'])
def test_a_clean_folder_is_no_class_of_defects(tmp_path, name):
  make(tmp_path, {'crack/1.jpg': None, f'{name}/2.jpg': None})
  with pytest.raises(UserError, match=f"holds a folder '{name}', .* pass it as --clean"):
    unannotated.list_classes(tmp_path, '--defects')


@pytest.mark.parametrize('files', [
    {'cam1/images/1.jpg': None, 'cam1/masks/1.png': mask, 'cam2/images/2.jpg': None,
     'cam2/masks/2.png': mask}, {'cam1/1.jpg': None, 'cam2/2.jpg': None}])
def test_classes_that_are_numbers_of_something_are_noted(tmp_path, files):
  make(tmp_path, files)
  (note, paths), = read(tmp_path).noted.items()
  assert 'differ by a number alone' in note and len(paths) == 2


@pytest.mark.parametrize('images, masks', [
    ('Original', 'GroundTruth'), ('Defect_images', 'Mask_images')])
def test_words_for_images_are_no_class(tmp_path, images, masks):
  make(tmp_path, {f'{images}/1.jpg': None, f'{masks}/1.png': mask})
  assert marked_in(read(tmp_path)) == {f'{images}/1.jpg': {'defect': 1}}


def test_words_for_images_are_classes_of_crops_that_have_no_other(tmp_path):
  make(tmp_path, {'Defect_images/1.jpg': None, 'NODefect_images/2.jpg': None})
  layout = read(tmp_path)
  assert list(layout.crops) == ['Defect_images'] and len(layout.clean) == 1
