"""The whole build: what it writes, what it refuses, and that it is all or nothing."""

import errno
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
from PIL import Image
import pytest
from scipy import ndimage
import tensorflow_datasets as tfds

from data_prep import build
from data_prep import dataset
from data_prep import sources
from data_prep import workdir

DATA = pathlib.Path(os.environ.get('PEGAN_DATA', '../shared/data'))


def _texture(random, height, width):
  noise = ndimage.gaussian_filter(random.normal(size=(height, width)), 1.0)
  return np.clip(120 + 80 * noise, 0, 255).astype(np.uint8)


def _save(array, path):
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(array).save(path)


def _pixels(path):
  """A grey file as Pillow reads it."""
  with Image.open(path) as image:
    return np.asarray(image)


@pytest.fixture
def raw(tmp_path):
  """Two classes of 10 crops, 6 frames with a box each, 2 clean images."""
  random = np.random.default_rng(0)
  for name in ('crack', 'öl fleck'):
    for k in range(10):
      _save(_texture(random, 64, 64), tmp_path / 'defects' / name / f'{k}.png')
  for k in range(6):
    _save(_texture(random, 150, 200), tmp_path / 'frames' / f'{k}.png')
    box = [('pit' if k % 2 else 'rust', 130, 60, 170, 110)]
    _write_voc(tmp_path / 'boxes' / f'{k}.xml', box)
  for k in range(2):
    _save(_texture(random, 128, 192), tmp_path / 'clean' / f'{k}.png')
  return tmp_path


def _write_voc(path, boxes):
  path.parent.mkdir(parents=True, exist_ok=True)
  objects = ''.join(
      f'<object><name>{n}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>'
      f'<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>' for n, a, b, c, d in boxes)
  path.write_text(f'<annotation>{objects}</annotation>')


def _run(raw, *flags, out='out'):
  """Runs the command line on the fixture's folders; returns the exit status."""
  return build.main(['--out', str(raw / out), '--per_class', '10', '--backgrounds', '8',
                     *[str(flag) for flag in flags]])


def _flags(raw, *names):
  return [part for name in names for part in (f'--{name}', raw / name)]


def _read(folder):
  """Returns {split: [(label name, source, group, image)]} as a user would."""
  builder = tfds.builder_from_directory(str(folder))
  names = builder.info.features['label'].names
  return {split: [(names[example['label']], example['source'].decode(),
                   int(example['group']), example['image'])
                  for example in builder.as_data_source(split)]
          for split in ('train', 'test')}, builder


def test_writes_what_the_contract_says(raw, capsys):
  assert _run(raw, *_flags(raw, 'defects', 'clean')) == 0
  splits, builder = _read(raw / 'out')
  assert builder.info.features['label'].names == ['crack', 'öl fleck', 'background']
  assert builder.info.features['image'].shape == (64, 64, 1)
  assert builder.info.metadata['max_value'] == 255
  labels = {split: [label for label, *_ in rows] for split, rows in splits.items()}
  for name in ('crack', 'öl fleck'):
    assert labels['train'].count(name) == 7 and labels['test'].count(name) == 3
  assert labels['train'].count('background') == 8
  assert 'background' not in labels['test']
  for rows in splits.values():
    for label, source, group, image in rows:
      assert image.dtype == np.uint8 and group >= 0
      if label != 'background':
        whole = _pixels(raw / 'defects' / source)
        np.testing.assert_array_equal(image[:, :, 0], whole)
      else:
        name, box = source[:-1].split('[')
        left, top, right, bottom = map(int, box.split(','))
        whole = _pixels(raw / name)
        np.testing.assert_array_equal(image[:, :, 0], whole[top:bottom, left:right])
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['counts']['test'] == {'crack': 3, 'öl fleck': 3}
  assert str(raw) not in (raw / 'out' / 'audit.json').read_text()
  with Image.open(raw / 'out' / 'audit.png') as picture:
    assert picture.width > 1000
  assert str(raw / 'out') in capsys.readouterr().out
  assert sorted(p.name for p in raw.iterdir()) == ['boxes', 'clean', 'defects',
                                                   'frames', 'out']


def test_same_inputs_same_bytes_in_another_process(raw):
  flags = [*_flags(raw, 'defects', 'frames', 'boxes', 'clean')]
  assert _run(raw, *flags) == 0
  command = [sys.executable, '-m', 'data_prep.build', '--out', raw / 'again',
             '--per_class', '10', '--backgrounds', '8', *flags]
  subprocess.run(list(map(str, command)), check=True, capture_output=True,
                 env={**os.environ, 'PYTHONHASHSEED': '5'})
  names = sorted(p.name for p in (raw / 'out').iterdir())
  assert names == sorted(p.name for p in (raw / 'again').iterdir())
  for name in names:
    assert (raw / 'out' / name).read_bytes() == (raw / 'again' / name).read_bytes(), name
  assert _run(raw, *flags, '--seed', 1, out='other') == 0
  assert ({row[1] for row in _read(raw / 'out')[0]['test']}
          != {row[1] for row in _read(raw / 'other')[0]['test']})


def test_planted_duplicates_are_dropped_and_shifted_crops_stay_together(raw):
  random = np.random.default_rng(9)
  for pair in range(6):  # Twelve shifted crops of six frames.
    frame = _texture(random, 80, 80)
    for k, (y, x) in enumerate(((4, 6), (12, 1))):
      _save(frame[y:y + 64, x:x + 64], raw / 'defects' / 'crack' / f'p{pair}_{k}.png')
  copy = np.dstack([_pixels(raw / 'defects' / 'crack' / '3.png')] * 3)
  _save(copy, raw / 'defects' / 'öl fleck' / 'copy.png')
  assert _run(raw, *_flags(raw, 'defects', 'clean'), '--per_class', 0) == 0
  splits, _ = _read(raw / 'out')
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


def test_crops_of_one_frame_that_do_not_overlap_stay_together(raw):
  for k in range(6):
    frame = _pixels(raw / 'frames' / f'{k}.png')
    _save(frame[40:104, 120:184], raw / 'defects' / 'crack' / f'f{k}_a.png')
    _save(frame[70:134, 10:74], raw / 'defects' / 'crack' / f'f{k}_b.png')
  flags = [*_flags(raw, 'defects', 'frames', 'boxes', 'clean'), '--per_class', 0]
  assert _run(raw, *flags) == 0
  splits, _ = _read(raw / 'out')
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
  assert report['counts']['test']['crack'] == 7
  assert _run(raw, *flags, '--no-search_frames', out='blind') == 0


def test_boxes_become_classes_and_no_frame_straddles(raw):
  (raw / 'boxes' / '5.xml').unlink()
  assert _run(raw, *_flags(raw, 'frames', 'boxes', 'clean'), '--per_class', 0,
              '--backgrounds', 0) == 0
  splits, builder = _read(raw / 'out')
  assert builder.info.features['label'].names == ['pit', 'rust', 'background']
  frames = {split: {source.split('[')[0] for _, source, _, _ in rows}
            for split, rows in splits.items()}
  assert not frames['train'] & frames['test']
  labels = [label for rows in splits.values() for label, *_ in rows]
  assert labels.count('pit') == 2 and labels.count('rust') == 3
  assert not any('5.png' in frame for frame in frames['train'] | frames['test'])
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['frames_without_box_file'] == 1


def test_yolo_boxes_and_empty_files(raw):
  (raw / 'boxes' / 'classes.txt').write_text('pit\nrust\n')
  for k in range(6):
    (raw / 'boxes' / f'{k}.xml').unlink()
    (raw / 'boxes' / f'{k}.txt').write_text(
        f'{k % 2} 0.75 0.5 0.2 0.3\n' if k < 4 else '')
  assert _run(raw, *_flags(raw, 'frames', 'boxes'), '--per_class', 0, '--backgrounds',
              0, '--reject_score', 99) == 0
  splits, builder = _read(raw / 'out')
  assert builder.info.features['label'].names == ['pit', 'rust', 'background']
  assert any(row[1].startswith('frames/5.png[') for row in splits['train'])


def test_sixteen_bit_and_grey_rgb_files_share_one_rule(raw):
  deep = (np.arange(4096, dtype=np.uint16) % 1000).reshape(64, 64)
  _save(deep, raw / 'defects' / 'crack' / 'deep.png')
  shown = _pixels(raw / 'defects' / 'crack' / '0.png')
  _save(np.dstack([shown] * 3), raw / 'defects' / 'crack' / '0.png')
  assert _run(raw, *_flags(raw, 'defects', 'clean'), '--per_class', 0) == 0
  splits, builder = _read(raw / 'out')
  assert builder.info.metadata['max_value'] == 1023
  assert builder.info.metadata['divisor'] == pytest.approx(1023 / 255)
  images = {source: image for rows in splits.values() for _, source, _, image in rows}
  np.testing.assert_array_equal(images['crack/deep.png'][:, :, 0],
                                np.rint(deep * (255 / 1023)))
  assert images['crack/0.png'].shape == (64, 64, 1)


def test_one_coloured_image_makes_the_set_rgb(raw):
  red = np.zeros((70, 90, 3), np.uint8)
  red[..., 0] = np.random.default_rng(1).integers(0, 255, (70, 90))
  _save(red, raw / 'clean' / 'red.bmp')
  assert _run(raw, *_flags(raw, 'defects', 'clean'), '--image_size', 32) == 0
  splits, builder = _read(raw / 'out')
  assert builder.info.features['image'].shape == (32, 32, 3)
  assert splits['train'][0][3].shape == (32, 32, 3)


def test_exact_duplicates_may_cost_a_class_a_few_images(raw):
  random = np.random.default_rng(3)
  for k in range(10, 30):
    for name in ('crack', 'öl fleck'):
      _save(_texture(random, 64, 64), raw / 'defects' / name / f'{k}.png')
  _save(_pixels(raw / 'defects' / 'crack' / '0.png'),
        raw / 'defects' / 'crack' / '1.png')
  assert _run(raw, *_flags(raw, 'defects', 'clean'), '--per_class', 30) == 0
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['available'] == {'background': 12, 'crack': 29, 'öl fleck': 30}


def _empty(raw):
  (raw / 'empty').mkdir()
  return raw / 'empty'


def _one_image(raw):
  _save(np.zeros((64, 64), np.uint8), raw / 'defects' / 'single' / 'a.png')
  return _flags(raw, 'defects', 'clean') + ['--per_class', 0]


def _damaged(raw):
  path = raw / 'defects' / 'crack' / '0.png'
  path.write_bytes(path.read_bytes()[:200])
  return _flags(raw, 'defects', 'clean')


def _not_text(raw):
  path = raw / 'defects' / 'crack' / os.fsdecode(b'\xff.png')
  try:
    _save(np.zeros((64, 64), np.uint8), path)
  except OSError:
    pytest.skip('this file system takes UTF-8 names only')
  return _flags(raw, 'defects', 'clean')


def _same_class(raw):
  for path in (raw / 'defects' / 'crack').iterdir():
    path.unlink()
  frame = _texture(np.random.default_rng(2), 80, 80)
  for k in range(10):
    _save(frame[k:k + 64, k:k + 64], raw / 'defects' / 'crack' / f'{k}.png')
  return _flags(raw, 'defects', 'clean')


def _background_class(raw):
  (raw / 'defects' / 'crack').rename(raw / 'defects' / 'background')
  return _flags(raw, 'defects', 'clean')


def _orphan(raw):
  (raw / 'frames' / '3.png').unlink()
  return _flags(raw, 'frames', 'boxes')


def _full_boxes(raw):
  for k in range(6):
    _write_voc(raw / 'boxes' / f'{k}.xml', [('pit', 1, 1, 200, 150)])
  return _flags(raw, 'frames', 'boxes', 'defects')


@pytest.mark.parametrize('flags, message', [
    (lambda raw: [], 'There are no defects'),
    (lambda raw: _flags(raw, 'defects'), 'There are no backgrounds'),
    (lambda raw: _flags(raw, 'frames'), '--frames needs --boxes'),
    (lambda raw: _flags(raw, 'boxes', 'defects'), '--boxes needs --frames'),
    (lambda raw: ['--defects', raw / 'no', *_flags(raw, 'clean')], 'is not a folder'),
    (lambda raw: ['--clean', raw / 'no', *_flags(raw, 'defects')], 'is not a folder'),
    (lambda raw: ['--defects', _empty(raw), *_flags(raw, 'clean')], 'no class folders'),
    (lambda raw: ['--clean', _empty(raw), *_flags(raw, 'defects')], 'holds no images'),
    (lambda raw: ['--boxes', _empty(raw), *_flags(raw, 'frames')], 'holds no .xml'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--defects', raw / 'clean'],
     'no class folders'),
    (_one_image, 'Class single has 1 distinct image,'),
    (_damaged, '0.png cannot be read'),
    (_not_text, 'not UTF-8: rename it'),
    (_same_class, 'Class crack cannot be split'),
    (_background_class, 'the name of clean steel'),
    (_orphan, 'fits 1 of the box files .* first is 3.xml'),
    (_full_boxes, 'There are 0 backgrounds'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--per_class', 11],
     'Class crack has 10 images, fewer than the 11 asked for: pass --per_class 10'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--backgrounds', 99],
     'There are 12 backgrounds, .* pass --backgrounds 12'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--image_size', 50], 'multiple'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--train_fraction', 1], 'between'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--shards', 0], 'below 1'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--per_class', 'many'], 'invalid'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--perclass', 3], 'perclass'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--out', raw / 'clean'],
     'exists already'),
    (lambda raw: [*_flags(raw, 'defects', 'clean'), '--out',
                  raw / 'clean' / '0.png' / 'x'], 'cannot be written'),
])
def test_bad_input_gives_one_sentence_and_leaves_nothing(raw, capsys, flags, message):
  arguments = flags(raw)
  before = sorted(raw.rglob('*'))
  assert _run(raw, *arguments) == 2
  error = capsys.readouterr().err
  assert error.startswith('error: ') and error.count('\n') == 1, error
  assert re.search(message, error), error
  assert sorted(raw.rglob('*')) == before


@pytest.mark.parametrize('raised, status', [
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2), (KeyboardInterrupt(), 130)])
def test_interrupted_while_writing_leaves_nothing(
    raw, monkeypatch, capsys, raised, status):
  def fail(path):
    assert path.exists()  # Something was half-made by then.
    raise raised
  monkeypatch.setattr(dataset, '_make_canonical', fail)
  before = sorted(raw.rglob('*'))
  assert _run(raw, *_flags(raw, 'defects', 'clean')) == status
  assert capsys.readouterr().err.count('\n') == 1
  assert sorted(raw.rglob('*')) == before


@pytest.mark.parametrize('kilobytes', [64, 400, 1000])
def test_really_full_disk(raw, capsys, kilobytes):
  small = raw / 'small'
  small.mkdir()
  mounted = subprocess.run(
      ['mount', '-t', 'tmpfs', '-o', f'size={kilobytes}k', 'tmpfs', str(small)],
      capture_output=True, check=False).returncode == 0
  if not mounted:
    pytest.skip('mounting a small tmpfs is not permitted here')
  try:
    assert _run(raw, *_flags(raw, 'defects', 'clean'), out='small/out') == 2
    assert capsys.readouterr().err.startswith('error: The disk is full')
    assert not list(small.iterdir())
  finally:
    subprocess.run(['umount', str(small)], check=True)


@pytest.mark.parametrize('sent', [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_signals_leave_no_data_set_and_the_next_build_clears_up(raw, sent):
  code = ('import sys, time; from data_prep import build, dataset\n'
          "def slow(path): print('half', flush=True); time.sleep(60)\n"
          'dataset._make_canonical = slow\n'
          'sys.exit(build.main(sys.argv[1:]))')
  flags = ['--out', raw / 'out', '--per_class', 10, '--backgrounds', 8,
           *_flags(raw, 'defects', 'clean')]
  child = subprocess.Popen([sys.executable, '-c', code, *map(str, flags)],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
  assert child.stdout.readline() == 'half\n'
  child.send_signal(sent)
  child.communicate(timeout=30)
  assert child.returncode not in (0, None) and not (raw / 'out').exists()
  if sent != signal.SIGKILL:
    assert not list(raw.glob('.*'))
  assert _run(raw, *_flags(raw, 'defects', 'clean')) == 0
  assert (raw / 'out').exists() and not list(raw.glob('.*'))


def test_two_builds_at_once_do_not_mix(tmp_path):
  with workdir.whole_or_nothing(tmp_path / 'out') as (folder, keep):
    with pytest.raises(Exception, match='Another build is writing'):
      with workdir.whole_or_nothing(tmp_path / 'out'):
        pass
    (folder / 'set').mkdir()
    keep(folder / 'set')
  assert [p.name for p in tmp_path.iterdir()] == ['out']


def test_help_explains_every_flag(capsys):
  with pytest.raises(SystemExit) as ended:
    build.main(['--help'])
  assert ended.value.code == 0
  shown = ' '.join(capsys.readouterr().out.split())
  for text in build._HELP.values():
    assert text in shown


def test_needs_neither_jax_nor_tensorflow():
  code = ('import sys, data_prep.build\n'
          'import tensorflow_datasets as tfds\n'
          "assert not {'jax', 'flax', 'tensorflow'} & set(sys.modules)")
  subprocess.run([sys.executable, '-c', code], check=True)


@pytest.mark.skipif(not (DATA / 'NEU-CLS-64').is_dir(),
                    reason='the real data is not in PEGAN_DATA or ../shared/data')
def test_real_crops_and_their_rgb_file(tmp_path):
  """Two real classes, one with the set's only RGB file; rp has two duplicates."""
  for name in ('rp', 'sp'):
    (tmp_path / 'defects').mkdir(exist_ok=True)
    (tmp_path / 'defects' / name).symlink_to((DATA / 'NEU-CLS-64' / name).resolve())
  _save(_texture(np.random.default_rng(0), 640, 640), tmp_path / 'clean' / 'a.png')
  start = time.monotonic()
  report = build.build(defects=str(tmp_path / 'defects'), backgrounds=50,
                       clean=str(tmp_path / 'clean'), out=str(tmp_path / 'out'))
  assert time.monotonic() - start < 60
  assert report['scaling'] == {'max_value': 255, 'divisor': 1.0, 'grey': True}
  assert report['counts']['train'] == {'background': 50, 'rp': 139, 'sp': 140}
  assert report['counts']['test'] == {'rp': 59, 'sp': 60}
  assert len([d for d in report['duplicates'] if d['dropped'].startswith('rp/')]) == 2


def test_draw_does_not_depend_on_other_images():
  items = [sources.Item('a', f'a/{k}', '', np.zeros((1, 1, 1))) for k in range(50)]
  whole = [item.source for item in sources.rank(items, 3)]
  part = [item.source for item in sources.rank(items[::2], 3)]
  assert part == [name for name in whole if name in set(part)]
  assert whole != [item.source for item in sources.rank(items, 4)]
