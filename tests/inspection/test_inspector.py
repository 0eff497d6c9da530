"""--mode inspect and predict: an inspector trained, kept, and asked."""

import csv
import importlib
import json
import os
import pathlib
import shutil
import sys

import numpy as np
from PIL import Image
import pytest

from inspection import worlds
from conftest import assert_drawn
from pegan_jax.annotations.regions import Box
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import confusion, images, inspector, predict, settings, training
from pegan_jax.inspection.settings import Settings


def _config(folder, **kwargs):
  config = importlib.import_module('configs.inspect').get_config()
  config.data_dir = str(folder)
  config.width, config.epochs, config.batch_size = 0.125, 30, 16
  config.checkpoint_every = 20
  config.update(kwargs)
  return config.lock()


def _predict(workdir, *paths, answers='', **settings):
  config = importlib.import_module('configs.predict').get_config().lock()
  config.images, config.csv = ','.join(map(str, paths)), str(answers)
  config.update(settings)
  return predict.predict(config, workdir)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
  """A narrow ResNet18 on three classes that are easily told apart."""
  folder = tmp_path_factory.mktemp('inspector')
  rng = np.random.default_rng(0)
  splits = {'train': [], 'test': []}
  for label, name in enumerate(worlds.CLASSES):
    for split, count in (('train', 16), ('test', 5)):
      splits[split] += worlds.examples(
          worlds.draw(rng, label, count, noise=8) // 4 + 64 * label, name,
          f'{name}/{split}')
  data = worlds.write_dataset(folder / 'data', splits)
  return data, folder / 'run', inspector.inspect(_config(data), folder / 'run')


def test_the_report(trained, capsys):
  _, workdir, report = trained
  counts = np.array(report['confusion'])
  assert counts.sum(1).tolist() == [5, 5, 5]
  assert np.trace(counts) >= 13
  assert report['images_per_second'] > 0
  assert report['protocol']['steps'] == 90 and report['protocol']['images'] == 48
  assert json.loads((workdir / 'inspection.json').read_text()) == report
  assert_drawn(workdir / 'inspection.png')
  # Again: it is trained already, and tested to the same end.
  def content():
    return {p: p.read_bytes() for p in workdir.rglob('*') if p.is_file()}
  before = content()
  assert inspector.inspect(_config(trained[0]), workdir) == report
  assert content() == before
  assert '15 test images' in capsys.readouterr().out


def test_predict_names_what_it_was_trained_on(trained, tmp_path, capsys):
  _, workdir, _ = trained
  rng = np.random.default_rng(3)
  by_class = {c: worlds.draw(rng, i, 3, noise=8) // 4 + 64 * i
              for i, c in enumerate(worlds.CLASSES)}
  folder = worlds.write_images(tmp_path / 'images', by_class)
  lone = tmp_path / 'large.png'
  Image.fromarray(by_class['c'][0, ..., 0]).resize((40, 48)).save(lone)
  _predict(workdir, folder, lone, answers=tmp_path / 'answers.csv')
  said = capsys.readouterr()
  assert '1 images were cut square' in said.err
  with (tmp_path / 'answers.csv').open(newline='') as f:
    rows = list(csv.DictReader(f))
  assert len(rows) == 10
  right = sum(r['class'] == pathlib.Path(r['file']).parent.name
              for r in rows[:-1])
  assert right >= 8
  for row, line in zip(rows, said.out.splitlines(), strict=True):
    p = [float(row[f'p_{c}']) for c in worlds.CLASSES]
    assert sum(p) == pytest.approx(1, abs=1e-5)
    assert float(row['probability']) == max(p)
    assert line == f'{row["file"]}  {row["class"]}  {max(p):.3f}'


@pytest.fixture
def by_brightness(monkeypatch):
  """An inspector with windows of 16 that knows dark and bright, by the mean of a crop."""
  described = {'classes': ['dark', 'bright'], 'image_size': 16, 'channels': 1,
               'max_value': 255, 'window': 16}
  def probabilities(pixels):
    mean = pixels.reshape(len(pixels), -1).mean(1) / 255
    return np.stack([1 - mean, mean], 1)
  monkeypatch.setattr(inspector, 'load', lambda workdir: (probabilities, described))
  monkeypatch.setattr(inspector, 'notes', lambda workdir: [])
  return described


def _rows(path):
  with path.open(newline='') as f:
    return list(csv.reader(f))


class TestWindows:
  """An image is covered by windows of the size that the data set was cut with."""

  @pytest.fixture
  def frame(self, tmp_path):
    """A frame of 56x40 of grey 51, with a white mark as large as a window."""
    pixels = np.full((40, 56), 51, np.uint8)
    pixels[8:24, 24:40] = 255
    Image.fromarray(pixels).save(tmp_path / 'frame.png')
    return tmp_path / 'frame.png'

  def test_of_a_frame(self, by_brightness, frame, tmp_path, capsys):
    assert _predict(tmp_path, frame, answers=tmp_path / 'a.csv') == [
        (frame, 'bright', 1)]
    head, *rows = _rows(tmp_path / 'a.csv')
    assert head == ['file', 'left', 'top', 'right', 'bottom', 'class', 'probability',
                    'p_dark', 'p_bright']
    assert [row[1:5] for row in rows] == [
        [str(x) for x in (left, top, left + 16, top + 16)]
        for top in (0, 8, 16, 24) for left in range(0, 41, 8)]
    assert rows[9] == [str(frame), '24', '8', '40', '24', 'bright', '1.000000',
                       '0.000000', '1.000000']
    assert rows[0][5:] == ['dark', '0.800000', '0.800000', '0.200000']
    assert rows[8][5:] == ['bright', '0.600000', '0.400000', '0.600000']  # Half of it.
    said = capsys.readouterr()
    assert said.out == (f'{frame}  bright  1.000  at 24,8,40,24, the surest of 24 windows: '
                        'dark 19, bright 5\n')
    assert 'note' not in said.err

  def test_of_a_window_and_of_less(self, by_brightness, tmp_path, capsys):
    by_brightness['window'] = 32
    for name, size in (('whole.png', (32, 32)), ('less.png', (24, 16))):
      Image.new('L', size, 204).save(tmp_path / name)
    _predict(tmp_path, tmp_path / 'whole.png', tmp_path / 'less.png',
             answers=tmp_path / 'a.csv')
    assert [row[1:6] for row in _rows(tmp_path / 'a.csv')[1:]] == [
        ['0', '0', '32', '32', 'bright'], ['0', '0', '16', '16', 'bright'],
        ['8', '0', '24', '16', 'bright']]
    said = capsys.readouterr()
    assert '1 images are smaller than a window of 32x32' in said.err
    assert said.out.splitlines()[0] == f'{tmp_path}/whole.png  bright  0.800'

  def test_none_are_known_of_whole_files(self, by_brightness, frame, tmp_path, capsys):
    by_brightness['window'] = None
    assert _predict(tmp_path, frame, answers=tmp_path / 'a.csv')[0][1] == 'dark'
    assert _rows(tmp_path / 'a.csv')[1][1:5] == ['8', '0', '48', '40']  # The centre.
    assert '1 images were cut square and brought to 16x16' in capsys.readouterr().err
    assert _predict(tmp_path, frame, window_size=16)[0][1:] == ('bright', 1)
    with pytest.raises(UserError, match='window_size is -1'):
      _predict(tmp_path, frame, window_size=-1)

  def test_blocks_may_end_within_an_image(
      self, by_brightness, frame, tmp_path, monkeypatch):
    monkeypatch.setattr(predict, '_BLOCK', 7)
    assert _predict(tmp_path, frame, frame, answers=tmp_path / 'a.csv') == [
        (frame, 'bright', 1)] * 2
    rows = _rows(tmp_path / 'a.csv')[1:]
    assert len(rows) == 48 and rows[:24] == rows[24:]

  def test_all_images_are_checked_before_the_first_answer(
      self, by_brightness, frame, tmp_path, capsys, monkeypatch):
    """A damaged one, one of another depth, a coloured one, one that is too large."""
    _predict(tmp_path, frame, answers=tmp_path / 'a.csv')
    before = (tmp_path / 'a.csv').read_bytes()
    capsys.readouterr()
    bad = tmp_path / 'bad'
    bad.mkdir()
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 3000)
    (bad / 'a.png').write_bytes(b'no image')
    Image.fromarray(np.full((16, 16), 4000, np.uint16)).save(bad / 'b.png')
    Image.new('RGB', (16, 16), 'red').save(bad / 'c.png')
    Image.new('L', (60, 60)).save(bad / 'd.png')
    for k in range(8):
      (bad / f'e{k}.png').write_bytes(frame.read_bytes()[:60])
    inputs = frame, bad, frame
    with pytest.raises(UserError, match='12 of 14 images cannot be used, see above: mend '
                       'or remove them, or leave them out with --config.skip_bad=true'):
      _predict(tmp_path, *inputs, answers=tmp_path / 'a.csv')
    said = capsys.readouterr()
    *lines, last = said.err.splitlines()
    assert [line.split()[0] for line in lines] == [
        f'{bad}/{name}.png' for name in ('a', 'b', 'c', 'd', *(f'e{k}' for k in range(6)))]
    assert last == 'and 2 more' and not said.out
    for line, word in zip(lines, ('damaged', 'up to 4000', 'is coloured', '3,000 pixels')):
      assert word in line
    assert (tmp_path / 'a.csv').read_bytes() == before
    assert not list(tmp_path.glob('*.part'))
    # Or named, counted and left out.
    assert _predict(tmp_path, *inputs, answers=tmp_path / 'a.csv', skip_bad=True) == [
        (frame, 'bright', 1)] * 2
    *lines, last = capsys.readouterr().err.splitlines()
    assert len(lines) == 12 and 'e7.png' in lines[-1]
    assert last == 'note: 12 of 14 images cannot be used, see above, and are skipped'
    assert len(_rows(tmp_path / 'a.csv')) == 1 + 2 * 24
    with pytest.raises(UserError, match='12 of 12 images .*: none is left'):
      _predict(tmp_path, bad, skip_bad=True)
    with pytest.raises(UserError, match='a.png cannot be read .*; mend or remove it, or '
                       'leave it out with --config.skip_bad=true'):
      _predict(tmp_path, frame, bad / 'a.png')

  def test_an_earlier_inspector_did_not_note_them(self, trained, frame, tmp_path):
    data, workdir, _ = trained
    workdir = shutil.copytree(workdir, tmp_path / 'run')
    saved = json.loads((workdir / 'inspector.json').read_text())
    del saved['config']['dataset']['window']
    (workdir / 'inspector.json').write_text(json.dumps(saved))
    with pytest.raises(UserError, match='earlier version.* --mode inspect again'):
      _predict(workdir, frame)
    assert _predict(workdir, frame, window_size=16)
    inspector.inspect(_config(data), workdir)  # As that sentence says.
    assert _predict(workdir, frame)

  @pytest.mark.parametrize('window', [0, 1.5, '64', True])
  def test_a_damaged_note(self, trained, tmp_path, window):
    workdir = shutil.copytree(trained[1], tmp_path / 'run')
    saved = json.loads((workdir / 'inspector.json').read_text())
    saved['config']['dataset']['window'] = window
    (workdir / 'inspector.json').write_text(json.dumps(saved))
    with pytest.raises(UserError, match='inspector.json is damaged'):
      inspector.load(workdir)

  @pytest.mark.parametrize('height,width,side', [
      (7, 7, 7), (8, 15, 8), (64, 65, 7), (100, 31, 10), (12, 40, 13), (5, 3, 1)])
  def test_what_is_half_as_long_lies_whole_in_one(self, height, width, side):
    windows = predict.cover(height, width, side)
    side = min(side, height, width)
    assert windows[0][:2] == (0, 0) and windows[-1][2:] == (width, height)
    assert len(set(windows)) == len(windows)
    assert {(box.width, box.height) for box in windows} == {(side, side)}
    long = max(1, side // 2)
    for top in range(height - long + 1):
      for left in range(width - long + 1):
        mark = Box(left, top, left + long, top + long)
        assert any(mark.overlap(box) == long**2 for box in windows)


def test_the_window_that_a_data_set_was_cut_with(tmp_path):
  """Known from where its records lie; whole files have no place in a frame."""
  for names, window in ((['a/1.png', 'b/2[0].png'], None),
                        (['a/1.png', 'f/2.png[0,8,16,24]'], 16)):
    splits = {'train': [{'image': np.zeros((16, 16, 1), np.uint8), 'label': 'a',
                         'source': name, 'group': 0} for name in names]}
    info = dataset.load_info(worlds.write_dataset(tmp_path / str(window), splits))
    train = images.Images(None, None, names, None)
    assert images.window(info, train) == window


def test_answers_take_the_place_of_earlier_answers_alone(trained, tmp_path):
  _, workdir, _ = trained
  image, answers = tmp_path / 'a.png', tmp_path / 'a.csv'
  Image.new('L', (16, 16)).save(image)
  for _ in range(2):
    _predict(workdir, image, answers=answers)
  manifest = 'file,class,background\na/00000.png,a,\n'
  (tmp_path / 'manifest.csv').write_text(manifest)
  (tmp_path / 'folder.csv').mkdir()
  pixels, saved = image.read_bytes(), (workdir / 'inspector.json').read_bytes()
  for path, words in (
      (image, 'must be a .csv file'), (workdir / 'inspector.json', 'must be a .csv file'),
      (tmp_path, 'must be a .csv file'), (tmp_path / 'folder.csv', 'folder.csv exists'),
      (tmp_path / 'manifest.csv', 'not an earlier output')):
    with pytest.raises(UserError, match=words):
      _predict(workdir, image, answers=path)
  assert (tmp_path / 'manifest.csv').read_text() == manifest
  assert image.read_bytes() == pixels
  assert (workdir / 'inspector.json').read_bytes() == saved


def test_a_full_disk_leaves_the_earlier_answers(trained, tmp_path, monkeypatch):
  from pegan_jax.common import files
  _, workdir, _ = trained
  Image.new('L', (16, 16)).save(tmp_path / 'a.png')
  _predict(workdir, tmp_path / 'a.png', answers=tmp_path / 'a.csv')
  before = (tmp_path / 'a.csv').read_bytes()
  def full(*_):
    raise OSError(28, 'No space left on device')
  monkeypatch.setattr(files.os, 'replace', full)
  with pytest.raises(OSError, match='No space left'):
    _predict(workdir, tmp_path / 'a.png', answers=tmp_path / 'a.csv')
  assert sorted(p.name for p in tmp_path.iterdir()) == ['a.csv', 'a.png']
  assert (tmp_path / 'a.csv').read_bytes() == before


class _Closed:
  """A pipe whose reader has gone."""

  def write(self, text):
    raise BrokenPipeError

  def flush(self):
    pass


def test_answers_are_kept_where_what_they_are_printed_to_is_closed(
    trained, tmp_path, monkeypatch):
  _, workdir, _ = trained
  Image.new('L', (16, 16)).save(tmp_path / 'a.png')
  monkeypatch.setattr(sys, 'stdout', _Closed())
  with pytest.raises(BrokenPipeError):
    _predict(workdir, tmp_path / 'a.png', answers=tmp_path / 'a.csv')
  with (tmp_path / 'a.csv').open(newline='') as f:
    row, = csv.DictReader(f)
  assert row['file'] == str(tmp_path / 'a.png')


def test_images_that_break_the_rules_of_training(trained, tmp_path):
  _, workdir, _ = trained
  Image.fromarray(np.full((16, 16), 300, np.uint16)).save(tmp_path / 'deep.png')
  Image.new('RGB', (16, 16), 'red').save(tmp_path / 'red.png')
  for name, words in (('deep.png', 'up to 300, .* up to 255'), ('red.png', 'coloured')):
    with pytest.raises(UserError, match=f'{name} .*{words}'):
      _predict(workdir, tmp_path / name)
  path = tmp_path / os.fsdecode(b'\xff.png')
  try:
    (tmp_path / 'deep.png').rename(path)
  except OSError:
    return
  with pytest.raises(UserError, match='not UTF-8'):
    _predict(workdir, path)


def test_a_workdir_of_another_class_list(trained, tmp_path):
  data, workdir, _ = trained
  other = shutil.copytree(data, tmp_path / 'data')
  names = (other / 'label.labels.txt').read_text().replace('b', 'bb', 1)
  (other / 'label.labels.txt').write_text(names)
  with pytest.raises(UserError, match=(
      f'^the run in {workdir} was trained on the data set at {data}, and the one at {other} '
      f'is given: dataset.classes is .*; give --config.data_dir={data}, or')):
    inspector.inspect(_config(other), workdir)


def test_other_settings_are_refused_and_bad_ones_too(trained, tmp_path):
  data, workdir, _ = trained
  for kwargs, word in (({'width': 0.25}, 'width'),
                       ({'epochs': 31}, 'epochs')):
    with pytest.raises(UserError, match=word):
      inspector.inspect(_config(data, **kwargs), workdir)
  for kwargs, word in (({'checkpoint_every': 0}, 'checkpoint_every'),
                       ({'network': 'vgg'}, 'vgg'),
                       ({'batch_size': 1}, 'batch_size')):
    with pytest.raises(UserError, match=word):
      inspector.inspect(_config(data, **kwargs), tmp_path / 'new')


@pytest.mark.parametrize('paths,answers,words', [
    ((), '', 'config.images is empty'),
    (('/nowhere.png',), '', '/nowhere.png'),
    ((__file__,), '/nowhere/a.csv', '/nowhere/a.csv: there is no such folder'),
    ((__file__,), '', "no inspector in '.*': train one with --mode inspect")])
def test_what_cannot_be_asked(tmp_path, paths, answers, words):
  with pytest.raises(UserError, match=words):
    _predict(tmp_path, *paths, answers=answers)


def test_an_inspector_that_is_not_there_or_not_done(trained, tmp_path):
  _, workdir, _ = trained
  with pytest.raises(UserError, match='--mode inspect'):
    inspector.load(tmp_path)
  half = shutil.copytree(workdir, tmp_path / 'half')
  shutil.rmtree(half / 'inspector')
  with pytest.raises(UserError, match='not trained to its end'):
    inspector.load(half)
  for damaged in ('{', '[]', '{"config": {"dataset": {}}, "steps": 1}'):
    (half / 'inspector.json').write_text(damaged)
    with pytest.raises(UserError, match='half/inspector.json is damaged'):
      inspector.load(half)


def test_confusion_by_hand():
  counts = confusion.matrix(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
  assert counts == [[1, 1], [0, 2]]
  np.testing.assert_array_equal(confusion.recalls(counts), [0.5, 1])
  text = confusion.to_text({'classes': ['x', 'y'], 'confusion': counts,
                            'images_per_second': 10.0})
  assert 'accuracy 75.0% of 4 test images' in text
  assert text.splitlines()[-2].split() == ['x', '1', '1', '50.0%']


def test_the_configs_have_the_settings_own_defaults():
  config = importlib.import_module('configs.inspect').get_config()
  assert Settings.of(config) == Settings()
  del config['real_share']  # The config of an older inspector.
  assert Settings.of(config) == Settings()
  config = importlib.import_module('configs.study').get_config()
  assert Settings.of(config) == Settings(width=0.5)
  assert [*training.NETWORKS, 'efficientnet_lite0'] == sorted(
      settings.NETWORKS, key=lambda name: Settings(network=name).fitted)


def test_the_config_says_how_it_is_run():
  module = importlib.import_module('configs.inspect')
  assert '--config inspect --mode inspect' in module.__doc__
  settings = Settings.of(module.get_config())
  assert (settings.epochs, settings.learning_rate) == (40, 2e-3)


@pytest.mark.parametrize('counts,told', [
    ([[4, 0, 0], [4, 0, 0], [4, 0, 0]], [
        'it answers x for 12 of 12 images, whatever they show',
        'few test images, 4 of x, 4 of y']),
    ([[10, 0, 0], [9, 0, 1], [9, 1, 0]], ['it answers x for 28 of 30']),  # Two are wrong.
    # Two of ten are found: recalls come to 1.2, of which 1.96 * 0.126 may be chance.
    ([[10, 0], [8, 2]], ['its answers to 20 test images cannot be told from guessing']),
    ([[10, 0], [7, 3]], []),  # 1.3 - 1.96 * 0.145.
    ([[95, 0], [1, 4]], ['few test images, 5 of y: a recall of fewer than 10']),
    ([[95, 0], [5, 0]], ['it answers x for 100 of 100', 'few test images, 5 of y']),
    ([[12, 8], [9, 11]], ['its answers to 40 test images cannot be told from guessing']),
    ([[20, 0, 0], [0, 20, 0], [5, 5, 0]], ['it never recognises z (of 10 test images)']),
    ([[10, 0], [0, 10]], [])])
def test_what_makes_an_inspector_worth_little_is_told(counts, told):
  report = {'classes': list('xyz')[:len(counts)], 'confusion': counts,
            'images_per_second': 1.0}
  notes = confusion.notes(report)
  assert [note.startswith(start) for note, start in zip(notes, told, strict=True)] == [
      True] * len(told)
  assert all(f'Note: {note}.' in confusion.to_text(report) for note in notes)
  assert confusion.notes(report | {'too_few_steps': '4 steps'}) == ['4 steps', *notes]


def test_predict_says_what_the_inspectors_own_test_warns_of(trained, tmp_path, capsys):
  _, workdir, report = trained
  own = tmp_path / 'own'
  shutil.copytree(workdir, own)
  image = worlds.write_images(tmp_path / 'images', {'a': worlds.draw(
      np.random.default_rng(3), 0, 1)})
  def said():
    _predict(own, image)
    return capsys.readouterr().err
  assert 'inspector: few test images, 5 of a, 5 of b, 5 of c' in said()
  assert report['too_few_steps'].startswith('90 steps') and 'inspector: 90 steps' in said()
  constant = report | {'confusion': [[0, 20, 0]] * 3, 'too_few_steps': ''}
  (own / 'inspection.json').write_text(json.dumps(constant))
  text = said()
  assert 'inspector: it answers b for 60 of 60 images, whatever they show' in text
  assert 'few' not in text
  for stale in (report | {'protocol': report['protocol'] | {'epochs': 7}}, []):
    (own / 'inspection.json').write_text(json.dumps(stale))
    assert 'not of this inspector, so that nobody knows' in said()
  (own / 'inspection.json').unlink()
  assert 'not of this inspector, so that nobody knows' in said()
