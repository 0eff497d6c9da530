"""--mode inspect of a segmenter: trained, tested, kept; what it refuses and warns of."""

import json
import shutil

import jax.numpy as jnp
import numpy as np
import pytest

from configs import inspect as inspect_config
from conftest import assert_drawn
from inspection import squares, worlds
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import tasks, verdict
from pegan_jax.inspection.localise import crops, figures, inspector, kept, tested
from pegan_jax.inspection.segmenter import Segmenter


def _config(data, **settings):
  config = inspect_config.get_config()
  config.update({'task': 'localise', 'data_dir': str(data), 'checkpoint_every': 20,
                 **settings})
  config.localise.update(
      {'width': 0.34, 'steps': 30, 'batch_size': 8, 'learning_rate': 2e-2}
      | settings.get('localise', {}))
  return config.lock()


@pytest.fixture(scope='module', autouse=True)
def few_resamples():
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(verdict, 'RESAMPLES', 300)
    yield


def _write(folder, splits):
  """A data set whose crops are windows of frames, as those of `build` with masks are."""
  for examples in splits.values():
    for example in examples:
      example['source'] += '[0,0,16,16]'
  return worlds.write_dataset(folder, splits, squares.CLASSES)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
  """(data set, workdir, report) of a narrow U-Net on bright squares."""
  folder = tmp_path_factory.mktemp('segmenter')
  data = _write(folder / 'data', squares.splits(train=12))
  return data, folder / 'run', tasks.inspect(_config(data), folder / 'run')


def test_the_report(trained, capsys):
  data, workdir, report = trained
  real = crops.load(dataset.load_info(data))
  found = kept.restore(workdir)
  scores = found.trainer.scores(found.state, real.test.pixels)
  whole = figures.measure(scores, real.test.inside).figures
  assert [report['figures'][x] for x in figures.TITLES] == pytest.approx(whole)
  assert report['figures']['pixel_ap'] > 2 * report['figures']['guessing']
  assert report['figures']['crops'] == 24 and report['clean'] == 20
  for name, label in (('a', 0), ('b', 1)):  # Beside the clean crops.
    row, of = report['of_classes'][name], np.isin(real.test.labels, [label, 2])
    assert row['pixel_ap'] == pytest.approx(
        figures.measure(scores[of], real.test.inside[of]).figures[0])
    assert row['interval'][0] < row['pixel_ap'] < row['interval'][1]
    assert (row['crops'], row['groups']) == (12, 12)
  assert json.loads((workdir / 'inspection.json').read_text()) == report
  assert_drawn(workdir / 'inspection.png')
  # Again: it is trained already, and tested to the same end.
  def content():
    return {p: p.read_bytes() for p in workdir.rglob('*') if p.is_file()}
  before = content()
  assert tasks.inspect(_config(data), workdir) == report
  assert content() == before
  said = capsys.readouterr().out
  assert '24 test crops with defects, 20 clean ones' in said
  assert said.startswith('unet, width 0.34, 30 steps of 8, 2 of them clean')


def test_it_goes_on_where_it_stopped(trained, tmp_path, monkeypatch):
  data, workdir, _ = trained
  go_on = Segmenter.train_on
  def stopped(self, rows, seed, progress, state, until):
    if until == 30:
      raise KeyboardInterrupt
    return go_on(self, rows, seed, progress, state, until)
  monkeypatch.setattr(Segmenter, 'train_on', stopped)
  with pytest.raises(KeyboardInterrupt):
    tasks.inspect(_config(data), tmp_path)
  with pytest.raises(UserError, match='not trained to its end'):
    kept.restore(tmp_path)
  monkeypatch.undo()
  tasks.inspect(_config(data), tmp_path)
  assert kept.restore(tmp_path).digest == kept.restore(workdir).digest


@pytest.mark.parametrize('settings, said', [
    ({'localise': {'steps': 40}}, 'localise.steps is 40, was 30; give --config.loc'),
    ({'seed': 1}, 'seed is 1, was 0'),
    ({'task': 'classify'}, 'is of --config.task=localise: name another --workdir'),
    ({'task': 'find'}, "task is 'find': choose classify or localise"),
    ({'network': 'resnet18'}, "'resnet18' does not localise"),
    ({'strong': True}, 'strong is for --config.task=classify'),
    ({'augment': False}, 'augment is for --config.task=classify'),
    ({'checkpoint_every': 0}, 'checkpoint_every is 0'),
    ({'localise': {'width': 0.}}, 'localise.width is 0')])
def test_other_settings_are_refused(trained, settings, said):
  data, workdir, _ = trained
  with pytest.raises(UserError, match=said):
    tasks.inspect(_config(data, **settings), workdir)


def test_another_data_set_is_refused_and_one_without_masks(trained, tmp_path):
  _, workdir, _ = trained
  other = _write(tmp_path / 'other', squares.splits(train=12, clean=3))
  with pytest.raises(UserError, match='was trained on the data set at .*other.* is given'):
    tasks.inspect(_config(other), workdir)
  bare = _write(tmp_path / 'bare', squares.splits(kinds=('none', 'none')))
  with pytest.raises(UserError, match='no class with masks or boxes in both splits'):
    tasks.inspect(_config(bare), tmp_path / 'new')
  assert not (tmp_path / 'new').exists()


def test_a_classifiers_workdir_is_refused(trained, tmp_path):
  (tmp_path / 'inspector.json').write_text('{"config": {}}')
  with pytest.raises(UserError, match='is of --config.task=classify'):
    tasks.inspect(_config(trained[0]), tmp_path)


def test_a_damaged_note_and_a_stale_test(trained, tmp_path):
  workdir = shutil.copytree(trained[1], tmp_path / 'run')
  assert kept.tested(workdir)[0] == trained[2]
  noted = workdir / 'inspector.json'
  saved = json.loads(noted.read_text())
  saved['config']['localise']['steps'] = 31
  noted.write_text(json.dumps(saved))
  report, said = kept.tested(workdir)
  assert report is None and 'not of this inspector, so that nobody knows' in said[0]
  saved['config']['localise']['stairs'] = 31
  noted.write_text(json.dumps(saved))
  with pytest.raises(UserError, match='inspector.json is damaged'):
    kept.restore(workdir)


class Bright:
  """Stands in for `Segmenter`: a pixel's score is its brightness."""
  rows = None

  def __init__(self, settings, images, masks):
    assert len(images) == len(masks)
    self.steps = settings.steps
    self.init = lambda seed: {'w': jnp.zeros(2)}

  def train_on(self, rows, seed, progress, state, until):
    Bright.rows = rows
    return state or self.init(seed), 0.0

  def scores(self, state, images):
    return images[..., 0] / np.float32(255)


def test_generated_crops_are_beside_real_ones(trained, tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(inspector, 'Segmenter', Bright)
  images, inside = squares.draw(np.random.default_rng(5), 40)
  made = squares.write_generated(tmp_path / 'made', images, inside)
  report = tasks.inspect(_config(trained[0], generated=str(made)), tmp_path / 'run')
  assert report['protocol']['crops'] == 24 + 80 and report['protocol']['clean'] == 12
  real, of_batch = (Bright.rows < 24).sum(), Bright.rows.size
  assert real == pytest.approx(0.5 * of_batch * 6 / 8, abs=2)  # Two of eight are clean.
  assert 'made: no generated image equals a test image' in capsys.readouterr().out
  images[0] = crops.load(dataset.load_info(trained[0])).test.pixels[0]
  squares.write_generated(tmp_path / 'seen', images, inside)
  with pytest.raises(UserError, match='holds test images themselves'):
    tasks.inspect(_config(trained[0], generated=str(tmp_path / 'seen')), tmp_path / 'new')


def test_what_is_worth_little_is_said(tmp_path, monkeypatch):
  monkeypatch.setattr(inspector, 'Segmenter', Bright)
  monkeypatch.setattr(Bright, 'scores', lambda self, state, images: np.full(
      images.shape[:3], 0.5, np.float32))
  splits = squares.splits(clean=0, kinds=('box', 'none'))
  for example in splits['test']:
    example['group'] %= 4
  report = tasks.inspect(_config(_write(tmp_path / 'data', splits)), tmp_path / 'run')
  said = ' '.join(kept.tested(tmp_path / 'run')[1])
  for text in ('b: left out', 'a: there are boxes and no masks', 'no clean test crops',
               'it hardly finds any defect: pixel AP 0.10, and guessing has 0.10',
               'it hardly finds a:', 'few groups of test crops, 4 of a'):
    assert text in said
  assert report['figures']['image_auroc'] is None
  assert 'not known' in (tmp_path / 'run' / 'inspection.md').read_text()


def test_perfect_scores_have_perfect_figures_and_no_interval(trained):
  real = crops.load(dataset.load_info(trained[0]))
  found = tested.measure(1. * real.test.inside, real.test, {0: 'a', 1: 'b'})
  for row in (found['figures'], *found['of_classes'].values()):
    assert [row[x] for x in figures.TITLES] == pytest.approx([1] * 7)
    assert row['interval'] == [1, 1]
