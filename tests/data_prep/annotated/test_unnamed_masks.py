"""Masks whose names do not say so are refused, by their pixels, and nothing else is."""

import numpy as np
from PIL import Image
import pytest

from data_prep.annotated import unannotated
from pegan_jax.common.errors import UserError
from handmade import YOLO, image, labelme, make, marked_in, mask, read


def binarised(path):
  mask(path, more=[(255, (0, 0, 40, 2))])


def dark(path):
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(np.random.default_rng(1).integers(0, 4, (30, 40), np.uint8)).save(path)


def both(name, of_mask):
  """Returns three images and masks of two classes, as `make` takes them."""
  return {form.format(folder=folder, k=k, of=k + 3 * (folder == 'pit')): content
          for folder in ('crack', 'pit') for k in range(3)
          for form, content in ((name, None), (of_mask, mask))}


@pytest.mark.parametrize('name, of_mask, first, of', [
    ('{folder}/{k}.png', '{folder}/{k}_lab.png', 'crack/0_lab.png', 'crack/0.png'),
    ('{folder}/{k}.png', '{folder}/gt_{k}.png', 'crack/gt_0.png', 'crack/0.png'),
    ('{folder}/{k}.png', '{folder}/{k} mask (1).png', r'0 mask \(1\).png', '0.png'),
    ('{folder}/i{k}.png', '{folder}/i{k}Mask.png', 'i0Mask.png', 'i0.png'),
    ('{folder}/{k}_image.png', '{folder}/{k}_truth.png', '0_truth.png', '0_image.png'),
    ('{folder}/{k}.jpg', '{folder}/{k}.tif', 'crack/0.tif', 'crack/0.jpg'),
    ('{folder}/images/{k}.jpg', '{folder}/labels/{k}.png', 'labels/0.png', 'images/0.jpg'),
    ('{folder}/{k}.jpg', '{folder}_bw/{k}.png', 'crack_bw/0.png', 'crack/0.jpg'),
    ('{folder}/{k}.jpg', 'Masken/{folder}/{k}.png', 'Masken/crack/0.png', 'crack/0.jpg'),
    ('images/{folder}/{of}.jpg', 'lab/{of}.png', 'lab/0.png', 'images/crack/0.jpg'),
    ('imagesTr/{of}_0000.png', 'labelsTr/{of}.png', 'labelsTr/0.png', '0_0000.png'),
    ('images/train/{of}.jpg', 'annotations/train/{of}.png', 'train/0.png', 'train/0.jpg'),
    ('img/x/{of}_leftImg.png', 'fine/x/{of}_fine_labelIds.png', '0_fine_labelIds.png',
     '0_leftImg.png')])
def test_masks_by_other_names_are_no_images_of_a_class(tmp_path, name, of_mask, first, of):
  make(tmp_path, both(name, of_mask))
  with pytest.raises(UserError, match=f'{first} looks like a mask of .*{of}: where it is'):
    read(tmp_path)


def test_a_format_says_that_they_are_images_of_a_class(tmp_path):
  make(tmp_path, both('{folder}/{k}.jpg', '{folder}/{k}_lab.png'))
  layout = read(tmp_path, format='classes')
  assert {name: len(paths) for name, paths in layout.crops.items()} == {
      'crack': 6, 'pit': 6}


def test_the_remedies_are_such(tmp_path):
  make(tmp_path, {'a/crack/0.png': None, 'a/crack/0_lab.png': mask,
                  'b/crack/0.jpg': None, 'b/lab/0_lab.png': mask})
  with pytest.raises(UserError, match='call such files as 0_mask.png;'):
    read(tmp_path, images='a')
  (tmp_path / 'a/crack/0_lab.png').rename(tmp_path / 'a/crack/0_mask.png')
  with pytest.raises(UserError, match='put such files into a folder called masks, each '
                     'with the name of its image, as 0;'):
    read(tmp_path, images='b')
  (tmp_path / 'b/lab').rename(tmp_path / 'b/masks')
  (tmp_path / 'b/masks/0_lab.png').rename(tmp_path / 'b/masks/0.png')
  assert marked_in(read(tmp_path, images='a')) == {'crack/0.png': {'crack': 1}}
  assert marked_in(read(tmp_path, images='b')) == {'crack/0.jpg': {'crack': 1}}


def test_they_are_not_clean_either_and_no_crops(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.txt': f'0 {YOLO}', 'good/2.png': None,
                  'good/2_lab.png': mask})
  for look in (lambda: read(tmp_path), lambda: unannotated.list_clean(tmp_path / 'good'),
               lambda: unannotated.list_classes(tmp_path, '--defects')):
    with pytest.raises(UserError, match='2_lab.png looks like a mask of .*good/2.png'):
      look()


@pytest.mark.parametrize('first, second', [
    (image, image), (binarised, binarised), (image, dark)])
@pytest.mark.parametrize('name', ['crack/{k}_b.png', 'pit/{k}.png', 'pit/{k}.jpg'])
def test_pairs_of_photographs_and_binary_images_are_crops(tmp_path, first, second, name):
  make(tmp_path, {form.format(k=k): content for k in range(4)
                  for form, content in (('crack/{k}.png', first), (name, second))})
  layout = read(tmp_path)
  assert sum(map(len, layout.crops.values())) == 8


def jpeg_of_classes(path):
  """Saves a mask of three classes as no mask should be, in shades of grey."""
  mask(path, 90, more=[(170, (20, 0, 40, 9)), (250, (0, 20, 13, 30))])


@pytest.mark.parametrize('folder', ['segmentation', 'gt', 'mask'])
def test_photographs_with_labels_in_folders_called_as_of_masks(tmp_path, folder):
  make(tmp_path, {f'{folder}/1.jpg': None, f'{folder}/1.json': labelme(),
                  'polo/2.jpg': None, 'polo/2.json': labelme()})
  for more in ({}, {'format': 'labelme'}):
    assert marked_in(read(tmp_path, **more)) == {
        f'{folder}/1.jpg': {'crack': 1}, 'polo/2.jpg': {'crack': 1}}


def test_a_class_called_mask(tmp_path):
  make(tmp_path, {'mask/1.jpg': None, 'mask/2.jpg': None, 'scratch/3.jpg': None})
  assert {name: len(paths) for name, paths in read(tmp_path).crops.items()} == {
      'mask': 2, 'scratch': 1}


def test_masks_in_folders_called_so_stay_masks_whatever_lies_beside(tmp_path):
  make(tmp_path, {'images/1.jpg': None, 'masks/1.png': mask, 'masks/1.txt': 'by me',
                  'masks/2.jpg': jpeg_of_classes})
  with pytest.raises(UserError, match='fits 1 of the annotations .* is masks/2.jpg'):
    read(tmp_path)
  (tmp_path / 'masks/2.jpg').unlink()
  assert marked_in(read(tmp_path, format='masks')) == {'images/1.jpg': {'defect': 1}}
