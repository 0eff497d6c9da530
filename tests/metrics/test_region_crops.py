"""Crops around defects: their squares, their boxes, and what changes their features."""

import types

import numpy as np
import pytest

from conftest import PixelExtractor
from pegan_jax.annotations.regions import Box
from pegan_jax.data import dataset, manifest
from pegan_jax.metrics import region_crops


@pytest.mark.parametrize('box, crop', [
    (Box(30, 30, 34, 34), Box(16, 16, 48, 48)),    # A small mark: no less than 32.
    (Box(0, 40, 3, 64), Box(0, 24, 40, 64)),       # 36, so 40; moved in from the corner.
    (Box(60, 0, 64, 2), Box(32, 0, 64, 32)),
    (Box(10, 20, 42, 24), Box(2, 0, 50, 48)),      # Half as long again as its width.
    (Box(0, 0, 64, 64), Box(0, 0, 64, 64)),
    (Box(5, 5, 55, 15), Box(0, 0, 64, 64)),        # 75 are more than there are.
])
def test_a_crop_is_a_square_in_the_image_with_the_box_in_its_middle(box, crop):
  assert region_crops.window_of(box, 64, 64) == crop


def test_features_are_of_what_lies_in_the_crop_alone():
  images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 1), np.uint8)
  boxes = [Box(0, 0, 4, 4), None, Box(40, 40, 60, 60)]
  def features(pixels):
    (kept, found), = region_crops.features(
        PixelExtractor(), {'a': pixels, 'b': None}, {'a': boxes}).values()
    assert kept.tolist() == [0, 2]
    return found
  found = features(images)
  np.testing.assert_array_equal(found[0], PixelExtractor()(images[:1, :32, :32])[0])
  outside, inside = images.copy(), images.copy()
  outside[0, 32:] = outside[0, :, 32:] = outside[1] = 0
  inside[0, 31, 31] ^= 128
  np.testing.assert_array_equal(features(outside), found)
  assert (features(inside)[0] != found[0]).any()
  # Blocks of a folder's images are the same.
  np.testing.assert_array_equal(features([images[:2], images[2:]]), found)
  assert not region_crops.features(PixelExtractor(), {'a': images}, {'a': [None] * 3})


def test_boxes_of_a_split_are_those_of_its_masks(boxed_dir, enough_dir):
  info = dataset.load_info(boxed_dir)
  found, records = region_crops.of_split(info, 'train'), dataset.Records(info, 'train')
  assert list(found) == info.classes
  for label, name in enumerate(info.classes):
    of_class = records.masks(records.find(label))[..., 0]
    assert len(found[name]) == len(of_class) > 0
    for box, mask in zip(found[name], of_class):
      rows, columns = np.nonzero(mask)
      assert box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
  assert not region_crops.of_split(dataset.load_info(enough_dir), 'train')


def test_boxes_are_left_out_where_the_class_has_masks(monkeypatch):
  drawn = np.zeros((5, 8, 8, 1), np.uint8)
  drawn[0, 1:3, 4:8] = drawn[1, :2, :2] = drawn[3, 2, 2] = drawn[4] = 255

  class Records:
    """Class a has a mask, a box and an empty mask, b a box, c nothing."""
    def __init__(self, *_):
      pass
    find = staticmethod(lambda label: np.array([[0, 1, 2], [3], [4]][label]))
    masks = staticmethod(lambda indices: drawn[indices])
    annotations = staticmethod(lambda indices: [
        ('mask', 'box', 'mask', 'box', 'none')[i] for i in indices])

  monkeypatch.setattr(dataset, 'Records', Records)
  info = types.SimpleNamespace(classes=['a', 'b', 'c'])
  found = region_crops.of_split(info, 'train')
  assert found == {'a': [Box(4, 1, 8, 3), None, None], 'b': [Box(2, 2, 3, 3)]}
  assert region_crops.count(found) == 2


def test_boxes_of_a_folder_are_those_of_its_manifest(tmp_path):
  """Of the region asked for; a file that has no row has no box."""
  folder = types.SimpleNamespace(
      path=tmp_path, flat=False, files={'a': 0}, names=lambda _: ['a/1.png', 'a/9.png'])
  assert not region_crops.of_folder(folder)
  manifest.write(tmp_path, manifest.CROPS, [
      {'file': 'a/1.png', 'asked': '0 2 3 8', 'boxes': '0 0 9 9'}])
  assert region_crops.of_folder(folder) == {'a': [Box(0, 2, 3, 8), None]}
