"""Tests of masks whose names add words to their images'."""

import pytest

from data_prep.annotated import worded_names
from handmade import make, marked_in, mask, read
from pegan_jax.common.errors import UserError


def _make(folder, name, images='im_00{}', kinds=('crack', 'pit'), count=4):
  make(folder, {f'images/{images.format(k)}.jpg': None for k in range(count)} | {
      name.format(images.format(k), kind) + '.png': mask
      for k in range(count) for kind in kinds})


@pytest.mark.parametrize('name', [
    'masks/{}_{}', 'masks/{}-{}', 'masks/{}_mask_{}', 'masks/{}_{}_mask', 'masks/{} ({})',
    'masks/{1}_{0}', 'masks/{1}_of_{0}', 'labels/{}.{}', 'gt/{1}_{0}', 'masks/{}_{}_1',
    'masks/{1}/{0}_{1}'])
def test_the_class_is_in_the_name(tmp_path, name):
  _make(tmp_path, name)
  layout = read(tmp_path)
  assert marked_in(layout) == {
      f'images/im_00{k}.jpg': {'crack': 1, 'pit': 1} for k in range(4)}
  if '1}/' not in name:
    assert any('taken for the class: crack, pit' in note for note in layout.noted)


@pytest.mark.parametrize('name', [
    'masks/{}_{}', 'masks/{}-{}', 'masks/{}.{}', 'masks/{} ({})', 'masks/{}_inst{}',
    'masks/{}_obj_{}'])
@pytest.mark.parametrize('images', ['im_00{}', '00{}'])
def test_numbers_are_of_several_masks(tmp_path, name, images):
  _make(tmp_path, name, images, kinds=(0, 1))
  assert marked_in(read(tmp_path)) == {
      f'images/{images.format(k)}.jpg': {'defect': 2} for k in range(4)}


@pytest.mark.parametrize('name', ['{}_{}', '{}_{}1', '{}_{}_mask_1', '{1}_{0}'])
def test_the_only_word_is_the_class_unless_it_is_one_for_masks(tmp_path, name):
  for kind, class_name in (('crack', 'crack'), ('bin', 'defect'), ('final', 'defect')):
    folder = tmp_path / kind
    _make(folder, f'masks/{name}', kinds=(kind,))
    assert marked_in(read(folder)) == {
        f'images/im_00{k}.jpg': {class_name: 1} for k in range(4)}


@pytest.mark.parametrize('name, kinds', [
    ('masks/{}_{}', ('old', 'new')),  # Versions of one.
    ('masks/{}_{}', ('pred', 'crack')), ('masks/{}_{}', ('ok', 'crack')),
    ('masks/{}_{}', ('a3b4', 'crack')), ('masks/{}_{}', ('mask', 'crack')),
    ('masks/{}{}', ('crack', 'pit'))])
def test_what_the_words_mean_may_not_be_clear(tmp_path, name, kinds):
  _make(tmp_path, name, kinds=kinds)
  with pytest.raises(UserError):
    read(tmp_path)


def test_words_of_one_mask_each_are_no_classes():
  names = {k: (f'im_{k}_{word}', f'im_{k}') for k, word in enumerate(['ab', 'cd', 'ef'])}
  assert worded_names.words(names) is None


def test_a_folder_and_a_name_that_say_two_classes(tmp_path):
  _make(tmp_path, 'masks/pit/{}_{}', kinds=('crack',))
  with pytest.raises(UserError, match="of the class 'pit' by its folder, and of 'crack'"):
    read(tmp_path)


def test_a_folder_of_defects_of_no_kind_leaves_it_to_the_name(tmp_path):
  make(tmp_path, {f'images/bad/{k}.jpg': None for k in range(3)} | {
      f'masks/{k}_crack.png': mask for k in range(3)})
  assert marked_in(read(tmp_path)) == {
      f'images/bad/{k}.jpg': {'crack': 1} for k in range(3)}


def test_images_that_are_called_so_have_the_mask_of_their_name(tmp_path):
  make(tmp_path, {f'images/im_{k}{word}.jpg': None for k in range(3)
                  for word in ('', '_crack')}
       | {f'masks/im_{k}_crack.png': mask for k in range(3)})
  layout = read(tmp_path)
  assert marked_in(layout) == {f'images/im_{k}_crack.jpg': {'defect': 1} for k in range(3)}
  assert len(layout.unlabelled) == 3


@pytest.mark.parametrize('stray', ['x_9_crack', 'im_001'])
def test_all_of_a_folder_must_be_called_so(tmp_path, stray):
  _make(tmp_path, 'masks/{}_{}')
  make(tmp_path, {f'masks/{stray}.png': mask})
  with pytest.raises(UserError):
    read(tmp_path)


def test_a_mask_that_may_be_of_two_images():
  assert worded_names.image_of('1_crack_2', {'1', '2'}) == '1'  # 2 is a number.
  assert worded_names.image_of('a_crack_b', {'a', 'b'}) == ''
  assert worded_names.image_of('mask 1 of 20', {'20', '7'}) == ''
