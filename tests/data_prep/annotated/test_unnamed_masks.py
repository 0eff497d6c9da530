"""Masks whose names do not say so are refused, by their pixels, and nothing else is."""

import pathlib

import numpy as np
from PIL import Image
import pytest

from data_prep.annotated import unannotated, unnamed_masks
from pegan_jax.annotations import masks
from pegan_jax.common.errors import UserError
from handmade import YOLO, image, labelme, make, marked_in, mask, read


def binarised(path):
  mask(path, more=[(255, (0, 0, 40, 2))])


def dark(path):
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(np.random.default_rng(1).integers(0, 4, (30, 40), np.uint8)).save(path)


def backlit(path, grey=0):
  """Saves a silhouette, of which some rows are grey."""
  pixels = np.zeros((30, 40), np.uint8)
  pixels[:, 19:21] = np.random.default_rng(2).integers(0, 256, (30, 2))
  pixels[:, 21:] = 255
  pixels[2:2 + grey, :10] = 128
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(pixels).save(path)


def _blank_but_first(k):
  return lambda path: mask(path, 255 * (k == 0))


def both(name, of_mask):
  """Returns three images and masks of two classes, as `make` takes them."""
  return {form.format(folder=folder, k=k, of=k + 3 * (folder == 'pit')): content
          for folder in ('crack', 'pit') for k in range(3)
          for form, content in ((name, None), (of_mask, mask))}


@pytest.mark.parametrize('name, of_mask, first, of', [
    ('{folder}/{k}.png', '{folder}/{k}_lab.png', 'crack/0_lab.png', 'crack/0.png'),
    ('{folder}/{k}.png', '{folder}/{k}_color_mask.png', '0_color_mask.png', '0.png'),
    ('{folder}/i{k}.png', '{folder}/i{k}Mask.png', 'i0Mask.png', 'i0.png'),
    ('{folder}/{k}_image.png', '{folder}/{k}_truth.png', '0_truth.png', '0_image.png'),
    ('{folder}/{k}.png', '{folder}/{k}_bw.jpg', '0_bw.jpg', '0.png'),
    ('{folder}/{k}.jpg', '{folder}/{k}.tif', 'crack/0.tif', 'crack/0.jpg'),
    ('{folder}/images/{k}.jpg', '{folder}/drawn/{k}.png', 'drawn/0.png', 'images/0.jpg'),
    ('{folder}/{k}.jpg', '{folder}_bw/{k}.png', 'crack_bw/0.png', 'crack/0.jpg'),
    ('{folder}/{k}.jpg', 'Kopien/{folder}/{k}.png', 'Kopien/crack/0.png', 'crack/0.jpg'),
    ('images/{folder}/{of}.jpg', 'drawn/{of}.png', 'drawn/0.png', 'images/crack/0.jpg'),
    ('imagesTr/{of}_0000.png', 'labelsTr/{of}.png', 'labelsTr/0.png', '0_0000.png'),
    ('images/train/{of}.jpg', 'drawn/train/{of}.png', 'train/0.png', 'train/0.jpg'),
    ('1. Originals/a. Set/ID_{of}.jpg', '2. Truths/a. Set/1. {folder}/ID_{of}_CR.tif',
     'ID_0_CR.tif', 'ID_0.jpg'),
    ('{folder}/0{k}/image.png', '{folder}/0{k}/mask.png', '00/mask.png', '00/image.png'),
    ('{folder}/{of}a/rgb.png', '{folder}/{of}a/gt.png', 'a/gt.png', 'a/rgb.png'),
    ('{folder}/img{k}.png', '{folder}/m{k}.png', 'crack/m0.png', 'crack/img0.png'),
    ('img/x/{of}_leftImg.png', 'fine/x/{of}_fine_labelIds.png', '0_fine_labelIds.png',
     '0_leftImg.png')])
def test_masks_by_other_names_are_no_images_of_a_class(tmp_path, name, of_mask, first, of):
  make(tmp_path, both(name, of_mask))
  with pytest.raises(UserError, match=f'{first} looks like a mask of .*{of}: where it is'):
    read(tmp_path)


@pytest.mark.parametrize('name, of_mask', [
    ('NG/a{}.png', 'NG_mask/mask{}.png'), ('NG/img{}.png', 'drawn/mask{}.png')])
def test_masks_of_one_folder_that_are_called_otherwise_are_no_class(
    tmp_path, name, of_mask):
  make(tmp_path, {form.format(k): content for k in range(3)
                  for form, content in ((name, None), (of_mask, mask))})
  with pytest.raises(UserError, match='(mask|label)0.png looks like a mask'):
    read(tmp_path)


def test_masks_in_a_folder_per_crop_are_no_crops_and_not_clean(tmp_path):
  make(tmp_path, {f'crack/{k}/{name}.png': of for k in range(3)
                  for name, of in (('img', None), ('label', mask))})
  for of in (lambda: unannotated.list_classes(tmp_path),
             lambda: unannotated.list_clean(tmp_path / 'crack')):
    with pytest.raises(UserError, match='label.png looks like a mask of .*img.png'):
      of()


def test_a_format_says_that_they_are_images_of_a_class(tmp_path):
  make(tmp_path, both('{folder}/{k}.jpg', '{folder}/{k}_lab.png'))
  layout = read(tmp_path, format='classes')
  assert {name: len(paths) for name, paths in layout.crops.items()} == {
      'crack': 6, 'pit': 6}


def test_a_format_says_so_of_clean_ones_and_of_crops_too(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.txt': f'0 {YOLO}', 'good/2.png': None,
                  'good/2_back.png': mask})
  assert len(read(tmp_path, format='yolo').clean) == 2
  assert len(unannotated.list_clean(tmp_path / 'good', 'yolo')) == 2
  (tmp_path / 'good').rename(tmp_path / 'pit')
  assert len(unannotated.list_classes(tmp_path, 'classes')['pit']) == 2


def test_images_called_after_their_classes_are_no_pairs(tmp_path):
  make(tmp_path, {form.format(k=k): content for k in range(4) for form, content in (
      ('crack/crack_{k}.png', None), ('hole/hole_{k}.png', mask))})
  assert {name: len(paths) for name, paths in read(tmp_path).crops.items()} == {
      'crack': 4, 'hole': 4}


def marked(path):
  """Saves noise that is brighter where `mask` marks."""
  mask(path, value=90)
  noise = np.random.default_rng(3).integers(60, 120, (30, 40))
  Image.fromarray((np.asarray(Image.open(path)) + noise).astype(np.uint8)).save(path)


@pytest.mark.parametrize('name, of_mask', [
    ('crack/crack_{k}.png', 'crack_bits/crack_bits_{k}.png'),
    ('crack/crack ({k}).png', 'bits/bits ({k}).png'),
    ('image/{k}_image.jpg', 'bits/{k}_bits.png')])
def test_but_those_that_mark_what_the_others_show_are_masks(tmp_path, name, of_mask):
  make(tmp_path, {form.format(k=k): content for k in range(4) for form, content in (
      (name, marked), (of_mask, mask), ('good/good_{k}.png', None))})
  with pytest.raises(UserError, match=r'0\)?(?:_bits)?.png looks like a mask of '):
    read(tmp_path)


def test_the_remedy_names_their_folder_where_the_numbers_are_enough(tmp_path):
  make(tmp_path, {form.format(k=k): content for k in range(4) for form, content in (
      ('crack/crack_{k}.png', marked), ('bits/bits_{k}.png', mask))})
  with pytest.raises(UserError, match='where it is, pass --annotations .*/bits;'):
    read(tmp_path)
  assert len(read(tmp_path, 'bits').annotated) == 4
  for look, flag in ((unannotated.list_classes, '--defects'),
                     (unannotated.list_clean, '--clean')):
    with pytest.raises(UserError, match=f'pass --images {tmp_path} --annotations '
                       f'{tmp_path}/bits in place of {flag};'):
      look(tmp_path)


def test_random_words_in_names_are_of_one_kind():
  """Of Roboflow's names each has another, of which no digits may be numbers."""
  first, second = ([kind for _, kind in unnamed_masks.readings(pathlib.Path(name))][1:]
                   for name in ('7_jpg.rf.6123f371ae83e757944507cfaf9669a5.jpg',
                                '12_jpg.rf.01151dfec800a314140f2688ac936f87.jpg'))
  assert first == second and len(first) == 5
  [(own, _), (image, kind), *_] = unnamed_masks.readings(pathlib.Path(
      '3f2b8c1d-aaaa-4bbb-8ccc-123456789abc_mask.png'))
  assert own == f'{image}_mask' and kind == ('*_mask', '.png')


def test_the_remedies_are_such(tmp_path):
  make(tmp_path, {'a/crack/0.png': None, 'a/crack/0_lab.png': mask,
                  'b/crack/0.jpg': None, 'b/x/0_lab.png': mask,
                  'c/crack/0.jpg': None, 'c/drawn/0.png': mask})
  with pytest.raises(UserError, match='into a folder of their own, .*a/crack/masks; '):
    read(tmp_path, images='a')
  (tmp_path / 'a/crack/masks').mkdir()
  (tmp_path / 'a/crack/0_lab.png').rename(tmp_path / 'a/crack/masks/0_lab.png')
  with pytest.raises(UserError, match='masks beside their images, with the names of these, '
                     'as .*b/crack/masks/0.png, or several as 0_mask_1 and so on;'):
    read(tmp_path, images='b')
  (tmp_path / 'b/crack/masks').mkdir()
  (tmp_path / 'b/x/0_lab.png').rename(tmp_path / 'b/crack/masks/0.png')
  with pytest.raises(UserError, match='where it is, pass --annotations .*/c/drawn;'):
    read(tmp_path, images='c')
  for layout in (read(tmp_path, images='a'), read(tmp_path, images='b'),
                 read(tmp_path, 'c/drawn', images='c')):
    (_, annotated), = layout.annotated
    assert [region.name for region in annotated.regions] == ['crack']
  (tmp_path / 'c/drawn').rename(tmp_path / 'c/masks')
  assert marked_in(read(tmp_path, images='c')) == {'crack/0.jpg': {'crack': 1}}


def test_the_remedy_names_all_folders_of_masks(tmp_path):
  make(tmp_path, {f'c/{folder}/{k}.png': content for k in range(3) for folder, content in (
      ('images', None), ('crackmask', mask), ('my pits', _blank_but_first(k)))})
  with pytest.raises(UserError, match="--annotations .*/c/crackmask '.*/c/my pits';"):
    read(tmp_path, images='c')
  layout = read(tmp_path, 'c/crackmask', 'c/my pits', images='c')
  assert marked_in(layout)['images/0.png'] == {'crackmask': 1, 'my pits': 1}
  make(tmp_path, {'c/my pits/9.png': None})
  with pytest.raises(UserError, match='name the folder of such files by --annotations'):
    read(tmp_path, images='c')


def test_they_are_not_clean_either_and_no_crops(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.txt': f'0 {YOLO}', 'good/2.png': None,
                  'good/2_lab.png': mask})
  for look in (lambda: read(tmp_path), lambda: unannotated.list_clean(tmp_path / 'good'),
               lambda: unannotated.list_classes(tmp_path)):
    with pytest.raises(UserError, match='2_lab.png looks like a mask of .*good/2.png'):
      look()


@pytest.mark.parametrize('first, second', [
    (image, image), (binarised, binarised), (image, dark),
    (lambda path: backlit(path, 20), backlit)])
@pytest.mark.parametrize('name', ['crack/{k}_b.png', 'pit/{k}.png', 'pit/{k}.jpg'])
def test_pairs_of_photographs_and_binary_images_are_crops(tmp_path, first, second, name):
  make(tmp_path, {form.format(k=k): content for k in range(4)
                  for form, content in (('crack/{k}.png', first), (name, second))})
  layout = read(tmp_path)
  assert sum(map(len, layout.crops.values())) == 8


def test_the_silhouettes_of_the_test_above_could_be_masks(tmp_path):
  backlit(tmp_path / '1.png')
  backlit(tmp_path / '2.png', 20)
  assert masks.is_mask(tmp_path / '1.png') and not masks.is_mask(tmp_path / '2.png')


def jpeg_of_classes(path):
  """Saves a mask of three classes as no mask should be, in shades of grey."""
  mask(path, 90, more=[(170, (20, 0, 40, 9)), (250, (0, 20, 13, 30))])


def transparent(path):
  """Saves red paint on nothing, as programs that paint over an image do."""
  path.parent.mkdir(parents=True, exist_ok=True)
  pixels = np.zeros((30, 40, 4), np.uint8)
  pixels[5:20, 10:30] = (255, 0, 0, 128)
  Image.fromarray(pixels).save(path)


def numbered(path):
  """Saves a mask with a number for each of 20 objects."""
  mask(path, 0, more=[(k + 1, (2 * k, 3, 2 * k + 1, 20)) for k in range(20)])


def coloured(path):
  path.parent.mkdir(parents=True, exist_ok=True)
  pixels = np.zeros((30, 40, 3), np.uint8)
  pixels[np.tri(30, 40, dtype=bool)] = (200, 30, 90)
  Image.fromarray(pixels).save(path, quality=60)


@pytest.mark.parametrize('name, content, why', [
    ('0_mask.png', transparent, '0_mask.png cannot be read as a mask: it has transparent'),
    ('mask_0.png', numbered, 'mask_0.png is called as a mask .* has 20 values but 0'),
    ('0_gt.jpg', coloured, '0_gt.jpg is called as a mask .* values but 0'),
    ('0.png', transparent, '0.png cannot be read as a mask: it has transparent')])
def test_masks_by_name_that_cannot_be_read_are_no_pictures(tmp_path, name, content, why):
  make(tmp_path, {'crack/0.jpg': None, f'crack/{name}': content})
  for look in (lambda: read(tmp_path), lambda: unannotated.list_clean(tmp_path / 'crack'),
               lambda: unannotated.list_classes(tmp_path)):
    with pytest.raises(UserError, match=why):
      look()


def test_a_drawing_in_two_formats_is_no_mask(tmp_path):
  def drawing(path):
    Image.fromarray(np.minimum(255, np.arange(1200) // 2).astype(np.uint8).reshape(
        30, 40)).save(path)
  make(tmp_path, {'crack/0.jpg': drawing, 'crack/0.png': drawing})
  assert len(read(tmp_path).crops['crack']) == 2


@pytest.mark.parametrize('mode', ['L', 'RGB', 'RGBA', 'I;16'])
def test_photographs_that_are_called_as_masks_are_pictures(tmp_path, mode):
  def photograph(path):
    image(path)
    grey = np.asarray(Image.open(path).convert('L'))
    (Image.fromarray(grey.astype(np.uint16) * 200) if mode == 'I;16' else
     Image.fromarray(grey).convert(mode)).save(path)
  make(tmp_path, {'crack/0.jpg': None, 'crack/0_label.png': photograph})
  assert len(read(tmp_path).crops['crack']) == 2


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


@pytest.mark.parametrize('value, is_refused', [(0, True), (1, True), (255, False)])
def test_folders_of_drawings_beside_photographs(tmp_path, value, is_refused):
  """Whose names have nothing in common: MATLAB's PixelLabelData/Label_1.png."""
  for k in range(3):
    make(tmp_path, {f'crack/part{k}a.png': None, f'crack/more{k}a.png': None,
                    f'PixelLabelData/Label_{k}b.png': lambda path: mask(path, value),
                    f'good/{k}.png': None, f'good/more{k}.png': None})
  if is_refused:
    with pytest.raises(UserError, match='PixelLabelData have no values above 15, as masks'):
      read(tmp_path)
  layout = read(tmp_path, format='classes')
  assert not any('look drawn' in note for note in layout.noted)
  if not is_refused:
    assert any('look drawn' in note for note in read(tmp_path).noted)


@pytest.mark.parametrize('counts, is_refused', [
    ((10, 10, 3), True), ((10, 9, 3), True), ((10, 7, 3), False)])
def test_bright_drawings_as_many_as_photographs_are_refused(tmp_path, counts, is_refused):
  for folder, count in zip(('crack', 'drawn', 'good'), counts):
    make(tmp_path, {f"{folder}/{'xy'[folder == 'drawn']}{k}{folder}.png":
                    mask if folder == 'drawn' else None for k in range(count)})
  if is_refused:
    with pytest.raises(UserError, match='drawn look drawn, as masks do, and are as many '
                       'and as large as the images of .*crack: .* --format classes'):
      read(tmp_path)
  else:
    assert any('look drawn' in note for note in read(tmp_path).noted)
  assert len(read(tmp_path, format='classes').crops['drawn']) == counts[1]


def test_empty_masks_below_clean_are_refused(tmp_path):
  for k in range(3):
    make(tmp_path, {f'i/image/{k}.png': None,
                    f'i/contour/{k}.png': lambda path: mask(path, 0)})
  with pytest.raises(UserError, match='contour have no values above 15, as masks have'):
    unannotated.list_clean(tmp_path / 'i')
