"""What a build lists, follows and leaves out, and how it names that."""

import os

import numpy as np

from data_prep import build
from raw_folders import inputs, read_built, run_build, save, texture


def test_frames_and_clean_images_of_one_folder_name_stay_apart(raw):
  """Two cameras' folders of one name, with other photographs of the same names."""
  for name in ('frames', 'clean'):
    (raw / name).rename(raw / f'x{name}')
    (raw / name).mkdir()
    (raw / f'x{name}').rename(raw / name / 'images')
  flags = ['--frames', raw / 'frames' / 'images', '--clean', raw / 'clean' / 'images',
           *inputs(raw, 'boxes'), '--per_class', 0, '--backgrounds', 0]
  assert run_build(raw, *flags, '--reject_score', 99) == 0
  rows = [row for split in read_built(raw / 'out')[0].values() for row in split]
  clean = {group for _, source, group, _ in rows if source.startswith('images (clean)/')}
  assert len(clean) == 2  # A frame each, and neither with a frame of defects.
  assert not clean & {group for _, source, group, _ in rows
                      if source.startswith('images/')}


def test_a_linked_folder_of_a_class_is_built_and_noted(raw):
  more = raw / 'elsewhere'
  for k in range(3):
    save(texture(np.random.default_rng(k + 50), 64, 64), more / f'{k}.png')
  before = build.made_of(defects=raw / 'defects')
  (raw / 'defects' / 'crack' / 'more').symlink_to(more)
  (raw / 'defects' / 'crack' / 'up').symlink_to('..')
  (raw / 'defects' / 'l1').symlink_to('.')
  assert build.made_of(defects=raw / 'defects') != before
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0) == 0
  splits, builder = read_built(raw / 'out')
  assert builder.info.features['label'].names == ['crack', 'öl fleck', 'background']
  found = {source for rows in splits.values() for _, source, *_ in rows
           if source.startswith('crack/')}
  assert {f'crack/more/{k}.png' for k in range(3)} <= found and len(found) == 13


def test_what_is_left_out_is_told(raw, capsys):
  save(np.zeros((64, 64), np.uint8), raw / 'defects' / 'stray.png')
  (raw / 'clean' / 'broken.png').symlink_to('nowhere.png')
  os.mkfifo(raw / 'clean' / 'pipe.png')
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 0
  out, said = capsys.readouterr()
  assert 'images that lie in no class folder: 1' in out and 'stray' not in said
  assert 'a link that leads nowhere (1, the first is' in said
  assert 'a pipe, socket or device (1' in said and 'broken.png' in said


def test_home_is_meant_by_its_sign(raw, monkeypatch):
  monkeypatch.setenv('HOME', str(raw))
  build.build(defects='~/defects', clean='~/clean', out='~/out', per_class=0,
              backgrounds=0)
  assert (raw / 'out' / 'audit.json').exists()
  assert (build.made_of(defects='~/defects', clean='~/clean', out='x')
          == build.made_of(defects=raw / 'defects', clean=raw / 'clean', out='y'))
