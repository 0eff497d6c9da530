"""Frames get the boxes that are theirs."""

import pytest

from data_prep import layouts
from pegan_jax import annotations
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError


def test_matching_by_path_then_by_name(tmp_path):
  images, boxes = tmp_path / 'i', tmp_path / 'b'
  for name in ('i/x/1.png', 'i/y/1.png', 'i/2.png', 'i/3.png',
               'b/x/1.xml', 'b/y/1.txt', 'b/deep/2.xml', 'b/classes.txt'):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(
        '<annotation/>' if name.endswith('.xml') else 'crack\n' * ('classes' in name))
  listed = sorted(images.rglob('*.png'))
  pairs, unlabelled = layouts._match(images, listed, boxes)
  assert {(str(f.relative_to(images)), b.file) for f, b in pairs} == {
      ('x/1.png', 'x/1.xml'), ('y/1.png', 'y/1.txt'), ('2.png', 'deep/2.xml')}
  assert unlabelled == [images / '3.png']
  (boxes / 'lost.xml').write_text('<annotation/>')
  with pytest.raises(UserError, match='fits 1 of the box files .* first is lost.xml'):
    layouts._match(images, listed, boxes)


def test_one_file_for_all_frames(tmp_path):
  region = Region('crack', Box(1, 2, 3, 4))
  images = [Annotated(f'{x}.png', 9, 9, [region]) for x in ('a/1', 'b/1', '2.5')]
  annotations.write(tmp_path, ['coco'], images, ['crack'])
  listed = [tmp_path / 'i' / x for x in ('2.5.png', '3.png', 'a/1.png', 'b/1.png')]
  pairs, unlabelled = layouts._match(tmp_path / 'i', listed, tmp_path / 'coco.json')
  assert [(f, b.file) for f, b in pairs] == [
      (f, f.relative_to(tmp_path / 'i').as_posix()) for f in listed if f.stem != '3']
  assert unlabelled == [listed[1]]
  with pytest.raises(UserError, match='fits 1 of the box files .* first is 1.png'):
    layouts._match(tmp_path / 'i', listed[:3], tmp_path / 'coco.json')
  # Twice the same image: which boxes are right?
  annotations.write(tmp_path, ['coco'], images[:1] * 2, ['crack'])
  with pytest.raises(UserError, match='for one frame twice, in a/1.png and a/1.png'):
    layouts._match(tmp_path / 'i', listed[2:3], tmp_path / 'coco.json')


def _touch(folder, *names):
  for name in names:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text('<annotation/>' if name.endswith('.xml') else '')


def test_two_box_files_for_one_frame_are_named(tmp_path):
  _touch(tmp_path, 'i/1.png', 'b/1.xml', 'b/1.txt')
  with pytest.raises(UserError, match='boxes for one frame twice, in 1.txt and 1.xml:'):
    layouts._match(tmp_path / 'i', [tmp_path / 'i' / '1.png'], tmp_path / 'b')


def test_a_box_file_is_of_one_frame(tmp_path):
  _touch(tmp_path, 'i/x/1.png', 'i/y/1.png', 'b/x/1.xml')
  listed = sorted((tmp_path / 'i').rglob('*.png'))
  pairs, unlabelled = layouts._match(tmp_path / 'i', listed, tmp_path / 'b')
  assert [frame for frame, _ in pairs] == listed[:1] and unlabelled == listed[1:]
  (tmp_path / 'b' / 'x').rename(tmp_path / 'b' / 'z')
  with pytest.raises(UserError, match='z/1.xml, for two frames, .*x/1.png and .*y/1.png'):
    layouts._match(tmp_path / 'i', listed, tmp_path / 'b')


def test_no_box_files_is_an_error(tmp_path):
  with pytest.raises(UserError, match='holds no .xml'):
    layouts._match(tmp_path, [], tmp_path)
  with pytest.raises(UserError, match='not a folder'):
    layouts._match(tmp_path, [], tmp_path / 'missing')
  (tmp_path / 'a.pdf').touch()
  with pytest.raises(UserError, match=r'a.pdf is not a folder or a .*json'):
    layouts._match(tmp_path, [], tmp_path / 'a.pdf')
