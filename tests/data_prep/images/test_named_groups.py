"""Names of files that say which images belong together."""

import pathlib

import pytest

from data_prep.images import named_groups


@pytest.mark.parametrize('path, name', [
    ('small/Belt_1.png', 'belt_1'), ('v2/belt_1_jpg.rf.0a.jpg', 'belt_1')])
def test_a_name_in_any_size(path, name):
  assert named_groups.of_any_size(pathlib.Path(path)) == name


@pytest.mark.parametrize('file, name', [
    ('train/images/belt_jpg.rf.0a1b2c.jpg', 'train/images/belt'),
    ('belt_2_PNG.rf.ff00.jpg', 'belt_2'), ('belt_jpg.jpg', None), ('a.rf/1.jpg', None)])
def test_copies_by_roboflow_are_one_group(file, name):
  assert named_groups.named_by('', [])(file) == name
