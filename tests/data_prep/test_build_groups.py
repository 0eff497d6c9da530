"""The whole build: what shows one place is wholly train or test."""

import json

import numpy as np
from PIL import Image
import pytest

from data_prep.report import audit, remarks
from raw_folders import inputs, pixels, read_built, run_build, save, texture


def test_planted_duplicates_are_dropped_and_shifted_crops_stay_together(raw):
  random = np.random.default_rng(9)
  for pair in range(6):  # Twelve shifted crops of six frames.
    frame = texture(random, 80, 80)
    for k, (y, x) in enumerate(((4, 6), (12, 1))):
      save(frame[y:y + 64, x:x + 64], raw / 'defects' / 'crack' / f'p{pair}_{k}.png')
  copy = np.dstack([pixels(raw / 'defects' / 'crack' / '3.png')] * 3)
  save(copy, raw / 'defects' / 'öl fleck' / 'copy.png')
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0) == 0
  splits, _ = read_built(raw / 'out')
  groups = {source: (split, group) for split, rows in splits.items()
            for _, source, group, _ in rows}
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['duplicates'] == [{
      'dropped': 'öl fleck/copy.png', 'same_as': 'crack/3.png',
      'labels': ['öl fleck', 'crack']}]
  for pair in range(6):
    assert groups[f'crack/p{pair}_0.png'] == groups[f'crack/p{pair}_1.png']
  assert report['near_duplicate_pairs'] == 6
  assert len({group for split, group in groups.values() if split == 'train'}
             & {group for split, group in groups.values() if split == 'test'}) == 0
  assert report['counts']['test'] == {'crack': 7, 'öl fleck': 3}  # 30 % of 22 and 10.
  assert 0 < report['random_split_leak']['near_duplicate']['mean_count'] < 7


def test_turned_copies_of_crops_and_of_clean_images_stay_together(raw):
  random = np.random.default_rng(3)
  expected = set()
  for k in range(6):
    crop = texture(random, 64, 64)
    save(crop, raw / 'defects' / 'crack' / f'q{k}.png')
    save(np.rot90(crop, k % 4)[::-1], raw / 'defects' / 'crack' / f'z{k}.png')
    expected.add((f'crack/q{k}.png', f'crack/z{k}.png'))
  clean = pixels(sorted((raw / 'clean').iterdir())[0])
  save(clean.T, raw / 'clean' / 'z.png')
  save(crop[::-1], raw / 'clean' / 'shows a crack.png')
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0) == 0
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  found = {tuple(sorted(pair)) for pair in report['turned_copies']}
  # The last two cracks are each other's copies, and the clean image's.
  assert expected < found and len(found) == 9
  assert report['clean_copies_of_defects'] == ['clean/shows a crack.png']
  assert any('no background is cut from them' in line for line in remarks.remarks(report))
  splits, _ = read_built(raw / 'out')
  assert not [source for rows in splits.values() for _, source, *_ in rows
              if 'shows a crack' in source]
  groups = {source: (split, group) for split, rows in splits.items()
            for _, source, group, _ in rows}
  for one, other in expected:
    assert groups[one] == groups[other]
  assert any('copy of the other' in line for line in remarks.remarks(report))
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0,
                   '--no-near_duplicates', out='alike') == 0
  report = json.loads((raw / 'alike' / 'audit.json').read_text())
  assert report['turned_copies'] == []


def test_crops_of_one_frame_that_do_not_overlap_stay_together(raw, monkeypatch):
  monkeypatch.setattr(audit, 'AREA_LEAST', 2)
  for k in range(6):
    frame = pixels(raw / 'frames' / f'{k}.png')
    save(frame[40:104, 120:184], raw / 'defects' / 'crack' / f'f{k}_a.png')
    save(frame[70:134, 10:74], raw / 'defects' / 'crack' / f'f{k}_b.png')
  flags = [*inputs(raw, 'defects', 'frames', 'boxes', 'clean'), '--per_class', 0]
  assert run_build(raw, *flags) == 0
  splits, _ = read_built(raw / 'out')
  place = {source: (split, group) for split, rows in splits.items()
           for _, source, group, _ in rows}
  for k in range(6):
    assert place[f'crack/f{k}_a.png'] == place[f'crack/f{k}_b.png']
    for source, where in place.items():
      if source.startswith(f'frames/{k}.png'):
        assert where == place[f'crack/f{k}_a.png'] and where[0] == 'train'
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  overlapping = report['backgrounds_that_overlap_a_defect']
  assert overlapping and not set(overlapping) & set(place)
  assert report['defects_found_in_frames'] == 12
  # The box is at 129 to 170 and 59 to 110: in a's window, cut off below, not in b's.
  assert report['annotations']['crack'] == {'box': 6, 'none': 16}
  odd = report['crops_of_another_class_than_their_frame']
  assert {x['class'] for x in odd} == {'crack'} and {x['marked'] for x in odd} <= {
      'pit', 'rust'}
  assert sorted(crop for x in odd for crop in x['crops']) == [
      f'crack/f{k}_a.png' for k in range(6)]
  said = [line for line in remarks.remarks(report) if 'their frames mark' in line]
  assert len(said) == len(odd) and said[0].startswith(
      f"crops of crack that were found where their frames mark {odd[0]['marked']}: ")
  assert report['areas'] == {'crack': [round(41 * 45 / 64**2, 6)] * 2}
  assert read_built(raw / 'out')[1].info.metadata['areas'] == report['areas']
  assert report['counts']['test']['crack'] == 7
  assert run_build(raw, *flags, '--no-near_duplicates', out='alike') == 0
  report = json.loads((raw / 'alike' / 'audit.json').read_text())
  assert report['defects_found_in_frames'] == 12
  assert remarks.summary('out', report).count('not searched') == 1
  assert run_build(raw, *flags, '--no-search_frames', out='blind') == 0
  assert read_built(raw / 'blind')[1].info.metadata['areas'] == {}


@pytest.mark.parametrize('searches', [(), ('--no-near_duplicates',), ('--no-search_frames',)])
def test_clean_frames_that_crops_of_defects_were_cut_from_give_no_background(
    raw, capsys, searches):
  for k in range(3):
    frame = texture(np.random.default_rng(70 + k), 160, 192)
    save(frame[30 * k:30 * k + 64, 60:124], raw / 'defects' / 'crack' / f'q{k}.png')
    save(frame, raw / 'clean' / f'frame{k}.png')
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0, *searches) == 0
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  names = [f'clean/frame{k}.png' for k in range(3)]
  is_searched = '--no-search_frames' not in searches
  assert report['clean_copies_of_defects'] == names * is_searched
  assert ('show what a crop of one shows: 3, the first is clean/frame0.png; no background'
          in capsys.readouterr().out) == is_searched
  splits, _ = read_built(raw / 'out')
  assert is_searched != any('frame' in source for rows in splits.values()
                            for _, source, *_ in rows)


def test_frames_of_defects_in_place_of_clean_images_are_told(tmp_path, capsys):
  for k in range(4):
    frame = texture(np.random.default_rng(70 + k), 96, 96)
    save(frame[10:74, 16:80], tmp_path / 'defects' / 'crack' / f'q{k}.png')
    save(frame, tmp_path / 'frames' / f'{k}.png')
  assert run_build(tmp_path, '--defects', tmp_path / 'defects', '--clean',
                   tmp_path / 'frames', '--per_class', 0, '--backgrounds', 0) == 2
  said = capsys.readouterr().err
  assert '; 4 clean images show what defects show, as frames/0.png): add images' in said
  assert '--no-' not in said


def test_one_picture_in_two_classes_is_told(raw):
  crops = raw / 'defects'
  for k, quality in ((2, 60), (4, 90)):
    image = Image.fromarray(pixels(crops / 'crack' / f'{k}.png'))
    image.save(crops / 'öl fleck' / f'z{k}.jpg', quality=quality)
    image.save(crops / 'crack' / f'again{k}.jpg', quality=quality + 5)
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0) == 0
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert {tuple(sorted(pair)) for pair in report['same_crops_of_two_classes']} == {
      (f'crack/{name}', f'öl fleck/z{k}.jpg') for k in (2, 4)
      for name in (f'{k}.png', f'again{k}.jpg')}
  told, = (line for line in remarks.remarks(report) if 'of two classes that show' in line)
  assert ': 4, the first is ' in told


def test_one_picture_in_two_sizes_is_on_one_side(raw):
  """By its name in another folder; without that, it is another."""
  for k in range(8):
    crop = texture(np.random.default_rng(70 + k), 64, 64)
    save(crop, raw / 'defects' / 'crack' / f'q{k}.png')
    save(np.asarray(Image.fromarray(crop).resize((96, 96))),
         raw / 'defects' / 'large crack' / (f'q{k}.png' if k else 'other.png'))
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0) == 0
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert sorted(map(sorted, report['turned_copies'])) == [
      [f'crack/q{k}.png', f'large crack/q{k}.png'] for k in range(1, 8)]
