"""Tests of files that are called as clean images are."""

import pytest

from handmade import make, read, voc


@pytest.mark.parametrize('suffix', ['.svg', '.roi', '.geojson', '.ini', '.psd', '.log'])
@pytest.mark.parametrize('marked', [{}, {'c/0.xml': voc()}])
def test_some_beside_clean_images_are_noted(tmp_path, suffix, marked):
  make(tmp_path, {f'{of}/{k}.jpg': None for of in ('crack', 'good') for k in range(4)}
       | {'c/0.jpg': None} | marked
       | {f'good/{k}{suffix}': 'x' for k in (1, 3)} | {f'crack/2{suffix}': 'x'})
  (noted,) = [paths for note, paths in read(tmp_path).noted.items() if note.startswith(
      f'files called as some of the clean images beside them, as 1{suffix}')]
  assert [path.name for path in noted] == [f'1{suffix}', f'3{suffix}']


def test_those_of_a_camera_are_of_all_images(tmp_path):
  make(tmp_path, {f'{of}/{k}{suffix}': 'x' if suffix == '.ini' else None
                  for of in ('crack', 'good') for k in range(4)
                  for suffix in ('.jpg', '.ini')}
       | {'good/readme.ini': 'x'})
  assert not any('beside them' in note for note in read(tmp_path).noted)
