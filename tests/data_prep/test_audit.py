"""What the summary of a build tells its user to change."""

import types

import numpy as np
import pytest

from data_prep.report import audit, remarks, sheet
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
    save(texture(np.random.default_rng(k), side, 60),
         tmp_path / 'd' / 'a' / f'frame{k}_a.png')
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
  assert 'Note: images without an annotation, which are not known to be clean: 3' in (
      capsys.readouterr().out)


@pytest.mark.parametrize('marked, told', [(10, 0), (11, 1)])  # Above a tenth.
def test_backgrounds_that_look_like_defects_are_told(marked, told):
  report = {'backgrounds_that_overlap_a_defect': ['x'] * marked,
            'available': {'a': 10, 'background': 90}}
  found = list(remarks._alike(report))  # pylint: disable=protected-access
  assert len(found) == told
  if told:
    assert found[0].startswith('11 of 101 backgrounds seem to show what a defect crop')
    assert found[0].endswith('pass --no-near_duplicates.')


@pytest.mark.parametrize('members, found', [
    ({'a': 5, 'b': 0}, []),  # A fifth: not yet.
    ({'a': 6, 'b': 0}, [('a', 6, 25)]),
    ({'a': 4, 'b': 4}, []),  # A third of b, which is few images.
    ({'a': 25, 'b': 0}, [('a', 25, 25)]),
    ({'a': 15, 'b': 12}, [('b', 12, 12), ('a', 15, 25), ('all', 27, 127)])])
def test_a_group_that_has_much_of_a_class_or_of_the_set_is_told(members, found):
  chosen = []
  for name, count in (('a', 25), ('b', 12), ('background', 90)):
    for k in range(count):
      group = 0 if k < members.get(name, 0) else len(chosen) + 1
      chosen.append((types.SimpleNamespace(label=name), group, False))
  large = audit.large_groups(chosen)
  assert [(x['name'], x['images'], x['of']) for x in large] == found
  for searched in (True, False):
    said = list(remarks.of_groups(large, [], [], searched, 0.7))
    assert len(said) == bool(found)
    if found:
      assert ('--no-near_duplicates' in said[0]) == searched
      assert f'{found[-1][1]} of {found[-1][2]} of' in said[0]


@pytest.mark.parametrize('in_test, train, cost', [
    (7, 0.7, 'so that test has 70% of a in place of 30%: group 0 has'), (3, 0.7, ''),
    (0, 0.5, 'so that test has 0% of a in place of 50%: group 0 has')])
def test_what_a_large_group_costs_the_split_is_told(in_test, train, cost):
  chosen = [(types.SimpleNamespace(label='a'), 0 if k < 7 else k, k < in_test)
            for k in range(10)]
  chosen += [(types.SimpleNamespace(label='background'), k, False) for k in range(90)]
  large = audit.large_groups(chosen)
  assert [x['in_test'] for x in large] == [in_test]
  said, = remarks.of_groups(large, [], [], True, train)
  assert cost in said and ('so that' in said) == bool(cost)


def test_what_is_left_out_is_named_up_to_three():
  assert audit.counted({'lists': 4, 'notes': 2, 'crops': 9}, {
      'lists': ['a', 'b', 'c', 'd'], 'notes': ['e', 'f']}) == (
          'lists: 4 (a, b, c, ...); notes: 2 (e, f); crops: 9')


def test_audit_png_draws_names_or_the_numbers_that_audit_json_gives_them():
  assert sheet.drawn_as(['β-Riß', 'трещина', '擦', 'a b', 'pęk']) == {
      'a b': 'a b', 'pęk': 'pęk', 'β-Riß': 'β-Riß', 'трещина': 'трещина', '擦': 'class 5'}
  drawn = {name: np.asarray(sheet.draw([(name, [])])).tobytes()
           for name in ('βx', 'ßx', '?x', 'x')}
  assert len({*drawn.values()}) == 4
