"""What a manifest says of its crops, and what earlier versions did not say."""

import pytest

from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError
from pegan_jax.data import manifest


def test_boxes_of_a_manifest(tmp_path):
  path = tmp_path / manifest.FILE
  row = {'class': 'a', 'background': 'x'}
  manifest.write(tmp_path, manifest.CROPS, [
      {'file': 'a/0.png', 'asked': '1 2 3 4', 'boxes': '0 0 9 9', **row},
      {'file': 'a/1.png', 'boxes': '1 2 3 4; 0 3 2 8', **row},
      {'file': 'a/2.png', **row}])
  assert manifest.read_boxes(path) == {
      'a/0.png': Box(1, 2, 3, 4), 'a/1.png': Box(0, 2, 3, 8), 'a/2.png': None}
  path.write_text('file,background,boxes\na/1.png,x,1 2 3\n')
  with pytest.raises(UserError, match='no boxes in the row of a/1.png'):
    manifest.read_boxes(path)
  path.write_text('file,background\na/1.png,x\n')  # Of an earlier version.
  assert manifest.read_boxes(path) == {'a/1.png': None}


def test_sizes_are_medians_of_what_is_not_rejected():
  rows = [{'class': name, 'size': size, 'accepted': accepted} for name, size, accepted in (
      ('a', '1', 'yes'), ('a', '3', ''), ('a', '1.5', 'yes'), ('a', '9', 'no'),
      ('b', '', 'yes'), ('c', '2', 'no'))]
  assert manifest.sizes(rows) == {'a': 1.5}
  assert manifest.sizes([{'class': 'a'}]) == {}  # Of an earlier version.


def test_only_what_is_said_not_to_be_accepted_is_rejected(tmp_path):
  manifest.write(tmp_path, manifest.CROPS, [
      {'file': f'a/{i}.png', 'accepted': said} for i, said in enumerate(('yes', 'no', ''))])
  assert manifest.read_rejected(tmp_path / manifest.FILE) == {'a/1.png'}
  manifest.write(tmp_path, manifest.FRAMES, [
      {'file': file, 'accepted': said} for file, said in (
          ('0.png', 'yes'), ('0.png', 'no'), ('0.png', 'yes'), ('1.png', 'yes'))])
  assert manifest.read_rejected(tmp_path / manifest.FILE) == {'0.png'}
  (tmp_path / manifest.FILE).write_text('file,background\na/1.png,x\n')
  assert manifest.read_rejected(tmp_path / manifest.FILE) == set()
