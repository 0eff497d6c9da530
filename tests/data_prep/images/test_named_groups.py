"""Names of files that say which images belong together."""

import pytest

from data_prep.images import named_groups


@pytest.mark.parametrize('file, name', [
    ('train/images/belt_jpg.rf.0a1b2c.jpg', 'train/images/belt'),
    ('belt_2_PNG.rf.ff00.jpg', 'belt_2'), ('belt_jpg.jpg', None), ('a.rf/1.jpg', None)])
def test_copies_by_roboflow_are_one_group(file, name):
  assert named_groups.named_by('', [])(file) == name
