"""Windows around regions: masks in the records, groups by name, classes not to use."""

import json
import re
import shlex

import numpy as np
import pytest
from scipy import ndimage

from data_prep import build, dataset as writer
from data_prep.report import remarks
from pegan_jax import main
from pegan_jax.data import dataset
from raw_folders import inputs, read_built, run_build, save, texture, write_voc

EVERYTHING = ['--per_class', 0, '--backgrounds', 0, '--reject_score', 99]


@pytest.fixture
def masked(tmp_path):
  """Eight frames of 150 x 200 with a mask each: a mark of 8 x 6, or a bar of 100 x 4."""
  random = np.random.default_rng(0)
  for k in range(8):
    name = 'bar' if k % 2 else 'mark'
    mask = np.zeros((150, 200), np.uint8)
    if k % 2:
      mask[40:44, 50:150] = 255
    else:
      mask[70:76, 20 + k:28 + k] = 255
    save(texture(random, 150, 200), tmp_path / 'images' / name / f'{k}.png')
    save(mask, tmp_path / 'masks' / name / f'{k}.png')
  return tmp_path


def _built(folder):
  """Returns {source: (class, mask, annotation, split)} of a built set, and its info."""
  info, found = dataset.load_info(folder), {}
  for split in ('train', 'test'):
    records = dataset.Records(info, split)
    every = range(len(records.labels))
    for source, label, mask, kind in zip(
        records.sources(every), records.labels, records.masks(every),
        records.annotations(every)):
      found[source] = ([*info.classes, 'background'][label], mask, kind, split)
  return found, info


def test_the_same_frames_in_other_folders_give_the_same_crops(tmp_path):
  """As the exports of two tools have them: windows lie anywhere around their regions."""
  for k, folder in enumerate(('voc', 'yolo/images')):
    random = np.random.default_rng(0)
    for name in 'abcdefgh':
      save(texture(random, 150, 200), tmp_path / folder / f'{name}.png')
      if not k:
        write_voc(tmp_path / folder / f'{name}.xml', [('pit', 91, 71, 98, 76)])  # From 1.
      else:
        label = tmp_path / 'yolo/labels' / f'{name}.txt'
        label.parent.mkdir(exist_ok=True)
        label.write_text(f'0 {94 / 200} {73 / 150} {8 / 200} {6 / 150}')
  (tmp_path / 'yolo/data.yaml').write_text('names: [pit]')
  crops = []
  for folder in ('voc', 'yolo'):
    run_build(tmp_path, '--images', tmp_path / folder, '--window_size', 32, *EVERYTHING,
              '--image_size', 32, out=f'built/{folder}')
    info = dataset.load_info(tmp_path / 'built' / folder)
    crops.append({bytes(image) for split in ('train', 'test')
                  for records in [dataset.Records(info, split)]
                  for image in records.images(records.find(0))})
  assert crops[0] == crops[1] and len(crops[0]) == 8


def _box(source):
  return tuple(map(int, source[:-1].split('[')[1].split(',')))


def _with_clean(masked):
  for k in range(8):
    save(texture(np.random.default_rng(k), 200, 200), masked / 'clean' / f'board{k}.png')
  return '--clean', masked / 'clean'


def _build(masked, *flags, out='out'):
  everything = () if '--per_class' in flags else EVERYTHING
  return run_build(masked, '--images', masked / 'images', '--annotations',
                   masked / 'masks', *everything, *flags, out=out)


def test_masks_lie_where_the_marks_are_in_the_crops(masked):
  assert _build(masked) == 0
  found, info = _built(masked / 'out')
  marks = {source: row for source, row in found.items() if row[0] == 'mark'}
  assert len(marks) == 4 and info.window == 64
  for source, (_, mask, kind, _) in marks.items():
    left, top, *_ = _box(source)
    k = int(source.split('/')[-1].split('.')[0])
    expected = np.zeros((64, 64, 1), np.uint8)
    expected[70 - top:76 - top, 20 + k - left:28 + k - left] = 255
    assert kind == 'mask' and expected.sum() == 255 * 48
    np.testing.assert_array_equal(mask, expected)
  bars = {source: row for source, row in found.items() if row[0] == 'bar'}
  assert len(bars) == 4 * 2  # 100 pixels in windows of 64.
  for row in bars.values():
    rows, columns = np.nonzero(row[1][..., 0])
    assert len(np.unique(rows)) == 4 and len(np.unique(columns)) >= 50
  for name, mask, kind, _ in found.values():
    if name == 'background':
      assert kind == 'none' and not mask.any()


def test_masks_shrink_with_their_windows_and_no_mark_is_lost(masked):
  assert _build(masked, *_with_clean(masked), '--window_size', 128, '--image_size', 32) == 0
  found, info = _built(masked / 'out')
  assert (info.window, info.image_size) == (128, 32)
  for source, (name, mask, *_) in found.items():
    left, top, *_ = _box(source)
    if name != 'background':
      rows, columns = np.nonzero(mask[..., 0])
      k = int(source.split('/')[-1].split('.')[0])
      middle = (42, 100) if k % 2 else (73, 24 + k)
      assert abs((rows.mean() + 0.5) * 4 + top - middle[0]) <= 2
      if name == 'mark':
        assert abs((columns.mean() + 0.5) * 4 + left - middle[1]) <= 3
  report = json.loads((masked / 'out' / 'audit.json').read_text())
  assert report['window'] == {'side': 128, 'why': '--window_size'}


def test_areas_are_true_for_small_marks(masked, monkeypatch):
  monkeypatch.setattr(build.audit, 'AREA_LEAST', 2)
  assert _build(masked, *_with_clean(masked), '--window_size', 128, '--image_size', 32) == 0
  areas = _built(masked / 'out')[1].metadata['areas']
  assert areas['mark'] == [round(48 / 128**2, 6)] * 2


def test_the_window_is_chosen_from_the_regions_and_said(masked, capsys):
  assert _build(masked, '--image_size', 32) == 0  # Of 8 and 100: 54.
  assert 'Windows of 54 x 54 pixels (the median' in capsys.readouterr().out
  assert _built(masked / 'out')[1].window == 54


def test_windows_are_no_wider_than_the_images_and_that_is_counted(masked):
  assert _build(masked, *_with_clean(masked), '--window_size', 180) == 0
  report = json.loads((masked / 'out' / 'audit.json').read_text())
  assert report['images_smaller_than_a_window'] == 8
  assert {_box(s)[2] - _box(s)[0] for s in _built(masked / 'out')[0]} == {150, 180}


def test_another_class_changes_no_window_and_skipping_it_still_bars(masked):
  for k in range(8):
    write_voc(masked / 'boxes' / f'{k}.xml', [
        ('bar', 121, 11, 190, 14), ('other', 1, 100, 200, 150)])
  flags = ['--images', masked / 'images', '--annotations', masked / 'boxes', *EVERYTHING,
           '--window_size', 64]
  assert run_build(masked, *flags) == 0
  assert run_build(masked, *flags, '--skip_classes', 'other', out='skipped') == 0
  assert run_build(masked, *flags, '--classes', 'bar', out='chosen') == 0
  every, skipped, chosen = (
      _built(masked / name)[0] for name in ('out', 'skipped', 'chosen'))
  assert {row[0] for row in skipped.values()} <= {'bar', 'background'}
  bars = {source for source, row in every.items() if row[0] == 'bar'}
  assert bars == {source for source, row in skipped.items() if row[0] == 'bar'}
  assert skipped.keys() == chosen.keys()
  for source, row in skipped.items():
    if row[0] == 'background':
      assert _box(source)[3] <= 99 - 4 + 1
  left_out = json.loads((masked / 'skipped' / 'audit.json').read_text())['left_out']
  assert left_out['crops or regions of other, a class that is not chosen'] == 8


def test_a_group_by_name_holds_across_all_sources(masked, capsys):
  """No clean image with the number of a test frame is trained on."""
  flags = [*_with_clean(masked), '--no-near_duplicates', '--group_by', r'(\d+)\.png']
  assert _build(masked, *flags) == 0
  found, _ = _built(masked / 'out')
  number = {source: source.split('.png')[0][-1] for source in found}
  test = {number[source] for source, row in found.items() if row[3] == 'test'}
  train = {number[source] for source, row in found.items() if row[3] == 'train'}
  clean = {number[s] for s, row in found.items() if s.startswith('clean/board')}
  assert len(test) == 2 and not test & train and clean == train
  assert 'have put into train a crop of the same' in capsys.readouterr().out


@pytest.mark.parametrize('flags, words', [
    (['--group_by', '('], r'--group_by \( is no regular expression'),
    (['--group_by', 'x'], 'has no group: put brackets'),
    (['--group_by', '(x9)'], 'fits no file, such as'),
    (['--classes', 'bar,no'], "--classes has 'no', and the classes are bar, mark"),
    (['--skip_classes', 'bar,mark'], 'no class is chosen'),
    (['--classes', 'bar', '--skip_classes', 'bar'], "both have 'bar'"),
    (['--per_class', 20],
     r'Classes bar \(8\), mark \(4\) have fewer than the 20 .*: pass --at_most,')])
def test_choices_that_cannot_be(masked, capsys, flags, words):
  assert _build(masked, *flags) == 2
  error = capsys.readouterr().err
  assert error.count('\n') == 1 and not (masked / 'out').exists()
  assert re.search(words, error), error


# ml_collections loads configs in a way that Python is about to give up.
@pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')
def test_check_says_what_there_is_and_writes_nothing(masked, capsys):
  before = sorted(masked.rglob('*'))
  flags = ['--images', str(masked / 'images'), '--annotations', str(masked / 'masks'),
           '--check']
  assert build.main(flags) == 0
  said = capsys.readouterr().out
  for text in ('masks; 8 images with marked defects; 0 clean', 'bar: 4 masks',
               '200 x 150 (8)', 'grey, 8 bits', 'Windows: 64 x 64', '--per_class 0',
               '--config.data_dir=data/mine'):
    assert text in said
  quick = said.splitlines()[-1].partition('main ')[2]  # Without numbers of crops.
  asked = main.parse(shlex.split(quick)).config.build
  assert asked.images == flags[1] and list(asked.annotations) == [flags[3]]
  assert asked.per_class == 150 and asked.at_most
  assert sorted(masked.rglob('*')) == before
  for name in ('mark/0.png', 'bar/1.png'):
    path = masked / 'images' / name
    path.write_bytes(path.read_bytes()[:2000])
  assert build.main(flags) == 2
  said = capsys.readouterr().out
  assert '2 problems:' in said and 'Go on with' not in said
  assert all(name in said for name in ('mark/0.png', 'bar/1.png'))


def test_check_names_images_that_are_small_or_not_annotated(masked, capsys):
  random = np.random.default_rng(1)
  flags = ['--images', str(masked / 'images'), '--annotations', str(masked / 'masks'),
           '--check']
  assert build.main(flags) == 0
  said = capsys.readouterr().out
  assert '; 0 without an annotation.' in said and 'smaller' not in said
  for k in range(5):
    save(texture(random, 90, 90), masked / 'images' / 'more' / f'{k}.png')
  for name in ('a', 'b'):  # The one is too narrow for a window, and the other just fits.
    mask = np.zeros((90, 64 - (name == 'a')), np.uint8)
    mask[9:19, 9:19] = 255
    save(texture(random, *mask.shape), masked / 'images' / 'bar' / f'{name}.png')
    save(mask, masked / 'masks' / 'bar' / f'{name}.png')
  assert build.main(flags + ['--window_size', '64']) == 0
  said = capsys.readouterr().out
  assert ('; 5 (more/0.png, more/1.png, more/2.png and 2 more) without an annotation.'
          in said)
  assert 'Note: 1 images are smaller than a window; of those, squares' in said


def test_check_counts_what_else_a_file_with_a_fault_holds(masked, capsys):
  said = {'images': [{'id': k, 'file_name': f"{('mark', 'bar')[k % 2]}/{k}.png"}
                     for k in range(8)],
          'categories': [{'id': 1, 'name': 'pit'}, {'id': 2, 'name': 'rust'}],
          'annotations': [{'id': k, 'image_id': k, 'category_id': 1 + k % 2,
                           'bbox': [10, 10, 20, 20 * (k < 7)]} for k in range(8)]}
  (masked / 'c.json').write_text(json.dumps(said))
  flags = ['--images', str(masked / 'images'), '--annotations', str(masked / 'c.json')]
  assert build.main([*flags, '--check']) == 2
  told = capsys.readouterr().out
  assert 'pit: 4 boxes' in told and 'rust: 3 boxes' in told and 'far as it can' in told
  assert '1 problem: ' in told and 'annotation 7 has a box without width' in told
  assert build.main([*flags, '--out', str(masked / 'out'), *map(str, EVERYTHING)]) == 2
  assert not (masked / 'out').exists()


@pytest.mark.parametrize('same', [True, False])
def test_check_knows_templates_and_its_command_is_true(tmp_path, capsys, same):
  """Clean images of the same names are templates only where they show the same."""
  random = np.random.default_rng(0)
  for k in range(6):
    lines = np.uint8(255) * (ndimage.gaussian_filter(
        random.normal(size=(200, 200)), 8) > 0)
    save(lines, tmp_path / 'set' / 'good' / f'{k}.png')
    marked = (lines if same else lines[::-1].T).copy()
    marked[20:50, 90:120] = 128
    save(marked, tmp_path / 'set' / 'images' / f'{k}.png')
    write_voc(tmp_path / 'set' / 'boxes' / f'{k}.xml', [('pit', 91, 21, 120, 50)])
  assert build.main(['--images', str(tmp_path / 'set'), '--margin', '5', '--check']) == 0
  said = capsys.readouterr().out
  command, = re.findall('data_prep.build (.*)', said)
  flags = shlex.split(command)
  assert ('--no-near_duplicates' in flags, '--group_by' in flags) == (same, same)
  assert flags[flags.index('--margin') + 1] == '5'
  if same:
    flags[flags.index('--out') + 1] = str(tmp_path / 'out')
    assert build.main(flags) == 0


def test_records_without_annotations_are_all_defect(raw):
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 0
  found, _ = _built(raw / 'out')
  for name, mask, kind, _ in found.values():
    assert kind == 'none' and (mask == (0 if name == 'background' else 255)).all()
  assert read_built(raw / 'out')[1].info.features['mask'].shape == (64, 64, 1)


def test_a_set_of_an_earlier_version_is_read(raw, monkeypatch):
  written = writer.SteelDefects._info

  def old_info(self):
    info = written(self)
    for name in ('mask', 'annotation'):
      info.features._feature_dict.pop(name)
    return info

  monkeypatch.setattr(writer.SteelDefects, '_info', old_info)
  examples = writer.SteelDefects._generate_examples
  monkeypatch.setattr(
      writer.SteelDefects, '_generate_examples', lambda self, some: (
          (key, {n: v for n, v in row.items() if n not in ('mask', 'annotation')})
          for key, row in examples(self, some)))
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 0
  found, info = _built(raw / 'out')
  assert not info.annotated
  for name, mask, kind, _ in found.values():
    assert kind == 'none' and mask.shape == (64, 64, 1)
    assert (mask == (0 if name == 'background' else 255)).all()


def test_images_annotated_as_empty_are_as_clean_as_others(masked, capsys):
  """All their windows are kept, and none is suspected."""
  for k in range(8, 12):
    save(texture(np.random.default_rng(k), 128, 192),
         masked / 'images' / 'good' / f'{k}.png')
    save(np.zeros((128, 192), np.uint8), masked / 'masks' / 'good' / f'{k}.png')
  flags = ['--images', str(masked / 'images'), '--annotations', str(masked / 'masks')]
  assert build.main([*flags, '--check']) == 0
  assert '8 images with marked defects; 4 clean ones' in capsys.readouterr().out
  assert _build(masked, '--per_class', 0, '--backgrounds', 0, '--windows_per_frame', 1,
                '--reject_score', 0.001) == 0
  found, _ = _built(masked / 'out')
  backgrounds = [source for source, (name, *_) in found.items() if name == 'background']
  assert sum('good/' in source for source in backgrounds) == 4 * 2 * 3


def test_classes_too_small_for_an_evaluation_are_told(masked, capsys):
  assert [note.partition(':')[0] for note in remarks.too_few({'b': 0, 'a': 3, 'c': 4})] == [
      'fewer than 4 train images of a, b']
  assert not list(remarks.too_few({'c': 4}))
  flags = ['--images', str(masked / 'images'), '--annotations', str(masked / 'masks')]
  flags += ['--train_fraction', '0.4', '--per_class', '0', '--backgrounds', '0']
  assert build.main([*flags, '--check']) == 0
  checked = _notes(capsys)  # A bar gives several crops.
  assert any('fewer than 4 train images of mark: an' in note for note in checked)
  assert build.main([*flags, '--out', str(masked / 'out')]) == 0
  assert _notes(capsys) == checked


def _notes(capsys):
  return sorted(line for line in capsys.readouterr().out.splitlines()
                if line.startswith('Note: '))
