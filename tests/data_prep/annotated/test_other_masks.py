"""More masks of images that are marked: refused where they differ, and no images."""

import pytest

from data_prep.annotated import other_marks, reasons
from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError
from handmade import YOLO, counts, make, marked_in, mask, read, voc

_IMAGES = {f'images/{k}.jpg': None for k in range(3)}
_MASKS = {f'masks/{k}.png': mask for k in range(3)}


def _moved(path):
  mask(path, box=(2, 2, 8, 8))


@pytest.mark.parametrize('name', [
    'masks_old/{}.png', 'masks (2)/{}.png', 'masks_john/{}.png', 'labels_new/{}.png',
    'marks/{}.bmp', 'images/{}_x.png'])
@pytest.mark.parametrize('own', [_MASKS, {f'labels/{k}.txt': f'0 {YOLO}' for k in range(3)}
                                 | {'classes.txt': 'defect\n'}])
def test_other_marks_of_an_image_are_refused_and_kept_clear_as_is_said(tmp_path, name, own):
  make(tmp_path, _IMAGES | own | {name.format(k): _moved for k in range(3)})
  folder = next(iter(own)).partition('/')[0]
  with pytest.raises(UserError, match=(
      f'{name.format(0)} looks like a mask of .*images/0.jpg, which .*{folder}/0.* marks '
      f'in another way, and so do 2 more files: pass --annotations [^ ]*/{folder}, by which'
      ).replace('(2)', r'\(2\)')):
    read(tmp_path)
  layout = read(tmp_path, folder)
  assert not layout.unlabelled and len(layout.annotated) == 3
  assert layout.noted[other_marks.NOTED] == [tmp_path / name for name in sorted(_IMAGES)]
  assert {region.box for _, image in layout.annotated for region in image.regions
          if not region.name} == {Box(2, 2, 8, 8)}


def test_they_are_counted_where_they_mark_the_same_and_told_where_one_does_not(tmp_path):
  make(tmp_path, _IMAGES | _MASKS | {
      f'masks_old/{k}.png': lambda path: mask(path, 1) for k in range(3)})
  layout = read(tmp_path)
  assert marked_in(layout) == {name: {'defect': 1} for name in _IMAGES}
  assert not layout.unlabelled and counts(layout.left_out) == {reasons.SAME: 3}
  _moved(tmp_path / 'masks_old/1.png')
  with pytest.raises(UserError, match='masks_old/1.png .* marks in another way: pass'):
    read(tmp_path)


def test_where_no_folder_holds_the_own_masks_alone_others_are_to_be_moved(tmp_path):
  make(tmp_path, {'1.jpg': None, '1_mask.png': mask, '1_x.png': _moved, '2.jpg': None,
                  '2_mask.png': mask, '2_x.png': _moved})
  with pytest.raises(UserError, match='1_x.png .* 1 more files: move such files to'):
    read(tmp_path)


def test_of_an_image_without_a_mark_it_is_said_that_they_are_masks(tmp_path):
  make(tmp_path, _IMAGES | {'masks/1.png': mask, 'drawn/0.png': mask, 'drawn/2.png': mask})
  with pytest.raises(UserError, match='0.png looks like a mask of .*0.jpg: where it is'):
    read(tmp_path)


@pytest.mark.parametrize('folder', ['gt', 'masks_2'])
def test_masks_in_two_folders_are_joined_and_told_with_a_flag_that_chooses(
    tmp_path, folder):
  make(tmp_path, _IMAGES | _MASKS | {f'{folder}/{k}.png': _moved for k in range(3)})
  layout = read(tmp_path)
  assert {len(image.regions) for _, image in layout.annotated} == {2}
  (note, paths), = ((note, paths) for note, paths in layout.noted.items()
                    if 'masks in several folders' in note)
  assert len(paths) == 3
  named = note.partition(f'as by --annotations {tmp_path}/')[2]
  assert named in (folder, 'masks')
  assert {sum(bool(region.name) for region in image.regions)
          for _, image in read(tmp_path, named).annotated} == {1}


def test_masks_of_two_classes_are_not_said_to_be_joined(tmp_path):
  make(tmp_path, _IMAGES | {f'masks/{name}/{k}.png': mask
                            for name in ('pit', 'rust') for k in range(3)})
  assert not [note for note in read(tmp_path).noted if 'several folders' in note]


@pytest.mark.parametrize('folder', ['masks_old', 'gt (2)', 'masks_new'])
def test_a_word_for_a_version_is_no_class_of_masks_that_are_named(tmp_path, folder):
  make(tmp_path, _IMAGES | _MASKS | {f'{folder}/{k}.png': mask for k in range(3)})
  assert marked_in(read(tmp_path, 'masks', folder)) == {
      name: {'defect': 2} for name in _IMAGES}


@pytest.mark.parametrize('folder, own', [
    ('xml', {'xml/0.xml': voc()}), ('masks_new', {'masks_new/0.png': mask}),
    ('new/masks', {'new/masks/0.png': mask})])
def test_masks_of_other_images_than_those_that_are_named_are_kept_clear(
    tmp_path, folder, own):
  make(tmp_path, _IMAGES | own | {f'masks/{k}.png': _moved for k in (1, 2)})
  layout = read(tmp_path, folder)
  assert len(layout.annotated) == 1 and len(layout.annotated[0][1].regions) == 1
  assert layout.unlabelled == [tmp_path / f'images/{k}.jpg' for k in (1, 2)]
  assert not layout.clean


def test_new_images_and_their_new_masks_are_of_no_other_class(tmp_path):
  make(tmp_path, _IMAGES | _MASKS | {f'images_new/n{k}.jpg': None for k in range(3)} | {
      f'masks_new/n{k}.png': lambda path, k=k: mask(path, 255 * (k < 2)) for k in range(3)})
  layout = read(tmp_path)
  assert marked_in(layout) == {name: {'defect': 1} for name in _IMAGES} | {
      f'images_new/n{k}.jpg': {'defect': 1} if k < 2 else {} for k in range(3)}
  assert not layout.unlabelled and not layout.left_out


def test_masks_in_a_format_that_is_not_read_may_lie_beside_such_that_are(tmp_path):
  make(tmp_path, _IMAGES | {f'SegmentationClassPNG/{k}.png': mask for k in range(3)} | {
      f'SegmentationClass/{k}.npy': '' for k in range(3)} | {
          f'SegmentationClassVisualization/{k}.jpg': None for k in range(3)})
  assert marked_in(read(tmp_path)) == {name: {'defect': 1} for name in _IMAGES}
