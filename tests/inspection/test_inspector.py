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
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import inspector, settings, training
from pegan_jax.inspection.settings import Settings


def _config(folder, **kwargs):
  config = importlib.import_module('configs.inspect').get_config()
  config.data_dir = str(folder)
  config.width, config.epochs, config.batch_size = 0.125, 30, 16
  config.checkpoint_every = 20
  config.update(kwargs)
  return config.lock()


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
  # As earlier versions noted it, which had no strong augmentation.
  noted = json.loads((workdir / 'inspector.json').read_text())['config']
  assert not {'strong', 'rotate', 'generated_first'} & set(noted)
  assert not noted['real_share']
  assert '15 test images' in capsys.readouterr().out


def test_predict_names_what_it_was_trained_on(trained, tmp_path, capsys):
  _, workdir, _ = trained
  rng = np.random.default_rng(3)
  by_class = {c: worlds.draw(rng, i, 3, noise=8) // 4 + 64 * i
              for i, c in enumerate(worlds.CLASSES)}
  folder = worlds.write_images(tmp_path / 'images', by_class)
  lone = tmp_path / 'large.png'
  Image.fromarray(by_class['c'][0, ..., 0]).resize((40, 48)).save(lone)
  worlds.ask(workdir, folder, lone, answers=tmp_path / 'answers.csv')
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


def test_an_earlier_inspector_did_not_note_its_windows(trained, tmp_path):
  data, workdir, _ = trained
  frame = tmp_path / 'frame.png'
  Image.new('L', (56, 40), 51).save(frame)
  workdir = shutil.copytree(workdir, tmp_path / 'run')
  saved = json.loads((workdir / 'inspector.json').read_text())
  del saved['config']['dataset']['window']
  (workdir / 'inspector.json').write_text(json.dumps(saved))
  with pytest.raises(UserError, match='earlier version.* --mode inspect again'):
    worlds.ask(workdir, frame)
  assert worlds.ask(workdir, frame, window_size=16)
  inspector.inspect(_config(data), workdir)  # As that sentence says.
  assert worlds.ask(workdir, frame)


@pytest.mark.parametrize('window', [0, 1.5, '64', True])
def test_a_damaged_note_of_its_windows(trained, tmp_path, window):
  workdir = shutil.copytree(trained[1], tmp_path / 'run')
  saved = json.loads((workdir / 'inspector.json').read_text())
  saved['config']['dataset']['window'] = window
  (workdir / 'inspector.json').write_text(json.dumps(saved))
  with pytest.raises(UserError, match='inspector.json is damaged'):
    inspector.load(workdir)


def test_answers_take_the_place_of_earlier_answers_alone(trained, tmp_path):
  _, workdir, _ = trained
  image, answers = tmp_path / 'a.png', tmp_path / 'a.csv'
  Image.new('L', (16, 16)).save(image)
  for _ in range(2):
    worlds.ask(workdir, image, answers=answers)
  manifest = 'file,class,background\na/00000.png,a,\n'
  (tmp_path / 'manifest.csv').write_text(manifest)
  (tmp_path / 'folder.csv').mkdir()
  pixels, saved = image.read_bytes(), (workdir / 'inspector.json').read_bytes()
  for path, words in (
      (image, 'must be a .csv file'), (workdir / 'inspector.json', 'must be a .csv file'),
      (tmp_path, 'must be a .csv file'), (tmp_path / 'folder.csv', 'folder.csv exists'),
      (tmp_path / 'manifest.csv', 'not an earlier output')):
    with pytest.raises(UserError, match=words):
      worlds.ask(workdir, image, answers=path)
  assert (tmp_path / 'manifest.csv').read_text() == manifest
  assert image.read_bytes() == pixels
  assert (workdir / 'inspector.json').read_bytes() == saved


def test_a_full_disk_leaves_the_earlier_answers(trained, tmp_path, monkeypatch):
  from pegan_jax.common import files
  _, workdir, _ = trained
  Image.new('L', (16, 16)).save(tmp_path / 'a.png')
  worlds.ask(workdir, tmp_path / 'a.png', answers=tmp_path / 'a.csv')
  before = (tmp_path / 'a.csv').read_bytes()
  def full(*_):
    raise OSError(28, 'No space left on device')
  monkeypatch.setattr(files.os, 'replace', full)
  with pytest.raises(OSError, match='No space left'):
    worlds.ask(workdir, tmp_path / 'a.png', answers=tmp_path / 'a.csv')
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
    worlds.ask(workdir, tmp_path / 'a.png', answers=tmp_path / 'a.csv')
  with (tmp_path / 'a.csv').open(newline='') as f:
    row, = csv.DictReader(f)
  assert row['file'] == str(tmp_path / 'a.png')


def test_images_that_break_the_rules_of_training(trained, tmp_path):
  _, workdir, _ = trained
  Image.fromarray(np.full((16, 16), 300, np.uint16)).save(tmp_path / 'deep.png')
  Image.new('RGB', (16, 16), 'red').save(tmp_path / 'red.png')
  for name, words in (('deep.png', 'up to 300, .* up to 255'), ('red.png', 'coloured')):
    with pytest.raises(UserError, match=f'{name} .*{words}'):
      worlds.ask(workdir, tmp_path / name)
  path = tmp_path / os.fsdecode(b'\xff.png')
  try:
    (tmp_path / 'deep.png').rename(path)
  except OSError:
    return
  with pytest.raises(UserError, match='not UTF-8'):
    worlds.ask(workdir, path)


def test_a_workdir_of_another_class_list(trained, tmp_path):
  data, workdir, _ = trained
  other = shutil.copytree(data, tmp_path / 'data')
  names = (other / 'label.labels.txt').read_text().replace('b', 'bb', 1)
  (other / 'label.labels.txt').write_text(names)
  with pytest.raises(UserError, match=(
      f'^the run in {workdir} was trained on the data set at {data}, and the one at '
      f'{other} is given: dataset.classes is .*; give --config.data_dir={data}, or')):
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


def test_the_configs_have_the_settings_own_defaults():
  config = importlib.import_module('configs.inspect').get_config()
  assert Settings.of(config) == Settings(real_share=0.5)
  del config['real_share']  # The config of an older inspector.
  assert Settings.of(config) == Settings()
  config = importlib.import_module('configs.study').get_config()
  assert Settings.of(config) == Settings(width=0.5, real_share=0.5)
  assert training.NETWORKS.keys() == {
      name for name in settings.NETWORKS if not Settings(network=name).fitted}


def test_the_config_says_how_it_is_run():
  module = importlib.import_module('configs.inspect')
  assert '--config inspect --mode inspect' in module.__doc__
  settings = Settings.of(module.get_config())
  assert (settings.epochs, settings.learning_rate) == (40, 2e-3)


def test_predict_says_what_the_inspectors_own_test_warns_of(trained, tmp_path, capsys):
  _, workdir, report = trained
  own = tmp_path / 'own'
  shutil.copytree(workdir, own)
  image = worlds.write_images(tmp_path / 'images', {'a': worlds.draw(
      np.random.default_rng(3), 0, 1)})
  def said():
    worlds.ask(own, image)
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
