"""What the summary of a build tells its user to change."""

import numpy as np
import pytest

from data_prep.report import audit
from raw_folders import run_build, save, texture


def _crops(folder):
  random = np.random.default_rng(0)
  for name in ('a', 'b'):
    for k in range(6):
      save(texture(random, 32, 32), folder / 'd' / name / f'frame{k}_{name}.png')
  for k in range(8):
    save(texture(random, 64, 64), folder / 'c' / f'{k}.png')
  return ['--defects', folder / 'd', '--clean', folder / 'c', '--image_size', 32,
          '--per_class', 0, '--backgrounds', 0]


@pytest.mark.parametrize('side, said', [(32, 'as they are.'), (
    48, 'as they are; the squares of 2 whole crops are resized to that.')])
def test_crops_of_another_size_than_the_set_are_told(tmp_path, capsys, side, said):
  flags = _crops(tmp_path)
  for k in range(2):
    save(texture(np.random.default_rng(k), side, 60), tmp_path / 'd' / 'a' / f'frame{k}_a.png')
  for check in ((), ('--check',)):
    assert run_build(tmp_path, *flags, *check, out='built' if check else 'out') == 0
    line, = [line for line in capsys.readouterr().out.splitlines()
             if line.startswith('Windows')]
    assert line.endswith(f', {said}')


def test_crops_of_unknown_frames_are_told_unless_their_names_tell(tmp_path, capsys):
  flags = _crops(tmp_path)
  assert run_build(tmp_path, *flags) == 0
  said = capsys.readouterr().out
  assert 'Note: which frames 12 crops were cut from is not known' in said
  assert 'Note: fewer than 4 test images of a, b:' in said
  assert run_build(tmp_path, *flags, '--group_by', r'(frame\d)', out='named') == 0
  assert 'which frames' not in capsys.readouterr().out


def test_images_without_an_annotation_get_a_remedy(tmp_path, capsys):
  random = np.random.default_rng(0)
  for k in range(10):
    save(texture(random, 64, 64), tmp_path / 'i' / f'{k}.png')
    if k < 7:
      (tmp_path / 'i' / f'{k}.txt').write_text('0 0.2 0.2 0.2 0.2\n')
  assert run_build(tmp_path, '--images', tmp_path / 'i', '--image_size', 32,
                   '--window_size', 32, '--per_class', 0, '--backgrounds', 0) == 0
  assert 'Note: 3 images without an annotation are not known to be clean' in (
      capsys.readouterr().out)


@pytest.mark.parametrize('marked, members, pairs, said', [
    (10, 50, 9, None),  # A tenth and a half: not yet.
    (11, 2, 9, '11 of 101 backgrounds seem to show what a defect crop shows: where'),
    (0, 51, 9, '51 of 100 images seem to show places that overlap, and are one group: where'),
    (0, 51, 0, None),  # By their frame.
    (30, 60, 9, 'a defect crop shows and 60 of 100 images')])
def test_images_that_look_alike_are_told(marked, members, pairs, said):
  report = {'backgrounds_that_overlap_a_defect': ['x'] * marked,
            'available': {'a': 10, 'background': 90},
            'groups': [{'group': 0, 'members': ['x'] * members}, {'group': 1, 'members': []}],
            'counts': {'train': {'a': 7, 'background': 90}, 'test': {'a': 3}},
            'near_duplicate_pairs': pairs}
  found = list(audit._alike(report))  # pylint: disable=protected-access
  assert len(found) == (said is not None)
  if said:
    assert said in found[0] and found[0].endswith('pass --no-near_duplicates.')


def test_what_is_left_out_is_named_up_to_three():
  assert audit.counted({'lists': 4, 'notes': 2, 'crops': 9}, {
      'lists': ['a', 'b', 'c', 'd'], 'notes': ['e', 'f']}) == (
          'lists: 4 (a, b, c, ...); notes: 2 (e, f); crops: 9')
