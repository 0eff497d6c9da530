"""Which names of files and folders belong together, and which only look so."""

import pytest

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
