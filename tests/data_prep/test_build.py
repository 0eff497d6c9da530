"""The whole build: what it writes."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

from conftest import assert_drawn
from data_prep import build, options
from data_prep.crops import cutting
from data_prep.report import audit, remarks
from pegan_jax import annotations
from pegan_jax.annotations.regions import Annotated
from raw_folders import inputs, pixels, read_built, run_build, save, texture

DATA = pathlib.Path(os.environ.get('PEGAN_DATA', '../shared/data'))


def test_writes_what_the_contract_says(raw, capsys):
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 0
  splits, builder = read_built(raw / 'out')
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
        whole = pixels(raw / 'defects' / source)
        np.testing.assert_array_equal(image[:, :, 0], whole)
      else:
        name, box = source[:-1].split('[')
        left, top, right, bottom = map(int, box.split(','))
        whole = pixels(raw / name)
        np.testing.assert_array_equal(image[:, :, 0], whole[top:bottom, left:right])
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['counts']['test'] == {'crack': 3, 'öl fleck': 3}
  assert str(raw) not in (raw / 'out' / 'audit.json').read_text()
  assert_drawn(raw / 'out' / 'audit.png')
  assert str(raw / 'out') in capsys.readouterr().out
  assert sorted(p.name for p in raw.iterdir()) == ['boxes', 'clean', 'defects',
                                                   'frames', 'out']


def test_nothing_is_left_in_the_temporary_folder(raw, monkeypatch):
  (raw / 'tmp').mkdir()
  monkeypatch.setattr(tempfile, 'tempdir', str(raw / 'tmp'))
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 0
  assert not any((raw / 'tmp').iterdir())


def test_same_inputs_same_bytes_in_another_process(raw):
  flags = [*inputs(raw, 'defects', 'frames', 'boxes', 'clean')]
  assert run_build(raw, *flags) == 0
  command = [sys.executable, '-m', 'data_prep.build', '--out', raw / 'again',
             '--per_class', '10', '--backgrounds', '8', *flags]
  subprocess.run(list(map(str, command)), check=True, capture_output=True,
                 env={**os.environ, 'PYTHONHASHSEED': '5'})
  names = sorted(p.name for p in (raw / 'out').iterdir())
  assert names == sorted(p.name for p in (raw / 'again').iterdir())
  for name in names:
    one, other = ((raw / out / name).read_bytes() for out in ('out', 'again'))
    assert one == other, name
  assert run_build(raw, *flags, '--seed', 1, out='other') == 0
  assert ({row[1] for row in read_built(raw / 'out')[0]['test']}
          != {row[1] for row in read_built(raw / 'other')[0]['test']})


def test_boxes_become_classes_and_no_frame_straddles(raw):
  (raw / 'boxes' / '5.xml').unlink()
  assert run_build(raw, *inputs(raw, 'frames', 'boxes', 'clean'), '--per_class', 0,
                   '--backgrounds', 0) == 0
  splits, builder = read_built(raw / 'out')
  assert builder.info.features['label'].names == ['pit', 'rust', 'background']
  frames = {split: {source.split('[')[0] for _, source, _, _ in rows}
            for split, rows in splits.items()}
  assert not frames['train'] & frames['test']
  labels = [label for rows in splits.values() for label, *_ in rows]
  assert labels.count('pit') == 2 and labels.count('rust') == 3
  assert not any('5.png' in frame for frame in frames['train'] | frames['test'])
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['left_out']['images without an annotation, where others have one'] == 1
  assert report['areas'] == {}  # Too few of a class.


def test_the_area_of_a_class_is_what_its_regions_cover_of_its_train_crops():
  items = [(cutting.Item(name, '', '', None, share=share), 0, test)
           for name, share, test in [
               *(('a', k / 10000, False) for k in range(1, 12)), ('a', 1.0, True),
               *(('b', 0.5, False),) * 9, *(('c', None, False),) * 20]]
  assert audit.areas(items) == {'a': [0.00035, 0.00085]}


def test_yolo_boxes_and_empty_files(raw):
  (raw / 'boxes' / 'classes.txt').write_text('pit\nrust\n')
  for k in range(6):
    (raw / 'boxes' / f'{k}.xml').unlink()
    (raw / 'boxes' / f'{k}.txt').write_text(
        f'{k % 2} 0.75 0.5 0.2 0.3\n' if k < 4 else '')
  assert run_build(raw, *inputs(raw, 'frames', 'boxes'), '--per_class', 0,
                   '--backgrounds', 0, '--reject_score', 99) == 0
  splits, builder = read_built(raw / 'out')
  assert builder.info.features['label'].names == ['pit', 'rust', 'background']
  assert any(row[1].startswith('frames/5.png[') for row in splits['train'])


def test_the_same_boxes_in_another_format_give_the_same_data_set(raw):
  read = annotations.read(raw / 'boxes')
  annotations.write(raw, ['yolo', 'coco'], [
      Annotated(x.file.replace('.xml', '.png'), 150, 200, x.regions_in(150, 200))
      for x in read], ['pit', 'rust'])
  built = []
  for boxes in ('boxes', 'yolo', 'coco.json'):
    assert run_build(raw, *inputs(raw, 'frames', 'clean'), '--boxes', raw / boxes,
                     '--per_class', 0, out=f'of_{boxes}') == 0
    built.append({p.name: p.read_bytes() for p in (raw / f'of_{boxes}').iterdir()})
  noted = [files.pop('provenance.json') for files in built]
  reports = [json.loads(files.pop('audit.json')) for files in built]
  assert [report.pop('format') for report in reports] == ['voc', 'yolo', 'coco']
  assert reports[0] == reports[1] == reports[2]
  assert built[0] == built[1] == built[2]
  assert len(set(noted)) == 3  # Other files, whatever they say.


def test_sixteen_bit_and_grey_rgb_files_share_one_rule(raw):
  deep = (np.arange(4096, dtype=np.uint16) % 1000).reshape(64, 64)
  save(deep, raw / 'defects' / 'crack' / 'deep.png')
  shown = pixels(raw / 'defects' / 'crack' / '0.png')
  save(np.dstack([shown] * 3), raw / 'defects' / 'crack' / '0.png')
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 0) == 0
  splits, builder = read_built(raw / 'out')
  assert builder.info.metadata['max_value'] == 1023
  assert builder.info.metadata['divisor'] == pytest.approx(1023 / 255)
  images = {source: image for rows in splits.values() for _, source, _, image in rows}
  np.testing.assert_array_equal(images['crack/deep.png'][:, :, 0],
                                np.rint(deep * (255 / 1023)))
  assert images['crack/0.png'].shape == (64, 64, 1)


def test_one_coloured_image_makes_the_set_rgb(raw):
  red = np.zeros((70, 90, 3), np.uint8)
  red[..., 0] = np.random.default_rng(1).integers(0, 255, (70, 90))
  save(red, raw / 'clean' / 'red.bmp')
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--image_size', 32) == 0
  splits, builder = read_built(raw / 'out')
  assert builder.info.features['image'].shape == (32, 32, 3)
  assert splits['train'][0][3].shape == (32, 32, 3)


def test_exact_duplicates_may_cost_a_class_a_few_images(raw):
  random = np.random.default_rng(3)
  for k in range(10, 30):
    for name in ('crack', 'öl fleck'):
      save(texture(random, 64, 64), raw / 'defects' / name / f'{k}.png')
  save(pixels(raw / 'defects' / 'crack' / '0.png'),
        raw / 'defects' / 'crack' / '1.png')
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--per_class', 30) == 0
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['available'] == {'background': 12, 'crack': 29, 'öl fleck': 30}


def test_help_explains_every_flag(capsys):
  assert build.main(['--help']) == 0
  shown = ' '.join(capsys.readouterr().out.split())
  for text in options._HELP.values():
    assert text in shown


def test_needs_neither_jax_nor_tensorflow_and_for_its_flags_nothing_slow(tmp_path):
  code = '''if True:
      import sys
      from data_prep import build
      for flags in (['--images', '/nowhere', '--check'],
                    ['--images', '.', '--out', 'out', '--shards', '0']):
        assert build.main(flags) == 2
      slow = {'matplotlib', 'scipy.ndimage', 'scipy.sparse', 'tensorflow_datasets'}
      assert not slow & set(sys.modules), slow & set(sys.modules)
      import data_prep.dataset
      assert not {'jax', 'flax', 'tensorflow'} & set(sys.modules)'''
  done = subprocess.run([sys.executable, '-c', code], check=False, cwd=tmp_path,
                        env=os.environ | {'PYTHONPATH': str(pathlib.Path.cwd())})
  assert done.returncode == 0


@pytest.mark.skipif(not (DATA / 'NEU-CLS-64').is_dir(),
                    reason='the real data is not in PEGAN_DATA or ../shared/data')
def test_real_crops_and_their_rgb_file(tmp_path):
  """Two real classes, one with the set's only RGB file; rp has two duplicates."""
  for name in ('rp', 'sp'):
    (tmp_path / 'defects').mkdir(exist_ok=True)
    (tmp_path / 'defects' / name).symlink_to((DATA / 'NEU-CLS-64' / name).resolve())
  save(texture(np.random.default_rng(0), 640, 640), tmp_path / 'clean' / 'a.png')
  start = time.monotonic()
  report = build.build(defects=str(tmp_path / 'defects'), backgrounds=50,
                       clean=str(tmp_path / 'clean'), out=str(tmp_path / 'out'))
  assert time.monotonic() - start < 60
  assert report['scaling'] == {'max_value': 255, 'divisor': 1.0, 'grey': True}
  assert report['counts']['train'] == {'background': 50, 'rp': 139, 'sp': 140}
  assert report['counts']['test'] == {'rp': 59, 'sp': 60}
  assert len([d for d in report['duplicates'] if d['dropped'].startswith('rp/')]) == 2


def test_draw_does_not_depend_on_other_images():
  items = [cutting.Item('a', f'a/{k}', '', np.zeros((1, 1, 1))) for k in range(50)]
  whole = [item.source for item in cutting.rank(items, 3)]
  part = [item.source for item in cutting.rank(items[::2], 3)]
  assert part == [name for name in whole if name in set(part)]
  assert whole != [item.source for item in cutting.rank(items, 4)]


def test_at_most_takes_fewer_where_there_are_fewer(raw):
  flags = *inputs(raw, 'defects', 'clean'), '--per_class', 12, '--backgrounds', 999
  assert run_build(raw, *flags) == 2
  assert run_build(raw, *flags, '--at_most') == 0
  found, _ = read_built(raw / 'out')
  labels = [label for examples in found.values() for label, *_ in examples]
  assert labels.count('crack') == labels.count('öl fleck') == 10
  assert 0 < labels.count('background') < 999


@pytest.mark.parametrize('sources', [('defects', 'clean'), ('frames', 'boxes')])
def test_clean_images_are_held_out_by_whole_frames(raw, capsys, sources):
  """Of clean images, or beside the defects of the test split."""
  assert run_build(raw, *inputs(raw, *sources), '--test_clean', 0.4,
                   *('--per_class', 0, '--backgrounds', 0)) == 0
  splits, _ = read_built(raw / 'out')
  frames = {split: [(label == 'background', source.rsplit('[', 1)[0], group)
                    for label, source, group, _ in rows] for split, rows in splits.items()}
  clean = {split: sum(row[0] for row in rows) for split, rows in frames.items()}
  assert clean['train'] and clean['test']
  for part in (1, 2):
    assert not ({row[part] for row in frames['train']}
                & {row[part] for row in frames['test']})
  report = json.loads((raw / 'out' / 'audit.json').read_text())
  assert report['counts']['test']['background'] == clean['test']
  assert report['available']['background'] == sum(clean.values())
  assert report['parameters']['test_clean'] == 0.4
  assert f"background {clean['train']} + {clean['test']}." in remarks.summary('out', report)
  # What is held out is not lost.
  lost = report['left_out'].get('backgrounds that belong with images of the test set', 0)
  assert run_build(raw, *inputs(raw, *sources), '--test_clean', 0.4, '--per_class', 0,
                   '--backgrounds', 999, out='more') == 2
  assert f' and {lost} belong with images of the test set)' in capsys.readouterr().err


def test_backgrounds_that_cannot_be_held_out_are_refused(raw, capsys):
  (raw / 'clean' / '1.png').unlink()
  assert run_build(raw, *inputs(raw, 'defects', 'clean'), '--test_clean', 0.2,
                   '--backgrounds', 0) == 2
  assert '--test_clean 0.2 of 6 backgrounds cannot be held out' in capsys.readouterr().err
